"""How a run has ended: what the shell is told, and a person."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from .batch import Batch
from .client import Client
from .errors import CommandError, DatabaseAway, ExitCode, Unreachable
from .loops import LOOPS, in_words
from .plain import plain

SETTLE_SECONDS = 30.0
"""How long results may take to be written after the batch is complete."""
STOPPED_SECONDS = 3.0
"""As above, after it was stopped: others may be at work on it for hours."""
LOOK_SECONDS = 0.05

Loop = dict[str, Any]
"""As the pack's route shows it; empty if none was run."""


async def settled(clients: Sequence[Client], batch: Batch) -> tuple[Client, Loop]:
    """The loop once what the last prompts wrote is on the disk, and a server that has told it.

    Raises Unreachable or DatabaseAway if no server answers.
    """
    if not batch.loop:
        return clients[0], {}
    answering: list[Client] = []
    gone: CommandError | None = None
    for client in clients:
        # Each server learns only of its own prompts how they have ended, and does so when asked.
        try:
            await client.get(f"{LOOPS}/{batch.loop}")
        except (Unreachable, DatabaseAway) as error:
            gone = gone or error
        else:
            answering.append(client)
    if gone is not None and not answering:
        raise gone
    return answering[0], await _settled(answering[0], batch)


async def _settled(client: Client, batch: Batch) -> Loop:
    seconds = SETTLE_SECONDS if batch.is_over else STOPPED_SECONDS
    for _ in range(int(seconds / LOOK_SECONDS)):
        loop: Loop = await client.get(f"{LOOPS}/{batch.loop}")
        if not loop["running"] + loop["ended"]:
            break
        await asyncio.sleep(LOOK_SECONDS)
    return loop


def code_of(batch: Batch, loop: Loop, *, was_interrupted: bool) -> ExitCode:
    """What the shell is told."""
    if was_interrupted:
        return ExitCode.INTERRUPTED
    if batch.problem or not loop.get("complete"):
        return ExitCode.STOPPED
    return ExitCode.SOME_FAILED if loop["failed"] else ExitCode.DONE


def in_lines(loop: Loop) -> str:
    """How the batch stands, and what failed in it."""
    if not loop:
        return "Nothing ran."
    failures = "".join(
        f"\n  {plain(item['path'])}: {plain(item['reason'])}" for item in loop["failures"]
    )
    return f"{in_words(loop)}, {loop['seconds']:.1f} s{failures}"


def why_it_stopped(batch: Batch) -> str:
    """What has stopped the batch, in a line."""
    problem = batch.problem.rstrip(".") or "End Queue has said stop before the batch was complete"
    return f"Stopped: {problem}. Run again to go on."
