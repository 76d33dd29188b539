"""The batches that a server knows: shown, changed, and reported."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .client import Client, Loop
from .display import plain, tally
from .errors import ExitCode, RefusedByServer
from .reports import write_report


async def show_batches(url: str, *, as_json: bool) -> ExitCode:
    """Show every batch that a server knows, the one that ran last first."""
    async with Client(url) as client:
        loops = await (client.loops() if as_json else client.loops_in_full())
    if as_json:
        sys.stdout.write(f"{json.dumps(loops, indent=2)}\n")
        return ExitCode.DONE
    for loop in loops:
        # Texts typed into different workflows differ in nothing else.
        workflow = loop["title"] and f"in {loop['title']}"
        where = " ".join(filter(None, (loop["directory"], loop["name"], workflow)))
        sys.stdout.write(f"{loop['id']}  {tally(loop)}  {plain(where)}\n")
    if not loops:
        sys.stdout.write("No batch has run on this server yet.\n")
    return ExitCode.DONE


async def change_batch(url: str, action: str, name: str) -> ExitCode:
    """Start a batch over (`reset`), or have its failed items processed again (`retry`)."""
    async with Client(url) as client:
        before = await _find(client, name)
        loop = await client.change_loop(action, before["id"])
    sys.stdout.write(f"{tally(loop)}: {_what_follows(action, before, loop)}.\n")
    return ExitCode.DONE


def _what_follows(action: str, before: Loop, after: Loop) -> str:
    if action == "reset" or not after["complete"]:
        return "the next run goes on from there"
    return "what had failed is no longer there" if before["failed"] else "nothing has failed"


async def report_batch(url: str, name: str, file: Path) -> ExitCode:
    """Write a report of a batch."""
    async with Client(url) as client:
        await write_report(client, (await _find(client, name))["id"], file)
    return ExitCode.DONE


async def _find(client: Client, name: str) -> Loop:
    """Return the batch with that id, folder or file, or its name; raises RefusedByServer."""
    loops = await client.loops()
    same = [loop for loop in loops if name in (loop["id"], loop["directory"])]
    same = same or [loop for loop in loops if Path(loop["directory"]).name == name]
    if len(same) == 1:
        return same[0]
    ids = ", ".join(f"{loop['id']} ({loop['directory']})" for loop in same or loops) or "none"
    raise RefusedByServer(f"{name!r} names {len(same)} batches. Name one by its id: {ids}.", 404)
