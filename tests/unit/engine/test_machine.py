"""The registry against a plain model of the design, step by step, on each store.

A step is one thing that a person, a prompt, a folder or a power cut does. It is applied to the
model too, and after each step the store is compared with the model. Hypothesis chooses the steps,
from a fixed seed, and prints the shortest sequence that goes wrong.
"""

from __future__ import annotations

import functools
import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from batch_loop.core.common.errors import (
    LoopEndNotReached,
    LoopForgotten,
    NoImages,
    NotNow,
    UnreadableImage,
)
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.changes import undo
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.item_life import OPEN
from batch_loop.core.model.items import Item, ItemState
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.policy import ErrorHandling, IterationMode, Policy, WhenComplete
from batch_loop.core.model.prompt import Ending, Prompt
from batch_loop.core.model.records import CURRENT_SHOWN, Iteration, Overview
from batch_loop.core.model.selection import Selection
from batch_loop.core.model.shared_roots import NO_ROOTS
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.databases.postgresql import open_postgresql
from batch_loop.core.store.databases.sqlite_store import open_store
from batch_loop.core.store.interface import Store
from batch_loop.core.store.memory import MemoryStore
from batch_loop.core.store.schema.tables import items, loops
from batch_loop.core.store.sql.sql_store import SqlStore
from batch_loop.tests.support.fake_host import ByHand, FakeHost
from batch_loop.tests.support.reports import reported
from batch_loop.tools.postgresql import Postgresql

FOLDER = os.path.abspath("folder")
KEYS = [LoopKey(name, FOLDER) for name in ("", "second")]
FILES = [f"{letter}.png" for letter in "abcdefg"]
SELECTIONS = [Selection(), Selection(), Selection(descending=True), Selection(limit=3)]
MOST_SERVERS = 3
MOST_PROMPTS = 6

PENDING, RUNNING, FINISHING, DONE, FAILED = ItemState

picks = st.integers(0, 11)
"""One of those that exist, chosen by the remainder, which shrinks well."""
keys = st.sampled_from([KEYS[0], *KEYS])
clients = st.sampled_from(["one", "two", None])
modes = st.sampled_from([IterationMode.CONTINUE, *IterationMode])
selections = st.sampled_from(SELECTIONS)
policies = st.builds(
    Policy,
    error_handling=st.sampled_from(ErrorHandling),
    max_attempts=st.integers(1, 2),
    # Watch checks whether files are whole, and these are only names: see test_watch.
    when_complete=st.sampled_from([WhenComplete.STOP, WhenComplete.START_OVER]),
)
values = st.sampled_from([None, 7, "text", [1, {"a": 2.5}], pytest])
"""Values to carry over; a module is one that no file can hold."""
endings = st.sampled_from([Ending.SUCCESS, Ending.SUCCESS, Ending.ERROR, Ending.STOPPED])


class Clock:
    """One clock for all servers and files."""

    def __init__(self) -> None:
        self.time = 0.0

    def tick(self) -> float:
        self.time += 1
        return self.time


class Broken(Exception):
    """Raised by a store instead of keeping a change, which then must not have happened."""


class ServerHost(FakeHost):
    """The host of one of several servers that know whether the others are alive."""

    def __init__(self, number: int, clock: Clock, alive: set[str]) -> None:
        super().__init__()
        self._name = f"server {number}"
        self._shared_clock = clock
        self._alive = alive

    @property
    def server(self) -> str:
        return self._name

    def now(self) -> float:
        return self._shared_clock.tick()

    def is_alive(self, server: str, *, is_here: bool) -> bool | None:  # noqa: ARG002
        return server in self._alive

    def known_ending(self, prompt: Prompt) -> Ending | None:
        outcome = self._outcomes.get(prompt)
        return None if outcome is None else outcome.ending


@dataclass
class Server:
    """A server, and what the model knows of the state that only its registry remembers."""

    host: ServerHost
    store: Store
    registry: LoopRegistry
    seen: dict[tuple[LoopKey, str | None], tuple[IterationMode, bool]] = field(default_factory=dict)
    """For each client: the mode of its newest run, and whether it knows of the batch's end."""
    before: dict[LoopKey, tuple[Prompt, Selection, dict[str, float]]] = field(default_factory=dict)
    """Files that were new when the last image of a batch was handed out, and to which prompt."""
    waiting: set[tuple[LoopKey, Prompt, str]] = field(default_factory=set)
    """Its prompts' work on images, until it knows how it has ended."""
    forgotten: dict[LoopKey, float] = field(default_factory=dict)
    end_waits: set[tuple[LoopKey, Prompt, str]] = field(default_factory=set)
    """Work whose end is written down with what comes next."""

    def begins(self, key: LoopKey) -> None:
        """A batch begins or goes on here: what is known of the prompts at work is not of it."""
        self.end_waits = {work for work in self.end_waits if work[0] != key}

    @property
    def name(self) -> str:
        return self.host.server


@dataclass
class Job:
    """A running prompt, and what it was handed."""

    server: Server
    prompt: Prompt
    turns: dict[LoopKey, Iteration] = field(default_factory=dict)
    asked: dict[LoopKey, Selection] = field(default_factory=dict)
    """The selection it asked each loop with: two iterators of one graph may not differ in it."""
    ended: set[LoopKey] = field(default_factory=set)


@dataclass
class ModelItem:
    """What should be known of a file."""

    state: ItemState = PENDING
    attempts: int = 0
    missed_loop_ends: int = 0
    failed_before: bool = False
    stopped: bool = False
    is_lost: bool = False
    """Whether it was done, and a result of it was deleted since."""
    is_untouched: bool = False
    """Whether no prompt has worked on it since; and whether that was so before its last prompt."""
    was_untouched: bool = False
    turns: int = 0
    """How many prompts have had it, also in batches before, until it was done."""
    prompt: Prompt | None = None
    server: str = ""
    since: float = 0.0
    policy: Policy = field(default_factory=Policy)
    value: Any = None
    reached_at: float | None = None
    """When its prompt reached Loop End, if that is yet to be written down."""

    @property
    def reached(self) -> bool:
        return self.reached_at is not None

    def retry(self) -> None:
        if self.state is FAILED:
            self.state, self.attempts, self.failed_before = PENDING, 0, False


