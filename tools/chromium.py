"""Finds the Chromium for the browser tests; `python -m tools.chromium` prints its path."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .errors import ToolError, run_command, say
from .programs import starts

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OF_PLAYWRIGHT = "chromium-*/chrome-linux*/chrome"


def find_chromium() -> str:
    """Path of a Chromium that starts; raises `ToolError` when there is none.

    The environment variable `CHROMIUM` can name one.
    """
    named = os.environ.get("CHROMIUM")
    if named:
        if not starts(named, "--version"):
            raise ToolError(f"CHROMIUM names {named}, which does not start")
        return named
    found = [shutil.which(name) for name in NAMES]
    downloads = os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "~/.cache/ms-playwright")
    found += [str(path) for path in sorted(Path(downloads).expanduser().glob(OF_PLAYWRIGHT))]
    for path in found:
        # Ubuntu's `chromium-browser` is a script that only says where to get a snap.
        if path and starts(path, "--version"):
            return path
    raise ToolError(
        "no Chromium for the browser tests: apt-get install chromium (Ubuntu: "
        ".venv/bin/playwright install --with-deps chromium), or name one in CHROMIUM"
    )


if __name__ == "__main__":
    run_command(lambda: say(f"{find_chromium()}\n"))
