from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from batch_loop.tools.check_registry import ACCEPTED, judged, published
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


def at_line(number: int) -> list[str]:
    """The accepted findings, as nodesafe reports them."""
    return [finding.replace(": ", f":{number}: ", 1) for finding in ACCEPTED]


def test_accepted_findings_are_no_fault_wherever_they_stand() -> None:
    assert judged(at_line(1)) == judged(at_line(23)) == []


def test_every_other_finding_is_a_fault() -> None:
    first = at_line(1)[0]
    others = [
        first + "x",
        first.replace("isal", "isa"),
        first.replace("requirements", "other").replace("pyproject", "other"),
        "core/a.py:3: Dynamic code execution",
        "the whole pack:1: Something new",
    ]
    assert judged([*at_line(1), *others]) == others


def test_an_accepted_finding_that_is_found_no_more_is_a_fault() -> None:
    gone, *left = at_line(1)
    (line,) = judged(left)
    assert "found no more" in line
    assert line.startswith(gone.split(":", 1)[0])
    assert len(judged([])) == len(ACCEPTED)


def test_every_accepted_finding_has_its_reason() -> None:
    assert all(ACCEPTED.values())
