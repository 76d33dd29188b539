"""The contract of a store, checked on every store."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from batch_loop.core.common.errors import IllegalTransition
from batch_loop.core.common.sight import Sight, Sights
from batch_loop.core.common.times import Times
from batch_loop.core.model.item_life import Event, On, after_event
from batch_loop.core.model.items import Claim, Counts, Item, ItemState
from batch_loop.core.model.loop_key import VARIANTS, VIDEOS, LoopKey
from batch_loop.core.model.policy import ErrorHandling, IterationMode, Policy
from batch_loop.core.model.prompt import Failure, Prompt, Runner, Sender, client_named
from batch_loop.core.model.records import KnownResult, MadeOfAll, Written
from batch_loop.core.model.selection import (
    Companion,
    CompanionKind,
    Filter,
    Selection,
    SortBy,
    WhenMissing,
)
from batch_loop.core.model.shared_roots import NO_ROOTS
from batch_loop.core.store.interface import Store
from batch_loop.core.store.memory import MemoryStore
from batch_loop.core.store.records import UNLISTED, LoopEntry
from batch_loop.core.store.schema.rows import entry_columns, entry_of
from batch_loop.core.store.sql import outside
from batch_loop.tests.support.moves import moved
from batch_loop.tests.support.reports import reported
from batch_loop.tests.support.stores import DATABASES, EACH, new_store

KEY = LoopKey("", "/folder")
RUNNER = Runner(Sender.COMMAND, '"a client"', "a server")
ENTRY = LoopEntry(Selection(), 1, IterationMode.CONTINUE, looked_at=0.0, runner=RUNNER)
CLAIM = Claim(Prompt("p", 1.0), Policy(), since=1.0)


@pytest.fixture(params=EACH)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store."""
    store = new_store(request.param, tmp_path, request)
    yield store
    store.close()


@pytest.fixture
def store(opened: Store) -> Iterator[Store]:
    """A store with one loop of three items, inside of a transaction."""
    with opened.transaction():
        begin(opened, KEY, ["a", "b", "c"])
        yield opened


def begin(store: Store, key: LoopKey, paths: list[str], batch: int = 1) -> None:
    store.start_batch(key, paths)
    store.save(key, replace(ENTRY, batch=batch))


def claimed(store: Store) -> Item:
    item = store.claim(KEY, CLAIM)
    assert item is not None
    return item


def finish(store: Store, item: Item, state: ItemState = ItemState.DONE) -> Item:
    if state is ItemState.DONE:
        item = moved(store, KEY, item, ItemState.FINISHING)
    return moved(store, KEY, item, state, claim=None)


@pytest.mark.parametrize(
    "given", [None, "tab", "7", 7, 7.0, True, ["a", [1]], {"b": 1, "a": None}, "\0\ud800"]
)
def test_a_claim_of_a_client_with_any_id_is_restored(store: Store, given: object) -> None:
    claim = Claim(Prompt("p", 1.0, client_named(given)), Policy(), since=1.0)
    assert store.claim(KEY, claim) is not None
    store.append(KEY, "d")  # so that open items are read again
    (item,) = store.open_items(KEY)
    assert item.claim == claim


def test_an_entry_is_stored_and_found_by_its_id(store: Store) -> None:
    assert store.load(LoopKey("none", "")) is None
    selection = Selection(
        Filter.CUSTOM,
        "*.x",
        sort_by=SortBy.SIZE,
        limit=3,
        companions=(
            Companion("/masks/{stem}.*", WhenMissing.LEAVE_OUT, CompanionKind.IMAGE),
            Companion("{stem}.txt", WhenMissing.EMPTY, CompanionKind.TEXT),
        ),
    )
    entry = LoopEntry(
        selection,
        2,
        IterationMode.RESET,
        looked_at=1.5,
        looked_again=True,
        completed_at=2.5,
        times=Times(3.5, 4.5, 3, 2.5, 1.5, 1, 0.5),
        ran_at=4.5,
        unpaired=2,
        partners=("a", "b"),
        kept_at=5.5,
        title="a workflow",
        lost_transparency=1,
        renamed_texts=2,
        lacking=3,
        made_of_all=(MadeOfAll("7", "/films/a.mp4"), MadeOfAll("8", "/sheets/a.png", more=9)),
        runner=Runner(Sender.PAGE, "client", "server"),
        taken_back=1,
    )
    store.save(KEY, entry)
    assert store.load(KEY) == entry
    # What is read anew of its row is the same.
    columns = entry_columns(entry, 0.25, NO_ROOTS)
    assert entry_of(columns, 0.25, NO_ROOTS) == entry
    assert store.find(KEY.id) == KEY
    assert store.find("unknown") is None
    assert store.loops() == [KEY]


