"""The SQLite backend: one file, which one process at a time may change."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Double, Engine, Executable, func, type_coerce
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ...common.errors import StateNotKept, StoreAway, quoted
from ...files.atomic import write_atomic
from ...files.leftovers import TEMPORARY_SUFFIX
from ...model.if_exists import IfExists
from ..schema import listing_statements, output_statements, statements
from ..schema.found import Found, found_by
from ..schema.rows import kept_batch
from ..sql.backend import AT_ONCE
from .state_file import StateFile

_UNIX_EPOCH = 2440587.5
"""As a Julian day."""
_DAY_SECONDS = 86_400.0

_REASONS = {
    "database or disk is full": ("the disk is full", "Free some space"),
    "attempt to write a readonly database": ("it is read-only", "Make the folder writable"),
    "unable to open database file": ("it cannot be opened", "Bring the folder back"),
}
"""SQLite's messages in words for users, and what to do about them."""
_BUSY = {"database is locked", "database table is locked", "locking protocol"}
"""SQLite's messages while another process holds the file, which may be over soon."""

_ENDINGS = (statements.CARRIED_SUFFIX, TEMPORARY_SUFFIX)


class CarriedFiles:
    """Carried values as files in a folder beside the database."""

    def __init__(self, folder: str) -> None:
        self.folder = os.path.realpath(folder)
        # Files of replaced values, deleted if the transaction is committed, and files of new
        # values, deleted if it is rolled back.
        self._superseded: list[str] = []
        self._written: list[str] = []

    def write(self, connection: Connection, name: str, data: bytes) -> None:  # noqa: ARG002
        path = os.path.join(self.folder, name)
        self._written.append(path)
        write_atomic(path, data, IfExists.OVERWRITE)

    def read(self, connection: Connection, name: str) -> bytes:  # noqa: ARG002
        with open(os.path.join(self.folder, name), "rb") as file:
            return file.read()

    def forget(self, connection: Connection, name: str) -> None:  # noqa: ARG002
        self._superseded.append(os.path.join(self.folder, name))

    def ended(self, *, kept: bool) -> None:
        for path in self._superseded if kept else self._written:
            with contextlib.suppress(OSError):
                os.unlink(path)
        self._superseded.clear()
        self._written.clear()

    def tidy(self, connection: Connection) -> None:
        """Delete what crashes have left, and every value that no loop has.

        To be called in a transaction, so that nobody writes a value meanwhile.
        """
        rows = connection.execute(statements.carried_names).all()
        kept = (kept_batch({"kept": row.kept}) or {} for row in rows)
        names = {row.carried_file for row in rows} | {batch.get("carried_file") for batch in kept}
        for name in os.listdir(self.folder):
            if name.endswith(_ENDINGS) and name not in names:
                os.unlink(os.path.join(self.folder, name))


class SqliteBackend:
    """SQLite, in a file on this machine."""

    shows_a_moment = False
    has_turns_beside = False
    is_of_one_machine = True
    add_output = output_statements.add_output.prefix_with("OR IGNORE")
    now: ColumnElement[float] = type_coerce(
        (func.julianday("now") - _UNIX_EPOCH) * _DAY_SECONDS, Double
    )

    def __init__(self, file: StateFile, carried: CarriedFiles) -> None:
        self.carried = carried
        self._file = file
        # The last transaction's connection, and the file's version that it saw.
        self._seen: tuple[Any, int] | None = None

    def take_turn(self, connection: Connection, loop_id: str, *, beside: bool = False) -> None:
        """Do nothing, as a transaction that writes has the whole file to itself."""

    def later(
        self, connection: Connection, statement: Executable, given: Mapping[str, Any]
    ) -> None:
        connection.execute(statement, given)

    @property
    def is_prepared(self) -> bool:
        return self._file.is_open

    def prepare(self, engine: Engine) -> None:
        try:
            self._file.open(engine)
        except sqlite3.Error as error:
            raise self.not_kept(error) from error

    def close(self) -> None:
        self._file.close()

    def along(
        self,
        connection: Connection,  # noqa: ARG002
        statement: Executable,  # noqa: ARG002
        given: Mapping[str, Any],  # noqa: ARG002
    ) -> bool:
        return False

    def read(
        self, connection: Connection, statement: Executable, given: Mapping[str, Any]
    ) -> Found:
        return found_by(connection, statement, given)

    def others_wrote(self, connection: Connection) -> bool:
        # Called inside of the transaction, during which nobody else can write.
        driver = connection.connection.dbapi_connection
        before, self._seen = self._seen, (driver, _data_version(driver))
        return before != self._seen

    def is_as_last_seen(self) -> bool:
        if self._seen is None:
            return False
        driver, version = self._seen
        try:
            return _data_version(driver) == version
        except sqlite3.Error:  # it was closed: the next transaction gets another
            return False

    def begins(self, connection: Connection) -> None:
        """Do nothing, as it is never kept without an answer."""

    def mark(self, connection: Connection, *, is_milestone: bool) -> None:
        """Do nothing, as it is never kept without an answer."""

    def clock_ahead(self, connection: Connection) -> float:  # noqa: ARG002
        return 0.0

    def insert(
        self,
        connection: Connection,
        listing: str,
        paths: Sequence[str],
        first: int = 0,
        before: str = "",
    ) -> None:
        own = {"of_listing": listing, "of_before": before}
        for start in range(0, len(paths), AT_ONCE):
            part = paths[start : start + AT_ONCE]
            place = first + start
            if _are_text(part):
                given = {**own, "of_first": place, "of_paths": json.dumps(part)}
                connection.execute(listing_statements.add_from_json, given)
            else:
                rows = [
                    {**own, "of_path": path, "of_place": at} for at, path in enumerate(part, place)
                ]
                connection.execute(listing_statements.add_one, rows)

    def has_many(self, connection: Connection) -> None:
        """Do nothing, as the statements need no statistics on the tables."""

    def not_kept(self, error: SQLAlchemyError | sqlite3.Error | OSError) -> StateNotKept:
        said = str(error.orig) if isinstance(error, DBAPIError) else str(error)
        reason, advice = _REASONS.get(said, (said, "Check the folder and the disk"))
        kind = StateNotKept
        if said in _BUSY:
            kind, reason, advice = StoreAway, "another program holds it", "End that program"
        path = quoted(self._file.path)
        return kind(
            f"Batch Loop cannot keep its state in {path}: {reason}. {advice}, and "
            "run again: the batch goes on with this image. (Nothing runs without it, as "
            "it tells which images are done.)"
        )


def _data_version(driver: Any) -> int:
    """A number that changes when any other connection writes to the SQLite file.

    The driver is asked directly, which is faster: this is done for every transaction.
    """
    version: int = driver.execute("PRAGMA data_version").fetchone()[0]
    return version


def _are_text(paths: Iterable[str]) -> bool:
    """Whether all paths are valid text: JSON could not carry others unchanged."""
    try:
        "".join(paths).encode()
    except UnicodeEncodeError:
        return False
    return True
