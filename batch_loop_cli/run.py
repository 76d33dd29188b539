"""`batch-loop run`."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .agreement import check_database, check_folders
from .batch import Batch
from .client import Client
from .ctrl_c import ctrl_c
from .errors import ExitCode, Stopped, named_after
from .loops import check_report, whole, write_report
from .outcome import code_of, in_lines, settled, why_it_stopped
from .output import Bar, Lines
from .runner import Runner
from .together import run_together
from .workflow import ITERATOR, change, load, nodes_of

TRIES = 3
"""Of one image, with `--on-error retry`."""


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    workflow: Path
    servers: tuple[str, ...]
    settings: tuple[str, ...] = ()
    on_error: str | None = None
    report: Path | None = None
    contact_sheet: Path | None = None
    as_json: bool = False


async def run(options: Options) -> ExitCode:
    """Run a workflow on all servers until its batch is complete, and show how it went.

    Raises:
        Stopped: the batch stopped before that; what was asked for is written all the same.

    """
    _check_files(options)
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Client(url)) for url in options.servers]
        prompts = [await _prepared(client, options) for client in clients]
        if len(clients) > 1:
            await check_database(clients)
            await check_folders(clients, prompts)
        batch = Batch()
        with contextlib.closing(Lines() if options.as_json else Bar()) as output:
            runners = [
                Runner(
                    client,
                    prompt,
                    batch,
                    functools.partial(output.show, batch=batch, server=client.url),
                )
                for client, prompt in zip(clients, prompts, strict=True)
            ]
            with ctrl_c(runners, batch) as pressed:
                await run_together(runners, batch)
            client, loop = await settled(clients, batch)
            code = code_of(batch, loop, was_interrupted=bool(pressed))
            output.end({"exit_code": int(code), "problem": batch.problem, **loop}, in_lines(loop))
        if loop:
            await _write_files(options, client, batch.loop)
        if code is ExitCode.STOPPED:
            raise Stopped(why_it_stopped(batch))
    return code


def _check_files(options: Options) -> None:
    """Raise WrongCall for files that could not be written after the batch."""
    if options.report:
        check_report(options.report)
    if options.contact_sheet:
        from .contact_sheet import check_picture  # noqa: PLC0415 - Pillow is not always there

        check_picture(options.contact_sheet)


async def _prepared(client: Client, options: Options) -> dict[str, Any]:
    """The prompt for a server, which has all that it takes."""
    with named_after(client.url):
        prompt = load(options.workflow, await client.get("/object_info"))
        change(prompt, options.settings)
        _handle_errors(prompt, options.on_error)
        await client.check_database()
    return prompt


def _handle_errors(prompt: dict[str, Any], on_error: str | None) -> None:
    if on_error is None:
        return
    for node in nodes_of(prompt, ITERATOR):
        node["inputs"]["error_handling"] = (
            "Stop on error" if on_error == "stop" else "Skip on error"
        )
        if on_error == "retry":
            node["inputs"]["max_attempts"] = TRIES


async def _write_files(options: Options, client: Client, loop_id: str) -> None:
    """Write the report and the contact sheet, where they were asked for."""
    if options.report:
        await write_report(client, loop_id, options.report)
    if options.contact_sheet:
        from .contact_sheet import write_contact_sheet  # noqa: PLC0415 - as above

        write_contact_sheet(await whole(client, loop_id), options.contact_sheet)
