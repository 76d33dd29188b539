"""Which results a film is made of: those of a complete batch, in the order of its items."""

from __future__ import annotations

import os
from array import array
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Protocol

from ..common.errors import PathRefused, ResultsMissing, quoted
from ..common.file_kinds import IMAGE_EXTENSIONS
from ..common.natural_order import natural_key
from ..files.allowed_paths import AllowedFolders, check_source_file, is_allowed_file
from ..files.path_texts import is_within
from ..model.formats import MissingResults
from ..model.items import Item, ItemState
from ..model.loop_key import LoopKey
from ..model.records import Page, Snapshot
from ..model.selection import Selection
from ..model.titles import entry_in, frames_of, label_in, taken_with, title_of
from ..sources.frames import Windows, frame_in, path_of
from .filling import Filling, counted, missing_results
from .item_results import ItemResults
from .result_places import Places, can_be_done_again

_AT_ONCE = 100
"""Items of a page."""


class Registry(Protocol):
    """What is asked of the registry."""

    def page(self, loop_id: str, start: int, most: int) -> Page:
        """See `core.engine.questions`."""

    def selection_of(self, loop_id: str) -> Selection:
        """See `core.engine.questions`."""

    def snapshot(self, loop_id: str) -> Snapshot:
        """See `core.engine.questions`."""

    def results_gone(
        self, key: LoopKey, batch: int, paths: Collection[str], node: str, why: str = ...
    ) -> None:
        """See `core.engine.lost_results`."""

    def results_back(self, key: LoopKey, batch: int, paths: Collection[str]) -> None:
        """See `core.engine.lost_results`."""

    def outputs_together(self, key: LoopKey, path: str) -> Sequence[str]:
        """See `core.engine.lost_results`."""


@dataclass(frozen=True)
class Pictures:
    """The files that a film is made of."""

    paths: Sequence[str]
    """Real paths, in order."""
    first: int = 0
    """Of a film's frames, the number of that which the first one was made from."""


_Window = tuple[int, Sequence[str | None]]
"""The number of its first frame, and the results of its frames."""


