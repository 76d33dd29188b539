"""Servers without ComfyUI that take images of one loop: what a store can do, and how long.

It is a part of the pack to Python, as `registry_alone` is.
"""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from typing import Any

from sqlalchemy import Engine, create_engine, event, func, select

from ...nodes.io.listing import Selection
from ...nodes.io.roots import NO_ROOTS
from ...nodes.loop.batches import Request
from ...nodes.loop.database import open_store
from ...nodes.loop.lease import LEASE_SECONDS
from ...nodes.loop.postgresql import open_postgresql
from ...nodes.loop.prompt import Ending, Prompt
from ...nodes.loop.registry import LoopRegistry
from ...nodes.loop.sql_store import SqlStore
from ...nodes.loop.state import Iteration, LoopKey
from ...nodes.loop.tables import metadata
from ...tests.support.fake_host import FakeHost
from .registry_alone import NoWatcher

REQUEST = Request(LoopKey("", "/folder"), Selection())
_LOCKS = ("pg_advisory_xact_lock", "BEGIN IMMEDIATE")
"""What is in the statement by which a transaction takes its turn with a loop, or with the file."""


@dataclass(frozen=True)
class Work:
    """What one claimant has done; all but the first two while it did so."""

    images: int
    seconds: float
    statements: int
    transactions: int
    locked: float
    """Seconds from a lock to the end of its transaction."""
    locked_trips: int
    """How often the database was asked within these, the end being one of them."""


class _Meter:
    """Counts what an engine is asked to do, by one thread."""

    def __init__(self, engine: Engine) -> None:
        self.statements = self.transactions = self.locked_trips = 0
        self.locked = 0.0
        self._locked_at: float | None = None
        event.listen(engine, "after_cursor_execute", self._has_executed)
        event.listen(engine, "checkin", self._has_ended)

    @property
    def figures(self) -> tuple[int, int, float, int]:
        return self.statements, self.transactions, self.locked, self.locked_trips

    def _has_executed(self, *given: Any) -> None:
        _, _, statement, *_ = given
        self.statements += 1
        if any(lock in statement for lock in _LOCKS):
            self._locked_at = time.perf_counter()
        elif self._locked_at is not None:
            self.locked_trips += 1

    def _has_ended(self, *_: object) -> None:
        """The connection is given back, right after the end of a transaction."""
        self.transactions += 1
        if self._locked_at is not None:
            self.locked += time.perf_counter() - self._locked_at
            self.locked_trips += 1
            self._locked_at = None


class _Machine(FakeHost):
    """A server by a name of its own, that goes by the real clock."""

    def __init__(self, *, others_are_here: bool) -> None:
        super().__init__()
        self._name = uuid.uuid4().hex
        self._prompts = itertools.count(1)
        self._others_are_here = others_are_here

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def steady(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Nobody watches a folder."""

    @property
    def server(self) -> str:
        """Its name."""
        return self._name

    def is_alive(self, server: str, *, is_here: bool) -> bool | None:  # noqa: ARG002
        """Whether another one runs: on this machine it does, on others its lease tells."""
        return True if self._others_are_here else None

    def submit(self, client_id: str | None = None) -> Prompt:
        """A prompt with an id that no other machine's has."""
        return Prompt(f"{self._name}-{next(self._prompts)}", self.now(), client_id)


class Claimant:
    """One server at work on the loop, over a connection of its own.

    `address` is that of a PostgreSQL database, or a folder for an SQLite file. Of `paths` the
    listing is made if there is none yet.
    """

    def __init__(self, address: str, paths: Sequence[str] = ()) -> None:
        is_shared = "://" in address
        self._store = open_postgresql(address, NO_ROOTS) if is_shared else open_store(address)
        if not isinstance(self._store, SqlStore):
            raise TypeError(f"no database at {address}")
        self._host = _Machine(others_are_here=not is_shared)
        self._registry = LoopRegistry(
            self._store,
            self._host,
            lambda *_args, **_seed: paths,
            lambda _path: 0.0,
            lease_seconds=LEASE_SECONDS if is_shared else None,
        )
        self._registry._settling._watcher = NoWatcher()  # type: ignore[assignment]  # noqa: SLF001
        self._meter = _Meter(self._store._engine)  # noqa: SLF001

    def image(self, model_seconds: float = 0.0) -> None:
        """Take an image and finish it, with a model that waits in between."""
        iteration, path = self.hold()
        if model_seconds:
            threading.Event().wait(model_seconds)
        target = f"/out/{path}"
        self._registry.claim_outputs(iteration, [target])
        self._registry.end(iteration)
        # It is settled by the next one, which comes at once where a prompt waits.
        self._host.finish(iteration.prompt, Ending.SUCCESS, target)

    def hold(self) -> tuple[Iteration, str]:
        """Take an image, and no more."""
        iteration = self._registry.acquire(REQUEST, self._host.submit("tab"))
        if iteration.item is None:
            raise ValueError("there are too few images to measure with")
        return iteration, iteration.item.path

    def work(self, seconds: float, model_seconds: float = 0.0) -> Work:
        """Do images for so long."""
        images = 0
        before = self._meter.figures
        began = time.perf_counter()
        while (taken := time.perf_counter() - began) < seconds:
            self.image(model_seconds)
            images += 1
        statements, transactions, locked, trips = (
            now - then for now, then in zip(self._meter.figures, before, strict=True)
        )
        return Work(images, taken, int(statements), int(transactions), locked, int(trips))

    def close(self) -> None:
        """Settle the last image, and let go of what it has."""
        self._registry._settling.settle_all()  # noqa: SLF001
        self._registry.close()


class Crowd:
    """Some claimants in one process, each in a thread of its own."""

    def __init__(self, address: str, claimants: int) -> None:
        self._claimants = [Claimant(address) for _ in range(claimants)]
        for claimant in self._claimants:
            claimant.image()  # with all that is done once

    def work(self, seconds: float, model_seconds: float) -> list[tuple[float, ...]]:
        """Have all of them work for so long; the fields of `Work` for each."""
        with ThreadPoolExecutor(len(self._claimants)) as pool:
            found = [pool.submit(each.work, seconds, model_seconds) for each in self._claimants]
            return [astuple(each.result()) for each in found]

    def close(self) -> None:
        """Close all of them."""
        for claimant in self._claimants:
            claimant.close()


def make_table(address: str, items: int) -> float:
    """Begin the loop with so many images; the seconds that this takes."""
    paths = [f"img_{number:08d}.png" for number in range(items)]
    claimant = Claimant(address, paths)
    began = time.perf_counter()
    claimant.image()
    taken = time.perf_counter() - began
    claimant.close()
    return taken


def settle(address: str) -> None:
    """Have PostgreSQL do now what it would do by itself some time after a large listing."""
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in ("VACUUM ANALYZE", "CHECKPOINT"):
            connection.exec_driver_sql(statement)
    engine.dispose()


def table_bytes(address: str) -> int:
    """What all tables of a PostgreSQL database take, with their indexes."""
    engine = create_engine(address)
    sizes = [func.pg_total_relation_size(name) for name in metadata.tables]
    with engine.connect() as connection:
        found = sum(connection.execute(select(*sizes)).one())
    engine.dispose()
    return found
