"""The command line of `batch-loop`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from . import loops
from .errors import CommandError, ExitCode
from .run import Options, run

LOCAL = "http://127.0.0.1:8188"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    given = _parser().parse_args(arguments)
    try:
        return int(asyncio.run(_do(given)))
    except CommandError as error:
        sys.stderr.write(f"batch-loop: {error}\n")
        return int(error.code)
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)


async def _do(given: argparse.Namespace) -> ExitCode:
    if given.command == "run":
        return await run(
            Options(
                workflow=given.workflow,
                server=_address(given.server),
                settings=tuple(given.set),
                on_error=given.on_error,
                report=given.report,
                contact_sheet=given.contact_sheet,
                as_json=given.json,
            )
        )
    url = _address(given.server)
    if given.command == "status":
        return await loops.status(url, as_json=given.json)
    if given.command == "report":
        return await loops.report(url, given.loop, given.file)
    return await loops.change(url, given.command, given.loop)


def _address(server: str) -> str:
    address = server if "://" in server else f"http://{server}"
    return address.rstrip("/")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="batch-loop",
        description="Takes a folder of images through a ComfyUI workflow, without a browser.",
        epilog=_codes(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    server = argparse.ArgumentParser(add_help=False)
    server.add_argument("--server", default=LOCAL, help=f"ComfyUI's address (default: {LOCAL})")

    running = commands.add_parser(
        "run", parents=[server], help="run a workflow until its batch is complete"
    )
    running.add_argument(
        "workflow", type=Path, help="a workflow's file, as saved or exported (API)"
    )
    running.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NODE.INPUT=VALUE",
        help="change an input, such as DirectoryIterator.directory=holiday; may be repeated",
    )
    running.add_argument(
        "--on-error",
        choices=["stop", "skip", "retry"],
        help="at an image that fails: stop there, go on, or try it up to three times and go on "
        "(default: as Directory Iterator has it)",
    )
    running.add_argument("--report", type=Path, metavar="FILE", help="write a .json or .csv report")
    running.add_argument(
        "--contact-sheet",
        type=Path,
        metavar="FILE",
        help="draw each image beside its result, where both are on this machine",
    )
    running.add_argument(
        "--json", action="store_true", help="say what happens in JSON, line by line"
    )

    listing = commands.add_parser("status", parents=[server], help="show the batches of a server")
    listing.add_argument("--json", action="store_true", help="show them in JSON")
    for name, what in (
        ("reset", "start a batch over"),
        ("retry", "have the failed images of a batch taken again"),
    ):
        changing = commands.add_parser(name, parents=[server], help=what)
        changing.add_argument("loop", help="the batch's folder, or its id as status shows it")
    reporting = commands.add_parser("report", parents=[server], help="write a report of a batch")
    reporting.add_argument("loop", help="the batch's folder, or its id as status shows it")
    reporting.add_argument("file", type=Path, help="the .json or .csv file to write")
    return parser


def _codes() -> str:
    texts = {
        ExitCode.DONE: "every image is done",
        ExitCode.SOME_FAILED: "complete, and some images failed",
        ExitCode.WRONG_CALL: "the command line or the workflow cannot be used",
        ExitCode.STOPPED: "stopped at an image that failed",
        ExitCode.UNREACHABLE: "the server does not answer",
        ExitCode.REFUSED: "the server refuses what it was asked for",
        ExitCode.INTERRUPTED: "Ctrl-C",
    }
    return "exit codes:\n" + "\n".join(f"  {code:<4} {text}" for code, text in texts.items())
