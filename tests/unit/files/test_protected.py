"""What may not be touched, even inside an allowed folder."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

import pytest

from batch_loop.core.common.errors import PathRefused
from batch_loop.core.files import protected as module
from batch_loop.core.files.allowed_paths import (
    AllowedFolders,
    check_source_file,
    check_target_file,
    resolve_source,
    resolve_target,
)
from batch_loop.core.files.protected import CUSTOM_NODES

STATE = "what Batch Loop itself keeps"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An allowed folder with a whole ComfyUI in it."""
    root = Path(os.path.realpath(tmp_path))
    for name in ("input", "output", "temp", "user/batch_loop", "user/default", "comfy"):
        (root / "ComfyUI" / name).mkdir(parents=True)
    for name in ("custom_nodes/other", "models/loras"):
        (root / "ComfyUI" / name).mkdir(parents=True)
    for name in ("photos", "linked pack", "more models"):
        (root / name).mkdir()
    (root / "ComfyUI/custom_nodes/linked").symlink_to(root / "linked pack")
    return root


def load(root: Path) -> AllowedFolders:
    base = root / "ComfyUI"
    return AllowedFolders.load(
        input_dir=str(base / "input"),
        output_dir=str(base / "output"),
        temp_dir=str(base / "temp"),
        user_dir=str(base / "user"),
        listed=[str(root)],
        comfyui={
            "user folder": (str(base / "user"),),
            CUSTOM_NODES: (str(base / "custom_nodes"), str(root / "none")),
            "models": (str(base / "models"), str(root / "more models")),
            "program files": (str(base),),
        },
    )


@pytest.fixture
def allowed(root: Path) -> AllowedFolders:
    return load(root)


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("ComfyUI", "ComfyUI's program files"),
        ("ComfyUI/comfy/new", "ComfyUI's program files"),
        ("ComfyUI/custom_nodes", "ComfyUI's custom nodes"),
        ("ComfyUI/custom_nodes/other", "ComfyUI's custom nodes"),
        ("ComfyUI/custom_nodes/new/deep", "ComfyUI's custom nodes"),
        ("ComfyUI/custom_nodes/linked", "ComfyUI's custom nodes"),
        ("linked pack/deep", "ComfyUI's custom nodes"),
        ("ComfyUI/models/loras", "ComfyUI's models"),
        ("more models", "ComfyUI's models"),
        ("ComfyUI/user/default", "ComfyUI's user folder"),
        ("ComfyUI/user/batch_loop", STATE),
        ("ComfyUI/user/batch_loop/carried", STATE),
        ("photos/../ComfyUI/input/../user/batch_loop", STATE),
    ],
)
def test_comfyuis_own_files_may_not_be_written(
    root: Path, allowed: AllowedFolders, folder: str, words: str
) -> None:
    path = str(root / folder)
    for resolve in (resolve_target, lambda *given: check_target_file(f"{given[0]}/a", given[1])):
        with pytest.raises(PathRefused, match=words) as raised:
            resolve(path, allowed)
        assert "Choose a" in str(raised.value)
        assert str(root) not in raised.value.elsewhere
    assert not allowed.may_write(os.path.realpath(path))


@pytest.mark.parametrize(
    "folder",
    ["photos", "", "ComfyUI/input", "ComfyUI/output/new", "ComfyUI/temp"],
)
def test_files_beside_comfyui_may_be_written(
    root: Path, allowed: AllowedFolders, folder: str
) -> None:
    path = os.path.normpath(root / folder)
    assert resolve_target(path, allowed) == path
    assert check_target_file(f"{path}/a.png", allowed) == f"{path}/a.png"
    assert allowed.may_write(path)


def test_comfyui_is_protected_even_if_its_output_folder_contains_it(root: Path) -> None:
    (root / "photos/user").mkdir()
    photos = str(root / "photos")
    allowed = AllowedFolders.load(
        input_dir=photos,
        output_dir=photos,
        temp_dir=photos,
        user_dir=f"{photos}/user",
        comfyui={"user folder": (f"{photos}/user",)},
    )
    assert resolve_target("new", allowed) == f"{photos}/new"
    with pytest.raises(PathRefused, match="ComfyUI's user folder"):
        resolve_target("user", allowed)
    with pytest.raises(PathRefused, match=STATE):
        resolve_source("user/batch_loop", allowed)


def test_python_s_own_files_may_not_be_written(root: Path) -> None:
    packages = os.path.realpath(sysconfig.get_paths()["purelib"])
    (root / "photos/link").symlink_to(packages)
    allowed = AllowedFolders(
        str(root), str(root), str(root), (packages,), protected=load(root).protected
    )
    assert resolve_source(packages, allowed) == packages
    for path in (packages, str(root / "photos/link")):
        with pytest.raises(PathRefused, match="Python's own files"):
            resolve_target(path, allowed)


def test_comfyuis_own_files_may_be_read_but_not_the_state(
    root: Path, allowed: AllowedFolders
) -> None:
    for folder in ("ComfyUI", "ComfyUI/models/loras", "ComfyUI/user"):
        assert resolve_source(str(root / folder), allowed) == str(root / folder)
    state = root / "ComfyUI/user/batch_loop"
    (root / "photos/link").symlink_to(state)
    for path in (state, root / "photos/link"):
        with pytest.raises(PathRefused, match=STATE):
            resolve_source(str(path), allowed)
        with pytest.raises(PathRefused, match=STATE):
            check_source_file(f"{path}/allowed_dirs.txt", allowed)


def test_state_that_is_kept_elsewhere_is_protected_too(root: Path) -> None:
    kept = root / "photos/kept.txt"
    kept.write_text("# mine\n", encoding="utf-8")
    (root / "ComfyUI/user/batch_loop/allowed_dirs.txt").symlink_to(kept)
    (root / "photos/second name.png").hardlink_to(kept)
    allowed = load(root)
    for name in ("kept.txt", "second name.png"):
        for check in (check_source_file, check_target_file):
            with pytest.raises(PathRefused, match=STATE):
                check(str(root / "photos" / name), allowed)


def test_another_spelling_is_the_same_place(root: Path, allowed: AllowedFolders) -> None:
    """If case is ignored, two paths have one inode, like a hard link's."""
    for name, place in (("State", "user/batch_loop"), ("Models", "models")):
        (root / name).symlink_to(root / "ComfyUI" / place)
    assert allowed.protected.verdict(str(root / "State" / "allowed_dirs.txt")).is_state
    assert allowed.protected.verdict(str(root / "Models" / "a.png")).part == "ComfyUI's models"


def test_a_missing_protected_place_is_recognised_in_either_case(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "ComfyUI/user/batch_loop").rmdir()
    monkeypatch.setattr(module, "_FOLDS_CASE", True)
    protected = load(root).protected
    assert protected.verdict(str(root / "ComfyUI/User/Batch_Loop/ALLOWED_DIRS.txt")).is_state


@pytest.mark.parametrize(
    ("folder", "expected"),
    [("", True), ("ComfyUI", True), ("ComfyUI/user", True), ("photos", False), ("gone", False)],
)
def test_folders_that_contain_comfyui_are_recognised(
    root: Path, allowed: AllowedFolders, folder: str, *, expected: bool
) -> None:
    assert allowed.protected.is_held_by(os.path.normpath(root / folder)) is expected
