"""Which results the frames of a film have, by windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from batch_loop.core.assembling.item_results import ItemResults
from batch_loop.core.assembling.results import Wanted
from batch_loop.core.common.errors import ResultsMissing
from batch_loop.core.files.allowed_paths import AllowedFolders
from batch_loop.core.model.formats import MissingResults
from batch_loop.core.model.loop_key import FRAMES, LoopKey
from batch_loop.core.model.records import Page
from batch_loop.core.model.result_names import ResultName
from batch_loop.core.model.selection import Selection

FILM_FRAMES = 7


@dataclass
class Film:
    """A film whose frames come in windows of three, each of which shares one with the next."""

    root: Path
    start: int = 0
    """The first window."""
    missing: MissingResults = MissingResults.REFUSE
    name: str = "clip"
    finished: tuple[ResultName, ...] = field(default=())

    def selection_of(self, loop_id: str) -> Selection:
        assert loop_id == self.key.id
        options = (("frames", "3"), ("overlap", "1"))
        return Selection(options=options, start_index=self.start, finished=self.finished)

    def page(self, loop_id: str, start: int, most: int) -> Page:
        raise AssertionError((loop_id, start, most))

    def results_gone(
        self, key: LoopKey, batch: int, paths: object, node: str, why: str = ""
    ) -> None:
        raise AssertionError((key, batch, paths, node, why))

    @property
    def key(self) -> LoopKey:
        return LoopKey("", str(self.root / f"{self.name}.mp4"), source=FRAMES)

    def chosen(
        self, found: Mapping[int, Sequence[str | None]], label: str = ""
    ) -> tuple[int, list[str]]:
        """The first frame and the results, of windows' results by their first frames."""
        results = ItemResults()
        for frame, paths in found.items():
            beside = f" · {label}" if label else ""
            results.add(f"{self.name}_{frame:06}{beside}.frames3", paths)
        folder = str(self.root)
        wanted = Wanted(self, AllowedFolders(folder, folder, folder), self.missing)
        pictures = wanted.of_frames(self.key, FILM_FRAMES, results, label)
        return pictures.first, list(pictures.paths)


WHOLE = {0: ["a0", "a1", "a2"], 2: ["b2", "b3", "b4"], 4: ["c4", "c5", "c6"]}


@pytest.mark.parametrize(
    ("name", "label"), [("clip", ""), ("clip", "0.5_1"), ("a · b", ""), ("a · b_1", "x")]
)
def test_a_frame_that_windows_share_is_that_of_the_earlier_one(
    tmp_path: Path, name: str, label: str
) -> None:
    film = Film(tmp_path, name=name)
    assert film.chosen(WHOLE, label) == (0, ["a0", "a1", "a2", "b3", "b4", "c5", "c6"])


def test_a_frame_that_the_earlier_window_lacks_is_that_of_the_later_one(tmp_path: Path) -> None:
    found = {**WHOLE, 0: ["a0", "a1", None]}
    assert Film(tmp_path).chosen(found) == (0, ["a0", "a1", "b2", "b3", "b4", "c5", "c6"])


def test_of_a_part_of_the_windows_nothing_else_is_taken(tmp_path: Path) -> None:
    film = Film(tmp_path, start=1)
    assert film.chosen(WHOLE) == (2, ["b2", "b3", "b4", "c5", "c6"])


def test_what_is_missing_is_named_by_its_frame(tmp_path: Path) -> None:
    with pytest.raises(ResultsMissing, match=r"1 result missing, of frame 3\. "):
        Film(tmp_path).chosen({**WHOLE, 2: []})
    with pytest.raises(ResultsMissing, match=r'2 results missing, of frame 0 with "v", frame 1'):
        Film(tmp_path).chosen({**WHOLE, 0: [None, None, "a2"]}, "v")
    with pytest.raises(ResultsMissing, match=r"of frame 0, .*, frame 4 and 2 more"):
        Film(tmp_path, missing=MissingResults.REPEAT).chosen({0: [], 2: [], 4: []})


def test_what_is_missing_repeats_the_one_before_and_at_the_start_the_one_after(
    tmp_path: Path,
) -> None:
    film = Film(tmp_path, missing=MissingResults.REPEAT)
    found = {0: [None, None, None], 2: ["b2", "b3", None], 4: [None, "c5", None]}
    assert film.chosen(found) == (0, ["b2", "b2", "b2", "b3", "b3", "c5", "c5"])


def test_a_window_with_another_number_of_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsMissing, match="has 2 results, and 3 frames"):
        Film(tmp_path).chosen({**WHOLE, 2: ["b2", "b3"]})


def test_a_window_that_was_left_out_is_found_by_its_name(tmp_path: Path) -> None:
    named = ResultName(str(tmp_path), ("", "stem", ".png"))
    before = [tmp_path / f"clip_000002_{number}.png" for number in (1, 2, 3)]
    for path in before:
        path.touch()
    found = {frame: paths for frame, paths in WHOLE.items() if frame != 2}
    film = Film(tmp_path, finished=(named,))
    shown = ["a0", "a1", "a2", str(before[1]), str(before[2]), "c5", "c6"]
    assert film.chosen(found) == (0, shown)
