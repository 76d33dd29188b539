"""A file that is open only while it is read."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from batch_loop.core.common.sight import FileChanged, stamp_at
from batch_loop.core.sources.reopened import ReopenedFile
from batch_loop.tests.support.open_files import times_open

LINES = b"".join(b"line %d\n" % number for number in range(5_000))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_bytes(LINES)
    return path


@pytest.fixture
def file(path: Path) -> ReopenedFile:
    return ReopenedFile(lambda: path.open("rb"))


def replaced(path: Path) -> None:
    path.with_name("other").write_bytes(LINES)
    os.replace(path.with_name("other"), path)


def appended(path: Path) -> None:
    path.write_bytes(LINES + b"more\n")


def touched(path: Path) -> None:
    os.utime(path, ns=(0, 1))


@pytest.mark.linux
def test_it_is_open_while_it_is_read_and_reads_on_where_it_stood(
    path: Path, file: ReopenedFile
) -> None:
    assert times_open(path) == 0
    reader = io.BufferedReader(file, 100)
    found = b""
    while part := reader.read(777):
        assert times_open(path) == 1
        found += part
        file.release()
        assert times_open(path) == 0
    assert found == LINES


def test_lines_of_text_go_on_behind_a_release(file: ReopenedFile) -> None:
    text = io.TextIOWrapper(io.BufferedReader(file, 64), encoding="utf-8")
    found = ""
    for line in text:
        found += line
        file.release()
    assert found.encode() == LINES


@pytest.mark.parametrize("is_released", [False, True])
def test_any_place_can_be_sought(file: ReopenedFile, is_released: bool) -> None:  # noqa: FBT001
    reader = io.BufferedReader(file, 64)
    for offset, whence, at in [(100, 0, 100), (-7, 2, len(LINES) - 7), (0, 0, 0), (50, 1, 50)]:
        assert reader.seek(offset, whence) == reader.tell() == at
        if is_released:
            file.release()
        assert reader.read(7) == LINES[at : at + 7]
        reader.seek(at)


@pytest.mark.parametrize("change", [replaced, appended, touched])
def test_a_file_that_has_changed_is_not_read_on(
    path: Path, file: ReopenedFile, change: Callable[[Path], None]
) -> None:
    assert file.read(6) == LINES[:6]
    file.release()
    change(path)
    for ask in (lambda: file.read(6), lambda: file.seek(0)):
        with pytest.raises(FileChanged):
            ask()


@pytest.mark.linux
def test_nothing_stays_open_where_it_cannot_be_read_on(path: Path, file: ReopenedFile) -> None:
    file.read(6)
    file.release()
    touched(path)
    with pytest.raises(FileChanged):
        file.read(6)
    assert times_open(path) == 0


def test_what_opening_raises_is_raised_where_it_is_read(path: Path, file: ReopenedFile) -> None:
    assert file.read(5) == b"line "
    file.release()
    content = path.rename(path.with_name("away"))
    with pytest.raises(FileNotFoundError):
        file.read(1_000)
    content.rename(path)
    assert file.read(6_000) == LINES[5:6_005]


def test_a_closed_file_is_not_opened_again(path: Path) -> None:
    opened: list[BinaryIO] = []

    def open_it() -> BinaryIO:
        opened.append(path.open("rb"))
        return opened[-1]

    file = ReopenedFile(open_it)
    reader = io.BufferedReader(file)
    reader.read(5)
    reader.close()
    reader.close()
    assert [each.closed for each in opened] == [True]
    with pytest.raises(ValueError, match="closed"):
        file.read(1)
    assert len(opened) == 1


def test_a_file_that_is_gone_has_no_stamp(path: Path) -> None:
    before = stamp_at(str(path))
    assert before is not None
    assert before == stamp_at(str(path))
    path.unlink()
    assert stamp_at(str(path)) is None
