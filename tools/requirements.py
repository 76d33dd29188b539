"""What has to be installed: read from the files that say so, never written down twice."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from .layout import ROOT

NOT_NEEDED = {"torchaudio"}
"""Named by ComfyUI for two audio node files, and far larger than they are worth here."""


def pyproject() -> dict[str, Any]:
    """The contents of `pyproject.toml`; to be asked for inside of an environment."""
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415 - as the other
    else:
        # Only there to read one file; pip brings it to every environment.
        from pip._vendor import tomli as tomllib  # noqa: PLC0415 - where there is none, no pip
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def of_project(*extras: str) -> list[str]:
    """The pack's own requirements and those of the named extras in `pyproject.toml`."""
    return sum(map(of_extra, extras), start=list(pyproject()["project"]["dependencies"]))


def of_extra(extra: str) -> list[str]:
    """The requirements of that extra in `pyproject.toml`, and nothing beside them."""
    return list(pyproject()["project"]["optional-dependencies"][extra])


def of_comfyui(tree: Path) -> list[str]:
    """The requirements of the ComfyUI in that folder, less what is not needed here."""
    lines = (tree / "requirements.txt").read_text(encoding="utf-8").splitlines()
    stripped = (line.split("#", 1)[0].strip() for line in lines)
    return [line for line in stripped if line and package_name(line) not in NOT_NEEDED]


def package_name(requirement: str) -> str:
    """The bare, normalised name of a requirement such as `Foo_bar>=1`."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", match.group()).lower() if match else ""
