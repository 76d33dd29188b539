"""Items of several loops in one prompt advance together or not at all."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from batch_loop.core.common.errors import (
    BatchLoopError,
    FolderNotFound,
    InvalidSetting,
    LoopForgotten,
    NotNow,
    StoreAway,
    UnknownLoop,
    UnreadableImage,
)
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.if_exists import Owner
from batch_loop.core.model.items import Counts, Item, ItemState
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.policy import ErrorHandling, IterationMode, Policy, WhenComplete
from batch_loop.core.model.prompt import Ending, Failure, Prompt, Saved
from batch_loop.core.model.records import Iteration, Partner, Snapshot
from batch_loop.core.model.selection import Selection
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.interface import Store
from batch_loop.core.store.memory import MemoryStore
from batch_loop.core.store.records import LoopEntry
from batch_loop.tests.support.background import FakeWrites, turn_of
from batch_loop.tests.support.fake_host import FakeHost
from batch_loop.tests.support.stores import EACH, SQLITE, new_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


T = TypeVar("T")

SKIP = Policy(error_handling=ErrorHandling.SKIP)
RESULT = os.path.abspath("result.png")
BROKEN = UnreadableImage("it cannot be read", "cut off")


class Pairs:
    """Two folders, of which each prompt is given a pair of images."""

    def __init__(self, store: Store, left: str = "abcde", right: str = "ABCDE") -> None:
        self.host = FakeHost()
        self.writes = FakeWrites()
        self.is_there = False
        self.names = {"left": list(left), "right": list(right)}
        self.registry = LoopRegistry(
            store, self.host, ImageFolder(self._list, lambda _path: 0.0), self.writes
        )
        self.left, self.right = (
            Request(LoopKey("", os.path.abspath(name)), Selection(), node=name)
            for name in self.names
        )

    def _list(self, directory: str, selection: Selection, **_given: object) -> list[str]:  # noqa: ARG002
        return list(self.names[os.path.basename(directory)])

    def acquire(
        self, prompt: Prompt | None = None, *, turned: bool = False, **changes: object
    ) -> tuple[Iteration, Iteration]:
        """What both are given, left first; `turned`: the right iterator runs first."""
        prompt = prompt or self.host.submit()
        pair = [replace(self.left, **changes), replace(self.right, **changes)]
        if turned:
            pair.reverse()
        first = self.registry.acquire(pair[0], prompt, pair[1:])
        second = self.registry.acquire(pair[1], prompt, pair[:1])
        return (second, first) if turned else (first, second)

    def run(self, ending: Ending = Ending.SUCCESS, **changes: object) -> str:
        """One whole prompt; both paths, "" for none."""
        pair = self.acquire(**changes)
        for one in pair:
            self.registry.end(one)
        self.host.finish(pair[0].prompt, ending)
        return "".join(one.item.path for one in pair if one.item)

    def save(self, main: str, *, claims: bool) -> tuple[Owner, ...]:
        """One prompt, whose result is made from both images; if it `claims` it, whose it was.

        It is claimed for the main one of the two, or that one comes first in the links.
        """
        pair = self.acquire()
        iterators = ("left", "right") if claims or main == "left" else ("right", "left")
        owners = self._claim(pair[main == "right"]) if claims else ()
        for one in pair:
            self.registry.end(one)
        saved = Saved(RESULT, iterators, is_claimed=claims)
        self.host.finish(pair[0].prompt, Ending.SUCCESS, saved)
        self.registry.reconcile_all()
        self.is_there = True
        return owners

    def claim_alone(self, side: str) -> tuple[Owner, ...]:
        """Whose the file is for the first image of one folder, in a batch without the other."""
        request = self.left if side == "left" else self.right
        self.registry.start_over(request.key.id)
        iteration = self.registry.acquire(request, self.host.submit())
        owners = self._claim(iteration)
        self.host.finish(iteration.prompt, Ending.STOPPED)
        self.registry.reconcile_all()
        return owners

    def stop_on(self, error: BatchLoopError) -> None:
        """One prompt with Stop on error, for which the image on the right cannot be read."""
        left, right = self.acquire()
        with pytest.raises(type(error)):
            self.registry.reject(left, error, "cut off", Partner(right.key, "A"))
        self.host.finish(left.prompt, Ending.ERROR)

    def _claim(self, iteration: Iteration) -> tuple[Owner, ...]:
        kept = [RESULT] if self.is_there else []
        self.is_there = True
        return tuple(self.registry.claim_outputs(iteration, [RESULT], kept).values())

    def write(self) -> None:
        """One prompt, with a result of each image."""
        pair = self.acquire()
        for one in pair:
            assert one.item is not None
            self.registry.claim_outputs(one, [os.path.abspath(f"{one.item.path}.png")], ())
            self.registry.end(one)
        self.host.finish(pair[0].prompt)
        self.registry.reconcile_all()

    def outputs(self) -> list[tuple[str, ...]]:
        """The files that are shown with the first image of each folder."""
        sides = (self.left, self.right)
        return [self.registry.report(side.key.id)[1][0][1] for side in sides]

    def run_all(self, **changes: object) -> list[str]:
        pairs = []
        while pair := self.run(**changes):
            pairs.append(pair)
        return pairs

    def counts(self) -> tuple[Counts, Counts]:
        return self._counts(self.left), self._counts(self.right)

    def _counts(self, request: Request) -> Counts:
        return self.registry.snapshot(request.key.id).counts

    @property
    def complete(self) -> tuple[bool, bool]:
        sides = (self.left, self.right)
        return tuple(self.registry.snapshot(side.key.id).complete for side in sides)


each_store = pytest.mark.parametrize("store", EACH, indirect=True)


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return new_store(getattr(request, "param", SQLITE), tmp_path, request)


@pytest.fixture
def new_pairs(store: Store) -> Iterator[Callable[..., Pairs]]:
    made: list[Pairs] = []

    def new_pairs(left: str = "abcde", right: str = "ABCDE") -> Pairs:
        made.append(Pairs(store, left, right))
        return made[-1]

    yield new_pairs
    for pairs in made:
        pairs.registry.close()


@pytest.fixture
def pairs(new_pairs: Callable[..., Pairs]) -> Pairs:
    return new_pairs()


@each_store
def test_pairs_come_in_order_whichever_iterator_runs_first(pairs: Pairs) -> None:
    assert [pairs.run(turned=turned) for turned in (False, True, False)] == ["aA", "bB", "cC"]
    assert pairs.run_all() == ["dD", "eE"]
    assert pairs.complete == (True, True)


@pytest.mark.parametrize("turned", [False, True])
def test_an_unreadable_image_fails_the_pair(pairs: Pairs, *, turned: bool) -> None:
    prompt = pairs.host.submit()
    iteration, other = pairs.acquire(prompt, policy=SKIP, turned=turned)
    blamed = Partner(other.key, "A")
    pairs.registry.reject(iteration, BROKEN, BROKEN.reason, blamed)
    again = pairs.acquire(prompt, policy=SKIP)
    assert [one.item.path for one in again] == ["b", "B"]
    for one in again:
        pairs.registry.end(one)
    pairs.host.finish(prompt)
    assert pairs.run_all(policy=SKIP) == ["cC", "dD", "eE"]
    left, right = (
        pairs.registry.snapshot(side.key.id).failures for side in (pairs.left, pairs.right)
    )
    assert right[0].failure == Failure("cut off")
    assert "together with 'A' of 'right': cut off" in left[0].failure.reason
    assert [len(left), len(right)] == [1, 1]


@each_store
def test_who_reads_a_file_that_is_gone_can_ask_for_those_still_to_be_done(pairs: Pairs) -> None:
    pairs.run()
    key = pairs.acquire()[0].key
    assert pairs.registry.has_pending(key, ["other", "c"])
    assert not pairs.registry.has_pending(key, ["other", "C", "a", "b"])
    assert set(pairs.registry.pending(key)) == {"c", "d", "e"}


def test_with_stop_on_error_both_images_stay(pairs: Pairs) -> None:
    pairs.stop_on(BROKEN)
    assert pairs.run_all() == ["aA", "bB", "cC", "dD", "eE"]


@pytest.mark.parametrize("error", [BROKEN, FolderNotFound("the folder is gone")])
@pytest.mark.parametrize("side", ["left", "right"])
def test_both_images_of_a_stop_know_its_reason(
    pairs: Pairs, error: BatchLoopError, side: str
) -> None:
    """Also once they are skipped, whichever of them is."""
    pairs.stop_on(error)
    left, right = (
        pairs.registry.full_snapshot(each.key.id).stopped_on for each in (pairs.left, pairs.right)
    )
    assert right.failure == Failure("cut off")
    assert "together with 'A' of 'right': cut off" in left.failure.reason
    key, path = (pairs.left.key, "a") if side == "left" else (pairs.right.key, "A")
    pairs.registry.skip(key.id, path)
    skipped = (
        pairs.registry.snapshot(each.key.id).failures[0] for each in (pairs.left, pairs.right)
    )
    assert [each.failure for each in skipped] == [left.failure, right.failure]


@each_store
@pytest.mark.parametrize(("left", "right"), [("abc", "ABCDE"), ("abcde", "ABC")])
def test_images_without_a_partner_wait_and_the_batch_is_complete(
    new_pairs: Callable[..., Pairs], left: str, right: str
) -> None:
    pairs = new_pairs(left, right)
    assert [pairs.run() for _ in range(3)] == ["aA", "bB", "cC"]
    assert pairs.complete == (True, True)
    assert pairs.run() == ""
    longer = max(pairs.counts(), key=lambda counts: counts.total)
    assert (longer.done, longer.pending, longer.unpaired) == (3, 2, 2)
    # Once the shorter one has more images, both continue.
    pairs.names[("left", "right")[len(right) < len(left)]].append("z")
    assert pairs.run_all() == [("dz", "zD")[len(left) < len(right)]]


@pytest.mark.parametrize("attempts", [1, 2])
def test_a_failure_counts_for_both(pairs: Pairs, attempts: int) -> None:
    stricter = replace(SKIP, max_attempts=attempts)
    pairs.left = replace(pairs.left, policy=SKIP)
    pairs.right = replace(pairs.right, policy=stricter)
    for _ in range(attempts):
        assert pairs.run(Ending.ERROR) == "aA"
    assert pairs.run_all() == ["bB", "cC", "dD", "eE"]
    assert [(one.done, one.failed) for one in pairs.counts()] == [(4, 1), (4, 1)]


def test_stop_on_error_of_one_counts_for_both(pairs: Pairs) -> None:
    pairs.left = replace(pairs.left, policy=SKIP)
    assert pairs.run(Ending.ERROR) == "aA"
    assert pairs.run() == "aA"


def test_an_image_is_not_done_if_its_partner_missed_loop_end(pairs: Pairs) -> None:
    left, _ = pairs.acquire()
    pairs.registry.end(left)
    pairs.host.finish(left.prompt)
    assert [one.done for one in pairs.counts()] == [0, 0]
    assert pairs.run() == "aA"


@pytest.mark.parametrize("policy", [Policy(), SKIP])
def test_a_result_that_cannot_be_written_fails_both(pairs: Pairs, policy: Policy) -> None:
    pair = pairs.acquire(policy=policy)
    turn = turn_of(pair[0])
    pairs.writes.begin(turn)
    for one in pair:
        pairs.registry.end(one)
    pairs.host.finish(pair[0].prompt)
    assert [one.done for one in pairs.counts()] == [0, 0]
    pairs.writes.end(turn, Failure("the disk is full"))
    expected = (0, 1) if policy is SKIP else (0, 0)
    assert [(one.done, one.failed) for one in pairs.counts()] == [expected] * 2


@each_store
def test_retry_start_over_and_skip_include_both(pairs: Pairs) -> None:
    assert pairs.run(Ending.ERROR, policy=SKIP) == "aA"
    assert pairs.run(policy=SKIP) == "bB"
    pairs.registry.retry_failed(pairs.right.key.id)
    assert pairs.run(Ending.ERROR) == "aA"
    pairs.registry.skip(pairs.left.key.id, "a")
    assert [one.failed for one in pairs.counts()] == [1, 1]
    assert pairs.run() == "cC"
    pairs.registry.start_over(pairs.left.key.id)
    assert pairs.run_all() == ["aA", "bB", "cC", "dD", "eE"]


@pytest.mark.parametrize(
    "changes",
    [{"mode": IterationMode.RESET}, {"policy": Policy(when_complete=WhenComplete.START_OVER)}],
)
def test_both_start_over_when_the_shorter_one_is_done(
    new_pairs: Callable[..., Pairs], changes: dict
) -> None:
    pairs = new_pairs("abcd", "AB")
    assert [pairs.run(**changes) for _ in range(4)] == ["aA", "bB", "aA", "bB"]


def test_an_image_done_alone_shifts_no_pair(pairs: Pairs) -> None:
    assert pairs.registry.acquire(pairs.left, pairs.host.submit()).item.path == "a"
    pairs.host.crash()
    alone = pairs.registry.acquire(pairs.left, pairs.host.submit())
    pairs.registry.end(alone)
    pairs.host.finish(alone.prompt)
    assert pairs.run_all() == ["bB", "cC", "dD", "eE"]
    assert pairs.complete == (True, True)
    assert [one.pending for one in pairs.counts()] == [0, 1]


def test_a_partner_s_image_is_a_source_too(pairs: Pairs) -> None:
    left, right = pairs.acquire()
    sources = [os.path.join(pairs.right.key.directory, "A"), os.path.abspath("left/b")]
    for iteration in (left, right):
        owners = pairs.registry.claim_outputs(iteration, sources)
        assert set(owners.values()) == {Owner.SOURCE}


class LockNotes(MemoryStore):
    """Notes which loops a database would have locked, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.locked: list[str] = []
        self._only_reads = False

    def snapshot_read(self, read: Callable[[], T]) -> T | None:
        self._only_reads = True
        try:
            return super().snapshot_read(read)
        finally:
            self._only_reads = False

    def load(self, key: LoopKey) -> LoopEntry | None:
        self._lock(key)
        return super().load(key)

    def item(self, key: LoopKey, path: str) -> Item | None:
        self._lock(key)
        return super().item(key, path)

    def _lock(self, key: LoopKey) -> None:
        if not self._only_reads and key.id not in self.locked:
            self.locked.append(key.id)


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("where", ["elsewhere", "there", "beside a partner's images"])
def test_a_claim_locks_the_loops_that_it_asks_about_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, side: int
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("left", "right"):
        (tmp_path / folder).mkdir()
    store = LockNotes()
    pairs = Pairs(store)
    pair = pairs.acquire()
    own, partner = pair[side].key, pair[1 - side].key
    result = str(tmp_path / "result.png")
    if where == "there":
        Path(result).touch()
    elif where != "elsewhere":
        result = os.path.join(partner.directory, "result.png")
    store.locked.clear()
    pairs.registry.claim_outputs(pair[side], [result])
    assert store.locked == ([own.id] if where == "elsewhere" else sorted([own.id, partner.id]))


