from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from batch_loop.tools import provision
from batch_loop.tools.errors import ToolError


def test_a_folder_gets_its_name_once_it_is_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(provision, "COMFYUI", tmp_path)
    final = tmp_path / "thing"
    with provision._made_aside(final) as aside:
        (aside / "half").touch()
        assert not final.exists()
    assert [path.name for path in final.iterdir()] == ["half"]


def test_a_failure_midway_leaves_only_the_old_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(provision, "COMFYUI", tmp_path)
    final = tmp_path / "thing"
    final.mkdir()
    with pytest.raises(KeyboardInterrupt), provision._made_aside(final):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == [final]


def test_a_tree_is_unpacked_from_whatever_folder_its_archive_has(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(provision, "COMFYUI", tmp_path)
    tree = tmp_path / "source" / "tests"
    tree.mkdir(parents=True)
    for path in (tree / "main.py", tree.parent / "main.py"):
        path.touch()
    for top in (".", "ComfyUI-7.8.9"):
        archive = tmp_path / f"{len(top)}.tar.xz"
        with tarfile.open(archive, "w:xz") as tar:
            tar.add(tree.parent, top)
        provision.make_tree_of_archive(archive)
        made = tmp_path / "newest"
        assert {path.name for path in made.iterdir()} == {"main.py", "tests", provision.STAMP}


def test_an_archive_of_something_else_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(provision, "COMFYUI", tmp_path)
    archive = tmp_path / "else.tar.xz"
    with tarfile.open(archive, "w:xz") as tar:
        tar.add(__file__, "readme.txt")
    with pytest.raises(ToolError, match=r"no main\.py of ComfyUI in it"):
        provision.make_tree_of_archive(archive)
    assert list(tmp_path.iterdir()) == [archive]


def test_a_stamp_is_valid_only_for_what_was_requested(tmp_path: Path) -> None:
    stamp = tmp_path / "stamp"
    assert not provision.is_made(stamp, ["a==1"])
    provision.set_made(stamp, ["a==1"])
    assert provision.is_made(stamp, ["a==1"])
    assert not provision.is_made(stamp, ["a==2"])


def test_a_stamp_without_its_folder_is_not_valid(tmp_path: Path) -> None:
    assert not provision.is_made(tmp_path / "missing" / "stamp", "anything")