ODD = ["nul \0 in it", "\udc80 half a pair \ud83d", "\x01begins so", "plain: \\0 “漢” \x1b"]
"""No database accepts all of them as text."""


@pytest.mark.parametrize("odd", ODD)
def test_any_text_is_stored_as_it_is(store: Store, odd: str) -> None:
    key = LoopKey(odd, f"/folder {odd}")
    begin(store, key, [f"{odd.replace(chr(0), '')}.png"])
    claim = Claim(Prompt(odd, 1.0, odd), Policy(), since=1.0, server=odd)
    item = store.claim(key, claim)
    assert item is not None
    assert store.open_items(key) == [item]
    assert item.claim == claim
    failure = Failure(odd, odd, odd)
    item = moved(store, key, item, ItemState.FAILED, claim=None, failure=failure)
    store.note_output(key, f"/out/{odd}", item.path)
    assert store.find(key.id) == key
    assert [found.failure for found in store.failures(key, 1)] == [failure]
    assert store.outputs(key, item.path) == (f"/out/{odd}",)
    assert reported(store, key)[0][0] == item
    for _ in range(2):
        store.renew(odd, 60.0)
    assert [*store.leases()] in ([odd], [])  # the one in memory has none
    store.release(odd)
    assert odd not in store.leases()


def test_claims_follow_the_order_until_none_is_left(store: Store) -> None:
    assert [claimed(store).path for _ in range(3)] == ["a", "b", "c"]
    assert store.claim(KEY, CLAIM) is None


def test_a_claim_makes_an_item_running_and_is_remembered(store: Store) -> None:
    item = claimed(store)
    assert (item.state, item.claim) == (ItemState.RUNNING, CLAIM)
    assert store.open_items(KEY) == [item]
    assert store.counts(KEY).running == 1


def test_an_item_given_back_is_the_next_one_claimed(store: Store) -> None:
    first = claimed(store)
    claimed(store)
    moved(store, KEY, first, ItemState.PENDING, claim=None)
    assert claimed(store).path == "a"


def test_moves_are_checked(store: Store) -> None:
    with pytest.raises(IllegalTransition):
        moved(store, KEY, claimed(store), ItemState.DONE)


def test_counts_and_failures_follow_the_items(store: Store) -> None:
    items = [claimed(store) for _ in range(3)]
    finish(store, items[2], ItemState.FAILED)
    finish(store, items[0], ItemState.FAILED)
    finish(store, items[1])
    counts = store.counts(KEY)
    assert (counts.done, counts.failed, counts.total) == (1, 2, 3)
    assert [item.path for item in store.failures(KEY, 5)] == ["a", "c"]
    assert [item.path for item in store.failures(KEY, 1)] == ["a"]
    assert store.open_items(KEY) == []


def test_a_new_listing_keeps_known_items(store: Store) -> None:
    finish(store, claimed(store))
    store.relist(KEY, ["c", "a", "d"])
    assert [claimed(store).path for _ in range(2)] == ["c", "d"]
    assert store.counts(KEY).done == 1
    unlisted = store.item(KEY, "b")
    assert unlisted is not None
    assert unlisted.index == UNLISTED
    store.relist(KEY, ["b", "a"])
    assert claimed(store).path == "b"


def test_what_has_failed_and_left_the_listing_is_pending_when_it_is_back(store: Store) -> None:
    paths = ["a", "b", "c"]
    for _ in paths:
        moved(store, KEY, claimed(store), ItemState.FAILED, claim=None, failure=Failure("broken"))
    before = store.listing(KEY)
    store.relist(KEY, ["a"])
    assert store.listing(KEY) != before
    store.retry_unlisted(KEY, ["a", "b", "unknown"])
    failed, pending = ItemState.FAILED, ItemState.PENDING
    assert store.standing(KEY, [*paths, "unknown"]).states == {
        "a": failed,
        "b": pending,
        "c": failed,
    }
    left = store.listing(KEY)
    store.append(KEY, "b", "c")
    assert store.listing(KEY) == left
    assert [item.path for item in store.failures(KEY, 5)] == ["a", "c"]
    assert claimed(store).path == "b"


