"""The example workflows and images."""

from __future__ import annotations

import json
from typing import Any

from .layout import ROOT

EXAMPLES = ROOT / "examples"
IMAGES = EXAMPLES / "images"

NATIVE_LOOPS = ROOT / "tests" / "nodes" / "batch_loop_native_loops.py"
"""Nodes for those examples that hold ComfyUI's own loops, where ComfyUI has none."""


def load_prompt(name: str) -> dict[str, Any]:
    """The example of that name in API format. It reads the example images where they are."""
    text = (EXAMPLES / "api" / f"{name}.json").read_text(encoding="utf-8")
    prompt: dict[str, Any] = json.loads(text)
    return prompt
