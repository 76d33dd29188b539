"""When a batch on several servers ends, where some of them go away or cannot go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator

import pytest

from batch_loop.batch_loop_cli.batch import Batch
from batch_loop.batch_loop_cli.errors import CommandError, RefusedByServer, Unreachable
from batch_loop.batch_loop_cli.together import run_together


class Turn:
    """Let the others have their turn."""

    def __await__(self) -> Generator[None, None, None]:
        yield


class Worker:
    """Works until the batch ends, or does at once what it is given."""

    has_worked = True

    def __init__(
        self, batch: Batch, error: CommandError | None = None, *, is_idle: bool = False
    ) -> None:
        self._batch = batch
        self._error = error
        self.is_idle = is_idle
        self.has_ended = False

    async def run(self) -> None:
        if self._error is not None:
            raise self._error
        while not self._batch.ends:
            await Turn()
        self.has_ended = True


class Last(Worker):
    """Does the last image."""

    async def run(self) -> None:
        # After all others have had their turn.
        for _ in range(9):
            await Turn()
        self._batch.is_over = True


GONE = Unreachable("http://there", "away")


def together(*make: Callable[[Batch], Worker]) -> list[Worker]:
    batch = Batch()
    workers = [each(batch) for each in make]
    asyncio.run(run_together(workers, batch))
    return workers


def test_all_end_with_the_batch() -> None:
    assert together(Worker, Last)[0].has_ended


def test_who_went_away_for_too_long_is_done_without() -> None:
    together(lambda batch: Worker(batch, GONE), Worker, Last)


def test_without_any_server_it_ends() -> None:
    gone = [lambda batch: Worker(batch, GONE)] * 2
    with pytest.raises(Unreachable):
        together(*gone)


def test_where_all_that_are_left_wait_for_who_went_away_it_ends() -> None:
    with pytest.raises(Unreachable):
        together(lambda batch: Worker(batch, GONE), lambda batch: Worker(batch, is_idle=True))


@pytest.mark.parametrize("error", [RefusedByServer("no", 400), GONE])
def test_who_cannot_go_on_ends_it_for_all(error: CommandError) -> None:
    """As does who was never there."""
    workers: list[Worker] = []

    def failing(batch: Batch) -> Worker:
        worker = Worker(batch, error)
        worker.has_worked = False
        return worker

    def other(batch: Batch) -> Worker:
        workers.append(Worker(batch))
        return workers[0]

    with pytest.raises(type(error)):
        together(failing, other)
    assert workers[0].has_ended
