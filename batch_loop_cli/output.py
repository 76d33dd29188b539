"""What the command shows: a bar for people, or a JSON object a line for programs."""

from __future__ import annotations

import json
import sys
from typing import Any, Protocol

from tqdm import tqdm

from .batch import Batch
from .plain import plain


class Output(Protocol):
    """Shows how a batch goes."""

    def show(self, what: str, batch: Batch, server: str) -> None:
        """Show that something has happened on a server."""

    def end(self, summary: dict[str, Any], line: str) -> None:
        """Show how it has ended, as figures or as a line."""

    def close(self) -> None:
        """Leave the terminal as it was, also where the end was not shown."""


class Bar:
    """A progress bar on the terminal, with what is done, failed, the rate and the time left."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] = tqdm(total=None, unit="image")

    def show(self, what: str, batch: Batch, server: str) -> None:
        """Move the bar, or say what has become of the server."""
        if what == "away":
            self._bar.write(f"{server} is away; waiting for it …", file=sys.stderr)
        elif what == "back":
            self._bar.write(f"{server} is back.", file=sys.stderr)
        self._bar.total = batch.total or None
        # What was done before this run has no part in the rate.
        settled = batch.done + batch.failed
        if self._bar.n == 0 and self._bar.initial == 0 and settled:
            self._bar.initial = settled
        self._bar.n = settled
        failed = f"{batch.failed} failed, " if batch.failed else ""
        self._bar.set_postfix_str(f"{failed}{plain(batch.filename)}", refresh=False)
        self._bar.refresh()

    def end(self, summary: dict[str, Any], line: str) -> None:  # noqa: ARG002 - for programs
        """Show the line."""
        self.close()
        sys.stdout.write(f"{line}\n")

    def close(self) -> None:
        """Leave the bar as it stands."""
        self._bar.close()


class Lines:
    """A JSON object a line on the standard output."""

    def show(self, what: str, batch: Batch, server: str) -> None:
        """Write what has happened."""
        self._write(
            {
                "event": what,
                "server": server,
                "loop": batch.loop,
                "done": batch.done,
                "failed": batch.failed,
                "total": batch.total,
                "filename": batch.filename,
            }
        )

    def end(self, summary: dict[str, Any], line: str) -> None:  # noqa: ARG002 - for people
        """Write the figures."""
        self._write({"event": "end", **summary})

    def close(self) -> None:
        """Do nothing: each line is written as it comes."""

    def _write(self, entry: dict[str, Any]) -> None:
        sys.stdout.write(f"{json.dumps(entry)}\n")
        sys.stdout.flush()
