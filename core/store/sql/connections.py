"""The connections to a database, and the short transactions that any thread may have there."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from .backend import ONLY_READS, Backend


class Connections:
    """The engines on one database.

    `engine` is for the registry's transactions. `outside_engine` is for what has to be done
    whoever holds those up.
    """

    def __init__(self, engine: Engine, outside_engine: Engine, backend: Backend) -> None:
        self.engine = engine
        self.outside_engine = outside_engine
        self.backend = backend
        self.ahead = 0.0
        """Seconds by which the database's clock is ahead, when last compared."""
        self._preparing = threading.Lock()
        # Connections to PostgreSQL are expensive, and any will do. SQLite says which connection
        # has written, so the transactions have one to themselves.
        self._shared = engine if backend.shows_a_moment else outside_engine

    def prepare(self) -> None:
        """Have the tables ready.

        This is no part of the transaction that needs them, which may take long.
        """
        with self._preparing:
            if not self.backend.is_prepared:
                self.backend.prepare(self.engine)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one moment and keeps nobody waiting."""
        with self.errors_told():
            self.prepare()
            with self._shared.connect() as plain:
                options: dict[str, Any] = {ONLY_READS: True}
                if self.backend.shows_a_moment:
                    options = {"isolation_level": "REPEATABLE READ"}
                connection = plain.execution_options(**options)
                with connection.begin():
                    yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction besides the registry's own."""
        with self.errors_told():
            self.prepare()
            with self._shared.begin() as connection:
                yield connection

    @contextlib.contextmanager
    def renewing(self) -> Iterator[Connection]:
        """A transaction that no other can hold up for long, on tables that are there."""
        with self.errors_told(), self.outside_engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def errors_told(self) -> Iterator[None]:
        """Raise what the database or the system says as a `StateNotKept`."""
        try:
            yield
        except (DBAPIError, OSError) as error:
            raise self.backend.not_kept(error) from None

    def close(self) -> None:
        """Let go of what is open."""
        self.engine.dispose()
        self.outside_engine.dispose()
        self.backend.close()
