"""The SQLite file that holds the loops: it is created, checked, and set aside if damaged.

Servers open it one at a time, so none takes a file that another is still creating for damaged. A
file that any server uses is not set aside.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ...common.errors import StateNotKept, quoted
from ..schema.tables import OtherVersion, prepare
from ..sql.backend import ONLY_READS
from .file_users import Users

BUSY_SECONDS = 5.0
"""How long SQLite waits for another process that holds the file; after that, a run keeps trying,
and can be cancelled meanwhile."""
_LOOK_SECONDS = 0.05
_SIDE_FILES = ("-wal", "-shm")
_LOCK = "state.lock"
_log = logging.getLogger(__name__)


class _Damaged(sqlite3.DatabaseError):
    """Raised when SQLite finds the file damaged."""


class StateFile:
    """The file at `path`, in an existing folder."""

    def __init__(self, path: str, tidy: Callable[[Connection], None]) -> None:
        """`tidy` is called when the file is opened, while nobody writes to it."""
        self.path = path
        self._tidy = tidy
        self._users = Users(os.path.join(os.path.dirname(path), _LOCK), BUSY_SECONDS)
        self.is_open = False

    def engine(self, **options: object) -> Engine:
        """An engine on the file, with SQLAlchemy's options."""
        # The store ends every transaction itself, so there is nothing to roll back afterwards.
        engine = create_engine(f"sqlite:///{self.path}", pool_reset_on_return=None, **options)
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
        return engine

    def open(self, engine: Engine) -> None:
        """Check the file and its tables, creating what is missing, and use it from now on.

        A file that is damaged, or was made by another version of the pack, is renamed, and a new
        one is created; the log says so. `engine` is an engine on this file.

        Raises:
            sqlite3.Error, DBAPIError, OSError: it cannot be opened now; another may be holding it.
            StateNotKept: it would have to be set aside, but another server uses it.

        """
        give_up_at = time.monotonic() + BUSY_SECONDS
        pause = threading.Event()
        while True:
            try:
                with self._users.one_opens():
                    self._make_ready(engine)
                    self._users.join()
            except Exception as error:
                engine.dispose()
                if not _is_due_to_content(error):
                    raise
                with self._users.nobody_else() as is_alone:
                    if is_alone:
                        self._replace_if_unusable(engine)
                    elif time.monotonic() > give_up_at:
                        raise StateNotKept(_used_by_another(self.path, error)) from None
            else:
                self.is_open = True
                return
            # Another process may be opening it, or setting it aside.
            pause.wait(_LOOK_SECONDS)

    def close(self) -> None:
        """Stop using the file, until it is opened again."""
        self.is_open = False
        self._users.leave()

    def _make_ready(self, engine: Engine) -> None:
        _check(self.path)
        with engine.begin() as connection:
            prepare(connection)
            # A file that was set aside may get its name back, and then needs its carried values.
            if not _has_been_set_aside(self.path):
                with contextlib.suppress(OSError):
                    self._tidy(connection)

    def _replace_if_unusable(self, engine: Engine) -> None:
        """Set the file aside and create a new one, unless another process has done so."""
        try:
            self._make_ready(engine)
        except Exception as error:
            if not _is_due_to_content(error):
                raise
            engine.dispose()
            aside = _set_aside(self.path)
            _log.warning("%s", _set_aside_message(self.path, aside, error))
            self._make_ready(engine)
        finally:
            engine.dispose()


def _on_connect(connection: object, _record: object) -> None:
    # The driver by itself would begin transactions too late (see SQLAlchemy's documentation of its
    # SQLite dialect), so `_on_begin` does it.
    connection.isolation_level = None  # type: ignore[attr-defined]
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute(f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1000)}")
    # A commit costs one write, at the end of the log. A power cut may lose the last commits, but
    # never damages the file; a killed process loses nothing.
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    # Locked for writing from the start: what is read must still hold when a change is based on it.
    only_reads = connection.get_execution_options().get(ONLY_READS)
    connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")


def _check(path: str) -> None:
    """Switch the file to write-ahead logging and check it for damage, blocking nobody."""
    driver = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    with contextlib.closing(driver):
        # In this mode readers need not wait. The file itself records it.
        driver.execute("PRAGMA journal_mode = WAL")
        (found,) = driver.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise _Damaged(found)


def _is_due_to_content(error: Exception) -> bool:
    """Whether the error is due to the file's content.

    A full disk, a missing permission or another server that holds the file is no reason to set the
    file aside.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    # All that the system or another process causes is an OperationalError, but so is a table or
    # column that is missing.
    if isinstance(cause, sqlite3.OperationalError):
        return "no such " in str(cause)
    return isinstance(cause, (sqlite3.Error, SQLAlchemyError, OtherVersion, LookupError))


def _has_been_set_aside(path: str) -> bool:
    folder, name = os.path.split(path)
    return any(entry.startswith(f"{name}.") for entry in os.listdir(folder))


def _set_aside(path: str) -> str:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside = f"{path}.{stamp}"
    os.replace(path, aside)
    for side in _SIDE_FILES:
        with contextlib.suppress(FileNotFoundError):
            os.replace(path + side, aside + side)
    return aside


def _set_aside_message(path: str, aside: str, error: Exception) -> str:
    if isinstance(error, OtherVersion):
        what = (
            "To go on with its batches, install the Batch Loop that made it, and give the file its "
            "old name back"
        )
    else:
        what = "Batches begin again with their first image"
    return (
        f"Batch Loop's state in {path} {_why(error)}. It was set aside as {aside}, and a new one "
        f"was created. {what}."
    )


def _used_by_another(path: str, error: Exception) -> str:
    return (
        f"Batch Loop cannot keep its state in {quoted(path)}: it {_why(error)}, and another server "
        "uses it, so it was not set aside. Close that server, and run again."
    )


def _why(error: Exception) -> str:
    if isinstance(error, OtherVersion):
        return f"was made by another version of Batch Loop (its tables {error})"
    return f"is damaged ({getattr(error, 'orig', None) or error})"
