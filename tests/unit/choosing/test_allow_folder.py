"""Adding a folder that a person has chosen to the list of allowed folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batch_loop.core.choosing import allow_folder as module
from batch_loop.core.choosing.allow_folder import allow
from batch_loop.core.common.errors import FolderNotFound, PathRefused, UnwritableImage
from batch_loop.core.files.allowed_paths import AllowedFolders
from batch_loop.core.files.folder_list import allowed_dirs_file


class Machine:
    """A machine with ComfyUI's folders, and a folder of pictures outside them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("input", "output", "temp", "user", "pictures"):
            (root / name).mkdir()
        self.pictures = root / "pictures"
        self.file = Path(allowed_dirs_file(str(root / "user")))

    @property
    def allowed(self) -> AllowedFolders:
        return AllowedFolders.load(
            input_dir=str(self.root / "input"),
            output_dir=str(self.root / "output"),
            temp_dir=str(self.root / "temp"),
            user_dir=str(self.root / "user"),
        )

    def choose(self, folder: Path | str) -> str:
        return allow(str(folder), self.allowed)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(Path(os.path.realpath(tmp_path)))


def test_each_allowed_folder_is_a_line(machine: Machine) -> None:
    assert machine.choose(machine.pictures) == str(machine.pictures)
    assert machine.file.read_text(encoding="utf-8") == f"{machine.pictures}\n"
    assert machine.allowed.extra == (str(machine.pictures),)
    assert list(machine.file.parent.iterdir()) == [machine.file]


@pytest.mark.parametrize("before", ["# mine\n/a\n", "# mine\n/a", "\ufeff# mine\r\n/a\r\n", "\n\n"])
def test_lines_that_the_owner_wrote_stay(machine: Machine, before: str) -> None:
    machine.file.parent.mkdir()
    machine.file.write_bytes(before.encode())
    known = machine.allowed.extra
    machine.choose(machine.pictures)
    assert machine.file.read_bytes().startswith(before.encode())
    assert machine.allowed.extra == (*known, str(machine.pictures))


def test_a_folder_that_is_already_allowed_is_not_added(machine: Machine) -> None:
    below = machine.root / "input" / "below"
    below.mkdir()
    assert machine.choose(below) == str(below)
    assert not machine.file.exists()
    machine.choose(machine.pictures)
    before = written(machine.file)
    machine.choose(machine.pictures)
    (machine.pictures / "deep").mkdir()
    machine.choose(machine.pictures / "deep")
    assert written(machine.file) == before


def written(file: Path) -> tuple[int, ...]:
    """Changes whenever the file is written or replaced, but not when it is read."""
    found = file.stat()
    return (found.st_ino, found.st_size, found.st_mtime_ns)


@pytest.mark.parametrize(
    "name",
    [
        *("a b", "'quoted'", "caf\u00e9", "#1", "\x85"),
        *(pytest.param(name, marks=pytest.mark.posix) for name in (" around ", '"', "tab\t")),
        pytest.param("not text \udce9", marks=pytest.mark.linux),
    ],
)
def test_any_name_is_read_back_as_it_is(machine: Machine, name: str) -> None:
    folder = machine.pictures / name
    folder.mkdir()
    assert machine.choose(folder) == str(folder)
    assert machine.allowed.extra == (str(folder),)


def test_a_link_allows_its_present_target(machine: Machine) -> None:
    link = machine.root / "link"
    link.symlink_to(machine.pictures)
    assert machine.choose(link) == str(machine.pictures)
    assert machine.allowed.extra == (str(machine.pictures),)


def test_if_the_file_is_a_link_its_target_is_written(machine: Machine) -> None:
    machine.file.parent.mkdir()
    kept = machine.root / "kept.txt"
    kept.write_text("# mine\n", encoding="utf-8")
    machine.file.symlink_to(kept)
    machine.choose(machine.pictures)
    assert machine.file.is_symlink()
    assert kept.read_text(encoding="utf-8") == f"# mine\n{machine.pictures}\n"


@pytest.mark.parametrize(
    ("folder", "error", "words"),
    [
        (os.path.abspath(os.sep), PathRefused, "a whole drive"),
        ("//server/share", PathRefused, "network or device paths"),
        ("\\\\server\\share", PathRefused, "network or device paths"),
        ("{pictures}/a\nb", PathRefused, "a line break"),
        ("{pictures}/a\rb", PathRefused, "a line break"),
        ("{pictures}/a\0b", PathRefused, "is not a path"),
        ("{pictures}/none", FolderNotFound, "There is no folder"),
        ("{pictures}/file", FolderNotFound, "There is no folder"),
    ],
)
@pytest.mark.posix
def test_some_things_are_never_allowed(
    machine: Machine, folder: str, error: type[Exception], words: str
) -> None:
    path = folder.format(pictures=machine.pictures)
    (machine.pictures / "file").touch()
    if "a line break" in words:
        os.mkdir(path)
    with pytest.raises(error, match=words):
        machine.choose(path)
    assert not machine.file.exists()


def test_a_drive_letter_of_a_network_folder_is_kept(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where Z: resolves to a network path, which is always refused."""
    monkeypatch.setattr(module, "is_elsewhere", lambda path: path == str(machine.pictures))
    link = machine.root / "drive"
    link.symlink_to(machine.pictures)
    assert machine.choose(link) == str(link)
    assert machine.file.read_text(encoding="utf-8") == f"{link}\n"


def test_a_file_that_cannot_be_read_is_not_replaced(machine: Machine) -> None:
    machine.file.mkdir(parents=True)
    with pytest.raises(UnwritableImage, match="cannot be read"):
        machine.choose(machine.pictures)
    assert machine.file.is_dir()
