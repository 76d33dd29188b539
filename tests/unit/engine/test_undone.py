"""Whatever exception is raised at any step, store and process are as they were before.

Random steps of a batch are done, some of them on a store that starts to raise at one of its calls.
The state before the last transaction has to be restored, and in the end each item is done once.
A change that was kept, and not answered, gives and leaves the same as one that was answered.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_loop.core.common.errors import (
    BatchLoopError,
    LoopEndNotReached,
    NotNow,
    StateNotKept,
    StoreAway,
    Unanswered,
    UnknownLoop,
    UnreadableImage,
    UnwritableImage,
)
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.changes import transactions
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.policy import ErrorHandling, IterationMode, Policy
from batch_loop.core.model.prompt import Ending, Failure, Prompt
from batch_loop.core.model.records import Iteration, Snapshot
from batch_loop.core.model.selection import Selection
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.databases.sqlite_store import open_store
from batch_loop.core.store.interface import Store
from batch_loop.core.store.memory import MemoryStore
from batch_loop.core.store.outside import Outside
from batch_loop.tests.support.background import FakeWrites, turn_of
from batch_loop.tests.support.fake_host import ByHand, FakeHost
from batch_loop.tests.support.reports import reported

KEY = LoopKey("", "/folder")
NAMES = ["a", "b", "c", "d"]
ERRORS = (StoreAway, StateNotKept, BatchLoopError, KeyboardInterrupt, MemoryError)
ANSWERS = (LoopEndNotReached, NotNow, UnknownLoop, UnreadableImage, UnwritableImage)
"""What a step may raise though nothing is broken."""
ENDINGS = [Ending.SUCCESS, Ending.SUCCESS, Ending.ERROR, Ending.STOPPED]


class BreakingStore:
    """A store that raises from one of its calls on, until it is repaired."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.raised = False
        self.unanswered = 0
        self.before: Any = None
        """What `look` returned when the last transaction or read began."""
        self.look: Callable[[], Any] = lambda: None
        self._left: int | None = None
        self._error: type[BaseException] = StateNotKept
        self._inside = False
        self._answers = 0
        self._silences: int | None = None

    def keep_without_an_answer(self, after: int, silences: int = 0) -> None:
        """Keep one of the next transactions, and say so only to who asks more often than that."""
        self._answers, self._silences = after, silences

    def _was_kept(self) -> bool:
        if self._silences:
            self._silences -= 1
            raise StoreAway("it cannot be asked yet")
        self._silences = None
        return True

    def break_at(self, call: int, error: type[BaseException]) -> None:
        self._left, self._error = call, error

    def mend(self) -> bool:
        """Whether it has raised."""
        was_raised, self.raised, self._left = self.raised, False, None
        self._silences = None
        return was_raised

    def _called(self) -> None:
        if not self._inside:
            self.before = self.look()
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                self.raised = True
                raise self._error("broken")

    @contextlib.contextmanager
    def transaction(self, *, beside: str | None = None) -> Iterator[None]:
        self._called()
        self._inside = True
        try:
            with self.store.transaction(beside=beside):
                yield
                # Like a disk that refuses a commit.
                self._called()
            self._answers -= 1
            if self._silences is not None and self._answers < 0:
                self.unanswered += 1
                raise Unanswered("cut off", self._was_kept)
        finally:
            self._inside = False

    def snapshot_read(self, read: Callable[[], Any]) -> Any:
        self._called()
        self._inside = True
        try:
            return self.store.snapshot_read(read)
        finally:
            self._inside = False

    def __getattr__(self, name: str) -> Any:
        return self._breaking(getattr(self.store, name))

    def _breaking(self, found: Any) -> Any:
        if not callable(found):
            return found

        def call(*args: Any, **named: Any) -> Any:
            self._called()
            return found(*args, **named)

        return call

    @property
    def outside(self) -> Any:
        """What is done outside of transactions, which raises too."""
        methods = [name for name in vars(Outside) if not name.startswith("_")]
        outside = self.store.outside
        return SimpleNamespace(**{name: self._breaking(getattr(outside, name)) for name in methods})


