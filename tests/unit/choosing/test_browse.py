"""What a page sees of folders: the allowed ones, and what is in them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from batch_loop.core.choosing import browse as module
from batch_loop.core.choosing import nothing_there as nothing_there_module
from batch_loop.core.choosing.browse import MOST_FOLDERS, MOST_SECONDS, Within, browse
from batch_loop.core.choosing.folder_dialog import folder_to_start_in
from batch_loop.core.choosing.nothing_there import count_kind, nothing_there
from batch_loop.core.common.errors import FolderNotFound, NotAFolder, PathRefused
from batch_loop.core.files import listing
from batch_loop.core.files.allowed_paths import AllowedFolders, as_written, resolve_source
from batch_loop.core.files.real_paths import scanned
from batch_loop.core.model.selection import Selection


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = Path(os.path.realpath(tmp_path))
    for name in ("input/pics/img10", "input/pics/img2", "input/pics/.hidden", "output", "temp"):
        (root / name).mkdir(parents=True)
    for name in ("extra/deep", "outside/secret"):
        (root / name).mkdir(parents=True)
    return root


@pytest.fixture
def allowed(root: Path) -> AllowedFolders:
    folders = (str(root / name) for name in ("input", "output", "temp"))
    return AllowedFolders(*folders, extra=(str(root / "extra"),), how_to_allow=str(root / "file"))


@pytest.fixture
def slow_drive(monkeypatch: pytest.MonkeyPatch) -> SlowDrive:
    drive = SlowDrive()
    for each in (module, listing):
        monkeypatch.setattr(each, "scanned", drive.scanned)
    return drive


class SlowDrive:
    """A drive that takes its time to open a folder, and the clock of that time."""

    SECONDS = MOST_SECONDS / 10

    def __init__(self) -> None:
        self.opened: list[str] = []

    def clock(self) -> float:
        return len(self.opened) * self.SECONDS

    @contextmanager
    def scanned(self, folder: str) -> Iterator[Iterator[os.DirEntry[str]]]:
        self.opened.append(folder)
        with scanned(folder) as entries:
            yield entries


def test_the_first_list_is_the_allowed_folders(root: Path, allowed: AllowedFolders) -> None:
    shown = browse("", allowed)
    assert shown.folders == (
        ("input", str(root / "input")),
        ("output", str(root / "output")),
        ("temp", str(root / "temp")),
        (str(root / "extra"), str(root / "extra")),
    )
    assert (shown.path, shown.parent, shown.more, shown.images) == ("", None, False, 0)


def test_subfolders_are_in_natural_order(root: Path, allowed: AllowedFolders) -> None:
    pics = root / "input" / "pics"
    for name in ("a.png", "b.JPG", "c.txt", ".d.png"):
        (pics / name).touch()
    (pics / "e.png").mkdir()
    shown = browse(str(pics), allowed)
    assert shown.folders == tuple((name, str(pics / name)) for name in ("e.png", "img2", "img10"))
    assert (shown.path, shown.parent) == (str(pics), str(root / "input"))
    assert (shown.more, shown.images) == (False, 2)
    assert browse(shown.folders[0][1], allowed).parent == str(pics)


def test_the_way_up_ends_at_an_allowed_folder(root: Path, allowed: AllowedFolders) -> None:
    assert browse(str(root / "input"), allowed).parent is None
    within = replace(allowed, extra=(str(root / "input" / "pics"),))
    assert browse(str(root / "input" / "pics"), within).parent is None


@pytest.mark.parametrize("name", ["pics ", " pics", "'pics'", '"pics"', "\u3000pics"])
@pytest.mark.parametrize("place", ["input", "input/pics", "extra"])
def test_a_name_with_spaces_or_quotes_around_it_is_found_again(
    root: Path, allowed: AllowedFolders, place: str, name: str
) -> None:
    folder = str(root / place / name)
    os.mkdir(folder)
    [written] = [
        as_written(full, allowed)
        for shown, full in browse(str(root / place), allowed).folders
        if shown == name
    ]
    assert resolve_source(written, allowed) == folder
    assert (browse(folder, allowed).path, browse(folder, allowed).written) == (folder, written)
    assert folder_to_start_in(folder, allowed) == folder


def test_links_are_followed_only_into_allowed_folders(root: Path, allowed: AllowedFolders) -> None:
    pics = root / "input" / "pics"
    targets = {"in": root / "extra", "out": root / "outside", "lost": root / "none", "up": root}
    for name, target in targets.items():
        (pics / name).symlink_to(target)
    (pics / "link.png").symlink_to(root / "outside" / "secret.png")
    shown = browse(str(pics), allowed)
    assert [name for name, _ in shown.folders] == ["img2", "img10", "in"]
    assert shown.images == 0
    inside = browse(str(pics / "in"), allowed)
    assert (inside.path, inside.parent) == (str(root / "extra"), None)
    with pytest.raises(PathRefused):
        browse(str(pics / "out"), allowed)


def test_no_more_than_a_thousand_are_shown(root: Path, allowed: AllowedFolders) -> None:
    many = root / "extra" / "many"
    for number in range(MOST_FOLDERS + 1):
        (many / f"folder {number}").mkdir(parents=True)
    shown = browse(str(many), allowed)
    assert shown.more
    assert len(shown.folders) == MOST_FOLDERS
    assert shown.folders[-1][0] == f"folder {MOST_FOLDERS - 1}"
    (many / "folder 0").rmdir()
    assert not browse(str(many), allowed).more


def test_anything_but_a_folder_is_refused(root: Path, allowed: AllowedFolders) -> None:
    (root / "input" / "file").touch()
    for path, error in (
        (root / "outside", PathRefused),
        (root, PathRefused),
        (root / "input" / "none", FolderNotFound),
        (root / "input" / "file", NotAFolder),
    ):
        with pytest.raises(error):
            browse(str(path), allowed)


def test_with_subfolders_their_images_are_counted_too(root: Path, allowed: AllowedFolders) -> None:
    pics = root / "input" / "pics"
    for name in ("img2/a.png", "img2/b.png", "img10/c.png", ".hidden/d.png"):
        (pics / name).touch()
    shown = browse(str(pics), allowed, recursive=True)
    assert (shown.images, shown.within, shown.nothing) == (0, Within(3, more=False), None)
    assert browse(str(pics), allowed).within is None


def test_images_are_counted_no_longer_than_somebody_waits(
    root: Path, allowed: AllowedFolders
) -> None:
    times = iter([0.0, MOST_SECONDS, *[MOST_SECONDS + 1] * 9])
    for number in range(600):
        (root / "input" / "pics" / f"{number}.png").touch()
    shown = browse(str(root / "input" / "pics"), allowed, recursive=True, clock=times.__next__)
    assert shown.within is not None
    assert shown.within.more
    assert 0 < shown.within.images < 600
    assert shown.nothing is None


def test_what_a_folder_without_images_holds_instead_is_named(
    root: Path, allowed: AllowedFolders
) -> None:
    pics = root / "input" / "pics"
    for name in ("a.CR2", "b.CR2", "img2/c.txt"):
        (pics / name).touch()
    nothing = browse(str(pics), allowed).nothing
    assert nothing is not None
    assert nothing.kinds == ((".CR2", 2),)
    deep = browse(str(pics), allowed, recursive=True).nothing
    assert deep is not None
    assert dict(deep.kinds) == {".CR2": 2, ".txt": 1}
    assert browse(str(root / "input"), allowed).nothing is None


def test_no_subfolder_is_read_where_nobody_asked_for_it(
    root: Path, allowed: AllowedFolders, slow_drive: SlowDrive
) -> None:
    """It may be the place of a drive that does not answer."""
    pics = root / "input" / "pics"
    (pics / "img2" / "a.png").touch()
    assert browse(str(pics), allowed).nothing is None
    (pics / "a.CR2").touch()
    assert browse(str(pics), allowed).nothing is not None
    assert slow_drive.opened == [str(pics)] * 2


@pytest.mark.parametrize("folders", [8, 50], ids=["to the end", "not to the end"])
def test_many_small_folders_take_no_longer_than_somebody_waits(
    root: Path, allowed: AllowedFolders, slow_drive: SlowDrive, folders: int
) -> None:
    years = root / "extra" / "years"
    for number in range(folders):
        (years / f"{number}").mkdir(parents=True)
        (years / f"{number}" / "a.CR2").touch()
    shown = browse(str(years), allowed, recursive=True, clock=slow_drive.clock)
    its_own, the_last_one = [slow_drive.SECONDS] * 2
    assert slow_drive.clock() <= its_own + MOST_SECONDS + the_last_one
    assert shown.within == Within(0, more=folders == 50)
    assert (shown.nothing and shown.nothing.kinds) == (None if folders == 50 else ((".CR2", 8),))


@pytest.mark.parametrize("recursive", [False, True])
def test_other_files_are_counted_to_the_last_as_in_the_card(
    root: Path, allowed: AllowedFolders, *, recursive: bool
) -> None:
    many = root / "extra" / "deep"
    for number in range(2_100):
        (many / f"{number}.CR2").touch()
    nothing = browse(str(many), allowed, recursive=recursive).nothing
    assert nothing is not None
    assert nothing.kinds == ((".CR2", 2_100),)
    assert nothing == nothing_there(str(many), Selection(recursive=recursive))


def test_a_folder_with_links_to_images_is_not_one_of_other_files(
    root: Path, allowed: AllowedFolders
) -> None:
    pics = root / "input" / "pics"
    (root / "extra" / "a.png").touch()
    (pics / "a.CR2").touch()
    (pics / "a.png").symlink_to(root / "extra" / "a.png")
    assert browse(str(pics), allowed).nothing is None


@pytest.mark.parametrize("recursive", [False, True])
def test_links_to_files_count_where_a_run_would_read_them(
    root: Path, allowed: AllowedFolders, *, recursive: bool
) -> None:
    """Those that lead elsewhere do not even tell whether something is there."""
    pics = root / "input" / "pics"
    for place in ("extra", "outside"):
        for name in ("a.png", "a.CR2"):
            (root / place / name).touch()
            (pics / f"{place} {name}").symlink_to(root / place / name)
    (pics / "circle.png").symlink_to(pics / "circle.png")
    (pics / "nowhere.CR2").symlink_to(root / "outside" / "none.CR2")
    shown = browse(str(pics), allowed, recursive=recursive)
    assert (shown.images, shown.nothing) == (1, None)
    assert shown.within == (Within(1, more=False) if recursive else None)
    (pics / "extra a.png").unlink()
    shown = browse(str(pics), allowed, recursive=recursive)
    assert shown.images == 0
    assert shown.nothing is not None
    assert shown.nothing.kinds == ((".CR2", 1),)


@pytest.mark.parametrize("recursive", [False, True])
def test_files_of_ever_other_kinds_take_no_more_memory(
    root: Path, allowed: AllowedFolders, monkeypatch: pytest.MonkeyPatch, *, recursive: bool
) -> None:
    """Each file without an extension is a kind of its own."""
    monkeypatch.setattr(nothing_there_module, "MOST_ENTRIES", 10)
    kept: list[Counter[str]] = []
    monkeypatch.setattr(module, "other_files", kept.append)
    for number in range(30):
        (root / "input" / "pics" / f"{number}").touch()
    browse(str(root / "input" / "pics"), allowed, recursive=recursive)
    assert [len(kinds) for kinds in kept] == [10]


def test_a_kind_that_is_known_is_counted_to_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nothing_there_module, "MOST_ENTRIES", 2)
    kinds: Counter[str] = Counter()
    for path in ("a.CR2", "b.txt", "c.mov", "d.CR2", "sub/e.CR2"):
        count_kind(kinds, path)
    assert kinds == {".CR2": 3, ".txt": 1}
