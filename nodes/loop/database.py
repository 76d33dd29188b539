"""Opening the file that loops are kept in, whatever has become of it."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, text
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError

from ..io.roots import NO_ROOTS, Roots
from . import statements
from .sql_store import SqlStore
from .sqlite_backend import CarriedFiles, SqliteBackend
from .store import MemoryStore, Store
from .versions import NewerVersion, prepare

FILE = "state.sqlite3"
CARRIED = "carried"

_BUSY_MS = 30_000
_SIDE_FILES = ("-wal", "-shm")
_log = logging.getLogger(__name__)


def open_store(folder: str, roots: Roots = NO_ROOTS) -> Store:
    """The store in `folder`, which is made where needed.

    A file that is damaged, or of a later version of the pack, is set aside under another name. If
    nothing can be written there at all, the store is one in memory. The log says so; nothing is
    raised, as ComfyUI has to start in any case.
    """
    path = os.path.join(folder, FILE)
    carried = CarriedFiles(os.path.join(folder, CARRIED))
    try:
        os.makedirs(carried.folder, exist_ok=True)
        engine = _sound_engine(path)
        # A file that was set aside may be given its name back, and want its carried values.
        if not _has_been_set_aside(path):
            _tidy(engine, carried)
    except (OSError, SQLAlchemyError) as error:
        _log.warning(
            "Batch Loop cannot keep its state in %s: %s. Batches work, but are forgotten when "
            "ComfyUI ends. Make the folder writable, and start ComfyUI again.",
            folder,
            error,
        )
        return MemoryStore()
    return SqlStore(engine, _engine(path, poolclass=NullPool), SqliteBackend(path, carried), roots)


def _tidy(engine: Engine, carried: CarriedFiles) -> None:
    # Nobody else writes a carried value meanwhile: that is done inside of transactions.
    with engine.begin() as connection:
        carried.tidy(filter(None, connection.execute(statements.carried_names).scalars()))


def _sound_engine(path: str) -> Engine:
    """An engine on the file at `path`; on a new one, where that one cannot be used."""
    try:
        return open_engine(path)
    except Exception as error:
        if not _is_of_the_file(error):
            raise
        aside = _set_aside(path)
        _log.warning("%s", _set_aside_message(path, aside, error))
        return open_engine(path)


def _is_of_the_file(error: Exception) -> bool:
    """Whether it is what the file holds that is wrong.

    A full disk, missing permission or another server that holds the file for long are no reason
    to part with it.
    """
    if isinstance(error, OperationalError):
        return "no such " in str(error.orig)
    return not isinstance(error, OSError)


def open_engine(path: str) -> Engine:
    """An engine on the SQLite file at `path`, with the tables prepared.

    Raises `NewerVersion` if the file is of a later version, and whatever else comes of damage.
    """
    if os.path.exists(path) and not os.path.getsize(path):
        raise DatabaseError("open", None, ValueError("the file is empty"))
    engine = _engine(path)
    try:
        with engine.begin() as connection:
            _check(connection)
            prepare(connection)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _engine(path: str, **options: Any) -> Engine:
    # The store ends each transaction itself, so there is nothing to roll back afterwards.
    engine = create_engine(f"sqlite:///{path}", pool_reset_on_return=None, **options)
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: object, _record: object) -> None:
    # The driver's own idea of transactions begins them too late, see SQLAlchemy's documentation
    # of its SQLite dialect: `begin` below does it.
    connection.isolation_level = None  # type: ignore[attr-defined]
    cursor = connection.cursor()  # type: ignore[attr-defined]
    # Readers are not kept waiting, and a change costs one write at the file's end. A power cut may
    # lose the last changes, never damage the file; a killed process loses nothing.
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    # For writing from the start: what is read must still hold when the change follows from it.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _check(connection: Connection) -> None:
    found = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
    if found != "ok":
        raise DatabaseError("PRAGMA quick_check", None, ValueError(str(found)))


def _has_been_set_aside(path: str) -> bool:
    return any(entry.startswith(f"{FILE}.") for entry in os.listdir(os.path.dirname(path)))


def _set_aside(path: str) -> str:
    kind = time.strftime("%Y%m%d-%H%M%S")
    aside = f"{path}.{kind}"
    os.replace(path, aside)
    for side in _SIDE_FILES:
        with contextlib.suppress(FileNotFoundError):
            os.replace(path + side, aside + side)
    return aside


def _set_aside_message(path: str, aside: str, error: Exception) -> str:
    if isinstance(error, NewerVersion):
        why = f"was made by a later version of Batch Loop (its tables have version {error})"
        what = "Update Batch Loop, and give the file its old name back, to go on with them"
    else:
        why = f"is damaged ({getattr(error, 'orig', None) or error})"
        what = "Batches begin again with their first image"
    return (
        f"Batch Loop's state in {path} {why}. It was set aside as {aside}, and a new one was "
        f"begun. {what}."
    )