def test_how_a_listing_stands_is_told_in_order(opened: Store) -> None:
    with opened.transaction():
        begin(opened, KEY, ["c", "a", "b"])
        finish(opened, claimed(opened))
        opened.relist(KEY, ["b", "c"])
        listing = opened.listing(KEY)
    states = {"b": ItemState.PENDING, "c": ItemState.DONE}
    found = opened.outside.standing(KEY)
    assert (found.listing, list(found.states.items())) == (listing, list(states.items()))
    assert opened.outside.standing(LoopKey("unknown", "/in")).states == {}


def test_what_has_lost_its_result_is_known_until_the_batch_ends(opened: Store) -> None:
    gone = Event(On.RESULT_GONE, failure=Failure("its result is gone"))
    with opened.transaction():
        begin(opened, KEY, ["a", "b", "c", "d"])
        _, *done = [finish(opened, claimed(opened)) for _ in range(3)]
        b, _ = [opened.put(KEY, item, after_event(item, gone)) for item in done]
        assert b.lost_turn == b.turns == 1
        assert opened.lost(KEY) == ["b", "c"]
        opened.relist(KEY, ["d", "b"])
        assert opened.item(KEY, "b") == replace(b, index=1)
        assert opened.retry(KEY) == 1
        assert opened.lost(KEY) == ["b"], "of the listing, whether they are to be retried or not"
        stands = opened.standing(KEY, ["a", "b", "unknown"])
        assert (stands.listing, set(stands.lost)) == (opened.listing(KEY), {"b"})
    found = opened.outside.standing(KEY)
    assert (found.states["b"], set(found.lost)) == (ItemState.PENDING, {"b"})
    with opened.transaction():
        opened.relist(KEY, ["c", "b"])
        assert opened.lost(KEY) == ["c", "b"]
        begin(opened, KEY, ["b"], batch=2)
        assert opened.lost(KEY) == []
    assert not opened.outside.standing(KEY).lost


def test_a_running_item_outlives_its_listing(store: Store) -> None:
    item = claimed(store)
    store.relist(KEY, ["b", "c"])
    (still_open,) = store.open_items(KEY)
    assert still_open.path == item.path
    assert store.counts(KEY).running == 0
    finish(store, still_open)
    assert store.counts(KEY).total == 2
    store.relist(KEY, ["a", "b", "c"])
    assert store.counts(KEY).done == 1


def test_a_new_batch_knows_nothing_of_the_old_one(store: Store) -> None:
    finish(store, claimed(store))
    store.note_output(KEY, "/out/a", "a")
    store.note_output(KEY, "/out/b", "a", kept=True)
    begin(store, KEY, ["a"], batch=2)
    assert store.counts(KEY).pending == 1
    # Except which image wrote a file, and that it was done.
    assert store.outputs(KEY, "a") == ()
    assert store.writer(KEY, "/out/a") == Written(KEY.id, "a", 1, under_way=False)
    assert store.written(KEY, "a") == ("/out/a",)


def test_a_batch_that_is_kept_is_put_back_as_it_was(store: Store) -> None:
    finish(store, claimed(store))
    finish(store, claimed(store), ItemState.FAILED)
    store.carry(KEY, 7)
    store.note_output(KEY, "/out/a", "a")
    entry, report = store.load(KEY), reported(store, KEY)
    store.start_batch(KEY, ["x", "a"], keep=True)
    store.save(KEY, replace(ENTRY, batch=2, kept_at=5.0))
    assert store.counts(KEY) == Counts(pending=2)
    assert store.carried(KEY).value is None
    claimed(store)
    store.note_output(KEY, "/out/x", "a")
    store.put_back(KEY)
    assert entry is not None
    assert store.load(KEY) == replace(entry, taken_back=2)
    assert store.carried(KEY).value == 7
    (first, outputs), *others = reported(store, KEY)
    assert (first, outputs) == (report[0][0], ("/out/a", "/out/x"))
    assert others == report[1:]
    assert store.counts(KEY) == Counts(pending=1, done=1, failed=1)


def test_a_kept_batch_can_be_dropped(store: Store) -> None:
    finish(store, claimed(store))
    store.carry(KEY, 7)
    store.start_batch(KEY, ["a"], keep=True)
    store.save(KEY, replace(ENTRY, batch=2))
    store.carry(KEY, 8)
    store.drop_kept(KEY)
    store.drop_kept(KEY)
    assert store.carried(KEY).value == 8
    assert store.counts(KEY) == Counts(pending=1)


def test_new_items_go_to_the_end(store: Store) -> None:
    for path in ("0", "1"):
        store.append(KEY, path)
    assert [claimed(store).path for _ in range(5)] == ["a", "b", "c", "0", "1"]


