"""When a batch on several servers ends, if some of them go away or cannot continue."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Generator

import pytest

from batch_loop.batch_loop_cli.errors import CommandError, RefusedByServer, Unreachable
from batch_loop.batch_loop_cli.progress import Progress
from batch_loop.batch_loop_cli.servers import INTERRUPTING, STOPPING, run_on_all


class Turn:
    """Let the others have their turn."""

    def __await__(self) -> Generator[None, None, None]:
        yield


class Worker:
    """Works until the batch ends, or does what it is given at once."""

    has_worked = True

    def __init__(
        self, progress: Progress, error: CommandError | None = None, *, is_idle: bool = False
    ) -> None:
        self._progress = progress
        self._error = error
        self.is_idle = is_idle
        self.has_ended = False
        self.was_interrupted = False

    async def run(self) -> None:
        if self._error is not None:
            raise self._error
        while not self._progress.ends:
            await Turn()
        self.has_ended = True

    async def interrupt(self) -> None:
        self.was_interrupted = True


class Last(Worker):
    """Does the last image."""

    async def run(self) -> None:
        # Once all others have had their turn.
        for _ in range(9):
            await Turn()
        self._progress.is_over = True


GONE = Unreachable("http://there", "away")


def together(*make: Callable[[Progress], Worker]) -> list[Worker]:
    progress = Progress()
    workers = [each(progress) for each in make]
    asyncio.run(run_on_all(workers, progress))
    return workers


def test_all_end_with_the_batch() -> None:
    assert together(Worker, Last)[0].has_ended


def test_the_others_finish_without_a_server_that_is_away_for_too_long() -> None:
    together(lambda each: Worker(each, GONE), Worker, Last)


def test_it_ends_when_every_server_is_gone() -> None:
    gone = [lambda each: Worker(each, GONE)] * 2
    with pytest.raises(Unreachable):
        together(*gone)


def test_it_ends_if_all_the_others_only_wait_for_a_server_that_is_gone() -> None:
    with pytest.raises(Unreachable):
        together(lambda each: Worker(each, GONE), lambda each: Worker(each, is_idle=True))


@pytest.mark.parametrize("error", [RefusedByServer("no", 400), GONE])
def test_a_server_that_cannot_continue_ends_it_for_all(error: CommandError) -> None:
    """So does one that never answered."""
    workers: list[Worker] = []

    def failing(progress: Progress) -> Worker:
        worker = Worker(progress, error)
        worker.has_worked = False
        return worker

    def other(progress: Progress) -> Worker:
        workers.append(Worker(progress))
        return workers[0]

    with pytest.raises(type(error)):
        together(failing, other)
    assert workers[0].has_ended


class Pressing(Worker):
    """Presses Ctrl-C a number of times, and works until it takes effect."""

    def __init__(self, progress: Progress, times: int) -> None:
        super().__init__(progress)
        self.times = times

    async def run(self) -> None:
        for _ in range(self.times):
            signal.raise_signal(signal.SIGINT)
        await super().run()
        while self.times > 1 and not self.was_interrupted:
            await Turn()


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.posix
def test_ctrl_c_ends_the_batch_and_pressed_twice_interrupts_it(times: int) -> None:
    before = signal.getsignal(signal.SIGINT)
    progress = Progress()
    workers = [Worker(progress), Pressing(progress, times)]
    told: list[str] = []
    assert asyncio.run(run_on_all(workers, progress, told.append))
    assert told == [STOPPING, INTERRUPTING][:times]
    assert [worker.has_ended for worker in workers] == [True, True]
    assert [worker.was_interrupted for worker in workers] == [times > 1] * 2
    assert signal.getsignal(signal.SIGINT) is before
