"""What the prompts of one run say of the batch, put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

UI_KEY = "batch_loop"


@dataclass
class Batch:
    """How far a batch is, by what its nodes have said; figures are in images."""

    loop: str = ""
    """The loop's id; empty before the first image."""
    total: int = 0
    done: int = 0
    failed: int = 0
    filename: str = ""
    """Of the image that was handed out last."""
    is_over: bool = False
    """Whether End Queue has said stop."""
    skips: bool = False
    """Whether the batch goes on after an image that failed."""
    problem: str = ""
    """Why the batch stopped, if it did so on an error."""
    saved: list[tuple[str, str]] = field(default_factory=list)
    """Source file name, and the result's path below ComfyUI's output folder."""

    def note(self, output: Mapping[str, Any]) -> None:
        """Take in what one node has said."""
        for entry in _entries(output):
            if entry["kind"] == "end_queue":
                self.is_over = self.is_over or bool(entry["stop"])
                continue
            self.loop = entry["loop"]
            self.total = entry["total"]
            self.done = entry["done"]
            self.failed = entry["failed"]
            if entry["kind"] == "iteration":
                self.filename = entry["filename"]
                self.skips = entry["error_handling"] == "Skip on error"
        for image in _saved(output):
            self.saved.append((self.filename, f"{image['subfolder']}/{image['filename']}"))


def _entries(output: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from output.get(UI_KEY) or ()


def _saved(output: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return [image for image in output.get("images") or () if image.get("type") == "output"]