@each_store
@pytest.mark.parametrize(("main", "other"), [("left", "right"), ("right", "left")])
@pytest.mark.parametrize("claims", [True, False])
def test_a_pair_s_result_is_one_image_s_and_shown_with_both(
    pairs: Pairs, main: str, other: str, *, claims: bool
) -> None:
    """Whichever loop's id comes first."""
    for owner in (Owner.NEW, Owner.SAME):
        assert pairs.save(main, claims=claims) == ((owner,) if claims else ())
        assert pairs.outputs() == [(RESULT,), (RESULT,)]
        pairs.registry.start_over(pairs.left.key.id)
    assert pairs.claim_alone(other) == (Owner.OTHER,)
    assert pairs.claim_alone(main) == (Owner.SAME,)


def test_two_chains_of_one_workflow_have_their_own_results(pairs: Pairs) -> None:
    prompt = pairs.host.submit()
    sides = (pairs.left, pairs.right)
    files = {request.node: os.path.abspath(f"{request.node}.png") for request in sides}
    for request in sides:
        pairs.registry.end(pairs.registry.acquire(request, prompt))
    saved = [Saved(file, (node,)) for node, file in files.items()]
    pairs.host.finish(prompt, Ending.SUCCESS, *saved)
    pairs.registry.reconcile_all()
    assert pairs.outputs() == [(files["left"],), (files["right"],)]


