"""Whether a film was changed after results were made of its frames."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

from ..common.errors import quoted

_LOOKED_AT = 100
"""Results, evenly spaced: of a film that was replaced, not only a few are older."""


def notice_of_change(film: str, results: Sequence[str]) -> str | None:
    """What to tell of a film and the results of its frames, by their real paths; None if nothing.

    It is told, too, of a film that has only become longer since: its file does not say so. One
    that was put there with an earlier time, as some copying does, is not noticed.
    """
    with suppress(OSError):
        changed = os.stat(film).st_mtime_ns
        apart = max(1, len(results) // _LOOKED_AT)
        if any(
            os.stat(results[number]).st_mtime_ns < changed
            for number in range(0, len(results), apart)
        ):
            return (
                f"{quoted(os.path.basename(film))} was changed after results were made of it. If "
                "it is another video now, press Start over, with skip_finished off: these "
                "results are of the one before."
            )
    return None
