"""pip, run quietly, its failures turned into one line that says what to do."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from . import venvs
from .errors import ToolError
from .layout import VENV

NETWORK_SIGNS = ("connection", "network", "resolution", "timed out", "no matching distribution")


def install(
    requirements: Sequence[str], target: Path | None = None, environment: Path = VENV
) -> None:
    """Install into an environment, or with `target` into that folder and without dependencies."""
    into = ["--no-deps", "--target", str(target)] if target else []
    _run("install", *into, *requirements, environment=environment)


def download(requirement: str, into: Path) -> Path:
    """Download one wheel, without its dependencies; returns its file."""
    _run("download", "--no-deps", "--only-binary=:all:", "--dest", str(into), requirement)
    (wheel,) = into.glob("*.whl")
    return wheel


def missing(requirements: Sequence[str]) -> list[str]:
    """What the environment lacks to meet them, with what that needs in turn: `name==version`."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        _run("install", "--dry-run", "--report", str(report), *requirements)
        lacking = json.loads(report.read_text(encoding="utf-8"))["install"]
    return [f"{each['metadata']['name']}=={each['metadata']['version']}" for each in lacking]


def _run(verb: str, *arguments: str, environment: Path = VENV) -> None:
    command = [str(venvs.python_of(environment)), "-m", "pip", verb, "--quiet", "--no-input"]
    command += ["--disable-pip-version-check", "--no-warn-script-location", *arguments]
    if verb == "download":
        command.remove("--no-warn-script-location")
    done = subprocess.run(  # noqa: S603 - the command is our own
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        said = (lines or done.stderr.splitlines() or ["it said nothing"])[-1]
        hint = ""
        if any(sign in done.stderr.lower() for sign in NETWORK_SIGNS):
            hint = "; is this machine online?"
        raise ToolError(f"pip {verb} failed ({said.strip()}){hint}")
