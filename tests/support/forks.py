"""Servers forked from a Python process that has already imported ComfyUI's packages.

Nine tenths of a server's start is importing packages, always the same ones. A fork runs ComfyUI's
`main.py` from its first line, with its own arguments, environment, folder and process group; only
the imports are done already.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from batch_loop.tools.layout import VENV
from batch_loop.tools.server import ServerProcess, start_process

FORKING = Path(__file__).with_name("forking.py")
PYTHON = str(VENV / "bin" / "python")


class Forks:
    """Starts processes like `start_process`, but by forking where that makes no difference."""

    def __init__(self) -> None:
        self._parents: dict[str, _Parent] = {}
        self._starting = threading.Lock()  # some tests start several servers at a time

    def start(
        self, command: Sequence[str], env: Mapping[str, str], folder: Path, log: IO[bytes]
    ) -> ServerProcess:
        """Run a command, with its output going to `log`."""
        # A preloaded library, or a command run by another program, needs a process of its own.
        if command[0] != PYTHON or "LD_PRELOAD" in env:
            return start_process(command, env, folder, log)
        overlay = _overlay(env)
        with self._starting:
            if overlay not in self._parents:
                self._parents[overlay] = _Parent({**env, "PYTHONPATH": overlay})
            parent = self._parents[overlay]
        pid = parent.ask(command=command[1:], env=dict(env), folder=str(folder), log=log.name)
        return _Fork(pid, parent)

    def close(self) -> None:
        """End the parents of the forks; the forks themselves go on."""
        for parent in self._parents.values():
            parent.close()


def _overlay(env: Mapping[str, str]) -> str:
    """The folder that overrides imported packages; empty if it overrides none of them."""
    overlay = env.get("PYTHONPATH", "")
    if not overlay or all(path.name.startswith("comfyui") for path in Path(overlay).glob("[!.]*")):
        return ""
    return overlay


class _Parent:
    """The process that has imported the packages, and forks."""

    def __init__(self, env: Mapping[str, str]) -> None:
        answers, theirs = os.pipe()
        self._process = subprocess.Popen(
            [PYTHON, str(FORKING), str(theirs)],
            env=dict(env),
            stdin=subprocess.PIPE,
            pass_fds=[theirs],
            start_new_session=True,
        )
        os.close(theirs)
        self._answers = os.fdopen(answers)
        self._asking = threading.Lock()

    def ask(self, **question: Any) -> int:
        stdin = self._process.stdin
        assert stdin is not None
        with self._asking:
            stdin.write(json.dumps(question).encode() + b"\n")
            stdin.flush()
            return int(self._answers.readline())

    def close(self) -> None:
        self._process.communicate()
        self._answers.close()


class _Fork:
    """A forked process, with as much of `subprocess.Popen` as a server needs."""

    def __init__(self, pid: int, parent: _Parent) -> None:
        self.pid = pid
        self._parent = parent
        self._code: int | None = None
        self._asking = threading.Lock()

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        if self._code is None and not self._ends_within(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        with self._asking:
            if self._code is None:
                self._code = self._parent.ask(ended=self.pid)
            return self._code

    def _ends_within(self, timeout: float | None) -> bool:
        try:
            end = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True  # another thread has collected its exit code
        try:
            return bool(select.select([end], [], [], timeout)[0])
        finally:
            os.close(end)
