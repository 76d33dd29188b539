"""Opens ComfyUI with the pack for a person to click in, until Ctrl-C."""

from __future__ import annotations

import shutil

from .errors import ToolError, run_command, say
from .examples import IMAGES
from .layout import COMFYUI
from .server import ComfyServer

BASE = COMFYUI / "comfy"
"""Kept from one time to the next: what was saved in there is still there."""


def main() -> int:
    """Start ComfyUI, say where it is, and stay until it ends."""
    server = ComfyServer(BASE)
    copy = server.input / "example_images"
    shutil.copytree(IMAGES, copy, dirs_exist_ok=True)
    say("starting ComfyUI ... ")
    with server:
        say(
            f"open {server.url}\n"
            "The example workflows: Workflow > Browse Templates > batch-loop.\n"
            f"A copy of the example images, to try things on: {copy}\n"
            f"Results go to: {server.output}\n"
            "Ctrl-C ends it.\n"
        )
        code = server.wait()
    raise ToolError(f"ComfyUI ended by itself, with code {code}; see {server.log_path}")


if __name__ == "__main__":
    run_command(main)
