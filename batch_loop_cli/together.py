"""Several servers at work on one batch, each with a runner of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Protocol

from .batch import Batch
from .errors import Unreachable

LOOK_SECONDS = 0.25


class Worker(Protocol):
    """What runs a batch on one server: a `Runner`."""

    @property
    def has_worked(self) -> bool:
        """Whether the server has ever answered."""

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do here while others work on the last images."""

    async def run(self) -> None:
        """Work until the batch ends; Unreachable, or another CommandError, if that fails."""


async def run_together(runners: Collection[Worker], batch: Batch) -> None:
    """Run a batch that the runners share, until each of them has ended.

    A server that went away for too long is done without, as long as another has something to do.

    Raises:
        CommandError: one of the servers cannot go on. The others have ended what ran on them.
        Unreachable: a server went away, and without it the batch cannot be completed.

    """
    working = {asyncio.create_task(runner.run()): runner for runner in runners}
    failure: BaseException | None = None
    lost: Unreachable | None = None
    try:
        while working:
            # All that is left may be idle at any moment, hence the time.
            await asyncio.wait(working, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in working if task.done()]:
                runner = working.pop(task)
                error = task.exception()
                if isinstance(error, Unreachable) and runner.has_worked:
                    lost = error
                elif error is not None:
                    failure = failure or error
                    batch.is_given_up = True
            if lost and not batch.ends and all(runner.is_idle for runner in working.values()):
                failure = lost
                batch.is_given_up = True
    finally:
        for task in working:
            task.cancel()
    if failure is not None:
        raise failure
