"""Python environments: what goes into them, read from the files that say so, and pip."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .errors import ToolError
from .layout import ROOT, VENV
from .programs import complaint, run, starts

NOT_NEEDED = {"torchaudio"}
"""ComfyUI needs it for two audio node files; it is too large to be worth it here."""
NETWORK_SIGNS = ("connection", "network", "resolution", "timed out", "no matching distribution")
QUIET = ("--quiet", "--no-input", "--disable-pip-version-check")


def pyproject() -> dict[str, Any]:
    """The contents of `pyproject.toml`; call it only inside an environment."""
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415 - as the other
    else:
        # pip brings it to every environment.
        from pip._vendor import tomli as tomllib  # noqa: PLC0415 - where there is none, no pip
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def of_project(*extras: str) -> list[str]:
    """The pack's own requirements and those of these extras."""
    return sum(map(of_extra, extras), start=list(pyproject()["project"]["dependencies"]))


def of_extra(extra: str) -> list[str]:
    """The requirements of one extra alone."""
    return list(pyproject()["project"]["optional-dependencies"][extra])


def of_comfyui(tree: Path) -> list[str]:
    """The requirements of the ComfyUI in that folder, without what is not needed here."""
    lines = (tree / "requirements.txt").read_text(encoding="utf-8").splitlines()
    stripped = (line.split("#", 1)[0].strip() for line in lines)
    return [line for line in stripped if line and package_name(line) not in NOT_NEEDED]


def package_name(requirement: str) -> str:
    """The normalised name in a requirement such as `Foo_bar>=1`."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", match.group()).lower() if match else ""


def make(folder: Path) -> None:
    """Make an environment with nothing but pip in it, replacing whatever is there."""
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
    """Install into an environment, or without dependencies into the folder `target`."""
    into = ["--no-deps", "--target", str(target)] if target else []
    _pip(environment, "install", "--no-warn-script-location", *into, *requirements)


def download(requirement: str, into: Path) -> Path:
    """Download one wheel, without its dependencies, and return its path."""
    _pip(VENV, "download", "--no-deps", "--only-binary=:all:", "--dest", str(into), requirement)
    (wheel,) = into.glob("*.whl")
    return wheel


def missing(requirements: Sequence[str]) -> list[str]:
    """What `.venv` lacks to meet them, dependencies included, as `name==version`."""
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