def test_many_new_items_go_to_the_end_in_order(store: Store) -> None:
    finish(store, claimed(store))
    claimed(store)
    store.relist(KEY, ["c"])
    many = [f"{number}" for number in range(300)]
    store.append(KEY, *many[:100], "a", "c", "0", *many[100:], "b", "z")
    expected = ["c", *many[:100], "a", *many[100:], "b", "z"]
    assert [item.path for item, _ in reported(store, KEY)] == expected
    assert [item.index for item, _ in reported(store, KEY)] == [*range(len(expected))]
    counts = store.counts(KEY)
    assert (counts.done, counts.running, counts.pending) == (1, 1, 302)
    assert claimed(store).path == "c"


@pytest.mark.posix
def test_the_files_that_a_loop_wrote_below_a_folder_are_known(opened: Store) -> None:
    other = LoopKey("other", KEY.directory)
    with opened.transaction():
        begin(opened, KEY, ["a", "b", "c"])
        begin(opened, other, ["a"])
        opened.note_output(KEY, "/out/x/a", "a")
        opened.note_output(KEY, "/out/x/b", "b", kept=True)
        opened.note_output(KEY, "/out/xy", "c")
        opened.note_output(other, "/out/x/c", "a")
        begin(opened, KEY, ["c"], batch=2)
        opened.note_output(KEY, "/out/x/d", "c")
        assert opened.results_below(KEY, "/out/x") == {"/out/x/a": "a", "/out/x/d": "c"}
    assert opened.outside.results_below(KEY, "/out/x") == {"/out/x/a": "a", "/out/x/d": "c"}
    assert opened.outside.results_below(other, "/out") == {"/out/x/c": "a"}


@pytest.mark.posix
def test_the_files_of_a_loop_are_not_those_of_one_with_another_kind_of_items(
    opened: Store,
) -> None:
    with_variants, videos = (replace(KEY, source=source) for source in (VARIANTS, VIDEOS))
    with opened.transaction():
        for key, path in ((KEY, "a"), (with_variants, "b · 1."), (videos, "c")):
            begin(opened, key, [path])
            opened.note_output(key, f"/out/{path[0]}", path)
        for key in (KEY, with_variants):
            assert opened.results_below(key, "/out") == {"/out/a": "a", "/out/b": "b"}
    assert opened.outside.results_below(KEY, "/out") == {"/out/a": "a", "/out/b": "b"}
    assert opened.outside.results_below(videos, "/out") == {"/out/c": "c"}


def test_whether_a_loop_has_written_anything_is_known(store: Store) -> None:
    other = LoopKey("other", KEY.directory)
    begin(store, other, ["a"])
    store.note_output(KEY, "/out/kept", "a", kept=True)
    assert not store.has_written(KEY)
    store.note_output(KEY, "/out/a", "a")
    assert (store.has_written(KEY), store.has_written(other)) == (True, False)
    begin(store, KEY, ["a"], batch=2)
    assert store.has_written(KEY)
    store.note_output(other, "/out/a", "a")
    assert not store.has_written(KEY)


ODD = [
    "a b.png",
    "caf\u00e9.png",
    "\U0001f600.png",
    "q\"'.png",
    "new\nline",
    "back\\slash",
    "$.a[0]",
]


@pytest.mark.parametrize("more", [[], ["not text \udce9.png"]])
def test_odd_names_are_stored_as_they_are(store: Store, more: list[str]) -> None:
    paths = [*ODD, *more, *(f"{number}.png" for number in range(2000))]
    begin(store, KEY, paths)
    assert [item.path for item, _ in reported(store, KEY)] == paths
    assert [claimed(store).path for _ in paths] == paths
    store.relist(KEY, ["new", *paths[::-1], "\u00fc"])
    assert [item.path for item, _ in reported(store, KEY)] == ["new", *paths[::-1], "\u00fc"]
    assert [claimed(store).path for _ in range(2)] == ["new", "\u00fc"]


def test_a_file_has_one_writer(store: Store) -> None:
    other = LoopKey("other", KEY.directory)
    begin(store, other, ["a"])
    assert store.writer(KEY, "/out/x") is None
    assert store.note_output(KEY, "/out/x", "a")
    assert store.writer(KEY, "/out/x") == Written(KEY.id, "a", 1, under_way=False)
    assert store.note_output(other, "/out/x", "a")
    for key in (KEY, other):
        assert store.writer(key, "/out/x") == Written(other.id, "a", 1, under_way=False)
    assert (store.written(KEY, "a"), store.written(other, "a")) == ((), ("/out/x",))
    assert (store.outputs(KEY, "a"), store.outputs(other, "a")) == ((), ("/out/x",))
    claimed(store)
    assert store.note_output(KEY, "/out/x", "a")
    found = store.writer(other, "/out/x")
    assert found is not None
    assert found.under_way
    store.forget_output(KEY, "/out/x")
    assert store.writer(KEY, "/out/x") is store.writer(other, "/out/x") is None