def test_what_a_failed_prompt_repeats_stays_whose_it_was(pairs: Pairs) -> None:
    pairs.save("left", claims=False)
    pairs.registry.start_over(pairs.left.key.id)
    pair = pairs.acquire()
    saved = Saved(RESULT, ("right", "left"))
    pairs.host.finish(pair[0].prompt, Ending.ERROR, saved)
    pairs.registry.reconcile_all()
    assert pairs.outputs() == [(), ()]
    assert pairs.claim_alone("left") == (Owner.SAME,)


def test_after_a_crash_a_pair_comes_again_together(pairs: Pairs) -> None:
    pairs.run()
    pair = pairs.acquire()
    pairs.registry.end(pair[0])
    pairs.host.crash()
    assert pairs.run_all() == ["bB", "cC", "dD", "eE"]


def test_incompatible_settings_are_refused(pairs: Pairs) -> None:
    with pytest.raises(InvalidSetting, match="iteration_mode is Continue for the one and Reset"):
        pairs.registry.acquire(
            pairs.left, pairs.host.submit(), [replace(pairs.right, mode=IterationMode.RESET)]
        )


def test_one_loop_with_two_listings_is_refused(pairs: Pairs) -> None:
    prompt = pairs.host.submit()
    assert pairs.registry.acquire(pairs.left, prompt).item.path == "a"
    assert pairs.registry.acquire(pairs.left, prompt).item.path == "a"
    other = replace(pairs.left, selection=Selection(limit=1))
    with pytest.raises(InvalidSetting, match="another loop_name or another folder"):
        pairs.registry.acquire(other, prompt)
    with pytest.raises(InvalidSetting, match="another loop_name or another folder"):
        pairs.registry.acquire(other, pairs.host.submit(), [pairs.left])


