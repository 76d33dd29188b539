"""Running other programs quietly: what they say is kept, for the case that they fail."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def run(command: Iterable[str | Path], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, well or not; raises `OSError` where it cannot be started.

    File names come out of its output as Python has them, whatever bytes are in them.
    """
    return subprocess.run(  # noqa: S603 - the commands are our own
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
        **options,
    )


def starts(*command: str | Path) -> bool:
    """Whether there is such a program, and it ends well."""
    try:
        return run(command).returncode == 0
    except OSError:
        return False


def complaint(text: str, sign: str = "") -> str:
    """Of what a failed program has written, the last line with that sign, or the first of all."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    signed = [line for line in lines if sign and sign in line]
    return (signed[-1:] or lines or ["it said nothing"])[0]