AT, LOOKS = Sight(1_732_700_000_123_456_789), Sight(1_732_700_000_123_456_000, 5, 2**32 - 1)


def sights(store: Store, target: str) -> Sights:
    written = store.writer(KEY, target)
    assert written is not None
    return written.sights


def test_how_a_file_looks_is_kept_until_it_is_written_anew(store: Store) -> None:
    store.note_output(KEY, "/out/x", "a")
    assert sights(store, "/out/x") == ()
    store.note_output(KEY, "/out/x", "a", sights=(AT, LOOKS))
    assert sights(store, "/out/x") == (AT, LOOKS)
    store.note_output(KEY, "/out/x", "b")
    assert sights(store, "/out/x") == (AT, LOOKS)
    # Only what was noted before is replaced.
    store.note_sights(KEY, {"/out/x": ((AT,), AT), "/out/y": ((AT,), LOOKS)})
    assert sights(store, "/out/x") == (AT, LOOKS)
    assert store.writer(KEY, "/out/y") is None
    store.note_output(KEY, "/out/y", "a", sights=(AT,))
    store.note_sights(KEY, {"/out/y": ((AT,), LOOKS), "/out/x": ((AT, LOOKS), LOOKS)})
    assert sights(store, "/out/x") == sights(store, "/out/y") == (LOOKS,)
    store.note_output(KEY, "/out/x", "a", kept=True)
    assert sights(store, "/out/x") == (LOOKS,)
    store.note_output(KEY, "/out/x", "a", sights=())
    assert sights(store, "/out/x") == ()
    for before in ((AT,), ()):
        store.note_sights(KEY, {"/out/x": (before, LOOKS)})
        assert sights(store, "/out/x") == (() if before else (LOOKS,))


def test_how_a_file_looks_is_known_after_a_restart_and_to_other_loops(opened: Store) -> None:
    other = LoopKey("other", KEY.directory)
    with opened.transaction():
        for key in (KEY, other):
            begin(opened, key, ["a"])
        opened.note_output(KEY, "/out/x", "a", sights=(AT, LOOKS))
        # It would change what another loop has written only if that had the file.
        opened.note_sights(other, {"/out/x": ((AT, LOOKS), AT)})
    with opened.transaction():
        found = opened.writer(other, "/out/x")
        assert found is not None
        assert found.sights == (AT, LOOKS)
        opened.note_output(other, "/out/x", "a")
        assert sights(opened, "/out/x") == ()


def test_a_file_that_somebody_has_replaced_is_shown_with_no_image(store: Store) -> None:
    item = claimed(store)
    store.note_output(KEY, "/out/x", item.path, sights=(LOOKS,))
    store.note_output(KEY, "/out/y", item.path)
    for target in ("/out/x", "/out/none"):
        store.note_replaced(KEY, target)
    assert store.outputs(KEY, item.path) == ("/out/y",)
    found = store.writer(KEY, "/out/x")
    assert found == Written(KEY.id, item.path, 0, under_way=True)
    assert (found.whole, found.sights) == (False, (LOOKS,))
    # It is known as what the image once wrote, and may be so again.
    assert store.written(KEY, item.path) == ("/out/x", "/out/y")
    store.note_output(KEY, "/out/x", item.path)
    assert store.outputs(KEY, item.path) == ("/out/x", "/out/y")


def test_a_file_that_was_kept_is_reported_and_keeps_its_owner(store: Store) -> None:
    other = LoopKey("other", KEY.directory)
    begin(store, other, ["a"])
    store.note_output(other, "/out/x", "a")
    for target in ("/out/x", "/out/y"):
        assert store.note_output(KEY, target, "a", kept=True)
    assert store.outputs(KEY, "a") == ("/out/x", "/out/y")
    assert store.written(KEY, "a") == ()
    assert store.writer(KEY, "/out/x") == Written(other.id, "a", 1, under_way=False)
    assert store.writer(KEY, "/out/y") is None
    # The next batch knows nothing of this; and the file may be replaced later.
    begin(store, KEY, ["a", "b"], batch=2)
    assert store.outputs(KEY, "a") == ()
    assert store.note_output(KEY, "/out/x", "b", kept=True)
    assert store.outputs(KEY, "b") == ("/out/x",)
    assert store.note_output(KEY, "/out/y", "b")
    assert store.writer(KEY, "/out/y") == Written(KEY.id, "b", 2, under_way=False)
    assert store.written(KEY, "b") == ("/out/y",)