@pytest.mark.parametrize("is_paired", [False, True])
def test_a_refusal_keeps_what_it_has_found_out(pairs: Pairs, *, is_paired: bool) -> None:
    earlier = pairs.acquire()[0].prompt
    prompt = pairs.host.submit()
    assert pairs.registry.acquire(pairs.left, prompt).item.path == "b"
    pairs.host.finish(earlier, Ending.ERROR)
    revision = pairs.registry.revision
    refused = pairs.right if is_paired else replace(pairs.left, selection=Selection(limit=1))
    with pytest.raises(InvalidSetting):
        pairs.registry.acquire(refused, prompt, [pairs.left] if is_paired else ())
    assert pairs.registry.revision > revision
    assert pairs.registry.acquire(pairs.left, prompt).counts.pending == 4


def test_both_items_have_the_same_state_at_every_step(pairs: Pairs) -> None:
    pair = pairs.acquire()
    assert [one.item.state for one in pair] == [ItemState.RUNNING, ItemState.RUNNING]
    assert pair[0].partners == (Partner(pair[1].key, "A"),)


def test_an_item_that_waits_for_its_partner_s_results_is_looked_at_again(pairs: Pairs) -> None:
    left, right = pairs.acquire()
    for one in (left, right):
        pairs.registry.end(one)
    turn = turn_of(right)
    pairs.writes.begin(turn)
    pairs.host.finish(left.prompt)
    assert pairs.registry.reconcile_all()
    pairs.writes.end(turn)
    assert not pairs.registry.reconcile_all()
    for request in (pairs.left, pairs.right):
        snapshot = pairs.registry.snapshot(request.key.id)
        assert snapshot.counts.done == 1
        assert snapshot.took.seconds > 0