@dataclass
class ModelLoop:
    """What should be known of a loop: the design in its shortest form."""

    selection: Selection
    mode: IterationMode
    batch: int
    listing: list[str]
    looked_at: float
    known: dict[str, ModelItem] = field(default_factory=lambda: defaultdict(ModelItem))
    looked_again: bool = False
    completed_at: float | None = None
    worked_at: float = 0.0
    """When a prompt last began or ended."""
    carried: tuple[Any, str] = (None, "")
    """The value, and the server that reconciled it."""
    kept: ModelLoop | None = None
    """The batch before, while nothing has come of this one, or another server works on it."""
    taken_back: int = 0
    """The highest number of a batch that was taken back."""

    def bring_in(self, paths: list[str]) -> None:
        """Have items join; what had failed before it left is tried."""
        self.listing += paths
        for path in paths:
            self.known[path].retry()

    @property
    def next_batch(self) -> int:
        return max(self.batch, self.taken_back) + 1

    @property
    def listed(self) -> list[ModelItem]:
        return [self.known[path] for path in self.listing]

    @property
    def complete(self) -> bool:
        return not any(item.state in {PENDING, RUNNING} for item in self.listed)

    @property
    def has_handled(self) -> bool:
        return any(item.state in {FINISHING, DONE, FAILED} for item in self.listed)

    @property
    def first_pending(self) -> str | None:
        return next((path for path in self.listing if self.known[path].state is PENDING), None)

    @property
    def stopped_on(self) -> str | None:
        path = self.first_pending
        return path if path and self.known[path].stopped else None

    @property
    def open(self) -> list[tuple[str, ModelItem]]:
        return [(path, item) for path, item in self.known.items() if item.state in OPEN]


