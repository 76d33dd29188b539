"""One folder at two places: a bind mount, which no real path shows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from batch_loop.core.files import mounts, same_folder
from batch_loop.core.files.same_file import Identities, identity
from batch_loop.core.files.same_folder import way_from
from batch_loop.core.model.shared_roots import Roots
from batch_loop.tests.support.mounts import bound

pytestmark = pytest.mark.linux


class Places:
    """A folder `in` with a subfolder, and folders beside it that can be made the same."""

    def __init__(self, base: Path, stack: ExitStack) -> None:
        self._base, self._stack = base, stack
        (base / "in" / "sub").mkdir(parents=True)
        (base / "out").mkdir()

    def bind(self, path: str, to: str) -> None:
        self._stack.enter_context(bound(self._base / path, self._base / to))

    def way(self, folder: str, home: str = "in") -> str:
        found = way_from(str(self._base / home), os.path.normpath(self._base / folder))
        return os.path.relpath(found, self._base)


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    with ExitStack() as stack:
        yield Places(tmp_path, stack)


UNCHANGED = ["in", "in/sub", "in/sub/new", "out", "out/new", "."]


def test_without_a_second_way_each_folder_has_its_own_path(places: Places) -> None:
    assert [places.way(folder) for folder in UNCHANGED] == UNCHANGED
    assert [places.way(folder, "gone") for folder in UNCHANGED] == UNCHANGED


@pytest.mark.parametrize(
    ("path", "to", "ways"),
    [
        ("in", "out", {"out": "in", "out/sub": "in/sub", "out/new/er": "in/new/er"}),
        # A folder above it.
        (
            ".",
            "../above",
            {"../above/in": "in", "../above/in/sub": "in/sub", "../above": "../above"},
        ),
        # A subfolder.
        ("in/sub", "out/x", {"out/x": "in/sub", "out/x/new": "in/sub/new", "out": "out"}),
        # Mounted in the folder itself.
        ("out", "in/sub", {"out": "in/sub", "out/new/er": "in/sub/new/er", "in": "in"}),
        # Two that are listed, of which one counts for both.
        ("in/sub", "in/a", {"in/sub": "in/a", "in/sub/new": "in/a/new", "in/a": "in/a"}),
        ("in", "in/sub", {"in/sub": "in", "in/sub/new": "in/new"}),
        # The path of a mount is written with escapes.
        ("in", "out/a b\n\\040\u00e9", {"out/a b\n\\040\u00e9": "in", "out/a b": "out/a b"}),
    ],
)
def test_a_second_way_leads_through_the_folder(
    places: Places, path: str, to: str, ways: dict[str, str]
) -> None:
    before = list(map(places.way, ways))
    assert before == [os.path.normpath(folder) for folder in ways]
    places.bind(path, to)
    assert {folder: places.way(folder) for folder in ways} == ways


def test_another_disk_mounted_in_it_is_no_part_of_it_elsewhere(
    places: Places, tmp_path: Path
) -> None:
    places.bind("in", "out")
    (tmp_path / "disk").mkdir()
    places.bind("disk", "in/sub")
    ways = {"out/sub": "out/sub", "out/sub/new": "out/sub/new", "disk": "in/sub", "out": "in"}
    assert {folder: places.way(folder) for folder in ways} == ways


def test_what_is_mounted_over_it_hides_it(places: Places, tmp_path: Path) -> None:
    places.bind("in", "out")
    (tmp_path / "other").mkdir()
    places.bind("other", "out")
    assert places.way("out") == "out"


def test_an_inode_that_is_used_again_means_another_folder(places: Places, tmp_path: Path) -> None:
    with bound(tmp_path / "in", tmp_path / "out"):
        assert places.way("out") == "in"
    assert places.way("out") == "out"
    (tmp_path / "in" / "sub").rmdir()
    (tmp_path / "in").rmdir()
    (tmp_path / "out" / "new").mkdir()
    (tmp_path / "in").mkdir()
    assert [places.way(folder) for folder in ("out", "out/new", "in")] == ["out", "out/new", "in"]


def without_inodes(path: str) -> os.stat_result:
    found = list(os.lstat(path))
    found[1] = 0
    return os.stat_result(found)


def test_a_file_system_without_inodes_tells_nothing(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    places.bind("in", "out")
    monkeypatch.setattr(same_folder.os, "stat", without_inodes)
    assert [places.way(folder) for folder in UNCHANGED] == UNCHANGED


def test_unless_there_may_be_a_second_way_no_disk_is_looked_at(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network drive that does not answer keeps nobody waiting."""
    places.bind("in/sub", "elsewhere")
    monkeypatch.delattr(same_folder, "_inode")
    assert [places.way(folder) for folder in ("out", "out/new", "in")] == ["out", "out/new", "in"]


def test_a_server_with_two_names_on_windows(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No table of mounts tells of it."""
    places.bind("in", "out")
    monkeypatch.setattr(mounts, "_TABLE", "/none")
    monkeypatch.setattr(mounts, "_table", mounts._Table())
    assert places.way("out/new") == "out/new"
    monkeypatch.setattr(same_folder, "_are_shares", lambda *_folders: True)
    assert [places.way(folder) for folder in ("out", "out/new", ".")] == ["in", "in/new", "."]
    assert [places.way(folder, "gone") for folder in UNCHANGED] == UNCHANGED
    monkeypatch.setattr(same_folder.os, "stat", without_inodes)
    assert [places.way(folder) for folder in UNCHANGED] == UNCHANGED


def test_identities_lead_through_the_folder(places: Places, tmp_path: Path) -> None:
    home, file = str(tmp_path / "in"), str(tmp_path / "out" / "sub" / "a.png")
    roots = Roots({"pictures": home})
    same = str(tmp_path / "in" / "sub" / "a.png")
    assert (identity(file), identity(file, home=home)) == (file, file)
    places.bind("in", "out")
    assert (identity(file), identity(file, home=home)) == (file, same)
    assert identity(file, roots, home) == Identities(roots, home)(file) == same


def test_the_table_is_read_only_when_it_has_changed(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = mounts.mounts()
    places.bind("in", "out")
    assert mounts.mounts() is not before
    # A plain file never says that it has changed.
    table = tmp_path / "mountinfo"
    table.write_text("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw\n")
    monkeypatch.setattr(mounts, "_TABLE", str(table))
    monkeypatch.setattr(mounts, "_table", mounts._Table())
    found = mounts.mounts()
    assert found == (mounts.Mount(b"98:0", "/mnt1", "/mnt2"),)
    table.write_text("")
    assert mounts.mounts() is found


def test_other_systems_than_linux_are_not_asked_for_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "mountinfo"
    table.write_text("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw\n")
    monkeypatch.setattr(mounts, "_TABLE", str(table))
    monkeypatch.setattr(mounts, "_table", mounts._Table())
    for system in ("darwin", "win32"):
        monkeypatch.setattr(mounts.sys, "platform", system)
        assert mounts.mounts() == ()