@pytest.mark.parametrize("side", ["left", "right"])
def test_both_are_forgotten_and_begin_together_again(pairs: Pairs, side: str) -> None:
    assert pairs.run() == "aA"
    own, other = (pairs.left, pairs.right) if side == "left" else (pairs.right, pairs.left)
    assert pairs.registry.full_snapshot(own.key.id).paired == (other.key.directory,)
    assert pairs.registry.retry_failed(own.key.id).paired == (other.key.directory,)
    held = pairs.acquire()
    with pytest.raises(NotNow, match="works on"):
        pairs.registry.forget(own.key.id)
    pairs.host.finish(held[0].prompt, Ending.STOPPED)
    waits = pairs.host.submit()
    pairs.registry.check_at_rest(own.key.id)
    pairs.registry.forget(own.key.id)
    assert pairs.registry.overviews() == []
    with pytest.raises(LoopForgotten):
        pairs.acquire(waits)
    assert pairs.run_all() == ["aA", "bB", "cC", "dD", "eE"]


CHANGES = {
    "start over": lambda registry, loop_id, _path: registry.start_over(loop_id),
    "retry": lambda registry, loop_id, _path: registry.retry_failed(loop_id),
    "skip": lambda registry, loop_id, path: registry.skip(loop_id, path),
}


def undo(registry: LoopRegistry, loop_id: str, _path: str) -> Snapshot:
    return registry.undo_start_over(loop_id)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("side", [0, 1])
