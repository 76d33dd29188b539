"""Which processes use a file, so that they open it one at a time and none loses it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator


class Users:
    """The processes that use a file, known by locks on a second file beside it.

    The locks are SQLite's: they work wherever its databases do, on every system, and end with the
    process that holds them. Nothing is ever written to the second file.
    """

    def __init__(self, path: str, seconds: float) -> None:
        """Use the lock file at `path`, which is created; wait this long for other processes."""
        self._path = path
        self._seconds = seconds
        self._own: sqlite3.Connection | None = None

    @contextlib.contextmanager
    def one_opens(self) -> Iterator[None]:
        """Be the only process that opens the file, while others may already be using it.

        Raises:
            sqlite3.OperationalError: another was still opening it when the time was up.

        """
        with contextlib.closing(self._connected(self._seconds)) as driver:
            driver.execute("BEGIN IMMEDIATE")
            yield

    @contextlib.contextmanager
    def nobody_else(self) -> Iterator[bool]:
        """Yield whether nobody uses or opens the file; if so, nobody can do so meanwhile."""
        with contextlib.closing(self._connected(0.0)) as driver:
            try:
                driver.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                yield False
            else:
                yield True

    def join(self) -> None:
        """Count as a user of the file from now on."""
        self._own = self._connected(self._seconds)
        self._own.execute("BEGIN")
        # SQLite takes the lock with the first read.
        self._own.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def leave(self) -> None:
        """No longer count as a user of the file."""
        own, self._own = self._own, None
        if own is not None:
            own.close()

    def _connected(self, seconds: float) -> sqlite3.Connection:
        driver = sqlite3.connect(
            self._path, timeout=seconds, isolation_level=None, check_same_thread=False
        )
        driver.execute("PRAGMA journal_mode = MEMORY")
        return driver
