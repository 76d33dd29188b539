"""Opens ComfyUI with the pack for a person to click in, until Ctrl-C."""

from __future__ import annotations

import shutil

from .errors import ToolError, run_command, say
from .layout import COMFYUI, EXAMPLE_IMAGES
from .server import ComfyServer

BASE = COMFYUI / "comfy"
"""Kept between runs, so that what was saved is still there."""


def main() -> None:
    """Start ComfyUI, say where it is, and stay until it ends."""
    server = ComfyServer(BASE)
    copy = server.input / "example_images"
    shutil.copytree(EXAMPLE_IMAGES, copy, dirs_exist_ok=True)
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
