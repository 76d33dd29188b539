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
ITERATOR = "BatchLoopDirectoryIterator"


def load_prompt(name: str) -> dict[str, Any]:
    """The example of that name in API format."""
    path = EXAMPLES / "api" / f"{name}.json"
    try:
        prompt: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ToolError(f"{path.relative_to(ROOT)} is missing from this checkout") from None
    return prompt


def directory_of(prompt: dict[str, Any]) -> str:
    """The folder that the prompt's Directory Iterator reads."""
    for node in prompt.values():
        if node["class_type"] == ITERATOR:
            return str(node["inputs"]["directory"])
    raise ToolError("the example has no Directory Iterator")


def copy_images(input_folder: Path) -> None:
    """Put the example images where each example workflow looks for them."""
    prompts = sorted((EXAMPLES / "api").glob("*.json"))
    for directory in {directory_of(load_prompt(path.stem)) for path in prompts}:
        shutil.copytree(IMAGES, input_folder / directory, dirs_exist_ok=True)
