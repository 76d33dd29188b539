"""Which results of a film's windows a film is made of, once the film is longer or shorter."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest

from batch_loop.core.assembling.results import Wanted
from batch_loop.core.common.errors import ResultsMissing
from batch_loop.core.files.allowed_paths import AllowedFolders
from batch_loop.core.model.formats import MissingResults
from batch_loop.core.model.items import Counts, Item, ItemState
from batch_loop.core.model.loop_key import FRAMES, LoopKey
from batch_loop.core.model.records import Page, Snapshot
from batch_loop.core.model.selection import Selection
from batch_loop.core.model.titles import frames_of
from batch_loop.core.sources.frames import Frames, frame_in

WINDOW, OVERLAP = 4, 1
WINDOWS = Selection(options=(("frames", str(WINDOW)), ("overlap", str(OVERLAP))))


class Film:
    """A film, and a batch of its windows, each of which has a result for every frame."""

    def __init__(self, root: Path, frames: int) -> None:
        self.root, self.frames, self.selection = root, frames, WINDOWS
        self.key = LoopKey("", str(root / "clip.mp4"), source=FRAMES)
        self.items: dict[str, Item] = {}
        self.given: dict[str, tuple[str, ...]] = {}
        """Results of items that have other ones than one for each frame."""
        self.source = Frames(lambda _path: self.frames)
        self.run()

    def run(self, frames: int | None = None) -> None:
        """Work on each window that the batch has not had, of the film as it is by now."""
        self.frames = frames or self.frames
        for path in self.source.listed(self.key, self.selection, seed=0):
            if path not in self.items:
                self.items[path] = Item(path, len(self.items), ItemState.DONE, turns=1)
                for file in self.results(path):
                    Path(file).touch()

    def results(self, path: str) -> tuple[str, ...]:
        first = frame_in(path)
        numbers = range(first, first + frames_of(path))
        return tuple(str(self.root / f"{path}_{number:04}.png") for number in numbers)

    def lose(self, path: str) -> None:
        self.items[path] = replace(self.items[path], state=ItemState.FAILED, lost_turn=1)
        Path(self.results(path)[0]).unlink()

    def is_unpaired(self, path: str) -> None:
        self.items[path] = Item(path, self.items[path].index)
        for file in self.results(path):
            Path(file).unlink()

    def page(self, loop_id: str, start: int, most: int) -> Page:  # noqa: ARG002
        items = [
            (
                item,
                ()
                if item.state is ItemState.PENDING
                else self.given.get(path) or self.results(path),
            )
            for path, item in self.items.items()
        ]
        return Page(len(items), start, tuple(items[start:]))

    def snapshot(self, loop_id: str) -> Snapshot:
        pending = sum(item.state is ItemState.PENDING for item in self.items.values())
        counts = Counts(pending=pending, unpaired=pending)
        return Snapshot(loop_id, "", self.key.directory, 1, counts)

    def selection_of(self, loop_id: str) -> Selection:
        assert loop_id == self.key.id
        return self.selection

    def results_gone(
        self, key: LoopKey, batch: int, paths: Collection[str], node: str, why: str = ""
    ) -> None:
        raise AssertionError((key, batch, paths, node, why))

    def results_back(self, key: LoopKey, batch: int, paths: Collection[str]) -> None:
        raise AssertionError((key, batch, paths))

    def outputs_together(self, key: LoopKey, path: str) -> tuple[str, ...]:
        assert key == self.key
        return self.results(path)

    def made_of(self, missing: MissingResults = MissingResults.REFUSE) -> list[str]:
        """The names of the results that a film is made of."""
        allowed = AllowedFolders(str(self.root), str(self.root), str(self.root / "temp"))
        wanted = Wanted(self, allowed, missing)
        found = wanted.found(self.key).results[""]
        return [Path(path).name for path in wanted.of_frames(self.key, self.frames, found).paths]


@pytest.fixture
def film(tmp_path: Path) -> Film:
    return Film(tmp_path.resolve(), 9)


def test_the_last_window_has_a_name_of_its_own(film: Film) -> None:
    windows = ["clip_000000.frames4", "clip_000003.frames4", "clip_000006.frames3"]
    assert list(film.items) == windows
    assert [name[-8:-4] for name in film.made_of()] == [f"{number:04}" for number in range(9)]
    assert film.made_of()[6:] == [
        "clip_000003.frames4_0006.png",
        "clip_000006.frames3_0007.png",
        "clip_000006.frames3_0008.png",
    ]


@pytest.mark.parametrize("frames", [*range(2, 9), *range(10, 17)])
def test_of_a_longer_or_shorter_film_a_run_does_what_has_changed(film: Film, frames: int) -> None:
    before = set(film.items)
    film.run(frames)
    now = film.source.listed(film.key, film.selection, seed=0)
    assert set(film.items) == before.union(now)
    assert [name[-8:-4] for name in film.made_of()] == [f"{each:04}" for each in range(frames)]
    assert {name[:-9] for name in film.made_of()} <= set(now), "of no window that it has no more"


def test_a_film_that_has_changed_during_its_last_run_needs_one_more(film: Film) -> None:
    film.frames = 12
    with pytest.raises(ResultsMissing, match=r"The video has 2 runs that the batch does not have"):
        film.made_of()
    assert len(film.made_of(MissingResults.REPEAT)) == 12
    film.run(12)
    assert len(film.made_of()) == 12


def test_what_has_lost_its_result_behind_the_end_is_named(film: Film) -> None:
    film.lose("clip_000006.frames3")
    film.run(8)
    with pytest.raises(ResultsMissing, match=r"1 result missing, of clip_000006\. "):
        film.made_of()
    assert len(film.made_of(MissingResults.REPEAT)) == 8
    film.items["clip_000006.frames3"] = replace(film.items["clip_000006.frames3"], lost_turn=0)
    assert len(film.made_of()) == 8


def test_what_is_back_is_missed_no_more(film: Film) -> None:
    film.lose("clip_000006.frames3")
    Path(film.results("clip_000006.frames3")[0]).touch()
    assert len(film.made_of()) == 9
    film.run(8)
    assert len(film.made_of()) == 8


def test_what_a_longer_film_has_in_another_window_is_not_missed(film: Film) -> None:
    film.lose("clip_000006.frames3")
    film.run(12)
    assert len(film.made_of()) == 12


def test_a_film_ends_before_the_windows_that_have_no_partner(film: Film) -> None:
    film.is_unpaired("clip_000006.frames3")
    assert [name[-8:-4] for name in film.made_of()] == [f"{number:04}" for number in range(7)]
    film.is_unpaired("clip_000000.frames4")
    with pytest.raises(ResultsMissing, match=r"3 results missing, of frame 0, frame 1, frame 2\. "):
        film.made_of()
    film.is_unpaired("clip_000003.frames4")
    with pytest.raises(ResultsMissing, match="the batch has no results"):
        film.made_of()
