from __future__ import annotations

from pathlib import Path

import pytest

from batch_loop.tools.errors import ToolError
from batch_loop.tools.layout import (
    COMFYUI_DIR,
    COMFYUI_NEWEST,
    COMFYUI_RELEASE,
    DEFAULT,
    NEWEST,
    NEWEST_FRONTEND,
    OLDEST,
    frontend_dir,
    frontend_root,
    newest_named,
    release,
    releases_to_try,
    usual_release,
)


def test_a_release_is_found_by_its_version() -> None:
    assert release(OLDEST.version) is OLDEST
    with pytest.raises(ToolError, match=r"0\.1\.2 is not one of those used here"):
        release("0.1.2")


def test_each_release_is_served_with_its_own_frontend() -> None:
    assert frontend_root(DEFAULT, None) is None
    assert frontend_root(DEFAULT, DEFAULT.frontend) is None
    assert frontend_root(OLDEST, None) == frontend_dir(OLDEST.frontend)
    assert frontend_root(DEFAULT, NEWEST_FRONTEND) == frontend_dir(NEWEST_FRONTEND)
    with pytest.raises(ToolError, match="frontend 9 is not one of those used here"):
        frontend_root(DEFAULT, "9")


def test_the_user_s_own_comfyui_replaces_only_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(COMFYUI_DIR, str(tmp_path))
    assert DEFAULT.tree == tmp_path
    assert OLDEST.tree != tmp_path
    monkeypatch.delenv(COMFYUI_DIR)
    assert DEFAULT.tree != tmp_path


def test_a_newer_comfyui_is_an_archive_or_a_tree(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(COMFYUI_NEWEST, "")
    assert newest_named() is None
    unpacked = NEWEST.tree

    archive = tmp_path / "comfyui.tar.xz"
    monkeypatch.setenv(COMFYUI_NEWEST, str(archive))
    with pytest.raises(ToolError, match=r"comfyui\.tar\.xz, which is neither"):
        newest_named()
    archive.touch()
    assert newest_named() == archive
    assert NEWEST.tree == unpacked

    monkeypatch.setenv(COMFYUI_NEWEST, str(tmp_path))
    with pytest.raises(ToolError, match=r"nor a folder with a main\.py"):
        newest_named()
    (tmp_path / "main.py").touch()
    (tmp_path / "comfyui_version.py").write_text('__version__ = "7.8.9"\n', encoding="utf-8")
    assert newest_named() == NEWEST.tree == tmp_path
    assert NEWEST.own_version == "7.8.9"


def test_the_newest_comfyui_replaces_the_others_on_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(COMFYUI_RELEASE, raising=False)
    assert usual_release() is DEFAULT
    assert releases_to_try() == (DEFAULT, OLDEST)
    monkeypatch.setenv(COMFYUI_RELEASE, "newest")
    assert usual_release() is NEWEST
    assert releases_to_try() == (NEWEST,)
    assert frontend_root(NEWEST, None) is None
    assert frontend_root(NEWEST, NEWEST_FRONTEND) == frontend_dir(NEWEST_FRONTEND)
    assert NEWEST.overlay_dir is not None
