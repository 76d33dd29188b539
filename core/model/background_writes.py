"""What the registry knows about files that are written in the background."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple, Protocol

from .items import Item
from .loop_key import LoopKey
from .prompt import Failure, Prompt


class Turn(NamedTuple):
    """One prompt's work on one item, which a write belongs to."""

    loop: str
    """The loop's id."""
    path: str
    """The item's path."""
    prompt: Prompt

    @classmethod
    def of(cls, key: LoopKey, prompt: Prompt, item: Item) -> Turn:
        """The turn of a prompt on an item of a loop."""
        return cls(key.id, item.path, prompt)


class Writes(Protocol):
    """The registry's questions about writes; `core.background.write_behind` answers them."""

    def busy(self, loop: str, but: Collection[Turn] = ()) -> bool:
        """Whether anything is being written for a loop, ignoring the turns in `but`."""

    def under_way(self, turn: Turn) -> bool:
        """Whether anything is being written for a turn."""

    def failure(self, turn: Turn) -> Failure | None:
        """The failure of the turn's first write that failed; None if none has."""

    def seconds(self, turn: Turn) -> float:
        """How long anything was being written for a turn, in seconds."""

    def wait(self, loop: str, but: Collection[Turn] = ()) -> None:
        """Wait until nothing is being written for a loop, ignoring the turns in `but`."""

    def forget(self, turn: Turn) -> None:
        """Forget a turn for which nothing is being written any more."""

    def when_written(self, tell: Callable[[], object]) -> None:
        """Have `tell` called, from any thread, each time that all files of a turn are written."""


class NoWrites:
    """Stands in where nodes write everything while they run."""

    def busy(self, loop: str, but: Collection[Turn] = ()) -> bool:  # noqa: ARG002, D102
        return False

    def under_way(self, turn: Turn) -> bool:  # noqa: ARG002, D102
        return False

    def failure(self, turn: Turn) -> Failure | None:  # noqa: ARG002, D102
        return None

    def seconds(self, turn: Turn) -> float:  # noqa: ARG002, D102
        return 0.0

    def wait(self, loop: str, but: Collection[Turn] = ()) -> None:  # noqa: D102
        pass

    def forget(self, turn: Turn) -> None:  # noqa: D102
        pass

    def when_written(self, tell: Callable[[], object]) -> None:  # noqa: D102
        pass