@dataclass(frozen=True)
class Found:
    """What there is of a batch."""

    results: Mapping[str, ItemResults]
    """By the labels of variants; with an empty label if the batch has none."""
    deleted: Sequence[str]
    """Items that are done and have lost a result for good, by their paths."""
    back: Sequence[str] = ()
    """Items that had lost one, and have all of them again."""


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
    is_shared: Callable[[str], bool] = lambda _path: True
    """Whether each server that works on the batch has the same file at a real path."""
    _is_in_folder: dict[str, bool] = field(default_factory=dict)
    """Whether folders of results lead to `folder` by a link: each is asked for once."""
    _why: list[ResultsMissing] = field(default_factory=list)
    """Why all results are missing that are, where it is known."""
    _refused: list[PathRefused] = field(default_factory=list)
    """Why some are that may not be read."""

    def found(self, key: LoopKey) -> Found:
        """The results of all items, read page by page."""
        by_label: defaultdict[str, ItemResults] = defaultdict(ItemResults)
        lost: list[tuple[str, list[str]]] = []
        filled = Places()
        back: list[str] = []
        pending: list[Item] = []
        for item, outputs in self._items(key):
            is_back = bool(outputs) and item.may_be_back and self._is_back(key, item.path, outputs)
            if is_back:
                back.append(item.path)
            failed = item.state is ItemState.FAILED and not is_back
            wanted = self._wanted([] if failed else outputs)
            there = list(wanted.values())
            results = by_label[label_in(item.path) if key.has_variants else ""]
            results.add(item.path, there)
            if item.is_lost and not is_back and not there:
                results.lost.append(item.path)
            if item.state is ItemState.PENDING:
                pending.append(item)
                if not (item.is_lost or there):
                    results.unpaired.add(item.path)
            for path in filter(wanted.get, wanted):
                filled.add(key.entry(item.path), path)
            if None in there:
                lost.append((item.path, [path for path, file in wanted.items() if file is None]))
        if pending:
            self._note_pending(key, pending, by_label.values())
        deleted = [
            item
            for item, paths in lost
            if any(
                filled.are_there(key.entry(item), path) and self._is_deleted(path) for path in paths
            )
            and can_be_done_again(key, item)
        ]
        return Found(by_label, deleted, back)

    def _note_pending(
        self, key: LoopKey, pending: Sequence[Item], found: Iterable[ItemResults]
    ) -> None:
        """Tell what has no partner from what somebody has retried meanwhile.

        If more is pending than has no partner, Retry failed was pressed.
        """
        if len(pending) != self.registry.snapshot(key.id).counts.unpaired:
            for results in found:
                results.unpaired.clear()
            return
        self._why.extend(_alone(item.path) for item in pending if item.is_lost)

    def of_frames(self, key: LoopKey, frames: int, found: ItemResults, label: str = "") -> Pictures:
        """The results of a film's frames, of which there are `frames`; each exactly once.

        `label` is that of the variant whose results are `found`. Of a window, the frames that the
        one before has, too, are left out, unless that one is missing. Frames that were left out as
        they had results already are found by their names. What was made of a window that the film
        no longer has, as it has become longer or shorter, is in no film; but nothing is made as
        long as one of these has lost its result. The film ends before the last windows if these
        have no partner.
        """
        selection = self.registry.selection_of(key.id)
        windows = Windows.of(selection)
        places = selection.in_range(range(windows.count(frames)))
        items = map(entry_in, found.items) if label else found.items
        numbers = _numbers_of(items, windows, places, frames)
        while numbers and numbers[-1] >= 0 and found.items[numbers[-1]] in found.unpaired:
            numbers.pop()
        places = places[: len(numbers)]
        if not places:
            raise ResultsMissing(_NOTHING)
        first, unlisted = places[0] * windows.step, 0
        end = min(places[-1] * windows.step + windows.frames, frames)
        self._check_behind(key, end, found.lost)

        def window(place: int) -> _Window:
            nonlocal unlisted
            self.going_on()
            begin = place * windows.step
            count = windows.frames_at(place, frames)
            path = path_of(key, begin, count)
            path = taken_with(path, label) if label else path
            number = numbers[place - places[0]]
            there = self._by_name(selection, path, count) if number < 0 else found.of(number)
            unlisted += number < 0 and not there
            if there and len(there) != count:
                raise ResultsMissing(_of_another_number(path, len(there), count))
            return begin, there

        filling = Filling(self.missing)
        for frame, result in enumerate(_each_once(map(window, places), first, end), first):
            filling.add(result, partial(_named, frame, label))
        if unlisted:
            self._why.append(_unlisted(unlisted))
        return Pictures(self._filled(filling), first)

    def _check_behind(self, key: LoopKey, end: int, lost: Sequence[str]) -> None:
        """Refuse what has lost its result, and is behind the film's last frame by now."""
        behind = [title_of(path) for path in lost if _end(key, path) > end]
        if behind and self.missing is MissingResults.REFUSE:
            raise missing_results(behind, len(behind))

    def of_items(self, found: ItemResults) -> Pictures:
        """The results of all items but those without a partner, several of one in natural order."""
        if len(found.items) == len(found.unpaired):
            raise ResultsMissing(_NOTHING)
        filling = Filling(self.missing)
        for item, results in found:
            if item in found.unpaired:
                continue
            for result in results or [None]:
                filling.add(result, partial(title_of, item))
        return Pictures(self._filled(filling))

    def _filled(self, filling: Filling) -> Sequence[str]:
        """A result for each picture; raises ResultsMissing, and says why if that is known."""
        why, refused = next(iter(self._why), None), next(iter(self._refused), None)
        return filling.filled(why, refused)

    def _items(self, key: LoopKey) -> Iterator[tuple[Item, Sequence[str]]]:
        """All items with their outputs, a page at a time."""
        start = 0
        while True:
            self.going_on()
            page = self.registry.page(key.id, start, _AT_ONCE)
            yield from page.items
            start += len(page.items)
            if not page.items or start >= page.total:
                return

    def _wanted(self, outputs: Sequence[str]) -> dict[str, str | None]:
        """Those results of an item that the film is made of, in order, each with its file.

        A result may be a link: a person has moved it elsewhere, or a program that finds equal files
        has put it there.
        """
        wanted = sorted(filter(self._is_wanted, outputs), key=natural_key)
        return {path: self._file_at(path) for path in wanted}

    def _is_wanted(self, path: str) -> bool:
        """Whether a result is a picture, and in the folder whose results are taken."""
        if os.path.splitext(path)[1].lower() not in IMAGE_EXTENSIONS:
            return False
        if self.folder is None or is_within(path, self.folder):
            return True
        folder = os.path.dirname(path)
        if folder not in self._is_in_folder:
            self._is_in_folder[folder] = is_within(os.path.realpath(folder), self.folder)
        return self._is_in_folder[folder]

    def _is_back(self, key: LoopKey, item: str, outputs: Sequence[str]) -> bool:
        """Whether all results are there of what had lost one, and of what goes together with it.

        In a pair, it may be the other one that has lost it.
        """
        if not all(map(self._is_there, outputs)):
            return False
        return all(map(self._is_there, self.registry.outputs_together(key, item)))

    def _is_there(self, path: str) -> bool:
        return is_allowed_file(path, self.allowed)

    def _file_at(self, path: str) -> str | None:
        """The real path of a result; None if it is not there.

        A person may have moved it, or its folder, to another drive, and have put a link there.
        """
        try:
            file = check_source_file(path, self.allowed)
        except PathRefused as error:
            self._refused.append(error)
            return None
        return file if os.path.isfile(file) else None

    def _is_deleted(self, path: str) -> bool:
        """Whether a result that is missing was deleted, where others of its folder are there.

        It may as well be on a drive that is away, in a folder that is not allowed any more, or
        with the machine that made it. What is no file, such as a broken link, is no result.
        """
        try:
            check_source_file(path, self.allowed)
        except PathRefused:
            return False
        return self.is_shared(path) and not os.path.isfile(path)

    def _by_name(self, selection: Selection, path: str, count: int) -> Sequence[str | None]:
        """The results of an item that has no part in the batch, as it had them before."""
        for name in selection.finished:
            whole = os.path.join(name.folder, *name.of(path).split("/"))
            stem, extension = os.path.splitext(whole)
            digits = len(str(count))
            several = [f"{stem}_{number:0{digits}}{extension}" for number in range(1, count + 1)]
            paths = several if count > 1 else [whole]
            files = [self._file_at(path) if self._is_wanted(path) else None for path in paths]
            if None not in files:
                return files
        return []


