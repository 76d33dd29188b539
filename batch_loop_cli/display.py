"""The command's output: a batch's progress and its end, for people and for programs."""

from __future__ import annotations

import io
import json
import sys
import unicodedata
from collections.abc import Mapping
from typing import Any, Protocol

from tqdm import tqdm

from .progress import Progress


def show_any_name() -> None:
    """Let file names be written even if the terminal's encoding lacks their characters."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


class Display(Protocol):
    """Shows a batch's progress."""

    def show(self, event: str, progress: Progress, server: str) -> None:
        """Show that something has happened on a server."""

    def end(self, summary: Mapping[str, Any], text: str) -> None:
        """Show how the batch has ended, in figures or in words."""

    def close(self) -> None:
        """Restore the terminal, even if the end was not shown."""


class Bar:
    """A progress bar on the terminal, with what is done, failed, the rate and the time left."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] = tqdm(total=None, unit="image")

    def show(self, event: str, progress: Progress, server: str) -> None:
        """Move the bar, or say that the server went away or came back."""
        if event == "away":
            self._bar.write(f"{server} is away; waiting for it …", file=sys.stderr)
        elif event == "back":
            self._bar.write(f"{server} is back.", file=sys.stderr)
        self._bar.total = progress.total or None
        # What was done before this run does not count in the rate.
        if self._bar.n == 0 and self._bar.initial == 0:
            self._bar.initial = progress.ended
        self._bar.n = progress.ended
        failed = f"{progress.failed} failed, " if progress.failed else ""
        self._bar.set_postfix_str(f"{failed}{plain(progress.filename)}", refresh=False)
        self._bar.refresh()

    def end(self, summary: Mapping[str, Any], text: str) -> None:  # noqa: ARG002 - for programs
        """Write the text."""
        self.close()
        sys.stdout.write(f"{text}\n")

    def close(self) -> None:
        """Leave the bar as it stands."""
        self._bar.close()


class JsonLines:
    """A JSON object a line on the standard output."""

    def show(self, event: str, progress: Progress, server: str) -> None:
        """Write what has happened."""
        self._write(
            {
                "event": event,
                "server": server,
                "loop": progress.loop,
                "done": progress.done,
                "failed": progress.failed,
                "total": progress.total,
                "filename": progress.filename,
            }
        )

    def end(self, summary: Mapping[str, Any], text: str) -> None:  # noqa: ARG002 - for people
        """Write the figures."""
        self._write({"event": "end", **summary})

    def close(self) -> None:
        """Do nothing: each line is written as it comes."""

    def _write(self, entry: Mapping[str, Any]) -> None:
        sys.stdout.write(f"{json.dumps(entry)}\n")
        sys.stdout.flush()


def tally(loop: Mapping[str, Any]) -> str:
    """Return the figures of a batch in words."""
    failed = f", {loop['failed']} failed" if loop["failed"] else ""
    state = "complete" if loop["complete"] else f"{loop['left']} left"
    if loop["complete"] and loop["unpaired"]:
        state += f", {loop['unpaired']} without a partner"
    return f"{loop['done']} of {loop['total']} done{failed}, {state}"


def summary_in_words(loop: Mapping[str, Any]) -> str:
    """Return the state of a batch, and one line for each failure."""
    failures = "".join(
        f"\n  {plain(item['path'])}: {plain(item['reason'])}" for item in loop["failures"]
    )
    return f"{tally(loop)}, {loop['seconds']:.1f} s{failures}"


def plain(text: str) -> str:
    r"""Return a text in one line, with unprintable characters written out, such as \x1b.

    A file name or a reason may contain anything: a line that looks like one of the command's, or
    characters that control the terminal or reorder the line.
    """
    return "".join(map(_printable, " ".join(text.splitlines())))


def _printable(character: str) -> str:
    # Python does not count spaces such as the wide one of Japanese as printable.
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return ascii(character)[1:-1]
