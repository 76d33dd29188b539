"""Which frame of a film each result of a window of frames was made from."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Sequence

from ..common.natural_order import natural_key

_NUMBER = r"_0(?=\.[^.]*\Z)"
"""At the end of a name without numbers, see `_without_numbers`."""


def frames_beside(results: Sequence[str], first: int, count: int) -> Sequence[int]:
    """The number of the frame that each result is shown beside.

    `results` are paths in any order, and the window has `count` frames from `first` on. Each saver
    has begun with the first frame again, and numbered its files; a saver is told from another by
    the names of these, but for the numbers in them. What is behind the last frame, as a model may
    make more frames than it is given, is shown beside that.
    """
    by_saver: defaultdict[str, list[int]] = defaultdict(list)
    for place in sorted(range(len(results)), key=lambda place: natural_key(results[place])):
        by_saver[_without_numbers(results[place])].append(place)
    found = [first] * len(results)
    for saver, places in by_saver.items():
        # Of a list that is saved one by one, the first has no number: a.png, a_1.png, a_2.png.
        before = by_saver.get(re.sub(_NUMBER, "", saver), places)
        if before is not places and len(before) == 1 and len(places) % count:
            places.insert(0, before[0])
        # Several savers may give their files one name.
        each = count if len(places) % count == 0 else len(places)
        for turn, place in enumerate(places):
            found[place] = first + min(turn % each, count - 1)
    return found


def _without_numbers(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(folder, re.sub(r"\d+", "0", name))