class RegistryMachine(RuleBasedStateMachine):
    """Registries, their hosts and a folder, and the model."""

    def __init__(self, steps: Counter[str], open_store: Callable[[], Store] | None) -> None:
        super().__init__()
        self.steps = steps
        self.open_store = open_store
        self.clock = Clock()
        self.alive: set[str] = set()
        self.started = 0
        self.servers: list[Server] = []
        self.files: dict[str, float] = dict.fromkeys(FILES[:4], 0.0)
        self.queue: list[tuple[Server, Prompt]] = []
        self.jobs: list[Job] = []
        self.loops: dict[LoopKey, ModelLoop] = {}
        # By loop, batch and path: prompts that succeeded after Loop End and were not lost in a
        # crash before anybody looked. Counted independently of the model.
        self.successes: Counter[tuple[LoopKey, int, str]] = Counter()
        self.unreconciled: list[tuple[str, tuple[LoopKey, int, str]]] = []
        self._start()

    def teardown(self) -> None:
        for server in self.servers:
            self._close(server)
        assert self.open_store is None or not self._left_over()

    def _left_over(self) -> int:
        """How many rows of items belong to no loop after a new server has cleaned up."""
        self.alive.clear()
        self._start()
        server = self.servers[-1]
        while server.registry.spare_listings.delete_some():
            pass
        assert isinstance(server.store, SqlStore)
        with server.store._connections.engine.begin() as connection:
            known = connection.execute(select(loops.c.listing)).scalars().all()
            kept = connection.execute(select(loops.c.kept_listing)).scalars().all()
            belongs = [listing for listing in (*known, *kept) if listing]
            strays = select(func.count()).where(items.c.listing.not_in(belongs))
            found = connection.execute(strays).scalar_one()
        self._close(server)
        return found

    # The world.

    def _start(self) -> None:
        self.started += 1
        host = ServerHost(self.started, self.clock, self.alive)
        store = MemoryStore() if self.open_store is None else self.open_store()
        assert isinstance(store, MemoryStore) is (self.open_store is None)
        registry = LoopRegistry(
            store,
            host,
            ImageFolder(self._list, self._sight),
            poll_outcomes=ByHand,
            poll_listings=ByHand,
        )
        self.alive.add(host.server)
        self.servers.append(Server(host, store, registry))

    def _close(self, server: Server) -> None:
        server.store.close()

    def _list(self, directory: str, selection: Selection, **_given: object) -> list[str]:  # noqa: ARG002
        names = sorted(self.files, reverse=selection.descending)
        return names[: selection.limit or None]

    def _sight(self, path: str) -> float | None:
        return self.files.get(os.path.basename(path))

    def _server(self, pick: int) -> Server:
        return self.servers[pick % len(self.servers)]

    @precondition(lambda self: self.open_store and len(self.servers) < MOST_SERVERS)
    @rule()
    def start_server(self) -> None:
        self._start()

    @precondition(lambda self: self.open_store)
    @rule(pick=picks)
    def crash(self, pick: int) -> None:
        """One server dies with everything that it had not written; another takes its place."""
        server = self.servers.pop(pick % len(self.servers))
        self._close(server)
        self.alive.discard(server.name)
        self.queue = [entry for entry in self.queue if entry[0] is not server]
        self.jobs = [job for job in self.jobs if job.server is not server]
        for name, done in self.unreconciled:
            if name == server.name:
                self.successes[done] -= 1
        self.unreconciled = [entry for entry in self.unreconciled if entry[0] != server.name]
        self._start()

    @precondition(lambda self: self.open_store)
    @rule(pick=picks)
    def delete_some(self, pick: int) -> None:
        """A server deletes rows that belong to no loop any more."""
        self._server(pick).registry.spare_listings.delete_some()

    @rule(name=st.sampled_from(FILES))
    def add_file(self, name: str) -> None:
        self.files.setdefault(name, self.clock.tick())

    @rule(name=st.sampled_from(FILES))
    def remove_file(self, name: str) -> None:
        self.files.pop(name, None)

    # Prompts.

    @precondition(lambda self: len(self.queue) < MOST_PROMPTS)
    @rule(pick=picks, client=clients)
    def submit(self, pick: int, client: str | None) -> None:
        server = self._server(pick)
        self.queue.append((server, server.host.submit(client)))

    @precondition(lambda self: self.queue)
    @rule(pick=picks, key=keys, mode=modes, selection=selections, policy=policies)
    def begin(
        self, pick: int, key: LoopKey, mode: IterationMode, selection: Selection, policy: Policy
    ) -> None:
        """A waiting prompt runs, and reaches its Directory Iterator."""
        job = Job(*self.queue.pop(pick % len(self.queue)))
        self.jobs.append(job)
        self._acquire(job, Request(key, selection, mode, policy))

    @precondition(lambda self: self.jobs)
    @rule(pick=picks, key=keys)
    def acquire_in_a_running_prompt(self, pick: int, key: LoopKey) -> None:
        """A second Directory Iterator: the same image on the same loop, its own on another."""
        job = self.jobs[pick % len(self.jobs)]
        before = job.turns.get(key)
        iteration = self._acquire(job, Request(key, job.asked.get(key, Selection())))
        if before and before.item and iteration and self._holds(before):
            assert iteration.item is not None
            assert iteration.item.path == before.item.path

    @precondition(lambda self: any(job.turns.keys() - job.ended for job in self.jobs))
    @rule(pick=picks, value=values)
    def end(self, pick: int, value: object) -> None:
        """A prompt reaches Loop End."""
        turns = [(job, key) for job in self.jobs for key in sorted_keys(job.turns)]
        self._end(*turns[pick % len(turns)], value)

    @precondition(lambda self: self.jobs)
    @rule(pick=picks, ending=endings)
    def finish(self, pick: int, ending: Ending) -> None:
        """A prompt ends, and possibly nobody has looked yet."""
        self._finish(self.jobs.pop(pick % len(self.jobs)), ending)

    @rule(
        pick=picks,
        key=keys,
        mode=modes,
        policy=policies,
        value=values,
        ending=endings,
        count=st.integers(1, 5),
    )
    def whole_prompts(  # noqa: PLR0913, PLR0917 one for each thing that may differ
        self,
        pick: int,
        key: LoopKey,
        mode: IterationMode,
        policy: Policy,
        value: object,
        ending: Ending,
        count: int,
    ) -> None:
        """Some turns of Auto Queue."""
        server = self._server(pick)
        for _ in range(count):
            job = Job(server, server.host.submit("auto"))
            if self._acquire(job, Request(key, Selection(), mode, policy)) is not None:
                self._end(job, key, value)
                self._ask(job, key)
            self._finish(job, ending)

    @precondition(lambda self: self.open_store and len(self.jobs) < MOST_PROMPTS)
    @rule(pick=picks, key=keys, value=values, asks=st.booleans(), ends=st.booleans())
    def servers_share(
        self,
        pick: int,
        key: LoopKey,
        value: object,
        asks: bool,  # noqa: FBT001
        ends: bool,  # noqa: FBT001
    ) -> None:
        """Two servers have an image each, and both get as far as Loop End; one may end."""
        if len(self.servers) < MOST_SERVERS:
            self._start()
        jobs = [
            Job(self._server(pick + at), self._server(pick + at).host.submit()) for at in (0, 1)
        ]
        self.jobs += jobs
        for job in jobs:
            self._acquire(job, Request(key, Selection()))
        for job in jobs:
            if key in job.turns:
                self._end(job, key, value)
        for job in jobs:
            if asks and key in job.turns:
                self._ask(job, key)
        if ends:
            self._finish(self.jobs.pop(self.jobs.index(jobs[pick % 2])), Ending.SUCCESS)

    @precondition(lambda self: any(job.turns for job in self.jobs))
    @rule(pick=picks)
    def reject(self, pick: int) -> None:
        """The image of a prompt cannot be read."""
        turns = [(job, key) for job in self.jobs for key in sorted_keys(job.turns)]
        job, key = turns[pick % len(turns)]
        if key in job.ended:
            return
        iteration = job.turns.pop(key)
        item = self._item_of(iteration)
        error = UnreadableImage("it is broken", "broken")
        raised = False
        try:
            job.server.registry.reject(iteration, error, error.reason)
        except UnreadableImage:
            raised = True
        # If the item was taken away meanwhile, nobody is to blame: only its holder sees the error.
        skip = item is not None and item.policy.error_handling is ErrorHandling.SKIP
        assert raised is (item is not None and not skip)
        if item is not None:
            item.is_untouched = item.was_untouched and item.state is RUNNING and not item.reached
            item.state, item.prompt = FAILED if skip else PENDING, None
            self.loops[key].worked_at = self.clock.tick()
            item.attempts += 1
            item.failed_before, item.stopped = True, not skip
            assert iteration.item is not None
            job.server.waiting.discard((key, job.prompt, iteration.item.path))
            job.server.end_waits.discard((key, job.prompt, iteration.item.path))
            self._note_completion(self.loops[key])

    # The routes, and the poller.

    @precondition(lambda self: self.loops)
    @rule(pick=picks, key=keys)
    def start_over(self, pick: int, key: LoopKey) -> None:
        loop, server = self.loops.get(key), self._server(pick)
        if loop is None:
            return
        listing = self._list(FOLDER, loop.selection, seed=0)
        if not listing:
            with pytest.raises(NoImages):
                server.registry.start_over(key.id)
            self._reconcile(server, key)
            return
        snapshot = server.registry.start_over(key.id)
        self._reconcile(server, key)
        self._begin_batch(server, key, loop.selection, loop.mode, loop.next_batch)
        self.loops[key].kept = loop.kept if loop.kept and not loop.has_handled else loop
        assert snapshot.undo_until is not None
        assert snapshot.counts.pending == snapshot.counts.total == len(listing)

    @precondition(lambda self: self.loops)
    @rule(pick=picks, key=keys, begins=st.booleans())
    def start_over_by_mistake(self, pick: int, key: LoopKey, begins: bool) -> None:  # noqa: FBT001
        """A person starts over and thinks better of it, perhaps when a prompt has an image."""
        self.start_over(pick, key)
        if key in self.loops and begins:
            server = self._server(pick)
            self.jobs.append(Job(server, server.host.submit("auto")))
            self._acquire(self.jobs[-1], Request(key, Selection()))
        self.undo_start_over(pick, key)

    @precondition(lambda self: any(loop.kept for loop in self.loops.values()))
    @rule(pick=picks, key=keys)
    def undo_start_over(self, pick: int, key: LoopKey) -> None:
        loop, server = self.loops.get(key), self._server(pick)
        if loop is None:
            return
        self._reconcile(server, key)
        kept = None if loop.has_handled else loop.kept
        shown = server.registry.full_snapshot(key.id)
        assert (shown.undo_until is None) is (kept is None)
        if kept is None:
            with pytest.raises(NotNow):
                server.registry.undo_start_over(key.id)
            return
        snapshot = server.registry.undo_start_over(key.id)
        for _, item in kept.open:
            assert item.prompt is not None
            if item.server not in self.alive:
                item.state, item.prompt, item.reached_at = PENDING, None, None
            elif item.server != server.name:
                self.steps.update(["undone elsewhere"])
        server.begins(key)
        for path, since in loop.known.items():
            if since.turns and since.state is not DONE:
                item = kept.known[path]
                item.is_untouched = item.is_untouched and item.turns == since.turns
                item.was_untouched = item.was_untouched and item.turns == since.turns
                item.turns = since.turns
        self.loops[key] = kept
        # What it had replaced itself was dropped with the one that replaced it.
        kept.kept = None
        kept.taken_back = loop.batch
        self._note_completion(kept)
        assert (snapshot.batch, snapshot.undo_until) == (kept.batch, None)
        self.steps.update(["undone"])

    @precondition(lambda self: self.loops)
    @rule(pick=picks, key=keys)
    def retry_failed(self, pick: int, key: LoopKey) -> None:
        loop, server = self.loops.get(key), self._server(pick)
        if loop is None:
            return
        snapshot = server.registry.retry_failed(key.id)
        self._reconcile(server, key)
        self._leave(loop)
        self._retry(loop)
        self._note_completion(loop)
        assert snapshot.counts.failed == 0

    @precondition(lambda self: self.loops)
    @rule(pick=picks, key=keys)
    def skip_what_a_run_stops_on(self, pick: int, key: LoopKey) -> None:
        """A run stops on an image, and a person skips it."""
        server = self._server(pick)
        job = Job(server, server.host.submit("auto"))
        self._acquire(job, Request(key, Selection()))
        self._finish(job, Ending.ERROR)
        self._skip(server, key, None)

    @precondition(lambda self: self.loops)
    @rule(pick=picks, key=keys, name=st.sampled_from(FILES))
    def skip(self, pick: int, key: LoopKey, name: str) -> None:
        """A person tries to skip an image, whether a run stopped on it or not."""
        self._skip(self._server(pick), key, name)

    def _skip(self, server: Server, key: LoopKey, name: str | None) -> None:
        loop = self.loops.get(key)
        if loop is None:
            return
        shown = server.registry.full_snapshot(key.id).stopped_on
        self._reconcile(server, key)
        assert (None if shown is None else shown.path) == loop.stopped_on
        path = name or loop.stopped_on
        if path is None:
            return
        if path != loop.stopped_on:
            with pytest.raises(NotNow):
                server.registry.skip(key.id, path)
            return
        snapshot = server.registry.skip(key.id, path)
        loop.known[path].state, loop.known[path].stopped = FAILED, False
        loop.known[path].is_lost = False
        self._note_completion(loop)
        assert path in {item.path for item in snapshot.failures}
        self.steps.update(["skipped"])

    @precondition(lambda self: self.loops)
    @rule(pick=picks, key=keys)
    def forget(self, pick: int, key: LoopKey) -> None:
        """A person forgets a loop, perhaps once all prompts have ended."""
        if pick % 4:
            while self.jobs:
                self._finish(self.jobs.pop(), Ending.SUCCESS)
            for number in range(len(self.servers)):
                self.watch(number)
        key = key if key in self.loops else sorted_keys(self.loops)[0]
        loop, server = self.loops[key], self._server(pick)
        self._check_whether_it_is_at_rest(server, key)
        refused = False
        try:
            server.registry.forget(key.id)
        except NotNow:
            refused = True
        self._reconcile(server, key)
        assert refused is bool(loop.open)
        if refused:
            return
        del self.loops[key]
        server.forgotten[key] = self.clock.time
        server.begins(key)
        server.seen = {of: seen for of, seen in server.seen.items() if of[0] != key}
        # Its next batch is the first again.
        self.successes = Counter(
            {done: number for done, number in self.successes.items() if done[0] != key}
        )
        self.unreconciled = [entry for entry in self.unreconciled if entry[1][0] != key]
        self.steps.update(["forgotten"])

    def _check_whether_it_is_at_rest(self, server: Server, key: LoopKey) -> None:
        """Other servers' prompts are known by the batch that is kept, own ones in any case."""
        kept = self.loops[key].kept
        own = [prompt for of, prompt, _ in server.waiting if of == key]
        elsewhere = [] if kept is None else [item.server for _, item in kept.open]
        if not all(map(server.host.known_ending, own)) or self.alive.intersection(
            name for name in elsewhere if name != server.name
        ):
            self.steps.update(["at work"])
            with pytest.raises(NotNow):
                server.registry.check_at_rest(key.id)
        else:
            server.registry.check_at_rest(key.id)

    @rule(pick=picks)
    def look(self, pick: int) -> None:
        """A page asks for every loop."""
        server = self._server(pick)
        found = {overview.id: overview for overview in server.registry.overviews()}
        for key, loop in self.loops.items():
            self._reconcile(server, key)
            snapshot = server.registry.full_snapshot(key.id)
            shared = {each.name: getattr(snapshot, each.name) for each in fields(Overview)}
            overview = found[key.id]
            assert replace(overview, ran_at=None) == Overview(**shared | {"ran_at": None})
            # The difference between a server's clock and its database's is measured again.
            assert overview.ran_at == pytest.approx(snapshot.ran_at, abs=1)
            assert snapshot.batch == loop.batch
            elsewhere = any(
                item.state in OPEN and item.server != server.name for item in loop.listed
            )
            assert snapshot.complete is (loop.complete and not elsewhere)
            stopped_on = snapshot.stopped_on
            assert (None if stopped_on is None else stopped_on.path) == loop.stopped_on
            current = [item.path for item in snapshot.current]
            newest = sorted(loop.open, key=lambda entry: entry[1].since, reverse=True)
            assert current == [path for path, _ in newest if path in loop.listing][:CURRENT_SHOWN]
        assert len(found) == len(self.loops)

    @rule(pick=picks)
    def watch(self, pick: int) -> None:
        """The poller looks."""
        server = self._server(pick)
        more = server.registry.reconcile_all()
        ended = [
            work for work in sorted(server.waiting, key=repr) if server.host.known_ending(work[1])
        ]
        for work in ended:
            if work[0] in self.loops:
                self._reconcile(server, work[0])
            server.waiting.discard(work)
            server.end_waits.discard(work)
        assert more is bool(server.waiting)

    @precondition(lambda self: self.open_store and len(self.jobs) < MOST_PROMPTS)
    @rule(
        pick=picks,
        client=clients,
        key=keys,
        mode=st.sampled_from([IterationMode.RESET, *IterationMode]),
        selection=selections,
    )
    def cannot_begin(
        self, pick: int, client: str | None, key: LoopKey, mode: IterationMode, selection: Selection
    ) -> None:
        """The disk refuses a prompt's change: the prompt fails, and nothing has changed."""
        server = self._server(pick)
        prompt = server.host.submit(client)
        request = Request(key, selection, mode)
        self._broken(server, lambda: server.registry.acquire(request, prompt))
        server.host.finish(prompt, Ending.ERROR)
        # Then the person presses Run again.
        again = Job(server, server.host.submit(prompt.client_id))
        self.jobs.append(again)
        self._acquire(again, request)

    @precondition(lambda self: self.open_store and self.loops)
    @rule(pick=picks, key=keys)
    def cannot_reconcile(self, pick: int, key: LoopKey) -> None:
        """The disk refuses the changes of prompts' outcomes: these are read again."""
        server = self._server(pick)
        if key in self.loops:
            self._broken(server, lambda: server.registry.report(key.id))

    def _broken(self, server: Server, change: Callable[[], object]) -> None:
        def refuse() -> None:
            raise Broken

        server.store._write_loops = refuse  # type: ignore[attr-defined]
        try:
            with pytest.raises(Broken):
                change()
        finally:
            del server.store._write_loops  # type: ignore[attr-defined]

    # Requests to both the real registry and the model.

    def _acquire(self, job: Job, request: Request) -> Iteration | None:
        server, key = job.server, request.key
        job.asked[key] = request.selection
        try:
            expected, error = self._expect(job, request), None
        except (NoImages, LoopEndNotReached, LoopForgotten) as raised:
            expected, error = None, type(raised)
        if error is not None:
            with pytest.raises(error):
                server.registry.acquire(request, job.prompt)
            return None
        iteration = server.registry.acquire(request, job.prompt)
        loop = self.loops[key]
        assert iteration.batch == loop.batch
        got = None if iteration.item is None else iteration.item.path
        assert got == expected
        if iteration.item is not None:
            assert iteration.item.claim is not None
            item = loop.known[iteration.item.path]
            item.since = iteration.item.claim.since
            # An image that is no longer listed may still be this prompt's.
            place = loop.listing.index(got) if got in loop.listing else -1
            assert iteration.item.index == place
        self._check_carried(server, loop, iteration)
        job.turns[key] = iteration
        if not self._ended_before(job, key):
            job.ended.discard(key)
        return iteration

    def _ended_before(self, job: Job, key: LoopKey) -> bool:
        item = self._item_of(job.turns[key])
        return item is not None and (item.state is FINISHING or item.reached)

    def _check_carried(self, server: Server, loop: ModelLoop, iteration: Iteration) -> None:
        value, reconciled_by = loop.carried
        if value is pytest and server.name != reconciled_by:
            assert iteration.carried.value is None
            assert "module" in (iteration.carried.lost or "")
        else:
            assert iteration.carried.value == value
            assert iteration.carried.lost is None

    def _end(self, job: Job, key: LoopKey, value: object) -> None:
        iteration = job.turns[key]
        waits = self._end_waits(job, key)
        if key in self.loops and not waits:
            self._reconcile(job.server, key)
        item = self._item_of(iteration)
        job.server.registry.end(iteration, value)
        job.ended.add(key)
        if item is None or item.state is not RUNNING or item.reached:
            return
        item.value = value
        if waits:
            item.reached_at = self.clock.time
            self.steps.update(["waited"])
        else:
            self._reach_the_end(job.server, key, item)

    def _end_waits(self, job: Job, key: LoopKey) -> bool:
        item = job.turns[key].item
        return item is not None and (key, job.prompt, item.path) in job.server.end_waits

    def _reach_the_end(self, server: Server, key: LoopKey, item: ModelItem) -> None:
        loop = self.loops[key]
        assert item.prompt is not None
        reached_at, item.reached_at = item.reached_at, None
        is_late = reached_at is not None
        at = reached_at or self.clock.time
        was_last = at >= loop.worked_at
        item.state, item.missed_loop_ends = FINISHING, 0
        if loop.complete and not loop.looked_again and len(loop.open) == 1 and was_last:
            loop.looked_again, loop.looked_at = True, at
            before: dict[str, float] = {}
            if not is_late:
                prompt, selection, before = server.before.pop(key, (None, None, {}))
                if (prompt, selection) != (item.prompt, loop.selection):
                    before = {}
            loop.bring_in(
                [
                    path
                    for path, seen in before.items()
                    if self.files.get(path) == seen and path not in loop.listing
                ]
            )
        self._note_completion(loop, max(at, loop.worked_at))
        if not is_late:
            self._tell_the_end(server, key, item.prompt)

    def _tell_the_end(self, server: Server, key: LoopKey, prompt: Prompt) -> None:
        seen = server.seen.get((key, prompt.client_id))
        if self.loops[key].complete and seen is not None:
            server.seen[key, prompt.client_id] = (seen[0], True)

    @precondition(lambda self: any(job.ended for job in self.jobs))
    @rule(pick=picks)
    def batch_complete(self, pick: int) -> None:
        """A prompt reaches Batch Complete, behind Loop End."""
        turns = [(job, key) for job in self.jobs for key in sorted_keys(job.ended)]
        job, key = turns[pick % len(turns)]
        self._ask(job, key)

    def _ask(self, job: Job, key: LoopKey) -> None:
        """Have a node tell how a loop stands, in a prompt that has reached Loop End."""
        loop, iteration = self.loops.get(key), job.turns.get(key)
        if loop is None or iteration is None:
            return
        if (item := self._item_of(iteration)) is not None and item.reached:
            self.steps.update(["asked at the last" if loop.first_pending is None else "asked"])
        has_waited = self._end_waits(job, key)
        snapshot = job.server.registry.finish(iteration)
        if self._is_due(job.server, loop) or self._was_looked_at(job.server, key):
            self._reconcile(job.server, key)
        if has_waited and self._item_of(iteration) is not None:
            self._tell_the_end(job.server, key, job.prompt)
        assert snapshot.counts.complete is loop.complete
        succeeded = [one for one in loop.listed if one.state in {FINISHING, DONE}]
        own = [one for one in loop.listed if one.reached and one.server == job.server.name]
        assert snapshot.counts.succeeded == len(succeeded) + len(own)

    def _is_due(self, server: Server, loop: ModelLoop) -> bool:
        """Whether a node that asks for a loop's state has something written down first."""
        own = [item for _, item in loop.open if item.server == server.name]
        others = [item for _, item in loop.open if item.server != server.name]
        if any(item.prompt and server.host.known_ending(item.prompt) for item in own):
            return True
        if any(item.server not in self.alive for item in others):
            return True
        return loop.first_pending is None and any(item.reached for item in own)

    def _was_looked_at(self, server: Server, key: LoopKey) -> bool:
        """Whether a node that asked had a loop looked at without need, by what the store says now.

        That is up to a server with a file, which others may have changed since it knew the rows.
        """
        if not (isinstance(server.store, SqlStore) and server.store.is_of_one_machine):
            return False
        loop, store = self.loops[key], self.servers[0].store
        reached = [path for path, item in loop.open if item.reached and item.server == server.name]
        with store.transaction():
            written = [store.item(key, path).state is FINISHING for path in reached]
            kept = {item.path for item in store.kept_open_items(key)}
        return any(written) or not kept.issuperset(self._ended_in_kept(server, key))

    def _finish(self, job: Job, ending: Ending) -> None:
        job.server.host.finish(job.prompt, ending)
        for key, iteration in job.turns.items():
            item = self._item_of(iteration) or self._item_of(iteration, kept=True)
            if (
                ending is Ending.SUCCESS
                and item is not None
                and (item.state is FINISHING or item.reached)
            ):
                assert iteration.item is not None
                done = (key, iteration.batch, iteration.item.path)
                self.successes[done] += 1
                self.unreconciled.append((job.server.name, done))

    def _holds(self, iteration: Iteration) -> bool:
        return self._item_of(iteration) is not None

    def _item_of(self, iteration: Iteration, *, kept: bool = False) -> ModelItem | None:
        """The model's item that the prompt still has; with `kept`, in the batch that is kept."""
        loop = self.loops.get(iteration.key)
        if loop is not None and kept:
            loop = loop.kept
        if loop is None or iteration.item is None or loop.batch != iteration.batch:
            return None
        item = loop.known[iteration.item.path]
        return item if item.state in OPEN and item.prompt == iteration.prompt else None

    # The model.

    def _expect(self, job: Job, request: Request) -> str | None:
        """The path that `acquire` should hand out, or the error that it should raise."""
        server, key, prompt = job.server, request.key, job.prompt
        if key in self.loops:
            self._reconcile(server, key)
            for path, item in self.loops[key].open:
                if item.prompt == prompt:
                    return path
        if prompt.submitted_at < server.forgotten.get(key, 0.0):
            self.steps.update(["too late"])
            raise LoopForgotten
        was_listed = self._prepare(server, request, prompt)
        loop = self.loops[key]
        path = loop.first_pending
        pending = sum(item.state is PENDING for item in loop.listed)
        if pending == 1 and not (was_listed or loop.looked_again or loop.selection.limit):
            new = [name for name in sorted(self.files) if name not in loop.listing]
            if loop.selection.descending:
                new.reverse()
            sights = {name: self.files[name] for name in new}
            server.before[key] = (prompt, loop.selection, sights)
        server.seen[key, prompt.client_id] = (request.mode, path is None)
        if path is not None:
            self._claim(server, request, prompt, path)
        return path

    def _claim(self, server: Server, request: Request, prompt: Prompt, path: str) -> None:
        key, loop = request.key, self.loops[request.key]
        item, loop.worked_at = loop.known[path], self.clock.tick()
        if item.missed_loop_ends >= 2:
            item.missed_loop_ends = 0
            raise LoopEndNotReached
        item.state, item.prompt, item.server = RUNNING, prompt, server.name
        item.was_untouched, item.is_untouched = item.is_untouched, False
        item.turns += 1
        item.policy = request.policy
        server.waiting.add((key, prompt, path))
        kept_open = [] if loop.kept is None else loop.kept.open
        if loop.has_handled and not any(held.server in self.alive for _, held in kept_open):
            loop.kept = None
        if loop.first_pending and loop.kept is None:
            server.end_waits.add((key, prompt, path))

    def _prepare(self, server: Server, request: Request, prompt: Prompt) -> bool:
        """Apply a request to a loop; whether that lists its folder."""
        key, mode = request.key, request.mode
        loop = self.loops.get(key)
        if loop is None:
            self._begin_batch(server, key, request.selection, mode, 1)
            return True
        before, knows = server.seen.get((key, prompt.client_id), (loop.mode, True))
        ended = loop.completed_at is not None and prompt.submitted_at > loop.completed_at and knows
        over = request.policy.when_complete is WhenComplete.START_OVER
        chosen = before is not mode or ended
        if (mode is IterationMode.RESET and chosen) or (
            over and mode is not IterationMode.RETRY_FAILED and ended
        ):
            self._begin_batch(server, key, request.selection, mode, loop.next_batch)
            return True
        was_listed = False
        retries = mode is IterationMode.RETRY_FAILED and chosen
        if loop.selection != request.selection:
            listing = self._listing(request.selection)
            if not (loop.selection.limit or request.selection.limit):  # another order
                gone = {path: loop.known[path] for path in loop.listing if path not in listing}
                leave = {
                    path: item
                    for path, item in gone.items()
                    if item.state in {PENDING, FAILED} and not item.is_lost
                }
                listing = [path for path in gone if path not in leave] + listing
                for item in leave.values():
                    item.retry()
            loop.listing = listing
            loop.selection, was_listed = request.selection, True
        elif retries:
            was_listed = self._leave(loop)
        elif loop.completed_at is not None and prompt.submitted_at > loop.looked_at:
            was_listed = self._leave(loop) if loop.selection.limit else self._look_again(loop)
        if was_listed:
            loop.looked_at = self.clock.time
        if retries:
            self._retry(loop)
        loop.mode = mode
        self._note_completion(loop)
        return was_listed

    def _listing(self, selection: Selection) -> list[str]:
        listing = self._list(FOLDER, selection, seed=0)
        if not listing:
            raise NoImages
        return listing

    def _begin_batch(
        self, server: Server, key: LoopKey, selection: Selection, mode: IterationMode, batch: int
    ) -> None:
        listing = self._listing(selection)
        server.begins(key)
        before = self.loops.get(key)
        self.loops[key] = ModelLoop(selection, mode, batch, listing, self.clock.time)
        for path, item in ({} if before is None else before.known).items():
            if item.state is not DONE:
                self.loops[key].known[path].turns = item.turns

    def _look_again(self, loop: ModelLoop) -> bool:
        listed = self._list(FOLDER, loop.selection, seed=0)
        if not listed:
            raise NoImages
        self._leave(loop)
        loop.bring_in([path for path in listed if path not in loop.listing])
        return True

    def _leave(self, loop: ModelLoop) -> bool:
        """What is left and gone leaves the batch; whether the folder was looked at for that."""
        if not any(item.state is FAILED for item in loop.listed):
            return False
        if not self._list(FOLDER, loop.selection, seed=0):
            return True
        there = self._list(FOLDER, loop.selection.without_range(), seed=0)
        before = list(loop.listing)
        for path in before:
            item = loop.known[path]
            if path not in there and item.state in {PENDING, FAILED} and not item.is_lost:
                loop.listing.remove(path)
                item.retry()
        left = len(before) - len(loop.listing)
        if loop.selection.limit and left:
            new = [path for path in self._list(FOLDER, loop.selection) if path not in before]
            loop.bring_in(new[:left])
            self.steps.update(["joined a range"] if new else [])
        return True

    def _retry(self, loop: ModelLoop) -> None:
        for item in loop.listed:
            item.retry()

    def _note_completion(self, loop: ModelLoop, since: float | None = None) -> None:
        if loop.complete != (loop.completed_at is not None):
            loop.completed_at = (since or self.clock.time) if loop.complete else None

    def _reconcile_kept(self, server: Server, key: LoopKey) -> None:
        """What prompts of this server have ended in the batch that is kept waits again there."""
        loop = self.loops[key].kept
        for path in self._ended_in_kept(server, key):
            assert loop is not None
            item = loop.known[path]
            item.state, item.prompt, item.reached_at = PENDING, None, None
            entry = server.name, (key, loop.batch, path)
            if entry in self.unreconciled:
                self.unreconciled.remove(entry)
                self.successes[entry[1]] -= 1

    def _ended_in_kept(self, server: Server, key: LoopKey) -> list[str]:
        """The images of the batch that is kept whose prompts, of this server, have ended."""
        loop = self.loops[key].kept
        return [
            path
            for path, item in ([] if loop is None else loop.open)
            if item.server == server.name and item.prompt and server.host.known_ending(item.prompt)
        ]

    def _reconcile(self, server: Server, key: LoopKey) -> None:
        self._reconcile_kept(server, key)
        loop = self.loops[key]
        for _, item in loop.open:
            if item.reached and item.server == server.name:
                self._reach_the_end(server, key, item)
        reconciled = False
        for path, item in loop.open:
            assert item.prompt is not None
            ending: Ending | None = Ending.STOPPED
            if item.server == server.name:
                ending = server.host.known_ending(item.prompt)
            elif item.server in self.alive:
                ending = None
            if ending is None:
                continue
            reconciled = True
            server.waiting.discard((key, item.prompt, path))
            server.end_waits.discard((key, item.prompt, path))
            self._reconcile_item(server, key, item, ending)
            done = (key, loop.batch, path)
            self.unreconciled = [entry for entry in self.unreconciled if entry[1] != done]
        if reconciled:
            self._note_completion(loop)

    def _reconcile_item(
        self, server: Server, key: LoopKey, item: ModelItem, ending: Ending
    ) -> None:
        loop = self.loops[key]
        item.prompt, item.reached_at = None, None
        if ending is not Ending.STOPPED:
            loop.worked_at = self.clock.tick()
        if ending is Ending.SUCCESS and item.state is FINISHING:
            item.state, item.failed_before, item.stopped = DONE, False, False
            item.is_lost = False
            loop.carried = (item.value, server.name)
            return
        give_up = False
        if ending is Ending.SUCCESS:
            item.missed_loop_ends += 1
        elif ending is Ending.ERROR:
            item.attempts += 1
            item.failed_before = True
            skip = item.policy.error_handling is ErrorHandling.SKIP
            item.stopped = not skip
            give_up = skip and item.attempts >= item.policy.max_attempts
        item.state = FAILED if give_up else PENDING

    # What must be true after each step.

    @invariant()
    def the_store_is_as_the_model_says(self) -> None:
        self.steps["steps"] += 1
        store = self.servers[0].store
        with store.transaction():
            assert set(store.loops()) == set(self.loops)
            for key, loop in self.loops.items():
                entry = store.load(key)
                assert entry is not None
                assert (entry.batch, entry.selection) == (loop.batch, loop.selection)
                report = reported(store, key)
                assert store.page(key, 1, 3, failed=False) == report[1:4]
                failures = [entry for entry in report if entry[0].state is FAILED]
                assert store.page(key, 1, 2, failed=True) == failures[1:3]
                items = [item for item, _ in report]
                assert [item.path for item in items] == loop.listing
                assert [item.index for item in items] == list(range(len(items)))
                for item in items:
                    self._check_item(item, loop.known[item.path])
                counted = Counter(item.state.value for item in items)
                counts = store.counts(key)
                expected = {state.value: counted[state.value] for state in ItemState}
                assert {**expected, "unpaired": 0, "to_list": 0} == vars(counts)
                assert (entry.completed_at is not None) is counts.complete
                holders = [item.claim.prompt for item in store.open_items(key) if item.claim]
                assert len(holders) == len(set(holders)) == len(loop.open)
                failed = [item for item in items if item.state is FAILED]
                assert list(store.failures(key, len(items))) == failed
                for item in items:
                    self.steps[item.state.value] += 1

    def _check_item(self, item: Item, expected: ModelItem) -> None:
        seen = (item.state, item.attempts, item.missed_loop_ends)
        assert seen == (expected.state, expected.attempts, expected.missed_loop_ends), item.path
        assert (item.claim is None) is (item.state not in OPEN)
        if item.claim is not None:
            assert item.claim.prompt == expected.prompt
        assert (item.failure is not None) is expected.failed_before
        assert item.stopped is expected.stopped
        if item.state is FAILED:
            assert item.failure is not None
            reason, _, more = item.failure.reason.partition("; ")
            assert reason in {"it broke", "broken", "its result is gone"}
            assert not more or expected.is_lost
        assert item.is_lost is expected.is_lost
        assert item.may_be_back is (
            expected.state in {PENDING, FAILED} and expected.is_lost and expected.is_untouched
        )

    @invariant()
    def nothing_is_done_twice_or_without_a_success(self) -> None:
        assert max(self.successes.values(), default=0) <= 1
        for key, loop in self.loops.items():
            for path, item in loop.known.items():
                if item.state is DONE:
                    assert self.successes[key, loop.batch, path] == 1


