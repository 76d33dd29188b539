from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from batch_loop.tools.check_registry import published
from batch_loop.tools.errors import ToolError
from batch_loop.tools.layout import ROOT


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_tracked_files_that_are_not_excluded_are_published(tmp_path: Path) -> None:
    write(
        tmp_path, "Makefile", "a file.py", "nodes/é.py", "tests/a.py", "nodes/tests.py", "gone.py"
    )
    (tmp_path / ".comfyignore").write_text("# why\ntests/\nMakefile\n")
    for command in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", "-C", tmp_path, *command], check=True)  # noqa: S607 - the user's git
    write(tmp_path, "untracked.py")
    (tmp_path / "gone.py").unlink()
    expected = {".comfyignore", "a file.py", "nodes/é.py", "nodes/tests.py"}
    assert set(published(tmp_path)) == expected


def test_without_a_git_repository_the_message_says_so(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="needs a clone"):
        published(tmp_path)


def test_the_pack_is_published_without_developers_files() -> None:
    files = published(ROOT)
    assert {"__init__.py", "pyproject.toml", "requirements.txt", "README.md"} <= set(files)
    assert {name.split("/")[0] for name in files}.isdisjoint(
        {"tests", "tools", "types", "node_modules", ".ci", ".github", ".npmrc", "Makefile"}
    )
    assert {"package.json", "package-lock.json", "tsconfig.json"}.isdisjoint(files)
