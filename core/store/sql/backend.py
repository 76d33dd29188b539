"""What each database does in a way of its own; `SqlStore` does the rest in the same for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import ColumnElement, Connection, Engine, Insert
from sqlalchemy.exc import SQLAlchemyError

from ...common.errors import StateNotKept

ONLY_READS = "batch_loop_only_reads"
"""Option of a connection whose transactions change nothing, and hold nobody up."""


AT_ONCE = 10_000
"""Rows of items that are written in one statement, and in one transaction where they may be many:
some hundredths of a second."""


class CarriedValues(Protocol):
    """Where the data of carried values is."""

    def write(self, connection: Connection, name: str, data: bytes) -> None:
        """Keep data under a new name; `UnwritableImage` if it cannot be."""

    def read(self, connection: Connection, name: str) -> bytes:
        """The data of that name; any error if it is not to be had."""

    def forget(self, connection: Connection, name: str) -> None:
        """Delete what is kept under a name, if the transaction is kept."""

    def ended(self, *, kept: bool) -> None:
        """The transaction has ended: what belongs to it alone is tidied up."""


class Backend(Protocol):
    """What `SqlStore` asks of a database."""

    @property
    def carried(self) -> CarriedValues:
        """Where the data of carried values is."""

    @property
    def add_output(self) -> Insert:
        """Adds a row of outputs, and returns it; does nothing where one is there already."""

    @property
    def now(self) -> ColumnElement[float]:
        """Seconds since the epoch, by the clock of the database."""

    @property
    def shows_a_moment(self) -> bool:
        """Whether a transaction that only reads holds nobody up, and sees all at one moment."""

    @property
    def is_of_one_machine(self) -> bool:
        """Whether all who use it run on one machine."""

    @property
    def is_prepared(self) -> bool:
        """Whether the tables are known to be as they should be."""

    def take_turn(self, connection: Connection, loop_id: str) -> None:
        """Wait until nobody else changes a loop, or makes it; then nobody else does so either."""

    def prepare(self, engine: Engine) -> None:
        """Make the tables, or bring them up to date; `StateNotKept`."""

    def close(self) -> None:
        """Let go of what is open beside connections; it is prepared again for what comes after."""

    def others_wrote(self, connection: Connection) -> bool:
        """Whether anybody else may have written since the last transaction began."""

    def is_as_last_seen(self) -> bool:
        """Whether nobody else has written since, as far as can be told without a transaction."""

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

        They are in the state that they have in the listing `before`, and PENDING where there is
        none. Those that are there already stay as they are.
        """

    def has_many(self, connection: Connection) -> None:
        """Note that many rows of items are new."""

    def not_kept(self, error: SQLAlchemyError | OSError) -> StateNotKept:
        """What to tell of an error: a `StoreAway` if it may be over when it is tried again."""
