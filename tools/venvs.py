"""Environments: made by the Python that runs this, and looked at whether they still run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .errors import ToolError


def make(folder: Path) -> None:
    """Make an environment with nothing but pip in it, in the place of whatever is there."""
    done = subprocess.run(  # noqa: S603 - the command is our own
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        raise ToolError(
            f"could not make {folder.name} with {sys.executable}: install its venv module "
            f"(on Debian and Ubuntu: apt-get install {version}-venv)"
        )


def runs(folder: Path) -> bool:
    """Whether there is an environment whose Python starts."""
    command = [str(python_of(folder)), "-c", ""]
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - as above
    except OSError:
        return False
    return done.returncode == 0


def python_of(folder: Path) -> Path:
    """The Python of an environment."""
    return folder / "bin" / "python"
