"""How a batch stands once the command sends no more of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from .client import PAUSE_SECONDS, Client, Loop
from .errors import CommandError, DatabaseAway, Unreachable
from .progress import Progress

WRITING_SECONDS = 30.0
"""How long the last results may take to be written after the batch is complete."""
STOPPED_SECONDS = 3.0
"""The same after it was stopped: other servers may work on it for hours."""
LOOK_SECONDS = 0.05


async def ending(
    clients: Sequence[Client],
    progress: Progress,
    return_seconds: float,
    note: Callable[[str], object],
) -> tuple[Client, Loop]:
    """Return a server that reports on the batch, and how the batch stands.

    That is once the last results are on the disk; it is empty if no item was reached. If no server
    answers, or the database is away, that is waited for as it is in the middle of a batch, and
    `note` is told so; `return_seconds` is for how long.

    Raises:
        Unreachable, DatabaseAway: none comes back.

    """
    loop = asyncio.get_running_loop()
    until = loop.time() + return_seconds
    has_told = False
    while True:
        try:
            client = await _first_that_answers(clients, progress.loop)
            return client, await _once_written(client, progress)
        except (Unreachable, DatabaseAway):
            if loop.time() >= until:
                raise
            if not has_told:
                note("The batch has ended; waiting for a server to say how …")
            has_told = True
            await asyncio.sleep(PAUSE_SECONDS)


def goes_on(progress: Progress, loop: Loop) -> bool:
    """Whether a batch that had nothing left does have something again, and nobody has said stop.

    That is so if results that were on their way are lost with their server.
    """
    is_stopped = progress.problem or progress.is_given_up or progress.is_told_to_stop
    has_ended = not loop or loop["complete"]
    return not is_stopped and not has_ended and loop["next"] in {"go", "wait"}


async def _first_that_answers(clients: Sequence[Client], loop_id: str) -> Client:
    """Return a server that reports on the batch; Unreachable or DatabaseAway if none does.

    All are asked, as each server determines the outcomes of its own prompts when it is asked.
    """
    answering: list[Client] = []
    failure: CommandError | None = None
    for client in clients:
        try:
            if loop_id:
                await client.loop(loop_id)
        except (Unreachable, DatabaseAway) as error:
            failure = failure or error
        else:
            answering.append(client)
    if failure is not None and not answering:
        raise failure
    return answering[0]


async def _once_written(client: Client, progress: Progress) -> Loop:
    loop: Loop = {}
    seconds = WRITING_SECONDS if progress.is_over else STOPPED_SECONDS
    for _ in range(int(seconds / LOOK_SECONDS) if progress.loop else 0):
        loop = await client.loop(progress.loop)
        if not loop["current"]:
            break
        await asyncio.sleep(LOOK_SECONDS)
    return loop
