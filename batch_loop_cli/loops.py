"""The batches of a server: shown, changed, reported."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from .client import Client
from .errors import ExitCode, RefusedByServer, WrongCall
from .plain import plain

LOOPS = "/batch_loop/loops"


async def status(url: str, *, as_json: bool) -> ExitCode:
    """Show every batch that a server knows, the one that ran last first."""
    async with Client(url) as client:
        loops = (await client.get(LOOPS))["loops"]
    if as_json:
        sys.stdout.write(f"{json.dumps(loops, indent=2)}\n")
        return ExitCode.DONE
    for loop in loops:
        where = plain(f"{loop['directory']} {loop['name']}")
        sys.stdout.write(f"{loop['id']}  {in_words(loop)}  {where}\n")
    if not loops:
        sys.stdout.write("No batch has run on this server yet.\n")
    return ExitCode.DONE


async def change(url: str, what: str, name: str) -> ExitCode:
    """Start a batch over (`reset`), or have its failed images taken again (`retry`)."""
    async with Client(url) as client:
        loop = await client.post(f"{LOOPS}/{what}", {"loop": (await _found(client, name))["id"]})
    sys.stdout.write(f"{in_words(loop)}: the next run goes on from there.\n")
    return ExitCode.DONE


async def report(url: str, name: str, file: Path) -> ExitCode:
    """Write a report of a batch."""
    async with Client(url) as client:
        await write_report(client, (await _found(client, name))["id"], file)
    return ExitCode.DONE


async def write_report(client: Client, loop_id: str, file: Path) -> None:
    """Write every image of a batch into `file`, by its ending as JSON or CSV; WrongCall."""
    kind = check_report(file)
    if kind == ".json":
        text = json.dumps(await whole(client, loop_id), indent=2) + "\n"
    else:
        text = await client.get_text(f"{LOOPS}/{loop_id}/report.csv")
    _write(file, text)


async def whole(client: Client, loop_id: str) -> dict[str, Any]:
    """A batch with all of its images."""
    found: dict[str, Any] = await client.get(f"{LOOPS}/{loop_id}/report.json")
    return found


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}. Choose another file."
        raise WrongCall(message) from error


def check_report(file: Path) -> str:
    """The kind of report that a file's name asks for; WrongCall for others."""
    kind = file.suffix.lower()
    if kind not in {".json", ".csv"}:
        raise WrongCall(f"{file}: a report ends in .json or .csv.")
    return kind


def in_words(loop: dict[str, Any]) -> str:
    """How a batch stands."""
    failed = f", {loop['failed']} failed" if loop["failed"] else ""
    state = "complete" if loop["complete"] else f"{loop['pending'] + loop['running']} left"
    if loop["complete"] and loop.get("unpaired"):
        state += f", {loop['unpaired']} without a partner"
    return f"{loop['done'] + loop['ended']} of {loop['total']} done{failed}, {state}"


async def _found(client: Client, name: str) -> dict[str, Any]:
    """The loop with an id or a folder of that name."""
    loops: list[dict[str, Any]] = (await client.get(LOOPS))["loops"]
    same = [loop for loop in loops if name in (loop["id"], loop["directory"])]
    same = same or [loop for loop in loops if Path(loop["directory"]).name == name]
    if len(same) == 1:
        return same[0]
    ids = ", ".join(f"{loop['id']} ({loop['directory']})" for loop in same or loops) or "none"
    raise RefusedByServer(f"{name!r} names {len(same)} batches. Name one by its id: {ids}.", 404)
