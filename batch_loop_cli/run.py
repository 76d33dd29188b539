"""`batch-loop run`."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .batch import Batch
from .client import Client
from .errors import ExitCode
from .loops import LOOPS, check_report, in_words, write_report
from .output import Bar, Lines
from .runner import Runner
from .workflow import ITERATOR, change, load, nodes_of

TRIES = 3
"""Of one image, with `--on-error retry`."""
MOST_PICTURES = 300
"""On a contact sheet, from the first on."""
SETTLE_SECONDS = 30.0
LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    workflow: Path
    server: str
    settings: tuple[str, ...] = ()
    on_error: str | None = None
    report: Path | None = None
    contact_sheet: Path | None = None
    as_json: bool = False


async def run(options: Options) -> ExitCode:
    """Run a workflow until its batch is complete, and show how it went."""
    if options.report:
        check_report(options.report)
    async with Client(options.server) as client:
        prompt = load(options.workflow, await client.get("/object_info"))
        change(prompt, options.settings)
        _handle_errors(prompt, options.on_error)
        with Lines() if options.as_json else Bar() as output:
            runner = Runner(
                client, prompt, lambda what, batch: output.show(what, batch, options.server)
            )
            with _ctrl_c(runner) as pressed:
                batch = await runner.run()
            loop = await _settled(client, batch.loop) if batch.loop else {}
            code = _code(batch, loop, was_interrupted=bool(pressed))
            output.end({"exit_code": int(code), **loop}, _line(batch, loop))
        if options.report and batch.loop:
            await write_report(client, batch.loop, options.report)
        if options.contact_sheet and batch.loop:
            await _draw(client, batch.loop, options.contact_sheet)
    return code


def _handle_errors(prompt: dict[str, Any], on_error: str | None) -> None:
    if on_error is None:
        return
    for node in nodes_of(prompt, ITERATOR):
        node["inputs"]["error_handling"] = (
            "Stop on error" if on_error == "stop" else "Skip on error"
        )
        if on_error == "retry":
            node["inputs"]["max_attempts"] = TRIES


@contextlib.contextmanager
def _ctrl_c(runner: Runner) -> Iterator[list[int]]:
    """Have the first Ctrl-C end the batch after the image that runs, and the second at once."""
    pressed: list[int] = []
    tasks: set[asyncio.Task[None]] = set()
    loop = asyncio.get_running_loop()

    def on_signal(*_: object) -> None:
        pressed.append(len(pressed))
        act = runner.stop() if len(pressed) == 1 else runner.interrupt()
        loop.call_soon_threadsafe(lambda: tasks.add(loop.create_task(act)))

    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


async def _settled(client: Client, loop_id: str) -> dict[str, Any]:
    """The loop once what the last prompt wrote is on the disk."""
    for _ in range(int(SETTLE_SECONDS / LOOK_SECONDS)):
        loop: dict[str, Any] = await client.get(f"{LOOPS}/{loop_id}")
        if not loop["running"] + loop["ended"]:
            break
        await asyncio.sleep(LOOK_SECONDS)
    return loop


def _code(batch: Batch, loop: dict[str, Any], *, was_interrupted: bool) -> ExitCode:
    if was_interrupted:
        return ExitCode.INTERRUPTED
    if batch.problem or not loop.get("complete"):
        return ExitCode.STOPPED
    return ExitCode.SOME_FAILED if loop["failed"] else ExitCode.DONE


def _line(batch: Batch, loop: dict[str, Any]) -> str:
    if not loop:
        return f"Nothing ran. {batch.problem}"
    failures = "".join(f"\n  {item['path']}: {item['reason']}" for item in loop["failures"])
    why = f"\nStopped: {batch.problem}. Run again to go on with it." if batch.problem else ""
    return f"{in_words(loop)}, {loop['seconds']:.1f} s{failures}{why}"


async def _draw(client: Client, loop_id: str, file: Path) -> None:
    from .contact_sheet import draw_contact_sheet  # noqa: PLC0415 - Pillow is not always there

    found = await client.get(f"{LOOPS}/{loop_id}/report.json")
    folder = Path(found["directory"])
    pairs = [
        (item["path"], folder / item["path"], Path(item["outputs"][0]))
        for item in found["items"]
        if item["outputs"]
    ][:MOST_PICTURES]
    draw_contact_sheet(pairs).save(file)
