"""What every measurement gets: a folder, a scale, and servers."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ..errors import say
from ..layout import HELPERS
from ..server import ComfyServer

NODES = (HELPERS, Path(__file__).parent / "nodes" / "batch_loop_bench.py")

Name = TypeVar("Name")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Setting:
    """Where and how thoroughly to measure."""

    base: Path
    is_quick: bool

    def of(self, full: int, quick: int) -> int:
        """A number that depends on the scale."""
        return quick if self.is_quick else full

    def server(self, name: str, env: Mapping[str, str] | None = None) -> ComfyServer:
        """A server on a folder of its own, not started yet."""
        return ComfyServer(self.base / name, env=env, custom_nodes=NODES)

    def new_server(self) -> ComfyServer:
        """The same under a name that no other has, for one run."""
        return self.server(uuid.uuid4().hex)

    def by_turns(
        self, what: str, contenders: Mapping[Name, Callable[[], Found]], rounds: int
    ) -> dict[Name, list[Found]]:
        """The results of each contender, of which each has its turn in every round.

        So whatever else the machine does affects all of them alike. A first round, in which code is
        loaded, does not count.
        """
        found: dict[Name, list[Found]] = {name: [] for name in contenders}
        for number in range(rounds + 1):
            self.say(f"{what}: round {number} of {rounds}")
            for name, run in contenders.items():
                result = run()
                if number:
                    found[name].append(result)
        return found

    def say(self, text: str) -> None:
        """Write a line of progress."""
        say(f"  {text}\n")


@contextmanager
def meanwhile(look: Callable[[], Found], pause: float) -> Iterator[list[Found]]:
    """Look repeatedly while the block runs; the list fills with what was seen."""
    seen = [look()]
    is_over = threading.Event()

    def go_on() -> None:
        while not is_over.wait(pause):
            seen.append(look())

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield seen
    finally:
        is_over.set()
        thread.join()
