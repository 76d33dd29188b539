"""Opens ComfyUI with the pack for a person to click in, until Ctrl-C."""

from __future__ import annotations

import sys

from .errors import ToolError, run_command
from .examples import copy_images
from .layout import COMFYUI
from .server import ComfyServer

BASE = COMFYUI / "comfy"
"""Kept from one time to the next: what was saved in there is still there."""


def main() -> int:
    """Start ComfyUI, say where it is, and stay until it ends."""
    server = ComfyServer(BASE)
    copy = copy_images(server.input)
    sys.stdout.write("starting ComfyUI ... ")
    sys.stdout.flush()
    with server:
        sys.stdout.write(
            f"open {server.url}\n"
            "The example workflows: Workflow > Browse Templates > batch-loop.\n"
            f"A copy of the example images, to try things on: {copy}\n"
            f"Results go to: {server.output}\n"
            "Ctrl-C ends it.\n"
        )
        sys.stdout.flush()
        code = server.wait()
    raise ToolError(f"ComfyUI ended by itself, with code {code}; see {server.log_path}")


if __name__ == "__main__":
    run_command(main)
