"""A server's clock that a test can set while the server runs, using libfaketime."""

from __future__ import annotations

import os
from pathlib import Path

HOUR = 3600
_LIBRARY = "faketime/libfaketimeMT.so.1"


class SetClock:
    """The clock of a server that is started with `env`, as an offset from the real time."""

    def __init__(self, path: Path) -> None:
        """`path` is a file for this clock alone, which the server reads."""
        self._path = path
        self.hours = 0
        self._write()

    @property
    def env(self) -> dict[str, str]:
        """Variables for a server's environment; AssertionError if the library is missing."""
        # Its folder is named after the machine's architecture.
        found = sorted(Path("/usr/lib").glob(f"*/{_LIBRARY}"))
        assert found, f"{_LIBRARY} is missing. Install the package faketime, and try again."
        return {
            "LD_PRELOAD": str(found[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._path),
            "FAKETIME_NO_CACHE": "1",
            # Setting the clock changes neither the monotonic clock nor files' times.
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