class LosingMachine(RegistryMachine):
    """The same where results are deleted and put back, and images that have failed are removed."""

    def _listed_in(self, *states: ItemState) -> list[tuple[LoopKey, str]]:
        """The listed images in some states."""
        return [
            (key, path)
            for key in sorted_keys(self.loops)
            for path in self.loops[key].listing
            if self.loops[key].known[path].state in states
        ]

    @rule(
        pick=picks,
        of=keys,
        then=st.sampled_from(
            ["", "its image is gone", "it is back", "Retry failed", "it is back after Retry failed"]
        ),
    )
    def lose_a_result(self, pick: int, of: LoopKey, then: str) -> None:
        """A result was deleted, and Assemble Video finds that."""
        if not self._listed_in(DONE):
            self.whole_prompts(pick, of, IterationMode.CONTINUE, Policy(), None, Ending.SUCCESS, 2)
        done = self._listed_in(DONE)
        if not done:
            return
        key, path = done[pick % len(done)]
        loop, item = self.loops[key], self.loops[key].known[path]
        self._server(pick).registry.results_gone(key, loop.batch, [path], "9")
        item.state, item.failed_before = FAILED, True
        item.is_lost = item.is_untouched = True
        self.successes[key, loop.batch, path] -= 1
        self.steps.update(["lost"])
        if then == "its image is gone":
            self.remove_file(path)
        elif then == "it is back":
            self._put_a_result_back(pick, key, path)
        elif then:
            self.retry_failed(pick, key)
        if then == "it is back after Retry failed":
            self._put_a_result_back(pick, key, path)

    @precondition(lambda self: self._listed_in(PENDING, FAILED))
    @rule(pick=picks)
    def put_a_result_back(self, pick: int) -> None:
        """A result is there again, and Assemble Video finds that."""
        waiting = self._listed_in(PENDING, FAILED)
        self._put_a_result_back(pick, *waiting[pick % len(waiting)])

    def _put_a_result_back(self, pick: int, key: LoopKey, path: str) -> None:
        loop, item = self.loops[key], self.loops[key].known[path]
        self._server(pick).registry.results_back(key, loop.batch, [path])
        if item.is_lost and item.is_untouched:
            self.steps.update(["back", f"back from {item.state.value}"])
            item.state, item.failed_before, item.is_lost = DONE, False, False
            item.stopped = False
            self.successes[key, loop.batch, path] += 1
            self._note_completion(loop)

    @precondition(lambda self: self._listed_in(FAILED))
    @rule(pick=picks)
    def remove_what_has_failed(self, pick: int) -> None:
        """An image that has failed is removed, and a person has what failed retried."""
        failed = self._listed_in(FAILED)
        key, path = failed[pick % len(failed)]
        self.remove_file(path)
        self.retry_failed(pick, key)

    @rule(pick=picks, key=keys)
    def fail_in_a_range(self, pick: int, key: LoopKey) -> None:
        """An image of a range fails, and is removed; perhaps there is one that may follow."""
        server = self._server(pick)
        job = Job(server, server.host.submit("auto"))
        request = Request(key, SELECTIONS[-1], policy=Policy(ErrorHandling.SKIP, 1))
        iteration = self._acquire(job, request)
        self._finish(job, Ending.ERROR)
        if iteration is not None and iteration.item is not None:
            self.remove_file(iteration.item.path)
            self.retry_failed(pick, key)


