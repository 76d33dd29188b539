"""What differs with PostgreSQL, which several servers share over the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Engine,
    Executable,
    func,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from ...common.errors import StateNotKept, StoreAway, UnwritableImage
from ...common.variables import DATABASE_VARIABLE
from ..schema import listing_statements, statements
from ..schema.column_types import path_bytes
from ..schema.found import Found, found_by
from ..schema.tables import OtherVersion, items, outputs, prepare
from ..sql.backend import AT_ONCE, WasKept
from .address import Address
from .clocks import Clocks
from .marks import LOCK, MARK_AND_LOCK, MARK_AND_SHARED_LOCK, SHARED_LOCK, Mark, Marks
from .sent import Sending, Statement

_PREPARING = 0x6261746368
"""Key of the lock that is held while the tables are created."""
_LARGEST_VALUE = 2**29
"""Most bytes of a carried value: as text it has twice as many, the most that a row may have."""

_ADVICE = {
    "password authentication failed": "Correct the name or the password in {variable}, and start "
    "ComfyUI again",
    "no pg_hba.conf entry": "Allow this machine in the database's pg_hba.conf",
    "does not exist": "Create it, or correct {variable} and start ComfyUI again",
    "permission denied": "Allow that user to create and change tables there",
}
_USUAL_ADVICE = "Start the database, or correct its address in {variable} and start ComfyUI again"


class CarriedRows:
    """Carried values as rows, so that every machine can read them."""

    def write(self, connection: Connection, name: str, data: bytes) -> None:
        if len(data) > _LARGEST_VALUE:
            raise UnwritableImage(f"it has {len(data)} bytes, more than a row may have")
        connection.execute(statements.add_carried, {"name": name, "data": data})

    def read(self, connection: Connection, name: str) -> bytes:
        data = connection.execute(statements.carried_data, {"of_name": name}).scalar_one()
        return bytes(data)

    def forget(self, connection: Connection, name: str) -> None:
        connection.execute(statements.delete_carried, {"of_name": name})

    def ended(self, *, kept: bool) -> None:
        pass


class PostgresqlBackend:
    """PostgreSQL, used by several servers at once.

    An advisory lock on a loop's id lets one server at a time change the loop; different loops do
    not wait for each other. A lock on the loop's row would do the same, but at a quarter of the
    speed when eight servers wait for it.
    """

    shows_a_moment = True
    has_turns_beside = True
    is_of_one_machine = False
    add_output = insert(outputs).on_conflict_do_nothing().returning(outputs.c.loop)
    now: ColumnElement[float] = type_coerce(func.date_part("epoch", func.clock_timestamp()), Double)

    def __init__(self, address: Address, now: Callable[[], float]) -> None:
        self.carried = CarriedRows()
        self._address = address
        self._clocks = Clocks(now)
        self._marks = Marks(self.now)
        self._mark = Mark()
        self._sending = Sending()
        # What was sent last to lock the mark, and to change an item, with what that was given.
        self._marking: Statement | None = None
        self._setting: tuple[Statement | None, Mapping[str, Any]] = None, {}
        self.is_prepared = False

    def take_turn(self, connection: Connection, loop_id: str, *, beside: bool = False) -> None:
        key = int(loop_id, 16) - 2**63  # as the lock's keys are signed
        driver = _driver(connection)
        last = driver.last
        if last is not None and last is self._marking:
            lock = MARK_AND_SHARED_LOCK if beside else MARK_AND_LOCK
            given = {"of_mark": self._mark.lock, "of_key": key}
            sent = self._sending.as_sent(lock, given, connection.dialect)
            driver.send_later(sent, instead_of_last=True)
        else:
            self.later(connection, SHARED_LOCK if beside else LOCK, {"of_key": key})

    def later(
        self, connection: Connection, statement: Executable, given: Mapping[str, Any]
    ) -> None:
        driver = _driver(connection)
        if not driver.is_able:
            connection.execute(statement, given)
            return
        is_item = statement is statements.set_item
        # What an item is in between is not written down.
        is_again = is_item and driver.last is self._setting[0] and _is_of(given, self._setting[1])
        if is_again:
            given = {**self._setting[1], **given}
        sent = self._sending.as_sent(statement, given, connection.dialect)
        driver.send_later(sent, instead_of_last=is_again)
        if is_item:
            self._setting = sent, given

    def along(
        self, connection: Connection, statement: Executable, given: Mapping[str, Any]
    ) -> bool:
        driver = _driver(connection)
        if not driver.is_able:
            return False
        driver.ask_along(self._sending.as_sent(statement, given, connection.dialect))
        return True

    def read(
        self, connection: Connection, statement: Executable, given: Mapping[str, Any]
    ) -> Found:
        driver = _driver(connection)
        if driver.is_able:
            sent = self._sending.as_sent(statement, given, connection.dialect)
            try:
                answer = driver.ask(sent)
                return Found(answer.fetchall(), answer.types)
            except driver.Error:
                pass
            except BaseException:
                # Such as KeyboardInterrupt: nobody knows what the database has yet to answer.
                connection.invalidate()
                raise
        # After an error, too: SQLAlchemy has to hear of it, and does by the next statement.
        return found_by(connection, statement, given)

    def prepare(self, engine: Engine) -> None:
        with engine.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(_PREPARING)))
            try:
                prepare(connection)
                self._marks.forget_old(connection)
            except OtherVersion as error:
                raise StateNotKept(
                    f"The tables in {self._address.shown} were made by another version of Batch "
                    f"Loop (they {error}). "
                    "Install the same Batch Loop on all machines. To start afresh, name an empty "
                    f"database in {DATABASE_VARIABLE}, or drop the tables whose names begin with "
                    "batch_loop_, and start ComfyUI again."
                ) from error
        self.is_prepared = True

    def close(self) -> None:
        pass

    def others_wrote(self, connection: Connection) -> bool:  # noqa: ARG002
        return True

    def is_as_last_seen(self) -> bool:
        return False

    def begins(self, connection: Connection) -> None:
        self._mark = Mark()
        self.later(connection, LOCK, {"of_key": self._mark.lock})
        self._marking = _driver(connection).last

    def mark(self, connection: Connection, *, is_milestone: bool) -> WasKept | None:
        driver = _driver(connection)
        if not driver.has_written:
            return None
        is_seen_early = driver.is_able and not is_milestone
        self.later(connection, *self._marks.adding(self._mark, is_seen_early=is_seen_early))
        if is_seen_early:
            waiting = self._marks.waiting_for(self._mark)
            driver.send_after(self._sending.as_sent(*waiting, connection.dialect))
        return partial(self._was_kept, self._mark)

    def _was_kept(self, mark: Mark, connection: Connection) -> bool:
        if self._marks.goes_on(connection, mark):
            raise StoreAway(
                f"Batch Loop's database {self._address.shown} has yet to notice that it was cut "
                "off from here in the midst of a change. Try again in half a minute."
            )
        return self._marks.has(connection, mark)

    def clock_ahead(self, connection: Connection) -> float:
        return self._clocks.ahead(lambda: connection.execute(select(self.now)).scalar_one())

    def insert(
        self,
        connection: Connection,
        listing: str,
        paths: Sequence[str],
        first: int = 0,
        before: str = "",
    ) -> None:
        for start in range(0, len(paths), AT_ONCE):
            part = paths[start : start + AT_ONCE]
            place = first + start
            given = {
                "of_listing": listing,
                "of_before": before,
                "of_paths": [path_bytes(path) for path in part],
                "of_places": [*range(place, place + len(part))],
            }
            connection.execute(listing_statements.add_from_arrays, given)

    def has_many(self, connection: Connection) -> None:
        # With outdated statistics it would scan the whole table for each image, until it happens
        # to analyze the table by itself.
        connection.exec_driver_sql(f"ANALYZE {items.name}")

    def not_kept(self, error: SQLAlchemyError | OSError) -> StateNotKept:
        said = self._address.hidden_in(_one_line(error))
        is_away = isinstance(error, OperationalError) or (
            isinstance(error, DBAPIError) and error.connection_invalidated
        )
        if self.is_prepared and is_away:
            advice = "Run again when it is back: the batch goes on with this image"
        else:
            advice = next(
                (advice for sign, advice in _ADVICE.items() if sign in said), _USUAL_ADVICE
            ).format(variable=DATABASE_VARIABLE)
        kind = StoreAway if self.is_prepared and is_away else StateNotKept
        return kind(f"Batch Loop cannot use its database {self._address.shown}: {said}. {advice}.")


def _is_of(given: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether two changes are of the same item."""
    return all(given[name] == before.get(name) for name in ("of_listing", "of_path"))


def _driver(connection: Connection) -> Any:
    """The driver's connection, a `ConnectionTogether`."""
    return connection.connection.driver_connection


def _one_line(error: Exception) -> str:
    """A driver's error in one line: the database's own message, if there is one."""
    said = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    lines = [line.strip() for line in said.splitlines() if line.strip()] or [type(error).__name__]
    fatal = [line.rpartition("FATAL:")[2].strip() for line in lines if "FATAL:" in line]
    return (fatal or [lines[0].removeprefix("connection failed: ")])[-1].rstrip(".")
