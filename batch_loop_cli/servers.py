"""A batch on one or several servers, until it ends on all of them or a person presses Ctrl-C."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Protocol

from .ctrl_c import ctrl_c
from .errors import Unreachable
from .progress import Progress

LOOK_SECONDS = 0.25


class Worker(Protocol):
    """Runs a batch on one server, as `AutoQueue` does."""

    @property
    def has_worked(self) -> bool:
        """Whether the server has ever answered."""

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do here while others work on the last items."""

    async def run(self) -> None:
        """Work until the batch ends; Unreachable, or another CommandError, if that fails."""

    async def interrupt(self) -> None:
        """End the item that runs."""


STOPPING = "Stopping after the item that runs. Press Ctrl-C again to interrupt it."
INTERRUPTING = "Interrupting …"


def _tell_nobody(_text: str) -> None:
    """Say nothing."""


async def run_on_all(
    workers: Collection[Worker], progress: Progress, note: Callable[[str], None] = _tell_nobody
) -> bool:
    """Run a batch that the workers share until each has ended; True if Ctrl-C ended it.

    `note` is told at once what Ctrl-C does.

    The batch goes on without a server that was away for too long, as long as another one has
    something to do.

    Raises:
        CommandError: one of the servers cannot go on. The others have ended what ran on them.
        Unreachable: a server went away, and without it the batch cannot be completed.

    """
    interrupts: list[asyncio.Task[None]] = []

    def give_up() -> None:
        note(STOPPING)
        progress.is_given_up = True

    def interrupt() -> None:
        note(INTERRUPTING)
        interrupts.extend(asyncio.create_task(worker.interrupt()) for worker in workers)

    running = {asyncio.create_task(worker.run()): worker for worker in workers}
    try:
        with ctrl_c(once=give_up, again=interrupt) as was_pressed:
            await _until_all_end(running, progress)
    finally:
        await _cancelled([*running, *interrupts])
    return was_pressed.is_set()


async def _until_all_end(running: dict[asyncio.Task[None], Worker], progress: Progress) -> None:
    """Wait for the tasks, and remove each from `running` when it has ended."""
    failure: BaseException | None = None
    lost: Unreachable | None = None
    while running:
        # The timeout, as those that are left may turn idle without any event.
        await asyncio.wait(running, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for task in [task for task in running if task.done()]:
            worker = running.pop(task)
            error = task.exception()
            if isinstance(error, Unreachable) and worker.has_worked:
                lost = error
            elif error is not None:
                failure = failure or error
                progress.is_given_up = True
        if lost and not progress.ends and all(worker.is_idle for worker in running.values()):
            failure = lost
            progress.is_given_up = True
    if failure is not None:
        raise failure


async def _cancelled(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel tasks, and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
