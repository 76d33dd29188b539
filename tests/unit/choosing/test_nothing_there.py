"""Why a folder has no images is told after a look at a limited number of files and folders."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import DirEntry
from pathlib import Path

import pytest

from batch_loop.core.choosing import nothing_there as module
from batch_loop.core.choosing.nothing_there import NothingThere, Why, nothing_there
from batch_loop.core.files import listing
from batch_loop.core.model.selection import Filter, Selection


def write(folder: Path, *names: str) -> None:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of all entries that are read, of which 10 are the most."""
    monkeypatch.setattr(module, "MOST_ENTRIES", 10)
    names: list[str] = []
    scanned = listing.scanned

    @contextmanager
    def noting(folder: str) -> Iterator[Iterator[DirEntry[str]]]:
        with scanned(folder) as entries:
            yield (names.append(entry.name) or entry for entry in entries)

    monkeypatch.setattr(listing, "scanned", noting)
    return names


@pytest.mark.parametrize("recursive", [False, True])
@pytest.mark.parametrize(
    "names",
    [
        [f"{number:02}.txt" for number in range(30)],
        [f".hidden{number:02}" for number in range(30)],
        [f"{folder}/{number}.txt" for folder in "abc" for number in range(9)],
        [f"{number:02}/a.png/b" for number in range(30)],
    ],
    ids=["files", "hidden", "in folders", "folders"],
)
def test_every_entry_that_is_read_counts(
    tmp_path: Path, read: list[str], names: list[str], *, recursive: bool
) -> None:
    write(tmp_path, *names)
    nothing_there(str(tmp_path), Selection(recursive=recursive))
    assert 0 < len(read) <= 10


def test_subfolders_are_not_read_where_the_folder_itself_has_images(
    tmp_path: Path, read: list[str]
) -> None:
    write(tmp_path, "a.png", "b.txt", "sub/c.png", "sub/d.png")
    found = nothing_there(str(tmp_path), Selection(Filter.WEBP))
    assert found == NothingThere(Why.FILTER, images=1)
    assert set(read) <= {"a.png", "b.txt", "sub", "c.png", "d.png"}


def test_a_folder_full_of_folders_is_not_empty(tmp_path: Path, read: list[str]) -> None:
    write(tmp_path, *(f"{folder}/a.txt" for folder in "abc"))
    assert nothing_there(str(tmp_path), Selection()) == NothingThere(Why.FOLDERS, folders=3)
    every = nothing_there(str(tmp_path), Selection(recursive=True))
    assert every == NothingThere(Why.OTHER, kinds=((".txt", 3),))
    assert read


def test_images_in_subfolders_are_told_before_other_files(tmp_path: Path) -> None:
    write(tmp_path, "notes.txt", "sub/a.png", "sub/sub/b.png")
    found = nothing_there(str(tmp_path), Selection())
    assert found == NothingThere(Why.SUBFOLDERS, images=2)
