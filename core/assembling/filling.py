"""One result for each picture of a film; what is missing is filled, or refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..common.errors import PathRefused, ResultsMissing
from ..model.formats import MissingResults
from .packed_paths import PackedPaths

_NAMED = 5
"""Missing results that a message names; the others are only counted."""


class Filling:
    """Gathers the results of a film's pictures, in order."""

    def __init__(self, missing: MissingResults) -> None:
        self._may_fill = missing is not MissingResults.REFUSE
        self._paths = PackedPaths()
        self._last: str | None = None
        self._missing = 0
        self._named: list[str] = []

    def add(self, path: str | None, name: Callable[[], str]) -> None:
        """Add the next result, a real path; None if it is missing, whose `name` is told then."""
        if path is None:
            self._missing += 1
            if len(self._named) < _NAMED:
                self._named.append(name())
        elif self._last is None:
            # Before the first one there is none to repeat.
            for _ in range(self._missing):
                self._paths.append(path)
        self._last = path or self._last
        if self._last is not None:
            self._paths.append(self._last)

    def filled(
        self, why: ResultsMissing | None = None, refused: PathRefused | None = None
    ) -> PackedPaths:
        """A result for each picture; raises ResultsMissing if there is none to fill with.

        `why` says why results are missing, and what to do about it, if that is known of all;
        `refused` is why one of them may not be read.
        """
        if self._missing and not (self._may_fill and self._last):
            raise missing_results(self._named, self._missing, why, refused)
        return self._paths


def counted(count: int, what: str) -> str:
    """How many there are of what."""
    return f"{count} {what if count == 1 else what + 's'}"


def missing_results(
    names: Sequence[str],
    count: int,
    why: ResultsMissing | None = None,
    refused: PathRefused | None = None,
) -> ResultsMissing:
    """The error for so many results that are missing, of which some are named; see `Filling`."""
    named = names[:_NAMED]
    more = f" and {count - len(named)} more" if count > len(named) else ""
    missing = f"No video was made: {counted(count, 'result')} missing, of {', '.join(named)}{more}."
    if why is not None:
        return ResultsMissing(f"{missing} {why}")
    if refused is not None:
        return ResultsMissing(
            f"{missing} {refused} {_WHAT_TO_DO}",
            elsewhere=f"{missing} {refused.elsewhere} {_WHAT_TO_DO}",
        )
    return ResultsMissing(f"{missing} {_WHAT_TO_DO}")


_WHAT_TO_DO = (
    "Press Retry failed, then Continue: only what failed, or has lost its file, is done again. If "
    "its source is gone, too, put that back first, or press Start over to go on without it. If the "
    "results are on a drive that is not connected, connect it, and run again. If all are gone, "
    "press Start over; if nothing saves them, add Save Image (Batch) before. Or set missing to "
    "repeat the frame before."
)


def some(names: Sequence[str]) -> str:
    """The first few of names, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
