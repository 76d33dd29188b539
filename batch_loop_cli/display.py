"""The command's output: a batch's progress and its end, for people and for programs."""

from __future__ import annotations

import io
import json
import os
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from tqdm import tqdm

from .progress import Progress


def show_any_name() -> None:
    """Let file names be written even if the terminal's encoding lacks their characters."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def give_up_output() -> None:
    """Drop what nobody reads any more, so that the interpreter's end does not try to write it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


class Display(Protocol):
    """Shows a batch's progress."""

    def show(self, event: str, progress: Progress, server: str) -> None:
        """Show that something has happened on a server."""

    def end(self, summary: Mapping[str, Any], text: str) -> None:
        """Show how the batch has ended, in figures or in words."""

    def note(self, text: str) -> None:
        """Tell a person something at once."""

    def close(self) -> None:
        """Restore the terminal, even if the end was not shown."""


_BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt}{postfix}"
"""Without tqdm's own times, which know neither pauses nor other servers."""


class Bar:
    """A progress bar on the terminal, with what is done, failed, the rate and the time left.

    It is drawn once something has happened: a run that is refused has none.
    """

    def __init__(self) -> None:
        self._drawn: tqdm[Any] | None = None

    @property
    def _bar(self) -> tqdm[Any]:
        if self._drawn is None:
            self._drawn = tqdm(total=None, unit="item", bar_format=_BAR)
        return self._drawn

    def show(self, event: str, progress: Progress, server: str) -> None:
        """Move the bar, or say that the server went away or came back."""
        if event == "away":
            self.note(f"{server} is away; waiting for it …")
        elif event == "back":
            self.note(f"{server} is back.")
        if self._drawn is None and not progress.total:
            return
        self._bar.total = progress.total or None
        self._bar.n = progress.ended
        self._bar.set_postfix_str(", ".join(_shown_beside(progress)), refresh=False)
        self._bar.refresh()

    def note(self, text: str) -> None:
        """Write a line above the bar."""
        tqdm.write(text, file=sys.stderr)

    def end(self, summary: Mapping[str, Any], text: str) -> None:  # noqa: ARG002 - for programs
        """Write the text."""
        self.close()
        sys.stdout.write(f"{text}\n")

    def close(self) -> None:
        """Leave the bar as it stands."""
        if self._drawn is not None:
            self._drawn.close()


def _shown_beside(progress: Progress) -> Iterator[str]:
    """What the bar says besides the numbers."""
    if progress.remaining is not None:
        yield f"{duration(progress.remaining)} to go"
    if progress.per_minute is not None:
        yield f"{speed(progress.per_minute)} a minute"
    if progress.failed:
        yield f"{progress.failed} failed"
    yield plain(progress.filename)


def duration(seconds: float) -> str:
    """Return a time as the page writes it: `12 s`, `3 min 5 s`, `1 h 2 min`."""
    minutes, left = divmod(round(seconds), 60)
    hours, rest = divmod(minutes, 60)
    if hours:
        return f"{hours} h {rest} min"
    return f"{minutes} min {left} s" if minutes else f"{left} s"


def speed(per_minute: float) -> str:
    """Return items a minute as the page writes them: `0.25`, `7.3`, `2240`."""
    digits = 2 - sum(per_minute >= least for least in (1, 10))
    return f"{per_minute:.{digits}f}"


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

    def note(self, text: str) -> None:
        """Write a line for a person, apart from those for programs."""
        sys.stderr.write(f"{text}\n")

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
    if loop["finished"]:
        state += f", {loop['finished']} finished before"
    if loop.get("lacking"):  # not known where many loops are listed
        state += f", {loop['lacking']} without a companion"
    return f"{loop['done']} of {loop['total']} done{failed}, {state}"


def summary_in_words(loop: Mapping[str, Any]) -> str:
    """Return the state of a batch, and one line for each failure."""
    failures = "".join(
        f"\n  {plain(item['title'])}: {plain(item['reason'])}" for item in loop["failures"]
    )
    opaque = loop.get("lost_transparency")
    note = f"\n  Without their sources' transparency: {opaque}" if opaque else ""
    renamed = loop.get("renamed_texts")
    if renamed:
        note += f"\n  Texts under other names, as files of their names were there: {renamed}"
    return f"{tally(loop)}, {duration(loop['seconds'])}{note}{failures}"


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
