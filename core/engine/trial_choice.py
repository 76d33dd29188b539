"""Which items a person may choose from to try the workflow on one, found by what is typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from ..common.pace import parts_of
from ..model.loop_key import FRAMES, LoopKey
from ..model.selection import Selection
from ..model.titles import title_of
from ..sources.frames import Windows, frame_in
from ..sources.interface import Part
from .registry import LoopRegistry

MOST_SHOWN = 100
"""Items of an answer: a person narrows them down by typing, or asks for more."""

_AT_ONCE = 1_000
"""Items that are asked of the source at a time."""

MOST_LOOKED_AT = 50_000
"""Items that are looked at for one answer: a page asks again, and shows what there is by then."""

_TIME = re.compile(r"(?:(\d{1,3}):)?(\d{1,4}):(\d{1,2}(?:[.,]\d{1,6})?)")


class Found(NamedTuple):
    """Some of the items that are wanted."""

    paths: Sequence[str]
    """In order."""
    more_from: int | None
    """The place in the order from which others may follow; None if the end is reached."""


def find(
    registry: LoopRegistry,
    key: LoopKey,
    selection: Selection,
    meant: Callable[[Sequence[str]], Collection[str]],
    start: int,
) -> Found:
    """The first items of a new batch that are `meant`, from the one at place `start` on.

    A source that can be read in parts, such as a table, is read no further than for these. Raises
    what the listing raises.
    """
    found: list[str] = []
    place = start
    while place < start + MOST_LOOKED_AT:
        part = registry.source.part(key, selection, place, _AT_ONCE)
        if part is None:
            _, paths = registry.preview(key, selection)
            end = place + MOST_LOOKED_AT
            part = Part(paths[place:end], max(0, len(paths) - end))
        for paths in parts_of(part.paths, _AT_ONCE):
            wanted_here = meant(paths)
            for path in paths:
                if path in wanted_here:
                    if len(found) == MOST_SHOWN:
                        return Found(found, place)
                    found.append(path)
                place += 1
        if not part.behind:
            return Found(found, None)
    return Found(found, place)


def wanted(
    key: LoopKey,
    selection: Selection,
    typed: str,
    fps: float,
    texts_of: Callable[[Sequence[str]], Mapping[str, str]] = lambda _paths: {},
) -> Callable[[Sequence[str]], Collection[str]]:
    """Tells of items' paths which are meant by what is typed.

    That is part of the title, in whatever case, or of the text that `texts_of` tells of the path;
    of frames, also a number or a time such as 1:23, which means that frame and all after it. `fps`
    are the frames of the film a second; 0 if that is not known.
    """
    words = typed.strip().casefold()
    first = _frame_meant(words, fps) if key.kind == FRAMES else None
    if first is not None:
        frames = Windows.of(selection).frames
        return lambda paths: {path for path in paths if frame_in(key.entry(path)) + frames > first}

    def meant(paths: Sequence[str]) -> Collection[str]:
        found = {path for path in paths if words in title_of(path).casefold()}
        texts = texts_of([path for path in paths if path not in found])
        return found.union(path for path, text in texts.items() if words in text.casefold())

    return meant


def _frame_meant(words: str, fps: float) -> int | None:
    """The number of the frame that a number or a time means; None for other words."""
    if re.fullmatch(r"[0-9]{1,9}", words):
        return int(words)
    found = _TIME.fullmatch(words)
    if not found or not fps:
        return None
    hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in found.groups())
    return round((hours * 3600 + minutes * 60 + seconds) * fps)
