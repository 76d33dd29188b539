"""A process's connections to a database."""

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

    `engine` is for the registry's transactions, `outside_engine` for what must not wait for them.
    """

    def __init__(self, engine: Engine, outside_engine: Engine, backend: Backend) -> None:
        self.engine = engine
        self.outside_engine = outside_engine
        self.backend = backend
        self.ahead = 0.0
        """Seconds by which the database's clock was ahead when they were last compared."""
        self._preparing = threading.Lock()
        # Connections to PostgreSQL are expensive, so all share one pool. SQLite detects writes by
        # other connections, so the registry's transactions have one to themselves.
        self._shared = engine if backend.shows_a_moment else outside_engine
        # At most one, of a pool that is shared: to take it from there for each transaction, and
        # give it back, takes as long as some statements do.
        self._kept: list[Connection] = []

    def prepare(self) -> None:
        """Make sure that the tables are ready.

        This is not part of the transaction that needs them, as it may take long.
        """
        with self._preparing:
            if not self.backend.is_prepared:
                self.backend.prepare(self.engine)

    @contextlib.contextmanager
    def changing(self) -> Iterator[Connection]:
        """The registry's own transaction; there is one at a time."""
        connection = self._taken() or self.engine.connect()
        try:
            with connection.begin():
                yield connection
        except BaseException:
            connection.close()
            raise
        if self._shared is self.engine:
            self._kept.append(connection)
        else:
            connection.close()

    def _taken(self) -> Connection | None:
        """The connection that was kept for the next transaction; None if there is none."""
        with contextlib.suppress(IndexError):
            return self._kept.pop()
        return None

    def _give_back(self) -> None:
        """Give that connection back to the pool, as whoever asks next may use it, too."""
        kept = self._taken()
        if kept is not None:
            kept.close()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that reads a consistent snapshot and blocks nobody."""
        with self.translated_errors():
            self.prepare()
            self._give_back()
            with self._shared.connect() as plain:
                options: dict[str, Any] = {ONLY_READS: True}
                if self.backend.shows_a_moment:
                    options = {"isolation_level": "REPEATABLE READ"}
                connection = plain.execution_options(**options)
                with connection.begin():
                    yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction apart from the registry's own."""
        with self.translated_errors():
            self.prepare()
            self._give_back()
            with self._shared.begin() as connection:
                yield connection

    @contextlib.contextmanager
    def renewing(self) -> Iterator[Connection]:
        """A transaction that no other can hold up for long; the tables have to be ready."""
        with self.translated_errors(), self.outside_engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def translated_errors(self) -> Iterator[None]:
        """Raise errors of the database or the system as StateNotKept."""
        try:
            yield
        except (DBAPIError, OSError) as error:
            raise self.backend.not_kept(error) from None

    def close(self) -> None:
        """Release what is open."""
        self._give_back()
        self.engine.dispose()
        self.outside_engine.dispose()
        self.backend.close()