def sorted_keys(turns: Collection[LoopKey]) -> list[LoopKey]:
    return [key for key in KEYS if key in turns]


def run(make: Callable[[], RegistryMachine], examples: int, steps: int) -> None:
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(make, settings=chosen)


def hold(open_store: Callable[[], Callable[[], Store]] | None, examples: int) -> None:
    """Compare the registry with the model, on a new store in each example; None: in memory."""
    steps: Counter[str] = Counter()
    run(
        lambda: RegistryMachine(steps, None if open_store is None else open_store()),
        examples=examples,
        steps=50,
    )
    assert steps["steps"] >= 40 * examples
    assert min(steps["skipped"], steps["forgotten"], steps["undone"]) >= examples / 12
    assert min(steps["waited"], steps["asked"]) >= examples / 12
    assert open_store is None or steps["asked at the last"]


def hold_what_is_lost(open_store: Callable[[], Callable[[], Store]] | None, examples: int) -> None:
    """The same where results are lost."""
    steps: Counter[str] = Counter()
    run(
        lambda: LosingMachine(steps, None if open_store is None else open_store()),
        examples=examples,
        steps=50,
    )
    assert min(steps["lost"], steps["back"], steps["joined a range"]) > 0
    assert min(steps[f"back from {state.value}"] for state in (PENDING, FAILED)) > 0


