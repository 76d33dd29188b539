from __future__ import annotations

from pathlib import Path

import pytest

from batch_loop.tools.errors import ToolError
from batch_loop.tools.layout import (
    COMFYUI_DIR,
    DEFAULT,
    NEWEST_FRONTEND,
    OLDEST,
    frontend_dir,
    frontend_root,
    release,
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


def test_the_users_own_comfyui_stands_in_for_the_default_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(COMFYUI_DIR, str(tmp_path))
    assert DEFAULT.tree == tmp_path
    assert OLDEST.tree != tmp_path
    monkeypatch.delenv(COMFYUI_DIR)
    assert DEFAULT.tree != tmp_path
