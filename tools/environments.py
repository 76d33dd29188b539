"""Python environments: made by the Python that runs this, and filled by pip."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .errors import ToolError
from .layout import VENV
from .programs import complaint, run, starts

NETWORK_SIGNS = ("connection", "network", "resolution", "timed out", "no matching distribution")
QUIET = ("--quiet", "--no-input", "--disable-pip-version-check")


def make(folder: Path) -> None:
    """Make an environment with nothing but pip in it, in the place of whatever is there."""
    if run([sys.executable, "-m", "venv", "--clear", folder]).returncode:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        raise ToolError(
            f"could not make {folder.name} with {sys.executable}: install its venv module "
            f"(on Debian and Ubuntu: apt-get install {version}-venv)"
        )


def is_sound(folder: Path) -> bool:
    """Whether there is an environment whose Python starts."""
    return starts(python_of(folder), "-c", "")


def python_of(folder: Path) -> Path:
    """The Python of an environment."""
    return folder / "bin" / "python"


def install(
    requirements: Sequence[str], target: Path | None = None, environment: Path = VENV
) -> None:
    """Install into an environment, or with `target` into that folder and without dependencies."""
    into = ["--no-deps", "--target", str(target)] if target else []
    _pip(environment, "install", "--no-warn-script-location", *into, *requirements)


def download(requirement: str, into: Path) -> Path:
    """Download one wheel, without its dependencies; returns its file."""
    _pip(VENV, "download", "--no-deps", "--only-binary=:all:", "--dest", str(into), requirement)
    (wheel,) = into.glob("*.whl")
    return wheel


def missing(requirements: Sequence[str]) -> list[str]:
    """What `.venv` lacks to meet them, with what that needs in turn: `name==version`."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        _pip(VENV, "install", "--dry-run", "--report", str(report), *requirements)
        lacking = json.loads(report.read_text(encoding="utf-8"))["install"]
    return [f"{each['metadata']['name']}=={each['metadata']['version']}" for each in lacking]


def _pip(environment: Path, verb: str, *arguments: str) -> None:
    done = run([python_of(environment), "-m", "pip", verb, *QUIET, *arguments])
    if done.returncode:
        is_offline = any(sign in done.stderr.lower() for sign in NETWORK_SIGNS)
        hint = "; is this machine online?" if is_offline else ""
        raise ToolError(f"pip {verb} failed ({complaint(done.stderr, 'ERROR')}){hint}")
