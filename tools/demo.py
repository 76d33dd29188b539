"""The demo: runs an example workflow over the example images, without a browser.

It starts a server and runs the command `batch-loop` on it, as anybody would. Results, a report and
a contact sheet are left in `demo_output/`. It fails if anything but the deliberately broken file
failed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from .errors import ToolError, run_command, say
from .layout import COMFYUI, EXAMPLES, ROOT, SIX_NODES
from .programs import batch_loop_run
from .server import ComfyServer

EXAMPLE = EXAMPLES / "api" / f"{SIX_NODES}.json"
OUTPUT = ROOT / "demo_output"
BASE = COMFYUI / "demo"
BROKEN = "broken"
"""In the name of the file that is meant to fail."""
SOME_FAILED = 1
"""The exit code of a batch that is complete, with failures."""


def main() -> int:
    """Run the demo; the exit code is 0 if all went as expected."""
    for old in (OUTPUT, BASE):
        shutil.rmtree(old, ignore_errors=True)
    OUTPUT.mkdir()
    report, sheet = OUTPUT / "report.json", OUTPUT / "contact_sheet.png"
    server = ComfyServer(BASE)
    say("starting ComfyUI ... ")
    with server:
        say(f"{server.url}\n")
        keep = ("--report", report, "--contact-sheet", sheet)
        command = batch_loop_run([server.url], EXAMPLE, *keep)
        code = subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603 - our own
    if code != SOME_FAILED:
        raise ToolError(f"batch-loop run ended with {code}, where one broken image was to fail")
    shutil.copytree(server.output, OUTPUT / "images")
    where = OUTPUT.relative_to(ROOT)
    say(f"{where}/images/, {where}/report.json, {where}/contact_sheet.png\n")
    return 0 if _is_as_expected(json.loads(report.read_text(encoding="utf-8"))) else 1


def _is_as_expected(loop: dict[str, Any]) -> bool:
    """Whether all but the broken file is done and on disk."""
    failed = [item["path"] for item in loop["items"] if item["state"] == "failed"]
    written = [path for item in loop["items"] for path in item["outputs"]]
    return (
        bool(loop["complete"])
        and all(BROKEN in path for path in failed)
        and loop["done"] - loop["finishing"] == len(loop["items"]) - len(failed)
        and all(Path(path).is_file() for path in written)
    )


if __name__ == "__main__":
    run_command(main)
