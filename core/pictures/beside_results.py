"""Which frame of a film each result of a window of frames was made from."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Sequence


def frames_beside(results: Sequence[str], first: int, count: int) -> Sequence[int]:
    """The number of the frame that each result is shown beside.

    `results` are paths, in the order in which they were saved, and the window has `count` frames
    from `first` on. Each saver has begun with the first frame again; a saver is told from another
    by the names of its files, but for the numbers in them. What is behind the last frame, as a
    model may make more frames than it is given, is shown beside that.
    """
    by_saver: defaultdict[str, list[int]] = defaultdict(list)
    for place, path in enumerate(results):
        by_saver[_without_numbers(path)].append(place)
    found = [first] * len(results)
    for places in by_saver.values():
        # Several savers may give their files one name.
        each = count if len(places) % count == 0 else len(places)
        for turn, place in enumerate(places):
            found[place] = first + min(turn % each, count - 1)
    return found


def _without_numbers(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(folder, re.sub(r"\d+", "0", name))
