"""A clock for a server that a test can set while the server runs, by the library libfaketime."""

from __future__ import annotations

import os
from pathlib import Path

HOUR = 3600
_LIBRARY = "faketime/libfaketimeMT.so.1"


class SetClock:
    """What time it is to a server that is started with `env`, beside what it really is."""

    def __init__(self, path: Path) -> None:
        """`path` is a file of this clock's own, which tells the server."""
        self._path = path
        self.hours = 0
        self._write()

    @property
    def env(self) -> dict[str, str]:
        """What to add to a server's environment; AssertionError where the library is missing."""
        # It lies in a folder that is named after the machine's architecture.
        found = sorted(Path("/usr/lib").glob(f"*/{_LIBRARY}"))
        assert found, f"{_LIBRARY} is missing. Install the package faketime, and try again."
        return {
            "LD_PRELOAD": str(found[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._path),
            "FAKETIME_NO_CACHE": "1",
            # Nobody can set this one, and files have the times that they have.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def set_back(self) -> None:
        """Set the clock back by an hour."""
        self.hours -= 1
        self._write()

    def _write(self) -> None:
        new = self._path.with_suffix(".new")
        new.write_text(f"{self.hours * HOUR:+}\n", encoding="ascii")
        os.replace(new, self._path)