def test_one_that_is_paired_meanwhile_locks_no_partner_after_itself(
    monkeypatch: pytest.MonkeyPatch, change: Callable[..., Snapshot], side: int
) -> None:
    """Another server that locks the two in order would wait for this one, and this one for it."""
    store = LockNotes()
    pairs = Pairs(store)
    request, partner = [(pairs.left, pairs.right), (pairs.right, pairs.left)][side]
    alone = pairs.registry.acquire(request, pairs.host.submit())
    pairs.host.finish(alone.prompt, Ending.STOPPED)
    read_group = pairs.registry._group

    def then_pair(loop_id: str) -> list[LoopKey]:
        group = read_group(loop_id)
        pairs.run(Ending.ERROR)
        pairs.registry.reconcile_all()
        store.locked.clear()
        return group

    monkeypatch.setattr(pairs.registry, "_group", then_pair)
    told = change(pairs.registry, request.key.id, "aA"[side])
    assert told.paired == (partner.key.directory,)
    assert store.locked == [request.key.id]


@pytest.mark.parametrize("change", [*CHANGES.values(), undo], ids=[*CHANGES, "undo"])
@pytest.mark.parametrize("error", [StoreAway("away"), UnknownLoop("it was forgotten meanwhile")])
def test_a_change_that_is_made_is_no_failure_because_its_partners_cannot_be_told(
    pairs: Pairs,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[..., Snapshot],
    error: BatchLoopError,
) -> None:
    """Whoever tried again would be refused."""
    pairs.run(Ending.ERROR, policy=SKIP)
    pairs.run(Ending.ERROR)
    loop_id = pairs.left.key.id
    assert pairs.registry.full_snapshot(loop_id).paired
    if change is undo:
        pairs.registry.start_over(loop_id)
    revision = pairs.registry.revision

    def fail(_loop_id: str) -> tuple[str, ...]:
        raise error

    monkeypatch.setattr(pairs.registry._loops, "paired", fail)
    assert change(pairs.registry, loop_id, "b").paired == ()
    assert pairs.registry.revision > revision


def test_one_that_has_gone_on_alone_is_not_forgotten_with_the_other(pairs: Pairs) -> None:
    pairs.run()
    alone = pairs.registry.acquire(pairs.left, pairs.host.submit())
    pairs.host.finish(alone.prompt, Ending.STOPPED)
    assert pairs.registry.full_snapshots([pairs.right.key.id])[0].paired == ()
    pairs.registry.forget(pairs.right.key.id)
    assert [loop.id for loop in pairs.registry.overviews()] == [pairs.left.key.id]


@each_store
@pytest.mark.parametrize("side", ["left", "right"])
def test_one_that_goes_on_alone_meanwhile_is_not_forgotten_with_the_other(
    pairs: Pairs, monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    """Also if it is the one that is to be forgotten that goes on without the other."""
    pairs.run()
    forget = pairs.registry._forget

    def once_alone(loop_id: str, group: list[LoopKey]) -> object:
        request = pairs.left if side == "left" else pairs.right
        alone = pairs.registry.acquire(request, pairs.host.submit())
        pairs.registry.end(alone)
        pairs.host.finish(alone.prompt)
        return forget(loop_id, group)

    monkeypatch.setattr(pairs.registry, "_forget", once_alone)
    pairs.registry.forget(pairs.right.key.id)
    assert [loop.id for loop in pairs.registry.overviews()] == [pairs.left.key.id]
    left = pairs.registry.snapshot(pairs.left.key.id)
    assert left.counts.done == (2 if side == "left" else 1)


def test_a_pair_is_done_as_before_only_with_the_results_of_both(store: Store) -> None:
    pairs = Pairs(store, "ab", "AB")
    pairs.write()
    pairs.write()
    left, right = pairs.left.key, pairs.right.key
    pairs.registry.results_gone(right, 1, ["B"], "9")
    results = {os.path.abspath("b.png"), os.path.abspath("B.png")}
    assert set(pairs.registry.outputs_together(left, "b")) == results
    assert pairs.registry.outputs_together(left, "unknown") == ()
    pairs.registry.retry_failed(left.id)
    iteration = pairs.acquire()[0]
    there = {os.path.abspath("b.png")}
    assert not pairs.registry.is_done_before(iteration, there.__contains__)
    assert pairs.registry.is_done_before(iteration, results.__contains__)
    for key in (left, right):
        assert pairs.registry.snapshot(key.id).counts == Counts(done=2)
        assert pairs.registry.snapshot(key.id).complete
