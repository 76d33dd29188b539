"""Background writes that last until a test ends them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection

from batch_loop.core.model.background_writes import Turn
from batch_loop.core.model.prompt import Failure
from batch_loop.core.model.records import Iteration


def turn_of(iteration: Iteration) -> Turn:
    """The turn of an iteration that has an item."""
    assert iteration.item is not None
    return Turn.of(iteration.key, iteration.prompt, iteration.item)


class FakeWrites:
    """A fake of `core.model.background_writes.Writes` that counts its waits and looks."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._under_way: set[Turn] = set()
        self._failures: dict[Turn, Failure] = {}
        self.took: dict[Turn, float] = {}
        self.waits = 0
        self.looks = 0
        """How often `under_way` was called."""

    def begin(self, turn: Turn) -> None:
        with self._changed:
            self._under_way.add(turn)

    def end(self, turn: Turn, failure: Failure | None = None) -> None:
        with self._changed:
            self._under_way.discard(turn)
            if failure is not None:
                self._failures[turn] = failure
            self._changed.notify_all()

    def busy(self, loop: str, but: Collection[Turn] = ()) -> bool:
        with self._changed:
            return any(turn.loop == loop for turn in self._under_way if turn not in but)

    def under_way(self, turn: Turn) -> bool:
        with self._changed:
            self.looks += 1
            return turn in self._under_way

    def failure(self, turn: Turn) -> Failure | None:
        with self._changed:
            return self._failures.get(turn)

    def seconds(self, turn: Turn) -> float:
        return self.took.get(turn, 0.0)

    def wait(self, loop: str, but: Collection[Turn] = ()) -> None:
        with self._changed:
            if self._left(loop, but):
                self.waits += 1
                self._changed.notify_all()
            self._changed.wait_for(lambda: not self._left(loop, but))

    def _left(self, loop: str, but: Collection[Turn]) -> list[Turn]:
        return [turn for turn in self._under_way if turn.loop == loop and turn not in but]

    def forget(self, turn: Turn) -> None:
        with self._changed:
            self._failures.pop(turn, None)

    def when_written(self, tell: Callable[[], object]) -> None:
        self.tell = tell

    def wait_for_a_wait(self, number: int = 1) -> None:
        """Wait until somebody waits for the `number`th time."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.waits >= number, 10)
