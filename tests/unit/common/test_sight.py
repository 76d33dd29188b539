from __future__ import annotations

import os
from pathlib import Path

import pytest

from batch_loop.core.common.sight import Sight, digest, read, seen
from batch_loop.core.model.records import Written

WRITTEN = 1_732_700_000_123_456_789
SECOND = 10**9


@pytest.mark.parametrize(
    "found",
    [
        WRITTEN,
        WRITTEN // 100 * 100,  # NTFS, SMB
        WRITTEN // 1000 * 1000,
        WRITTEN // (SECOND // 100) * (SECOND // 100),  # exFAT
        WRITTEN // SECOND * SECOND,
        WRITTEN // (2 * SECOND) * (2 * SECOND),  # FAT
        -(-WRITTEN // SECOND) * SECOND,
    ],
)
def test_a_time_that_the_file_system_rounds_is_the_same(found: int) -> None:
    assert Sight(WRITTEN, 5).is_of(Sight(found, 5))
    assert Sight(WRITTEN).is_of(Sight(found, 5))


@pytest.mark.parametrize(
    "found",
    [
        Sight(WRITTEN, 6),
        Sight(WRITTEN + 200, 5),
        Sight(WRITTEN + SECOND // 10, 5),
        Sight(WRITTEN - SECOND // 10, 5),
        Sight(WRITTEN // SECOND * SECOND + 3 * SECOND, 5),
        Sight(WRITTEN // SECOND * SECOND - 3 * SECOND, 5),
        Sight(0, 5),
    ],
)
def test_another_time_or_size_is_another_file(found: Sight) -> None:
    assert not Sight(WRITTEN, 5).is_of(found)


def test_a_file_is_replaced_only_if_it_is_known_to_look_otherwise() -> None:
    def is_replaced(*sights: Sight, found: Sight | None) -> bool:
        return Written("", "a", 1, under_way=False, sights=sights).is_replaced(found)

    there = Sight(WRITTEN, 5)
    assert not is_replaced(found=there)
    assert not is_replaced(Sight(1), found=None)
    assert not is_replaced(Sight(1), there, found=there)
    assert is_replaced(Sight(1), Sight(WRITTEN, 6), found=there)


def test_content_tells_what_a_time_does_not() -> None:
    left, touched = Sight(WRITTEN, 5, digest(b"12345")), Sight(0, 5)
    written = Written("", "a", 1, under_way=False, sights=(left,))
    assert written.is_in_doubt(touched)
    assert not written.is_replaced(touched._replace(digest=digest(b"12345")))
    for other in (Sight(0, 5, digest(b"1234_")), Sight(0, 6), Sight(WRITTEN, 6)):
        assert written.is_replaced(other)
        assert not written.is_in_doubt(other)
    assert not written.is_in_doubt(Sight(WRITTEN, 5))
    assert not Written("", "a", 1, under_way=False, sights=(Sight(1, 5),)).is_in_doubt(touched)


def test_a_file_is_read_in_parts(tmp_path: Path) -> None:
    path, data = tmp_path / "a", bytes(range(256)) * 10_000
    path.write_bytes(data)
    assert read(str(path), Sight(1, 2)) == Sight(1, 2, digest(data))


@pytest.mark.parametrize(
    "kind", ["none", "folder", *(["link", "pipe"] if hasattr(os, "mkfifo") else [])]
)
def test_what_is_no_file_is_like_none_that_was_written(tmp_path: Path, kind: str) -> None:
    path, other = tmp_path / "a", tmp_path / "b"
    other.touch()
    if kind == "folder":
        path.mkdir()
    if kind == "link":
        path.symlink_to(other)
    if kind == "pipe":
        os.mkfifo(path)
    assert not Sight(0, 2, digest(b"")).is_of(read(str(path), Sight(WRITTEN, 2)))


def test_a_file_is_seen_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a"
    assert seen(str(path)) is None
    assert seen(str(path) + "\0") is None
    path.write_bytes(b"12345")
    os.utime(path, ns=(1, WRITTEN))
    assert seen(str(path)) == Sight(WRITTEN, 5)
    (tmp_path / "link").symlink_to(path)
    assert seen(str(tmp_path / "link")) != Sight(WRITTEN, 5)