class Batch:
    """A batch, and the state of its prompts."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.breaking = BreakingStore(store)
        self.host = FakeHost()
        self.writes = FakeWrites()
        self.registry = LoopRegistry(
            self.breaking,  # type: ignore[arg-type]
            self.host,
            ImageFolder(lambda *_args, **_seed: NAMES, lambda _path: 0.0),
            self.writes,
            poll_outcomes=ByHand,
        )
        self.breaking.look = self.stands
        self.open: list[Iteration] = []
        self.prompts: list[Prompt] = []

    def stands(self) -> Any:
        """Everything that the store and the process know."""
        with self.store.transaction():
            loops = {
                key: (
                    self.store.load(key),
                    reported(self.store, key),
                    self.store.counts(key),
                    self.store.carried(key),
                    {item.path for item in self.store.open_items(key)},
                    self.store.failures(key, 9),
                    self.store.first_pending(key),
                    {name: self.store.written(key, name) for name in NAMES},
                )
                for key in self.store.loops()
            }
        memory = self.registry.memory
        remembered = dict(memory._kept), memory.awaited(), dict(self.writes._failures)
        return loops, remembered, self.registry.revision

    def acquire(self, mode: IterationMode, *, skip: bool) -> Iteration:
        policy = Policy(ErrorHandling.SKIP if skip else ErrorHandling.STOP, 2)
        prompt = self.host.submit("tab")
        self.prompts.append(prompt)
        iteration = self.registry.acquire(Request(KEY, Selection(), mode, policy), prompt)
        if iteration.item is not None:
            self.open.append(iteration)
        return iteration

    def save(self, pick: int) -> object:
        iteration = self.open[pick % len(self.open)]
        assert iteration.item is not None
        return self.registry.claim_outputs(
            iteration, [f"/out/{iteration.item.path}", "/out/shared"]
        )

    def end(self, pick: int) -> None:
        iteration = self.open[pick % len(self.open)]
        self.registry.end(iteration, iteration.prompt.id)

    def reject(self, pick: int) -> None:
        iteration = self.open[pick % len(self.open)]
        self.open.remove(iteration)
        self.registry.reject(iteration, UnreadableImage("bad", "bad"), "bad")

    def finish(self, pick: int, ending: Ending) -> None:
        iteration = self.open.pop(pick % len(self.open))
        assert iteration.item is not None
        self.host.finish(iteration.prompt, ending, f"/out/{iteration.item.path}")
        if pick % 3 == 0:
            self.writes.end(turn_of(iteration), Failure("the disk is full"))

    def skip(self) -> Snapshot:
        stopped_on = self.registry.full_snapshot(KEY.id).stopped_on
        return self.registry.skip(KEY.id, "" if stopped_on is None else stopped_on.path)

    def step(self, kind: str, pick: int) -> object:
        """Do a step: what it gives, or raises as an answer."""
        if kind in {"save", "end", "reject", "finish"} and not self.open:
            return None
        steps: dict[str, Callable[[], object]] = {
            "acquire": lambda: self.acquire(IterationMode.CONTINUE, skip=bool(pick % 2)),
            "reset": lambda: self.acquire(IterationMode.RESET, skip=True),
            "save": lambda: self.save(pick),
            "end": lambda: self.end(pick),
            "reject": lambda: self.reject(pick),
            "finish": lambda: self.finish(pick, ENDINGS[pick % len(ENDINGS)]),
            "reconcile": self.registry.reconcile_all,
            "look": lambda: self.registry.report(KEY.id),
            "skip": self.skip,
            "retry": lambda: self.registry.retry_failed(KEY.id),
            "start over": lambda: self.registry.start_over(KEY.id),
            "forget": lambda: self.registry.forget(KEY.id),
        }
        try:
            return steps[kind]()
        except ANSWERS as answer:
            return str(answer)

    def broken_step(self, kind: str, pick: int, call: int, error: type[BaseException]) -> bool:
        """Do a step on a store that raises; whether it was undone."""
        known = list(self.open)
        self.breaking.break_at(call, error)
        try:
            self.step(kind, pick)
        except error:
            assert self.breaking.mend()
            assert self.stands() == self.breaking.before
            self.open = known
            return True
        self.breaking.mend()
        return False

    def run_to_the_end(self) -> None:
        """End open prompts, and run until the batch is complete: each item is done once."""
        for prompt in self.prompts:
            if not self.host.has_ended(prompt):
                self.host.finish(prompt, Ending.STOPPED)
        self.open = []
        mode = IterationMode.RETRY_FAILED
        done = Counter[str]()
        with contextlib.suppress(UnknownLoop):
            report = self.registry.report(KEY.id)[1]
            done.update(item.path for item, _ in report if item.state.value == "done")
        for _ in range(20):
            self.step("retry", 0)
            prompt = self.host.submit("other")
            try:
                iteration = self.registry.acquire(Request(KEY, Selection(), mode), prompt)
            except (LoopEndNotReached, UnwritableImage):
                continue
            if iteration.item is None:
                break
            self.registry.end(iteration)
            self.host.finish(prompt)
            done[iteration.item.path] += 1
        assert done == Counter(NAMES)
        assert self.registry.snapshot(KEY.id).counts.done == len(NAMES)
        assert not self.registry.reconcile_all()


kinds = st.sampled_from(
    ["acquire"] * 4
    + ["end"] * 3
    + ["finish"] * 3
    + ["save", "reconcile", "reject", "look", "skip", "retry", "reset", "start over", "forget"]
)
broken = st.one_of(st.none(), st.tuples(st.integers(0, 25), st.sampled_from(ERRORS)))
sequences = st.lists(st.tuples(kinds, st.integers(0, 11), broken), min_size=4, max_size=25)


Steps = list[tuple[str, int, tuple[int, type[BaseException]] | None]]


def check(store: Store, steps: Steps, undone: Counter[str]) -> None:
    """Do some steps, then the rest; count those that were undone."""
    batch = Batch(store)
    batch.acquire(IterationMode.CONTINUE, skip=True)
    for kind, pick, breaks in steps:
        if breaks is not None:
            undone[kind] += batch.broken_step(kind, pick, *breaks)
        batch.step(kind, pick)
    batch.run_to_the_end()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(transactions, "PATIENCE_SECONDS", 0.0)


def check_unanswered(steps: Steps, unanswered: Counter[str]) -> None:
    """Do steps twice, once with changes that are kept without an answer; count these."""
    answered, cut_off = Batch(MemoryStore()), Batch(MemoryStore())
    for batch in (answered, cut_off):
        batch.acquire(IterationMode.CONTINUE, skip=True)
    for kind, pick, breaks in steps:
        before = cut_off.breaking.unanswered
        if breaks is not None:
            waits = kind in {"acquire", "reset", "save", "end", "reject"}
            silences = breaks[0] % 3 if waits else 0
            cut_off.breaking.keep_without_an_answer(breaks[0] // 12, silences)
        assert cut_off.step(kind, pick) == answered.step(kind, pick)
        cut_off.breaking.mend()
        assert cut_off.stands() == answered.stands(), (kind, pick)
        unanswered[kind] += cut_off.breaking.unanswered > before
    answered.run_to_the_end()
    cut_off.run_to_the_end()
    assert cut_off.stands() == answered.stands()


def test_what_is_kept_without_an_answer_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    @settings(max_examples=100, deadline=None, derandomize=True, database=None)
    @given(sequences)
    def holds(steps: Steps) -> None:
        check_unanswered(steps, unanswered)

    monkeypatch.setattr(transactions, "PATIENCE_SECONDS", 60.0)
    unanswered: Counter[str] = Counter()
    holds()
    assert len(+unanswered) > 8, unanswered


def test_in_memory() -> None:
    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(sequences)
    def holds(steps: Steps) -> None:
        check(MemoryStore(), steps, undone)

    undone: Counter[str] = Counter()
    holds()
    assert len(undone) > 8, undone


def test_in_a_file(tmp_path: Path) -> None:
    @settings(max_examples=10, deadline=None, derandomize=True, database=None)
    @given(sequences)
    def holds(steps: Steps) -> None:
        with TemporaryDirectory(dir=tmp_path) as folder:
            store = open_store(folder)
            try:
                check(store, steps, undone)
            finally:
                store.close()

    undone: Counter[str] = Counter()
    holds()
    assert len(undone) > 5, undone
