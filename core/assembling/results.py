"""Which results a film is made of: those of a complete batch, in the order of its items."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ..common.errors import PathRefused, ResultsMissing, quoted
from ..common.file_kinds import IMAGE_EXTENSIONS
from ..common.natural_order import natural_key
from ..files.allowed_paths import AllowedFolders, check_source_file
from ..files.path_texts import is_within
from ..model.formats import MissingResults
from ..model.items import Item, ItemState
from ..model.loop_key import LoopKey
from ..model.records import Page
from ..model.selection import Selection
from ..model.titles import label_in, taken_with, title_of
from ..sources.frames import Windows, path_of

_AT_ONCE = 500
"""Items of a page."""

_NAMED = 5
"""Missing results that a message names; the others are only counted."""


class Registry(Protocol):
    """What is asked of the registry."""

    def page(self, loop_id: str, start: int, most: int) -> Page:
        """See `core.engine.questions`."""

    def selection_of(self, loop_id: str) -> Selection:
        """See `core.engine.questions`."""

    def results_gone(self, key: LoopKey, paths: Collection[str], node: str) -> None:
        """See `core.engine.lost_results`."""


@dataclass(frozen=True)
class Pictures:
    """The files that a film is made of."""

    paths: Sequence[str]
    """Real paths, in order."""
    first: int = 0
    """Of a film's frames, the number of that which the first one was made from."""


@dataclass(frozen=True)
class Wanted:
    """Finds the results of a batch; raises ResultsMissing if they do not make a film."""

    registry: Registry
    allowed: AllowedFolders
    missing: MissingResults
    folder: str | None = None
    """Real path of that whose results are taken; None for all results."""
    going_on: Callable[[], object] = lambda: None
    """It is called repeatedly, and what it raises ends this."""
    label: str = ""
    """That of the variant whose results are taken; empty if the batch has none."""
    gone: list[str] = field(default_factory=list, init=False)
    """The items of which a result was deleted, by their paths; filled while results are sought."""

    def of_frames(self, key: LoopKey, frames: int) -> Pictures:
        """The results of a film's frames, of which there are `frames`; each exactly once.

        Of a window, the frames that the one before has, too, are left out, unless that one is
        missing. Frames that were left out as they had results already are found by their names.
        """
        selection = self.registry.selection_of(key.id)
        windows = Windows.of(selection)
        places = selection.in_range(range(windows.count(frames)))
        if not places:
            raise ResultsMissing(_NOTHING)
        first = places[0] * windows.step
        end = min(places[-1] * windows.step + windows.frames, frames)
        found: list[str | None] = [None] * (end - first)
        known = {item.path: results for item, results in self._items(key)}
        for place in places:
            self.going_on()
            begin = place * windows.step
            path = path_of(key, begin, windows.frames)
            if key.has_variants:
                path = taken_with(path, self.label)
            count = min(windows.frames, frames - begin)
            results = known[path] if path in known else self._by_name(selection, path, count)
            if results and len(results) != count:
                raise ResultsMissing(_of_another_number(path, len(results), count))
            for number, result in enumerate(results, begin - first):
                found[number] = found[number] or result
        beside = f" with {quoted(self.label)}" if self.label else ""
        filled = self._filled(found, lambda number: f"frame {first + number}{beside}")
        return Pictures(filled, first)

    def of_items(self, key: LoopKey) -> Pictures:
        """The results of all items, several of one in natural order."""
        found: list[str | None] = []
        titles: list[str] = []
        for item, results in self._items(key):
            found += results or [None]
            titles += [item.title] * (len(found) - len(titles))
        if not found:
            raise ResultsMissing(_NOTHING)
        return Pictures(self._filled(found, titles.__getitem__))

    def _items(self, key: LoopKey) -> Iterator[tuple[Item, Sequence[str | None]]]:
        """The variant's items, a page at a time, with their results; None for one that is gone."""
        start = 0
        while True:
            self.going_on()
            page = self.registry.page(key.id, start, _AT_ONCE)
            for item, outputs in page.items:
                if key.has_variants and label_in(item.path) != self.label:
                    continue
                yield item, self._results(item, outputs)
            start += len(page.items)
            if not page.items or start >= page.total:
                return

    def _results(self, item: Item, outputs: Sequence[str]) -> list[str | None]:
        """The results of an item that the film is made of, in order."""
        if item.state is ItemState.FAILED:
            return []
        wanted = sorted(filter(self._is_wanted, outputs), key=natural_key)
        results = [path if self._is_there(path) else None for path in wanted]
        lost = (path for path, there in zip(wanted, results, strict=True) if there is None)
        if any(map(_is_deleted, lost)):
            self.gone.append(item.path)
        return results

    def _is_wanted(self, path: str) -> bool:
        """Whether a result is a picture, and in the folder whose results are taken."""
        if os.path.splitext(path)[1].lower() not in IMAGE_EXTENSIONS:
            return False
        return self.folder is None or is_within(path, self.folder)

    def _is_there(self, path: str) -> bool:
        try:
            return os.path.isfile(check_source_file(path, self.allowed))
        except PathRefused:
            return False

    def _by_name(self, selection: Selection, path: str, count: int) -> Sequence[str | None]:
        """The results of an item that has no part in the batch, as it had them before."""
        for name in selection.finished:
            whole = os.path.join(name.folder, *name.of(path).split("/"))
            stem, extension = os.path.splitext(whole)
            digits = len(str(count))
            several = [f"{stem}_{number:0{digits}}{extension}" for number in range(1, count + 1)]
            files = several if count > 1 else [whole]
            if all(self._is_wanted(file) and self._is_there(file) for file in files):
                return files
        return []

    def _filled(self, found: Sequence[str | None], named: Callable[[int], str]) -> list[str]:
        """`found` with what is missing filled, or refused."""
        missing = [place for place, path in enumerate(found) if path is None]
        there = next((path for path in found if path is not None), None)
        if missing and (self.missing is MissingResults.REFUSE or there is None):
            raise ResultsMissing(_missing(list(map(named, missing[:_NAMED])), len(missing)))
        filled: list[str] = []
        for path in found:
            # Before the first one there is none to repeat.
            filled.append(path or (filled[-1] if filled else there or ""))
        return filled


def _is_deleted(path: str) -> bool:
    """Whether a missing file was deleted: a drive that is not connected brings it back."""
    folder = os.path.dirname(path)
    return any(map(os.path.isdir, (folder, os.path.dirname(folder))))


_NOTHING = (
    "No video was made: the batch has no results. Connect loop to the Loop End whose batch is to "
    "be made a video."
)


def _missing(named: Sequence[str], count: int) -> str:
    more = f" and {count - len(named)} more" if count > len(named) else ""
    return (
        f"No video was made: {_counted(count, 'result')} missing, of {', '.join(named)}{more}. "
        "Press Retry failed, then Run: what failed, or has lost its file, is done again, and "
        "nothing else. If they are on a drive that is not connected, connect it, and run again. If "
        "nothing saves them, add Save Image (Batch), and press Start over. Or set missing to "
        "repeat the frame before."
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what if count == 1 else what + 's'}"


def _of_another_number(path: str, found: int, wanted: int) -> str:
    return (
        f"No video was made: {quoted(title_of(path))} has {_counted(found, 'result')}, and "
        f"{_counted(wanted, 'frame')}. If several nodes save results, enter in results "
        "the folder of those that make the video. A model that makes more or fewer frames than it "
        "is given cannot keep the video's times."
    )
