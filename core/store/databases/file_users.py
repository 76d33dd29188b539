"""Who uses a file: so that it is opened by one after the other, and taken away from nobody."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator


class Users:
    """The processes that use a file, as a file beside it tells by its locks.

    They are SQLite's, which are there wherever those of its databases are, on each system, and end
    with the process that holds them. Nothing is ever written to that file.
    """

    def __init__(self, path: str, seconds: float) -> None:
        """Lock the file at `path`, which is made; wait so long where another is in the way."""
        self._path = path
        self._seconds = seconds
        self._own: sqlite3.Connection | None = None

    @contextlib.contextmanager
    def one_opens(self) -> Iterator[None]:
        """Be the only one that opens the file, while others go on to use it.

        Raises:
            sqlite3.OperationalError: another was still opening it when time was up.

        """
        with contextlib.closing(self._connected(self._seconds)) as driver:
            driver.execute("BEGIN IMMEDIATE")
            yield

    @contextlib.contextmanager
    def nobody_else(self) -> Iterator[bool]:
        """Whether nobody uses the file or opens it, and if so, keep them from it."""
        with contextlib.closing(self._connected(0.0)) as driver:
            try:
                driver.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                yield False
            else:
                yield True

    def join(self) -> None:
        """Use the file from now on."""
        self._own = self._connected(self._seconds)
        self._own.execute("BEGIN")
        # The lock is taken with the first look.
        self._own.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def leave(self) -> None:
        """Use it no more."""
        own, self._own = self._own, None
        if own is not None:
            own.close()

    def _connected(self, seconds: float) -> sqlite3.Connection:
        driver = sqlite3.connect(
            self._path, timeout=seconds, isolation_level=None, check_same_thread=False
        )
        driver.execute("PRAGMA journal_mode = MEMORY")
        return driver
