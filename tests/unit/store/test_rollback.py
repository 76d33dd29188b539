"""An exception inside a transaction undoes it, in the store and in the process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from batch_loop.core.common.errors import IllegalTransition, StoreAway
from batch_loop.core.common.sight import Sight
from batch_loop.core.model.items import Item, ItemState
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.store.interface import Store
from batch_loop.tests.support.moves import moved
from batch_loop.tests.support.reports import reported
from batch_loop.tests.unit.store.test_interface import CLAIM, KEY, begin, opened

__all__ = ["opened"]  # a fixture

OTHER = LoopKey("other", KEY.directory)
NEW = LoopKey("new", KEY.directory)
PATHS = ["a", "b", "c", "d", "e"]
FILES = ["/out/a", "/out/b", "/out/c", "/out/new"]
UNKEEPABLE = object()
LOOKS = Sight(1, 5)


def item(store: Store, path: str) -> Item:
    found = store.item(KEY, path)
    assert found is not None
    return found


def filled(store: Store) -> None:
    """A loop with an item in each state, and a value that only this process's store can carry."""
    for key in (KEY, OTHER):
        begin(store, key, PATHS)
    for _ in range(4):
        store.claim(KEY, CLAIM)
    for target, path in (("/out/a", "a"), ("/out/b", "b")):
        store.note_output(KEY, target, path, sights=(LOOKS,) if path == "b" else ())
    store.note_output(OTHER, "/out/c", "c")
    moved(
        store,
        KEY,
        moved(store, KEY, item(store, "a"), ItemState.FINISHING),
        ItemState.DONE,
        claim=None,
    )
    moved(store, KEY, item(store, "b"), ItemState.FAILED, claim=None)
    moved(store, KEY, item(store, "c"), ItemState.FINISHING)
    store.carry(KEY, UNKEEPABLE)
    store.carry(OTHER, [1, 2])


def all_of(store: Store) -> Any:
    """Everything that a store says about its loops."""
    return [
        (
            store.find(key.id),
            store.load(key),
            store.counts(key),
            reported(store, key),
            sorted(store.open_items(key), key=lambda each: each.path),
            store.failures(key, 5),
            [store.item(key, path) for path in (*PATHS, "f")],
            [store.item_at(key, place) for place in range(6)],
            [store.first_pending(key, but) for but in range(6)],
            [(found := store.writer(key, target), found and found.sights) for target in FILES],
            [store.written(key, path) for path in PATHS],
            store.results_below(key, "/out"),
            store.carried(key).value,
        )
        for key in sorted(store.loops(), key=lambda each: each.id)
    ] + [store.open_outputs(), store.leases()]


CHANGES: dict[str, Callable[[Store], object]] = {
    "claim": lambda store: store.claim(KEY, CLAIM),
    "done": lambda store: moved(store, KEY, item(store, "c"), ItemState.DONE, claim=None),
    "given up": lambda store: moved(store, KEY, item(store, "d"), ItemState.FAILED, claim=None),
    "retry": lambda store: store.retry(KEY),
    "save": lambda store: store.save(KEY, replace(store.load(KEY), looked_at=9.0)),  # type: ignore[type-var]
    "append": lambda store: store.append(KEY, "f", "g"),
    "relist": lambda store: store.relist(KEY, ["f", "c", "a"]),
    "retry what has left": lambda store: (
        store.relist(KEY, ["a"]),
        store.retry_unlisted(KEY, PATHS),
    ),
    "append to another listing": lambda store: (
        store.relist(KEY, ["f", "c"]),
        store.append(KEY, "a", "b", "g"),
    ),
    "start a batch": lambda store: begin(store, KEY, ["f", "a"], batch=2),
    "start the first batch": lambda store: begin(store, NEW, PATHS),
    "forget": lambda store: store.forget(KEY),
    "forget and start": lambda store: (store.forget(KEY), begin(store, KEY, ["a"])),
    "note a new output": lambda store: store.note_output(KEY, "/out/new", "d"),
    "note one's own output": lambda store: store.note_output(KEY, "/out/a", "d"),
    "note another's output": lambda store: store.note_output(KEY, "/out/c", "d"),
    "note a kept output": lambda store: store.note_output(KEY, "/out/c", "d", kept=True),
    "note how an output looks": lambda store: store.note_output(
        KEY, "/out/a", "a", sights=(LOOKS,)
    ),
    "note how another output looks": lambda store: store.note_sights(
        KEY, {"/out/b": ((LOOKS,), Sight(2, 2))}
    ),
    "note that an output is replaced": lambda store: store.note_replaced(KEY, "/out/a"),
    "forget an output": lambda store: store.forget_output(KEY, "/out/a"),
    "carry": lambda store: store.carry(KEY, "new"),
    "carry what no file can hold": lambda store: store.carry(OTHER, object()),
    "carry nothing": lambda store: store.carry(KEY, None),
    "renew": lambda store: store.renew("server", 60.0),
}


class Interrupted(BaseException):
    """An exception that nothing catches on the way."""


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
@pytest.mark.parametrize("error", [IllegalTransition("not so"), StoreAway("away"), Interrupted()])
def test_an_exception_leaves_everything_as_it_was(
    opened: Store, change: Callable[[Store], object], error: BaseException
) -> None:
    with opened.transaction():
        filled(opened)
    with opened.transaction():
        before = all_of(opened)
    with contextlib.suppress(type(error)), opened.transaction():
        change(opened)
        raise error
    with opened.transaction():
        assert all_of(opened) == before
    with opened.transaction():
        change(opened)
        after = all_of(opened)
    with opened.transaction():
        # Made again, the change is kept.
        assert all_of(opened) == after


def test_a_transaction_inside_another_is_refused(opened: Store) -> None:
    """An exception that the outer one does not see would undo too little or too much."""
    with opened.transaction(), pytest.raises(RuntimeError, match="cannot be nested"):
        opened.transaction().__enter__()
