"""What every measurement is given: a folder of its own, its scale, and servers."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ..layout import ROOT
from ..server import ComfyServer

NODES = (
    ROOT / "tests" / "nodes" / "batch_loop_helpers.py",
    Path(__file__).parent / "nodes" / "batch_loop_bench.py",
)

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

    def by_turns(
        self, what: str, contenders: Mapping[Name, Callable[[], Found]], rounds: int
    ) -> dict[Name, list[Found]]:
        """What each contender has come to in each round, in which all of them have their turn.

        So whatever else the machine does falls on all of them alike. A first round, which loads
        what is loaded once, does not count.
        """
        found: dict[Name, list[Found]] = {name: [] for name in contenders}
        for number in range(rounds + 1):
            self.say(f"{what}: round {number} of {rounds}")
            for name, run in contenders.items():
                came_to = run()
                if number:
                    found[name].append(came_to)
        return found

    def say(self, text: str) -> None:
        """A line of progress."""
        sys.stderr.write(f"  {text}\n")
        sys.stderr.flush()


@contextmanager
def meanwhile(look: Callable[[], float], pause: float) -> Iterator[list[float]]:
    """Look again and again as long as the block lasts; what was seen each time."""
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
