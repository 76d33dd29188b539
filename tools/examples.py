"""The example workflows and images, as the demo and `make comfy` use them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from .errors import ToolError
from .layout import ROOT

EXAMPLES = ROOT / "examples"
IMAGES = EXAMPLES / "images"
COPY = "example_images"

NATIVE_LOOPS = ROOT / "tests" / "nodes" / "batch_loop_native_loops.py"
"""Nodes for those examples that hold ComfyUI's own loops, where ComfyUI has none."""


def load_prompt(name: str) -> dict[str, Any]:
    """The example of that name in API format. It reads the example images where they are."""
    path = EXAMPLES / "api" / f"{name}.json"
    try:
        prompt: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ToolError(f"{path.relative_to(ROOT)} is missing from this checkout") from None
    return prompt


def copy_images(input_folder: Path) -> Path:
    """Put a copy of the example images below the input folder, to try things on; returns it."""
    folder = input_folder / COPY
    shutil.copytree(IMAGES, folder, dirs_exist_ok=True)
    return folder
