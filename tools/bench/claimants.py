"""Claimants in a process of their own: what servers do of the registry's work, without ComfyUI.

The process is told what to do by its standard input, as a line of JSON. It says when it is ready,
is told when to begin, and answers with what it has done.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from batch_loop.core.sources.image_folder import ImageFolder

from ...core.engine.batches import Request
from ...core.engine.registry import LoopRegistry
from ...core.model.loop_key import LoopKey
from ...core.model.prompt import Ending, Outcome, Prompt, Saved
from ...core.model.selection import Selection
from ...core.model.shared_roots import NO_ROOTS
from ...core.store.databases.postgresql import open_postgresql
from ...core.store.databases.sqlite_store import open_store
from ..errors import ToolError
from ..layout import ROOT

LEASE_SECONDS = 60.0
_START = "from tools.pack import pack; pack('tools.bench.claimants').answer()"
"""Run in the root: the pack's modules import each other as parts of it."""


@dataclass(frozen=True)
class Task:
    """What the claimants of one process are to do."""

    store: str
    """The address of a PostgreSQL, or a folder for an SQLite file."""
    process: str
    """A name of its own."""
    images: int
    """How many the folder has, should theirs be the first prompt."""
    claimants: int
    model_seconds: float
    """How long the model takes, which leaves the processor free."""
    seconds: float
    """For how long they begin new images."""


@dataclass(frozen=True)
class Done:
    """An image that was done."""

    path: str
    began: float
    ended: float
    """By the system's clock."""


class Claimants:
    """A process of claimants."""

    def __init__(self, task: Task) -> None:
        # Not awaited yet: several are to be at work at a time.
        self._process = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-c", _START],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._say(json.dumps(asdict(task)))

    def wait_until_ready(self) -> None:
        """Wait until all of them have opened their stores."""
        self._hear()

    def begin(self) -> None:
        """Have them begin."""
        self._say("begin")

    def result(self) -> list[Done]:
        """All that they have done, once they have ended."""
        done = [Done(*each) for each in json.loads(self._hear())]
        self._process.communicate()
        return done

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _hear(self) -> str:
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        line = self._process.stdout.readline()
        if not line:
            raise ToolError(f"claimants ended with {self._process.wait()}")
        return line


@dataclass(frozen=True)
class Work:
    """What claimants have done together."""

    began: float
    """By the system's clock."""
    done: list[Done]
    """In the order in which it ended."""


def at_work(tasks: Sequence[Task]) -> Work:
    """Have the claimants of several processes work at a time; no image may be done twice."""
    processes = [Claimants(task) for task in tasks]
    for process in processes:
        process.wait_until_ready()
    began = time.time()
    for process in processes:
        process.begin()
    done = [each for process in processes for each in process.result()]
    twice = len(done) - len({each.path for each in done})
    if twice:
        raise ToolError(f"{twice} images were done twice")
    return Work(began, sorted(done, key=lambda each: each.ended))


class _Host:
    """A server on a machine of its own, whose prompts end as soon as they are told to."""

    def __init__(self, server: str) -> None:
        self.server = server
        self._ended: set[Prompt] = set()
        self._numbers = itertools.count(1)

    def submit(self) -> Prompt:
        steady = time.monotonic()
        return Prompt(f"{self.server} {next(self._numbers)}", time.time(), self.server, steady)

    def finish(self, prompt: Prompt) -> None:
        self._ended.add(prompt)

    def outcome(self, prompt: Prompt) -> Outcome:
        return Outcome(Ending.SUCCESS if prompt in self._ended else Ending.RUNNING)

    def has_ended(self, prompt: Prompt) -> bool:
        return prompt in self._ended

    def saved(self, prompt: Prompt) -> tuple[Saved, ...]:  # noqa: ARG002
        return ()

    def is_alive(self, server: str, *, is_here: bool) -> bool | None:  # noqa: ARG002
        return None

    def raise_if_cancelled(self) -> None:
        pass

    def now(self) -> float:
        return time.time()

    def steady(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


class _Claimant:
    def __init__(self, task: Task, name: str) -> None:
        is_shared = "://" in task.store
        self._task = task
        self._host = _Host(name)
        self._registry = LoopRegistry(
            open_postgresql(task.store, NO_ROOTS) if is_shared else open_store(task.store),
            self._host,
            ImageFolder(
                lambda *_args, **_named: [f"{at:08}.png" for at in range(task.images)],
                lambda _path: 0.0,
            ),
            lease_seconds=LEASE_SECONDS if is_shared else None,
        )
        self.done: list[Done] = []

    def connect(self) -> None:
        """Have the tables ready, and a connection."""
        self._registry.recover()

    def run(self) -> None:
        request = Request(LoopKey("", "/folder"), Selection())
        until = time.time() + self._task.seconds
        while (began := time.time()) < until:
            prompt = self._host.submit()
            iteration = self._registry.acquire(request, prompt)
            if iteration.item is None:
                break
            if self._task.model_seconds:
                time.sleep(self._task.model_seconds)
            self._registry.end(iteration)
            self._host.finish(prompt)
            self.done.append(Done(iteration.item.path, began, time.time()))
        self._registry.close()


def _run(task: Task) -> list[Done]:
    claimants = [_Claimant(task, f"{task.process}-{at}") for at in range(task.claimants)]
    for each in claimants:
        each.connect()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    threads = [threading.Thread(target=each.run) for each in claimants]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [done for each in claimants for done in each.done]


def answer() -> None:
    """Do what standard input says."""
    given: dict[str, Any] = json.loads(sys.stdin.readline())
    found = _run(Task(**given))
    json.dump([[each.path, each.began, each.ended] for each in found], sys.stdout)
    sys.stdout.write("\n")
