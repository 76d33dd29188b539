"""The command line of `batch-loop`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from .auto_queue import RETURN_SECONDS
from .batches import change_batch, report_batch, show_batches
from .changes import Changes
from .display import give_up_output, plain, show_any_name
from .errors import CommandError, ExitCode, WrongCall
from .run import Options, run

LOCAL = "http://127.0.0.1:8188"


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as the command does everywhere else."""

    def error(self, message: str) -> NoReturn:
        """Raise WrongCall; `message` is argparse's."""
        raise WrongCall(f"{message}. See {self.prog} --help.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code."""
    show_any_name()
    try:
        try:
            return int(_run(arguments))
        finally:
            # What is written at the interpreter's end could not be answered for any more.
            if sys.stdout is not None:  # it was closed before
                sys.stdout.flush()
    except BrokenPipeError:
        give_up_output()
        return int(ExitCode.OUTPUT_CLOSED)


def _run(arguments: Sequence[str] | None) -> ExitCode:
    try:
        return asyncio.run(_do(_parser().parse_args(arguments)))
    except CommandError as error:
        sys.stderr.write(f"batch-loop: {plain(str(error))}\n")
        return error.code
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED


async def _do(given: argparse.Namespace) -> ExitCode:
    if given.command == "run":
        return await run(
            Options(
                workflow=given.workflow,
                servers=tuple(dict.fromkeys(map(_address, given.server or [LOCAL]))),
                changes=Changes(tuple(given.set), given.on_error),
                report=given.report,
                contact_sheet=given.contact_sheet,
                as_json=given.json,
                return_seconds=given.wait,
            )
        )
    url = _address(given.server)
    if given.command == "status":
        return await show_batches(url, as_json=given.json)
    if given.command == "report":
        return await report_batch(url, given.loop, given.file)
    return await change_batch(url, given.command, given.loop)


def _address(server: str) -> str:
    address = server if "://" in server else f"http://{server}"
    return address.rstrip("/")


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        seconds = float(text)
        if 0 <= seconds < math.inf:
            return seconds
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds, such as 600")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="batch-loop",
        description="Runs a ComfyUI workflow on each item of a batch (an image of a folder, or a "
        "row of a table),\nwithout a browser.",
        epilog=_exit_codes(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    server = _Parser(add_help=False)
    server.add_argument("--server", default=LOCAL, help=f"ComfyUI's address (default: {LOCAL})")

    running = commands.add_parser("run", help="run a workflow until its batch is complete")
    running.add_argument(
        "workflow", type=Path, help="a workflow's file, as saved or exported (API)"
    )
    running.add_argument(
        "--server",
        action="append",
        metavar="SERVER",
        help=f"ComfyUI's address (default: {LOCAL}); may be repeated, to share the batch between "
        "servers that share a database",
    )
    running.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NODE.INPUT=VALUE",
        help="change an input, such as DirectoryIterator.directory=holiday or "
        "RowIterator.file=prompts.csv; may be repeated",
    )
    running.add_argument(
        "--on-error",
        choices=["stop", "skip", "retry"],
        help="at an item that fails: stop there, skip it, or try it up to three times and go on "
        "(default: the iterator's setting)",
    )
    running.add_argument("--report", type=Path, metavar="FILE", help="write a .json or .csv report")
    running.add_argument(
        "--contact-sheet",
        type=Path,
        metavar="FILE",
        help="draw each image beside its result, or each row's result beside its title, where the "
        "files are on this machine",
    )
    running.add_argument(
        "--wait",
        type=_seconds,
        default=RETURN_SECONDS,
        metavar="SECONDS",
        help="how long to wait for a server that goes away during the batch (default: %(default)g)",
    )
    running.add_argument(
        "--json", action="store_true", help="say what happens in JSON, line by line"
    )

    listing = commands.add_parser("status", parents=[server], help="show the batches of a server")
    listing.add_argument("--json", action="store_true", help="show them in JSON")
    for name, what in (
        ("reset", "start a batch over"),
        ("retry", "have the next run take the failed items of a batch again"),
    ):
        changing = commands.add_parser(name, parents=[server], help=what)
        changing.add_argument(
            "loop", help="the batch's folder or file, or its id as status shows it"
        )
    reporting = commands.add_parser("report", parents=[server], help="write a report of a batch")
    reporting.add_argument("loop", help="the batch's folder or file, or its id as status shows it")
    reporting.add_argument("file", type=Path, help="the .json or .csv file to write")
    return parser


def _exit_codes() -> str:
    return "exit codes:\n" + "\n".join(f"  {code:<4} {code.meaning}" for code in ExitCode)
