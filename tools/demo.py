"""The demo: an example workflow over the example images, to the end, without a browser.

It does what any script can do: submit the same prompt again until End Queue says stop. The
results and a contact sheet are left in `demo_output/`. It fails if anything failed but the file
that is broken on purpose.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from .client import ComfyClient
from .contact_sheet import draw_contact_sheet
from .errors import ToolError, run_command
from .examples import load_prompt
from .layout import COMFYUI, ROOT
from .results import RunResult
from .server import ComfyServer

EXAMPLE = "save_batch"
OUTPUT = ROOT / "demo_output"
BASE = COMFYUI / "demo"
UI_KEY = "batch_loop"
BROKEN = "broken"
"""In the name of the file that is meant to fail."""
MOST_TURNS = 1000
MOST_ERRORS_IN_A_ROW = 3


@dataclass
class Batch:
    """What a run of the batch left."""

    loop_id: str = ""
    directory: Path = Path()
    saved: list[tuple[str, str]] = field(default_factory=list)
    """Source file name, and the result's path below the output folder."""


def main() -> int:
    """Run the demo; the exit code is 0 if all went as expected."""
    for old in (OUTPUT, BASE):
        shutil.rmtree(old, ignore_errors=True)
    prompt = load_prompt(EXAMPLE)
    server = ComfyServer(BASE)
    sys.stdout.write("starting ComfyUI ... ")
    sys.stdout.flush()
    with server:
        sys.stdout.write(f"{server.url}\n")
        start = time.monotonic()
        with server.client() as client:
            batch = run_batch(client, prompt)
            seconds = time.monotonic() - start
            loop: dict[str, Any] = client.get_json(f"/batch_loop/loops/{batch.loop_id}")
    shutil.copytree(server.output, OUTPUT / "images")
    pairs = [
        (name, _source(batch.directory, name, saved), OUTPUT / "images" / saved)
        for name, saved in batch.saved
    ]
    draw_contact_sheet(pairs).save(OUTPUT / "contact_sheet.png")
    sys.stdout.write(f"{summary(loop, seconds)}\n")
    unexpected = [item for item in loop["failures"] if BROKEN not in item["path"]]
    is_whole = loop["complete"] and loop["done"] == len(batch.saved)
    return 1 if unexpected or not is_whole else 0


def run_batch(client: ComfyClient, prompt: dict[str, Any]) -> Batch:
    """Submit the prompt until End Queue says stop."""
    batch = Batch()
    errors = 0
    with tqdm(total=None, unit="image") as bar:
        for _ in range(MOST_TURNS):
            result = client.run(prompt)
            _note(result, batch, bar)
            if any(entry.get("stop") for entry in _entries(result)):
                return batch
            errors = 0 if result.status == "success" else errors + 1
            if errors == MOST_ERRORS_IN_A_ROW:
                said = result.error.message if result.error else result.status
                raise ToolError(f"{errors} prompts in a row failed, the last with: {said}")
    raise ToolError(f"End Queue did not say stop in {MOST_TURNS} turns")


def summary(loop: dict[str, Any], seconds: float) -> str:
    """The last line: what became of the batch, and where it lies."""
    failed = "".join(f" ({item['path']}: {item['reason']})" for item in loop["failures"])
    where = OUTPUT.relative_to(ROOT)
    return (
        f"{loop['done']} of {loop['total']} done, {loop['failed']} failed{failed}, "
        f"in {seconds:.1f} s: {where}/images/, {where}/contact_sheet.png"
    )


def _note(result: RunResult, batch: Batch, bar: tqdm[Any]) -> None:
    filename = ""
    for entry in _entries(result):
        batch.loop_id = entry.get("loop", batch.loop_id)
        filename = entry.get("filename") or filename
        if entry["kind"] == "iteration":
            batch.directory = Path(entry["directory"])
        if entry["kind"] == "progress":
            bar.total = entry["total"]
            bar.n = entry["done"] + entry["failed"]
            bar.set_postfix_str(filename, refresh=False)
            bar.refresh()
    for output in result.outputs.values():
        for image in output.get("images", ()):
            if image["type"] == "output":
                batch.saved.append((filename, f"{image['subfolder']}/{image['filename']}"))


def _entries(result: RunResult) -> Iterator[dict[str, Any]]:
    for output in result.outputs.values():
        yield from output.get(UI_KEY, ())


def _source(folder: Path, name: str, saved: str) -> Path:
    """The source file of that name; of several, the one in the subfolder of the result's name."""
    found = sorted(folder.rglob(name))
    same = [path for path in found if path.parent.name == Path(saved).parent.name]
    return (same or found)[0]


if __name__ == "__main__":
    run_command(main)
