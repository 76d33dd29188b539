"""New files in a watched folder: when it pays to look, and when a file is whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batch_loop.nodes.io.arrivals import QUIET_SECONDS, STILL_SECONDS, Arrivals
from batch_loop.nodes.io.listing import Selection

SELECTION = Selection()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    path.write_bytes(b"first")
    return path


def born(path: Path) -> float:
    status = path.stat()
    return max(status.st_mtime, status.st_ctime)


def test_a_file_that_was_just_written_is_whole_when_it_has_not_changed_since(file: Path) -> None:
    arrivals, now = Arrivals(), born(file)
    assert not arrivals.is_whole(str(file), now)
    assert not arrivals.is_whole(str(file), now + STILL_SECONDS / 2)
    assert arrivals.is_whole(str(file), now + STILL_SECONDS)


def test_a_file_that_grows_is_not_whole_however_often_one_looks(file: Path) -> None:
    arrivals, now = Arrivals(), born(file)
    for look in range(5):
        assert not arrivals.is_whole(str(file), now + look * STILL_SECONDS)
        with file.open("ab") as more:
            more.write(b"more")
    now = born(file) + 10 * STILL_SECONDS
    assert not arrivals.is_whole(str(file), now)
    assert arrivals.is_whole(str(file), now + STILL_SECONDS)


def test_a_file_of_the_same_size_and_another_time_has_changed(file: Path) -> None:
    arrivals, now = Arrivals(), born(file)
    arrivals.is_whole(str(file), now)
    os.utime(file, (0, 0))
    assert not arrivals.is_whole(str(file), now + STILL_SECONDS)


def test_a_file_that_lay_there_before_the_first_look_is_whole(file: Path) -> None:
    arrivals, now = Arrivals(), born(file) + QUIET_SECONDS + 1
    assert arrivals.is_whole(str(file), now)
    assert arrivals.is_whole(str(file), now), "and still is at the next look"


def test_a_time_that_a_program_has_set_back_deceives_nobody(file: Path) -> None:
    os.utime(file, (0, 0))
    assert not Arrivals().is_whole(str(file), born(file))


def test_a_file_that_is_gone_is_left_to_whoever_opens_it(tmp_path: Path) -> None:
    assert Arrivals().is_whole(str(tmp_path / "none"), 0.0)


def looked(folder: Path, now: float, *unknown: Path, took: float = 0.0) -> Arrivals:
    arrivals = Arrivals()
    arrivals.looking(str(folder), SELECTION, now)
    arrivals.looked(now, now + took, [str(path) for path in unknown])
    for path in unknown:
        arrivals.is_whole(str(path), now)
    return arrivals


def test_a_folder_that_has_not_changed_is_not_read_again(tmp_path: Path, file: Path) -> None:
    later = born(tmp_path) + QUIET_SECONDS + 1
    arrivals = looked(tmp_path, later)
    assert not arrivals.worth_a_look(str(tmp_path), SELECTION, later + 1)
    assert arrivals.worth_a_look(str(tmp_path), Selection(descending=True), later + 1)
    file.rename(tmp_path / "b.png")
    assert arrivals.worth_a_look(str(tmp_path), SELECTION, later + 1)


def test_a_folder_that_has_just_changed_is_read_again(tmp_path: Path, file: Path) -> None:
    now = born(file)
    assert looked(tmp_path, now).worth_a_look(str(tmp_path), SELECTION, now + 1)


def test_while_a_file_has_not_joined_the_folder_is_read(tmp_path: Path, file: Path) -> None:
    later = born(tmp_path) + QUIET_SECONDS + 1
    assert looked(tmp_path, later, file).worth_a_look(str(tmp_path), SELECTION, later + 1)


def test_subfolders_are_read_each_time(tmp_path: Path) -> None:
    now = born(tmp_path) + QUIET_SECONDS + 1
    selection = Selection(recursive=True)
    arrivals = Arrivals()
    arrivals.looking(str(tmp_path), selection, now)
    arrivals.looked(now, now, [])
    assert arrivals.worth_a_look(str(tmp_path), selection, now + 1)


def test_after_a_long_look_comes_a_long_rest(tmp_path: Path) -> None:
    now = born(tmp_path)
    arrivals = looked(tmp_path, now, took=1.0)
    assert not arrivals.worth_a_look(str(tmp_path), SELECTION, now + 20)
    assert arrivals.worth_a_look(str(tmp_path), SELECTION, now + 22)
