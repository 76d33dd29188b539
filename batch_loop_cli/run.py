"""`batch-loop run`."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass
from pathlib import Path

from .agreement import check_database, check_folders
from .batch import Batch
from .client import Client
from .ctrl_c import ctrl_c
from .errors import ExitCode, Stopped, named_after
from .loops import check_report, whole, write_report
from .outcome import code_of, in_lines, settled, why_it_stopped
from .output import Bar, Lines
from .prompts import NO_CHANGES, Changes, Prompts
from .runner import RETURN_SECONDS, Runner
from .together import run_together
from .workflow import Workflow


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    workflow: Path
    servers: tuple[str, ...]
    changes: Changes = NO_CHANGES
    report: Path | None = None
    contact_sheet: Path | None = None
    as_json: bool = False
    return_seconds: float = RETURN_SECONDS


async def run(options: Options) -> ExitCode:
    """Run a workflow on all servers until its batch is complete, and show how it went.

    Raises:
        Stopped: the batch stopped before that; what was asked for is written all the same.

    """
    _check_files(options)
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Client(url)) for url in options.servers]
        workflow = Workflow(options.workflow)
        prompts = [await _prepared(client, workflow, options.changes) for client in clients]
        if len(clients) > 1:
            await check_database(clients)
            await check_folders(clients, [each.first for each in prompts])
        batch = Batch()
        with contextlib.closing(Lines() if options.as_json else Bar()) as output:
            runners = [
                Runner(
                    client,
                    its_own,
                    batch,
                    functools.partial(output.show, batch=batch, server=client.url),
                    return_seconds=options.return_seconds,
                )
                for client, its_own in zip(clients, prompts, strict=True)
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


async def _prepared(client: Client, workflow: Workflow, changes: Changes) -> Prompts:
    """The prompts for a server, which has all that they take."""
    with named_after(client.url):
        prompts = Prompts(workflow, await client.get("/object_info"), changes)
        await client.check_database()
    return prompts


async def _write_files(options: Options, client: Client, loop_id: str) -> None:
    """Write the report and the contact sheet, where they were asked for."""
    if options.report:
        await write_report(client, loop_id, options.report)
    if options.contact_sheet:
        from .contact_sheet import write_contact_sheet  # noqa: PLC0415 - as above

        write_contact_sheet(await whole(client, loop_id), options.contact_sheet)