def _numbers_of(
    entries: Iterable[str], windows: Windows, places: Sequence[int], frames: int
) -> array[int]:
    """Of the item at each of the places of windows, its number, from 0; -1 if it is not there.

    One that has another number of frames than the film has there now is not: it has become longer
    or shorter, and has `frames`.
    """
    numbers = array("q", [-1]) * len(places)
    for number, entry in enumerate(entries if places else ()):
        place = frame_in(entry) // windows.step - places[0]
        if not 0 <= place < len(places):
            continue
        if frames_of(entry) == windows.frames_at(places[place], frames):
            numbers[place] = number
    return numbers


def _each_once(found: Iterable[_Window], first: int, end: int) -> Iterator[str | None]:
    """The result of each frame from `first` to `end`, of the earliest window that has one."""
    at_hand: list[_Window] = []
    for begin, results in chain(found, [(end, [])]):
        for frame in range(first, begin):
            there = (each[frame - at] for at, each in at_hand if frame - at < len(each))
            yield next(filter(None, there), None)
        first = begin
        at_hand = [(at, each) for at, each in at_hand if at + len(each) > begin]
        at_hand.append((begin, results))


def _named(frame: int, label: str) -> str:
    return f"frame {frame} with {quoted(label)}" if label else f"frame {frame}"


def _end(key: LoopKey, path: str) -> int:
    """The number of the frame behind the last one of an item."""
    entry = key.entry(path)
    return frame_in(entry) + frames_of(entry)


def _alone(path: str) -> ResultsMissing:
    return ResultsMissing(
        f"{quoted(title_of(path))} waits for a partner: the items of the other side of the pair, "
        "or the order of one side, have changed since it was done. Put back what it was, and run "
        "again, or press Start over."
    )


def _unlisted(windows: int) -> ResultsMissing:
    has = "has one run" if windows == 1 else f"has {windows} runs"
    return ResultsMissing(
        f"The video {has} that the batch does not have yet, as it has become longer or shorter. "
        "Press Run: what is missing is done first."
    )


_NOTHING = (
    "No video was made: the batch has no results. Connect loop to the Loop End whose batch is to "
    "be made a video."
)


def _of_another_number(path: str, found: int, wanted: int) -> str:
    return (
        f"No video was made: {quoted(title_of(path))} has {counted(found, 'result')}, and "
        f"{counted(wanted, 'frame')}. If several nodes save results, enter in results "
        "the folder of those that make the video. A model that makes more or fewer frames than it "
        "is given cannot keep the video's times."
    )