@pytest.mark.parametrize("kind", DATABASES)
def test_a_file_that_another_wrote_at_the_same_moment_is_not_claimed(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = new_store(kind, tmp_path, request)
    other = LoopKey("other", KEY.directory)
    with store.transaction():
        for key in (KEY, other):
            begin(store, key, ["a"])
        assert store.note_output(other, "/out/x", "a")
        with monkeypatch.context() as before:
            before.setattr(store, "writer", lambda *_: None)
            assert not store.note_output(KEY, "/out/x", "a")
        assert store.written(other, "a") == ("/out/x",)
        assert store.written(KEY, "a") == ()
    store.close()  # type: ignore[attr-defined]


@pytest.mark.posix
def test_the_owners_of_files_below_a_folder_are_known(opened: Store) -> None:
    def known() -> dict[str, bool]:
        return {result.file: result.whole for result in opened.outside.written_below("/out")}

    with opened.transaction():
        begin(opened, KEY, ["a", "b", "c"])
        item = claimed(opened)
        opened.note_output(KEY, "/out/x/a", "a")
        opened.note_output(KEY, "/out/a", "b", file="/Out/A")
        opened.note_output(KEY, "/outer/a", "c")
        assert opened.written(KEY, "b") == opened.outputs(KEY, "b") == ("/Out/A",)
    assert known() == {"/out/x/a": False, "/out/a": False}
    with opened.transaction():
        finish(opened, item)
    assert known() == {"/out/x/a": True, "/out/a": False}
    with opened.transaction():
        begin(opened, KEY, ["a", "b"], batch=2)
    assert known() == {"/out/x/a": True, "/out/a": False}
    with opened.transaction():
        opened.note_output(KEY, "/out/x/a", "a")
    assert known() == {"/out/x/a": False, "/out/a": False}
    (first, _) = sorted(opened.outside.written_below("/out/"), key=lambda result: result.path)
    assert first == KnownResult("/out/x/a", KEY.id, KEY.directory, "a", 2, whole=False)


def test_what_is_pending_is_known(opened: Store) -> None:
    assert set(opened.outside.pending(KEY)) == set()
    with opened.transaction():
        begin(opened, KEY, ["a", "b", "c", "d", "e"])
        for state in (ItemState.DONE, ItemState.FAILED, ItemState.PENDING):
            finish(opened, claimed(opened), state)
        claimed(opened)
    assert set(opened.outside.pending(KEY)) == {"d", "e"}
    with opened.transaction():
        opened.relist(KEY, ["e", "a"])
    assert set(opened.outside.pending(KEY)) == {"e"}


def test_what_prompts_have_had_and_not_done_is_known(opened: Store) -> None:
    assert set(opened.outside.undone(KEY)) == set()
    with opened.transaction():
        begin(opened, KEY, ["a", "b", "c", "d"])
        done, stopped = claimed(opened), claimed(opened)
        finish(opened, done)
        finish(opened, stopped, ItemState.PENDING)
        again = claimed(opened)
        assert (again.path, again.turns) == ("b", 2)
        finish(opened, again, ItemState.FAILED)
        assert claimed(opened).path == "c"
    assert set(opened.outside.undone(KEY)) == {"b", "c"}
    with opened.transaction():
        opened.relist(KEY, ["d", "c", "a"])
    assert set(opened.outside.undone(KEY)) == {"b", "c"}
    with opened.transaction():
        begin(opened, KEY, ["a", "b", "d"], batch=2)
        assert opened.item(KEY, "b") == Item("b", 1, turns=2)
        assert opened.counts(KEY) == Counts(pending=3)
    assert set(opened.outside.undone(KEY)) == {"b", "c"}
    with opened.transaction():
        opened.relist(KEY, ["c", "b", "a"])
        finish(opened, claimed(opened))
    assert set(opened.outside.undone(KEY)) == {"b"}
    with opened.transaction():
        begin(opened, KEY, ["c"], batch=3)
        assert opened.item(KEY, "c") == Item("c", 0)
    assert set(opened.outside.undone(KEY)) == {"b"}


def test_owners_of_many_files_come_in_parts(opened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "AT_ONCE", 2)
    files = [f"/out/{number}" for number in range(5)]
    with opened.transaction():
        begin(opened, KEY, ["a"])
        for file in files:
            opened.note_output(KEY, file, "a")
    found: list[KnownResult] = []
    while some := list(opened.outside.written_below("/out", found[-1].file if found else "")):
        assert len(some) <= 2 or isinstance(opened, MemoryStore)
        found += some
    assert [result.file for result in found] == files


@pytest.mark.parametrize("state", [ItemState.PENDING, ItemState.FAILED])
def test_a_failed_prompt_s_files_are_not_all_of_its_results(
    opened: Store, state: ItemState
) -> None:
    def known() -> dict[str, bool]:
        return {result.file: result.whole for result in opened.outside.written_below("/out")}

    with opened.transaction():
        begin(opened, KEY, ["a", "b"])
        item = claimed(opened)
        for target in ("/out/a", "/out/once"):
            opened.note_output(KEY, target, "a")
        finish(opened, item, state)
        opened.retry(KEY)
        again = claimed(opened)
        opened.note_output(KEY, "/out/a", "a")
        finish(opened, again)
        claimed(opened)
        opened.note_output(KEY, "/out/b", "b")
    expected = {"/out/a": True, "/out/once": False, "/out/b": False}
    assert known() == expected
    with opened.transaction():
        begin(opened, KEY, ["a", "b"], batch=2)
    assert known() == expected


def test_a_page_is_a_part_of_the_report(store: Store) -> None:
    begin(store, KEY, [f"{number:03}" for number in range(30)])
    for at in range(12):
        store.note_output(KEY, f"/out/{at % 7}-{at}", f"{at % 7:03}")
        finish(store, claimed(store), ItemState.FAILED if at % 3 else ItemState.DONE)
    # It goes by the present listing.
    store.relist(KEY, [f"{number:03}" for number in range(29, 2, -1)])
    report = reported(store, KEY)
    failed = [entry for entry in report if entry[0].state is ItemState.FAILED]
    assert len(failed) == 6
    assert any(len(outputs) > 1 for _, outputs in report)
    for start in (0, 1, 5, 26, 27, 1000):
        for most in (0, 1, 10, 200):
            assert store.page(KEY, start, most, failed=False) == report[start : start + most]
            assert store.page(KEY, start, most, failed=True) == failed[start : start + most]


def test_from_outside_all_items_are_known_with_their_files(opened: Store) -> None:
    names = ["a", "b", "c", *map(str, range(outside._READ_AT_ONCE))]
    assert opened.outside.report(KEY) == []
    with opened.transaction():
        begin(opened, KEY, names)
        for batch in (1, 2):
            begin(opened, KEY, names, batch=batch)
            opened.note_output(KEY, f"/out/{batch}-2", "b")
            opened.note_output(KEY, f"/out/{batch}-1", "b", kept=True)
            finish(opened, claimed(opened), ItemState.FAILED)
        opened.relist(KEY, names[::-1])
        expected = reported(opened, KEY)
    assert len(expected) == len(names)
    assert opened.outside.report(KEY) == expected
    assert dict(opened.outside.report(KEY))[expected[-2][0]] == ("/out/2-1", "/out/2-2")


def test_an_item_s_outputs_are_known(store: Store) -> None:
    for target in ("/out/b", "/out/a", "/out/c"):
        store.note_output(KEY, target, "a")
    assert store.outputs(KEY, "a") == ("/out/a", "/out/b", "/out/c")
    store.note_output(KEY, "/out/b", "c")
    assert store.outputs(KEY, "a") == ("/out/a", "/out/c")
    assert store.outputs(KEY, "c") == ("/out/b",)
    assert store.outputs(KEY, "b") == store.outputs(KEY, "none") == ()


def test_the_next_item_after_others_have_taken_some_is_known(store: Store) -> None:
    assert [store.first_pending(KEY, but) for but in range(4)] == ["a", "b", "c", None]
    claimed(store)
    assert [store.first_pending(KEY, but) for but in range(3)] == ["b", "c", None]


def test_the_first_pending_item_can_be_skipped(store: Store) -> None:
    first = store.item(KEY, "a")
    assert first is not None
    moved(store, KEY, first, ItemState.FAILED)
    assert claimed(store).path == "b"
    assert [item.path for item in store.failures(KEY, 5)] == ["a"]
    assert (store.counts(KEY).pending, store.counts(KEY).failed) == (1, 1)


def test_a_loop_is_forgotten_with_everything_that_belongs_to_it(store: Store) -> None:
    other = LoopKey("other", KEY.directory)
    begin(store, other, ["a"])
    for key in (KEY, other):
        store.note_output(key, f"/out/{key.name}", "a")
        store.carry(key, "kept")
    claimed(store)
    store.forget(KEY)
    assert store.load(KEY) is None
    assert store.find(KEY.id) is None
    assert store.loops() == [other]
    assert store.open_items(KEY) == []
    assert store.item(KEY, "a") is None
    assert store.open_outputs() == set()
    assert store.written(other, "a") == ("/out/other",)
    assert store.carried(other).value == "kept"
    begin(store, KEY, ["a"])
    assert store.counts(KEY).pending == store.counts(KEY).total == 1
    assert store.writer(KEY, "/out/") is None
    assert store.carried(KEY).value is None


def test_outputs_of_open_items_are_known(store: Store) -> None:
    for path in ("a", "b", "c"):
        store.note_output(KEY, f"/out/{path}", path)
    assert store.open_outputs() == set()
    first = claimed(store)
    ended = moved(store, KEY, claimed(store), ItemState.FINISHING)
    assert store.open_outputs() == {"/out/a", "/out/b"}
    moved(store, KEY, ended, ItemState.DONE, claim=None)
    moved(store, KEY, first, ItemState.PENDING, claim=None)
    assert store.open_outputs() == set()


def test_loops_do_not_affect_each_other(store: Store) -> None:
    other = LoopKey("other", KEY.directory)
    begin(store, other, ["a"])
    claimed(store)
    assert store.counts(other).pending == 1
    assert store.item(LoopKey("none", ""), "a") is None
    assert store.open_items(LoopKey("none", "")) == []


def test_moves_that_a_store_makes_by_itself_follow_the_life_of_an_item(store: Store) -> None:
    begin(store, KEY, ["a", "b"])
    waiting = store.item(KEY, "a")
    assert waiting is not None
    item = claimed(store)
    assert item == after_event(waiting, Event(On.ACQUIRED, claim=CLAIM))
    failed = after_event(
        item, Event(On.UNREADABLE, failure=Failure("bad")), Policy(ErrorHandling.SKIP)
    )
    store.put(KEY, item, failed)
    store.retry(KEY)
    assert store.item(KEY, "a") == after_event(failed, Event(On.RETRIED))
    begin(store, KEY, ["a", "b"])
    assert store.item(KEY, "a") == after_event(failed, Event(On.NEW_BATCH))


def test_the_first_place_together_is_found_at_the_same_cost_in_folders_of_any_size() -> None:
    other = LoopKey("other", KEY.directory)

    def asked(number: int) -> int:
        """How often Python calls something until the place is found."""
        store, calls = MemoryStore(), 0

        def count(_frame: object, event: str, _given: object) -> None:
            nonlocal calls
            calls += event in {"call", "c_call"}

        for key in (KEY, other):
            begin(store, key, [f"{at}" for at in range(number)])
            assert store.claim(key, CLAIM) is not None
        for pending in (store._items[key] for key in (KEY, other)):
            pending.pending = Uncounted(pending.pending)
        sys.setprofile(count)
        try:
            assert store.first_together([KEY, other]) == 1
        finally:
            sys.setprofile(None)
        return calls

    assert asked(10) == asked(10_000)


class Uncounted(list[int]):
    """Places that may not be gone through one by one."""

    def __iter__(self) -> Iterator[int]:
        raise AssertionError("all of them are looked at")


@pytest.mark.parametrize("seed", range(5))
def test_the_first_place_together_is_the_first_that_waits_in_all(store: Store, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    keys = [LoopKey(name, KEY.directory) for name in "xyz"]
    waiting = []
    for key in keys:
        begin(store, key, [f"{at}" for at in range(chance.randrange(1, 30))])
        counts = store.counts(key)
        gone = chance.sample(range(counts.total), counts.total * 2 // 5)
        for place in gone:
            item = store.item_at(key, place)
            assert item is not None
            store.put(key, item, after_event(item, Event(On.ACQUIRED, claim=CLAIM)))
        left = sorted({*range(counts.total)}.difference(gone))
        ahead = [store.first_pending(key, skipping) for skipping in range(len(left) + 1)]
        assert ahead == [*map(str, left), None]
        waiting.append({*left})
    expected = min(set.intersection(*waiting), default=None)
    assert store.first_together(keys) == expected
