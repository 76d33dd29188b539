"""New files in a watched folder: when it is worth looking, and when a file is whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batch_loop.core.files.growing_files import STILL_SECONDS, TICK_SECONDS, Arrivals
from batch_loop.core.model.selection import Companion, CompanionKind, Selection, WhenMissing

SELECTION = Selection()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    path.write_bytes(b"first")
    return path


NOW = 1000.0
"""A time by a clock unrelated to that of the files."""


def test_a_file_just_written_is_whole_if_it_has_not_changed_since(file: Path) -> None:
    arrivals, now = Arrivals(), NOW
    assert not arrivals.is_whole(str(file), now)
    assert not arrivals.is_whole(str(file), now + STILL_SECONDS / 2)
    assert arrivals.is_whole(str(file), now + STILL_SECONDS)


def test_a_file_is_not_whole_while_it_grows(file: Path) -> None:
    arrivals, now = Arrivals(), NOW
    for look in range(5):
        assert not arrivals.is_whole(str(file), now + look * STILL_SECONDS)
        with file.open("ab") as more:
            more.write(b"more")
    now += 10 * STILL_SECONDS
    assert not arrivals.is_whole(str(file), now)
    assert arrivals.is_whole(str(file), now + STILL_SECONDS)


def test_a_file_with_the_same_size_and_another_time_has_changed(file: Path) -> None:
    arrivals, now = Arrivals(), NOW
    arrivals.is_whole(str(file), now)
    os.utime(file, (0, 0))
    assert not arrivals.is_whole(str(file), now + STILL_SECONDS)


@pytest.mark.parametrize("changed", [0, 4e9])
def test_no_file_is_whole_at_the_first_look_whatever_its_time(file: Path, changed: float) -> None:
    os.utime(file, (changed, changed))
    arrivals = Arrivals()
    assert not arrivals.has_seen(str(file))
    assert not arrivals.is_whole(str(file), NOW)
    assert arrivals.has_seen(str(file))
    assert arrivals.is_whole(str(file), NOW + STILL_SECONDS)
    assert arrivals.is_whole(str(file), NOW + STILL_SECONDS), "and still is at the next look"


def test_a_file_that_is_gone_is_left_to_whoever_opens_it(tmp_path: Path) -> None:
    assert Arrivals().is_whole(str(tmp_path / "none"), 0.0)


def looked(folder: Path, *unknown: Path, took: float = 0.0) -> Arrivals:
    """Two looks at a folder, far enough apart for changes to have another timestamp."""
    arrivals = Arrivals()
    for now in (NOW, NOW + TICK_SECONDS):
        arrivals.looking(str(folder), SELECTION, now)
        arrivals.looked(now, now + took, [str(path) for path in unknown])
    for path in unknown:
        arrivals.is_whole(str(path), NOW)
    return arrivals


LATER = NOW + TICK_SECONDS + 1


def test_a_folder_that_has_not_changed_is_not_read_again(tmp_path: Path, file: Path) -> None:
    arrivals = looked(tmp_path)
    assert not arrivals.worth_a_look(str(tmp_path), SELECTION, LATER)
    assert arrivals.worth_a_look(str(tmp_path), Selection(descending=True), LATER)
    file.rename(tmp_path / "b.png")
    os.utime(tmp_path, (0, 0))  # whatever its clock says
    assert arrivals.worth_a_look(str(tmp_path), SELECTION, LATER)


def test_a_folder_that_has_changed_is_read_again(tmp_path: Path) -> None:
    arrivals = Arrivals()
    os.utime(tmp_path, (0, 0))
    arrivals.looking(str(tmp_path), SELECTION, NOW)
    arrivals.looked(NOW, NOW, [])
    assert arrivals.worth_a_look(str(tmp_path), SELECTION, NOW + 1)


def test_the_folder_is_read_while_a_file_has_not_joined(tmp_path: Path, file: Path) -> None:
    assert looked(tmp_path, file).worth_a_look(str(tmp_path), SELECTION, LATER)


def test_subfolders_are_read_each_time(tmp_path: Path) -> None:
    selection = Selection(recursive=True)
    arrivals = Arrivals()
    for now in (NOW, NOW + TICK_SECONDS):
        arrivals.looking(str(tmp_path), selection, now)
        arrivals.looked(now, now, [])
    assert arrivals.worth_a_look(str(tmp_path), selection, LATER)


@pytest.mark.parametrize(
    ("pattern", "when_missing", "is_read"),
    [
        ("../masks/{stem}.png", WhenMissing.LEAVE_OUT, True),
        ("../masks/{stem}.png", WhenMissing.FAIL, False),
        ("{stem}_mask.png", WhenMissing.LEAVE_OUT, False),
    ],
)
def test_an_image_may_wait_for_a_file_in_another_folder(
    tmp_path: Path, pattern: str, when_missing: WhenMissing, *, is_read: bool
) -> None:
    companion = Companion(pattern, when_missing, CompanionKind.IMAGE)
    selection = Selection(companions=(companion,))
    arrivals = Arrivals()
    for now in (NOW, NOW + TICK_SECONDS):
        arrivals.looking(str(tmp_path), selection, now)
        arrivals.looked(now, now, [])
    assert arrivals.worth_a_look(str(tmp_path), selection, LATER) is is_read


def test_a_long_look_is_followed_by_a_long_rest(tmp_path: Path, file: Path) -> None:
    arrivals = looked(tmp_path, file, took=1.0)
    began = NOW + TICK_SECONDS
    assert not arrivals.worth_a_look(str(tmp_path), SELECTION, began + 20)
    assert arrivals.worth_a_look(str(tmp_path), SELECTION, began + 22)
