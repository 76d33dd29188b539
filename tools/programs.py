"""Running other programs quietly, and the ports that servers listen on."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"


def free_port() -> int:
    """A port of `HOST` that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def run(command: Iterable[str | Path], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, whatever its exit code; `OSError` if it cannot be started.

    Bytes in its output that are not UTF-8 are kept the way Python keeps them in file names.
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


def batch_loop_run(urls: Iterable[str], *arguments: str | Path) -> list[str]:
    """The command line of `batch-loop run` on these servers, to be started in the root."""
    servers = [part for url in urls for part in ("--server", url)]
    return [sys.executable, "-m", "batch_loop_cli", "run", *map(str, arguments), *servers]


def starts(*command: str | Path) -> bool:
    """Whether the program exists and succeeds."""
    try:
        return run(command).returncode == 0
    except OSError:
        return False


def complaint(text: str, sign: str = "") -> str:
    """The last line of a failed program's output that has `sign` in it, or else its first line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    signed = [line for line in lines if sign and sign in line]
    return (signed[-1:] or lines or ["it said nothing"])[0]


def version_of(*command: str | Path) -> str:
    """What a program says first of itself when it is started so."""
    lines = run(command).stdout.splitlines()
    return lines[0].strip() if lines else ""
