"""The interface of a backend: what differs between databases. `SqlStore` does the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Engine, Executable, Insert
from sqlalchemy.exc import SQLAlchemyError

from ...common.errors import StateNotKept
from ..schema.found import Found

ONLY_READS = "batch_loop_only_reads"
"""Execution option of a connection whose transactions only read, and block nobody."""


AT_ONCE = 10_000
"""Most rows of items that one statement writes, and one transaction if there may be many: it takes
some hundredths of a second."""


WasKept = Callable[[Connection], bool]
"""Tells whether a certain transaction was kept."""


class CarriedValues(Protocol):
    """Storage for the data of carried values."""

    def write(self, connection: Connection, name: str, data: bytes) -> None:
        """Store data under a new name; raises UnwritableImage if that is impossible."""

    def read(self, connection: Connection, name: str) -> bytes:
        """The data stored under a name; raises any exception if it cannot be read."""

    def forget(self, connection: Connection, name: str) -> None:
        """Delete what is stored under a name, if the transaction is committed."""

    def ended(self, *, kept: bool) -> None:
        """Clean up after a transaction, which was committed if `kept`."""


class Backend(Protocol):
    """What `SqlStore` needs of a database."""

    @property
    def carried(self) -> CarriedValues:
        """The storage for the data of carried values."""

    @property
    def add_output(self) -> Insert:
        """Adds a row of outputs, and returns it; does nothing if there already is one."""

    @property
    def now(self) -> ColumnElement[float]:
        """Seconds since the epoch, by the database's clock."""

    @property
    def shows_a_moment(self) -> bool:
        """Whether a transaction that only reads sees a consistent snapshot, and blocks nobody."""

    @property
    def has_turns_beside(self) -> bool:
        """Whether several servers can be at work on a loop in the same moment."""

    @property
    def is_of_one_machine(self) -> bool:
        """Whether all servers that use it run on one machine."""

    @property
    def is_prepared(self) -> bool:
        """Whether the tables are known to be ready."""

    def take_turn(self, connection: Connection, loop_id: str, *, beside: bool = False) -> None:
        """Wait until nobody else changes or adds a loop, and keep others from it meanwhile.

        With `beside`, all those who ask for that are at it together.
        """

    def later(
        self, connection: Connection, statement: Executable, given: Mapping[str, Any]
    ) -> None:
        """Carry out a statement whose result nobody asks for: before the next one, or the commit.

        So it need not cost a round trip of its own; what is wrong with it is raised later, too.
        """

    def along(
        self, connection: Connection, statement: Executable, given: Mapping[str, Any]
    ) -> bool:
        """Have a statement that only reads carried out along with the next one, in its round trip.

        The answer is there once it is read, at once after the next one. False, and nothing is
        done, where that is impossible or of no use.
        """

    def read(
        self, connection: Connection, statement: Executable, given: Mapping[str, Any]
    ) -> Found:
        """What a statement that only reads finds, as the driver returns it."""

    def prepare(self, engine: Engine) -> None:
        """Create the tables, or check them; raises StateNotKept."""

    def close(self) -> None:
        """Release what is open besides connections; `prepare` opens it again."""

    def others_wrote(self, connection: Connection) -> bool:
        """Whether anybody else may have written since the last transaction began."""

    def is_as_last_seen(self) -> bool:
        """Whether it is certain, without a transaction, that nobody else has written since."""

    def begins(self, connection: Connection) -> None:
        """Called as a transaction of the registry begins."""

    def mark(self, connection: Connection, *, is_milestone: bool) -> WasKept | None:
        """Mark the transaction, which is about to be kept; returns how to ask later whether it was.

        None where it has nothing to keep, or is never kept without an answer. The answer is that of
        another connection; it raises `StoreAway` while the transaction goes on.

        Others may see what it has changed before that is on the disk, unless it is a milestone; the
        commit returns once it is.
        """

    def clock_ahead(self, connection: Connection) -> float:
        """Seconds by which the database's clock is ahead of this machine's."""

    def insert(
        self,
        connection: Connection,
        listing: str,
        paths: Sequence[str],
        first: int = 0,
        before: str = "",
    ) -> None:
        """Add items to a listing, at the places from `first` on.

        They get the state that they have in the listing `before`, or PENDING if they are not in it.
        Items that the listing already has stay unchanged.
        """

    def has_many(self, connection: Connection) -> None:
        """Called when many rows of items have been added."""

    def not_kept(self, error: SQLAlchemyError | OSError) -> StateNotKept:
        """The exception to raise for an error: a StoreAway if trying again may help."""
