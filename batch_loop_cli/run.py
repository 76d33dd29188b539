"""`batch-loop run`."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from .auto_queue import RETURN_SECONDS, AutoQueue
from .changes import NO_CHANGES, Changes
from .client import Client, Loop
from .ctrl_c import ctrl_c
from .display import Bar, JsonLines, summary_in_words
from .ending import ending, goes_on
from .errors import ExitCode, Stopped, naming
from .progress import Progress
from .reports import check_folder_of, check_report, write_report
from .same_batch import check_same_database, check_same_places
from .servers import Worker, run_on_all
from .workflow import Prompts, Workflow

MOST_LOSSES = 3
"""How often the last results may be lost with their server before the command gives up."""
LOST = "The last results are lost. Going on with what is left …"


@dataclass(frozen=True)
class Options:
    """The options of the command line."""

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
        Stopped: the batch stopped before that; the requested files are written nevertheless.

    """
    _check_files(options)
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Client(url)) for url in options.servers]
        workflow = Workflow(options.workflow)
        prompts = [await _prompts_for(client, workflow, options.changes) for client in clients]
        if len(clients) > 1:
            await check_same_database(clients)
            await check_same_places(clients, [each.first for each in prompts])
        progress = Progress()
        with contextlib.closing(JsonLines() if options.as_json else Bar()) as display:
            queues = [
                AutoQueue(
                    client,
                    its_own,
                    progress,
                    functools.partial(display.show, progress=progress, server=client.url),
                    return_seconds=options.return_seconds,
                )
                for client, its_own in zip(clients, prompts, strict=True)
            ]
            ended = await run_to_the_end(
                queues, clients, progress, options.return_seconds, display.note
            )
            client, loop = ended.client, ended.loop
            code = ExitCode.INTERRUPTED if ended.was_interrupted else exit_code(progress, loop)
            summary = {"exit_code": int(code), "problem": progress.problem, **loop}
            display.end(summary, summary_in_words(loop) if loop else "Nothing ran.")
        if loop and not await _write_files(options, client, progress.loop, display.note):
            return ExitCode.INTERRUPTED
        if code is ExitCode.STOPPED:
            raise Stopped(why_it_stopped(progress))
    return code


class Ended(NamedTuple):
    """How a run has ended."""

    client: Client
    """A server that reports on the batch."""
    loop: Loop
    """How the batch stands; empty if no item was reached."""
    was_interrupted: bool


async def run_to_the_end(
    queues: Sequence[Worker],
    clients: Sequence[Client],
    progress: Progress,
    return_seconds: float,
    note: Callable[[str], None],
) -> Ended:
    """Run a batch on all servers until nothing is left of it, or it has stopped.

    It goes on if the last results are lost with their server, but not forever. `note` is told so.
    """
    for _ in range(MOST_LOSSES):
        progress.is_over = False
        was_interrupted = await run_on_all(queues, progress, note)
        # Somebody who has pressed Ctrl-C, or whose batch has stopped, does not wait.
        is_patient = progress.is_over and not was_interrupted
        seconds = return_seconds if is_patient else 0.0
        ended = Ended(*await ending(clients, progress, seconds, note), was_interrupted)
        if was_interrupted or not goes_on(progress, ended.loop):
            return ended
        note(LOST)
    progress.problem = f"the last results were lost {MOST_LOSSES} times"
    return ended


def exit_code(progress: Progress, loop: Loop) -> ExitCode:
    """Return the exit code for a batch that nobody interrupted; `loop` may be empty."""
    # Not by `stands`, which is "running" while the last results are still being written.
    if progress.problem or not loop.get("complete"):
        return ExitCode.STOPPED
    return ExitCode.SOME_FAILED if loop["failed"] else ExitCode.DONE


def why_it_stopped(progress: Progress) -> str:
    """Say in one line what has stopped the batch."""
    problem = progress.problem.rstrip(".")
    problem = problem or "End Queue has said stop before the batch was complete"
    return f"Stopped: {problem}. Run again to go on."


def _check_files(options: Options) -> None:
    """Raise WrongCall for files that could not be written after the batch."""
    for file in filter(None, (options.report, options.contact_sheet)):
        check_folder_of(file)
    if options.report:
        check_report(options.report)
    if options.contact_sheet:
        from .contact_sheet import check_picture  # noqa: PLC0415 - Pillow is not always there

        check_picture(options.contact_sheet)


async def _prompts_for(client: Client, workflow: Workflow, changes: Changes) -> Prompts:
    """Return the prompts for a server, after checking that it has all that they need."""
    with naming(client.url):
        prompts = Prompts(workflow, await client.node_types(), changes)
        await client.check_database()
    return prompts


NOT_DRAWN = "The contact sheet is not drawn."


async def _write_files(
    options: Options, client: Client, loop_id: str, note: Callable[[str], object]
) -> bool:
    """Write the report and the contact sheet, if they were asked for.

    Returns whether that is done: Ctrl-C, which `note` is told of at once, ends the drawing.
    """
    if options.report:
        await write_report(client, loop_id, options.report)
    if options.contact_sheet:
        from .contact_sheet import GivenUp, write_contact_sheet  # noqa: PLC0415 - as above

        # It takes a while after the batch is complete, so it has a bar of its own.
        hidden = True if options.as_json else None  # None: where there is a terminal
        bar = functools.partial(tqdm, desc="Contact sheet", leave=False, disable=hidden)
        say = functools.partial(note, NOT_DRAWN)
        with ctrl_c(once=say, again=say) as was_pressed, contextlib.suppress(GivenUp):
            await write_contact_sheet(
                client, loop_id, options.contact_sheet, bar, was_pressed.is_set
            )
            return True
        return False
    return True