@pytest.fixture(autouse=True)
def undo_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Start over be undone however often the clock has ticked."""
    monkeypatch.setattr(undo, "UNDO_SECONDS", float("inf"))


def test_in_memory() -> None:
    hold(None, examples=120)


def test_what_is_lost_in_memory() -> None:
    hold_what_is_lost(None, examples=120)


@pytest.fixture
def new_file(tmp_path: Path) -> Callable[[], Callable[[], Store]]:
    """Makes files, each of which several servers open."""
    return lambda: functools.partial(open_store, tempfile.mkdtemp(dir=tmp_path))


@pytest.mark.usefixtures("few_are_many")
def test_in_a_file_with_several_servers_and_crashes(
    new_file: Callable[[], Callable[[], Store]],
) -> None:
    hold(new_file, examples=120)


@pytest.mark.usefixtures("few_are_many")
def test_what_is_lost_in_a_file_with_several_servers_and_crashes(
    new_file: Callable[[], Callable[[], Store]],
) -> None:
    hold_what_is_lost(new_file, examples=40)


@pytest.mark.usefixtures("few_are_many")
def test_on_postgresql_with_several_servers_and_crashes(postgresql: Postgresql) -> None:
    def new_database() -> Callable[[], Store]:
        return functools.partial(open_postgresql, postgresql.new_database(), NO_ROOTS)

    hold(new_database, examples=30)
