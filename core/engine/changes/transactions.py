"""Changes of the state: one at a time in the process, each kept by the store or not made at all."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from ...common.errors import BatchLoopError, StoreAway
from ...model.prompt import Host
from ...store.interface import Store
from .process_memory import Memory

PATIENCE_SECONDS = 60.0
"""How long a running prompt waits for a database that is away: as long as it takes to restart."""
RETRY_SECONDS = 0.5

_log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Refusal:
    """An answer that is an error to whoever asked, while what led to it has happened and is kept.

    What is raised inside of a transaction undoes it.
    """

    error: BatchLoopError


def answer(outcome: T | Refusal) -> T:
    """What a change gave; raises the error of a refusal."""
    if isinstance(outcome, Refusal):
        raise outcome.error
    return outcome


class Transactions:
    """One lock, under which the store has one transaction for each change.

    Any exception undoes the change that it ends, in the store and in what is remembered beside it.
    """

    def __init__(self, store: Store, host: Host) -> None:
        self._store = store
        self._host = host
        self._after_commit: list[Callable[[], object]] = []
        self._inside = False
        self._has_changed = False
        self.memory = Memory(host)
        self.lock = threading.RLock()
        """For a look at what no transaction is needed for."""
        self.revision = 0
        """A number that every change of state raises, once it is kept; told without a wait."""

    def run(self, change: Callable[[], T], *, patient: bool = False) -> T:
        """What `change` gives; made alone, and again where the database is away.

        At once, as the connection may only be stale; and when `patient` for a minute, as a database
        that is started again should end no batch. The change must do no harm when it is made
        twice: it may have been kept without a word.
        """
        return self._tried(partial(self._run_alone, change), patient=patient)

    def beside(self, read: Callable[[], T], *, patient: bool = False) -> T:
        """What `read` gives, which needs no transaction of the registry; tried as `run` does."""
        return self._tried(read, patient=patient)

    def _run_alone(self, change: Callable[[], T]) -> T:
        with self._alone():
            return change()

    def _tried(self, work: Callable[[], T], *, patient: bool) -> T:
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        pause = threading.Event()
        tries = 0
        while True:
            try:
                return work()
            except StoreAway:
                tries += 1
                if tries > 1 and (not patient or time.monotonic() > give_up_at):
                    raise
            if tries > 1:
                self._host.raise_if_cancelled()
                pause.wait(RETRY_SECONDS)

    def read(self, read: Callable[[], T]) -> T:
        """What `read` makes of the store; in a transaction only if it takes one."""
        found = self.snapshot_read(read)
        return self.run(read) if found is None else found

    def snapshot_read(self, read: Callable[[], T]) -> T | None:
        """What `read` makes of the store where that keeps nobody waiting; None otherwise."""
        with self.lock, suppress(StoreAway):
            return self._store.snapshot_read(read)
        return None

    def changes_state(self) -> None:
        """Have the revision raised, once what runs now is kept."""
        self._has_changed = True

    def after_commit(self, do: Callable[[], object]) -> None:
        """Have something done in the world outside, once the change that runs is kept.

        An error of it is logged: it is none of the change, nor of what else is to be done.
        """
        self._after_commit.append(do)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Alone in the process, and in one transaction of the store."""
        with self.lock:
            if self._inside:
                yield
                return
            self._inside = True
            try:
                with self.memory.draft(), self._store.transaction():
                    yield
                self.revision += self._has_changed
                for do in self._after_commit:
                    _do_or_log(do)
            finally:
                self._after_commit.clear()
                self._has_changed = False
                self._inside = False


def _do_or_log(do: Callable[[], object]) -> None:
    try:
        do()
    except Exception:  # noqa: BLE001 - the change is kept, whatever it is
        _log.exception("Batch Loop has kept a change, and could not do all that follows from it")


class _HasTransactions(Protocol):
    _transactions: Transactions


S = TypeVar("S", bound=_HasTransactions)


def in_transaction(
    *, patient: bool = False
) -> Callable[[Callable[Concatenate[S, P], T]], Callable[Concatenate[S, P], T]]:
    """Have a method run by `Transactions.run` of its object."""

    def decorate(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
        @functools.wraps(method)
        def run(self: S, /, *args: P.args, **given: P.kwargs) -> T:
            return self._transactions.run(lambda: method(self, *args, **given), patient=patient)

        return run

    return decorate
