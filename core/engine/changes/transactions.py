"""Changes of the state: one at a time in the process, each committed or not made at all."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar

from ...common.errors import BatchLoopError, StoreAway, Unanswered
from ...model.prompt import Host
from ...store.interface import NeedsItsTurn, Store
from .process_memory import Memory

PATIENCE_SECONDS = 60.0
"""How long a running prompt waits for a database that is away: long enough for a restart."""
RETRY_SECONDS = 0.5

_log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Refusal:
    """An answer that is an error to the caller, while the changes that led to it are kept.

    An exception inside a transaction would undo them.
    """

    error: BatchLoopError


def answer(outcome: T | Refusal) -> T:
    """The result of a change; raises the error of a refusal."""
    if isinstance(outcome, Refusal):
        raise outcome.error
    return outcome


class _Change(Generic[T]):
    """A change, and what is to follow once it is committed."""

    def __init__(self, make: Callable[[], T], *, beside: bool) -> None:
        self.make = make
        self.is_beside = beside
        """Whether other servers may change the same loops in the same moment."""
        self.is_kept = False
        self.given: T
        """Its result, which is only valid once it is committed."""
        self.begin()

    def begin(self) -> None:
        """Discard what was to follow from an earlier try, which was undone."""
        self.remember: Callable[[], object] = lambda: None
        self.raises_revision = False
        self.after_commit: list[Callable[[], object]] = []


class Transactions:
    """Makes changes under one lock, each in one transaction of the store.

    Any exception undoes the change that it ends, in the store and in the process's memory.
    """

    def __init__(self, store: Store, host: Host) -> None:
        self._store = store
        self._host = host
        self._running: _Change[Any] | None = None
        # The last change, if the store could not say whether it was committed, and how to ask.
        self._unanswered: tuple[_Change[Any], Callable[[], bool]] | None = None
        self.memory = Memory(host)
        self.lock = threading.RLock()
        """For reading what needs no transaction."""
        self.revision = 0
        """A number that every change of state raises when committed; it is read without waiting."""

    def run(self, change: Callable[[], T], *, patient: bool = False, beside: bool = False) -> T:
        """Make a change, alone, and return its result; tries again if the database is away.

        It tries again at once, as the connection may only be stale; if `patient`, then for a
        minute, as a restart of the database should end no batch. A change that turns out to be
        committed is not made again. One change cannot be made inside another. With `beside` it is
        made in the same moment as those of other servers, where that is possible.
        """
        made = _Change(change, beside=beside)
        return self._tried(lambda: self._make_once(made), patient=patient)

    def beside(self, read: Callable[[], T], *, patient: bool = False) -> T:
        """The result of `read`, which needs no transaction of the registry; tried like a `run`."""
        return self._tried(read, patient=patient)

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
        """The result of `read` from the store; in a transaction only if necessary."""
        found = self.snapshot_read(read)
        return self.run(read) if found is None else found

    def snapshot_read(self, read: Callable[[], T]) -> T | None:
        """The result of `read` from the store if that keeps nobody waiting; None otherwise."""
        with self.lock, suppress(StoreAway):
            # Otherwise the process's memory may be behind the store.
            if self._unanswered is None:
                return self._store.snapshot_read(read)
        return None

    def remember(self, change: Callable[[], bool]) -> bool:
        """Change only what the process remembers; returns whether that was possible just now.

        `change` says so, too: if it is not, nothing has changed.
        """
        with self.lock:
            if self._running is not None:
                raise RuntimeError("something is remembered inside of a transaction")
            # Otherwise the process's memory may be behind the store.
            if self._unanswered is not None:
                return False
            with self.memory.draft() as keep:
                if not change():
                    return False
                keep()
            self.revision += 1
            return True

    def changes_state(self) -> None:
        """Have the revision raised when the current change is committed."""
        self._now.raises_revision = True

    def after_commit(self, do: Callable[[], object]) -> None:
        """Have something done outside, once the current change is committed.

        An error in it is logged: it is not an error of the change, nor of the others.
        """
        self._now.after_commit.append(do)

    @property
    def _now(self) -> _Change[Any]:
        if self._running is None:
            raise RuntimeError("something is changed outside of a transaction")
        return self._running

    def _make_once(self, change: _Change[T]) -> T:
        """The result of a change, which is made unless an earlier try turns out to be committed."""
        with self.lock:
            if self._running is not None:
                raise RuntimeError("a transaction is begun inside of another")
            self._resolve_unanswered()
            if not change.is_kept:
                try:
                    self._make(change)
                except NeedsItsTurn:
                    change.is_beside = False
                    self._make(change)
            return change.given

    def _make(self, change: _Change[Any]) -> None:
        """Make a change, alone in the process and in one transaction of the store."""
        change.begin()
        self._running = change
        beside = self._host.server if change.is_beside else None
        try:
            with self.memory.draft() as change.remember, self._store.transaction(beside=beside):
                change.given = change.make()
        except Unanswered as error:
            self._unanswered = change, error.was_kept
            raise
        finally:
            self._running = None
        self._finish(change)

    def _resolve_unanswered(self) -> None:
        """Find out whether the last change was committed, if the store could not say so.

        This comes before anything else is changed, so it does not matter how long it takes.
        """
        if self._unanswered is not None:
            change, was_kept = self._unanswered
            is_kept = was_kept()
            self._unanswered = None
            if is_kept:
                self._finish(change)

    def _finish(self, change: _Change[Any]) -> None:
        """Carry out what follows from a change that is committed."""
        change.is_kept = True
        change.remember()
        self.revision += change.raises_revision
        for do in change.after_commit:
            _do_or_log(do)


def _do_or_log(do: Callable[[], object]) -> None:
    try:
        do()
    except Exception:  # noqa: BLE001 - the change is committed all the same
        _log.exception("Batch Loop has kept a change, and could not do all that follows from it")


class _HasTransactions(Protocol):
    _transactions: Transactions


S = TypeVar("S", bound=_HasTransactions)


def in_transaction(
    *, patient: bool = False, beside: bool = False
) -> Callable[[Callable[Concatenate[S, P], T]], Callable[Concatenate[S, P], T]]:
    """Run a method by `Transactions.run` of its object."""

    def decorate(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
        @functools.wraps(method)
        def run(self: S, /, *args: P.args, **given: P.kwargs) -> T:
            return self._transactions.run(
                lambda: method(self, *args, **given), patient=patient, beside=beside
            )

        return run

    return decorate
