"""What the prompts of one run say of the batch, put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

UI_KEY = "batch_loop"

Said = Mapping[str, Any]
"""What one of the pack's nodes has said; `docs/routes.md` has its fields."""


@dataclass
class Batch:
    """How far a batch is, by what its nodes have said on all servers; figures are in images.

    Whoever runs it looks here whether to go on.
    """

    loop: str = ""
    """The loop's id; empty before the first image."""
    total: int = 0
    done: int = 0
    failed: int = 0
    filename: str = ""
    """Of the image that was handed out last."""
    skips: bool = False
    """Whether the batch goes on after an image that failed."""
    is_over: bool = False
    """Whether End Queue has said stop, or a server that waited has found the batch complete."""
    problem: str = ""
    """Why the batch stopped, if it did so on an error."""
    is_given_up: bool = False
    """Whether to leave it there: a person pressed Ctrl-C, or a server cannot go on."""

    @property
    def ends(self) -> bool:
        """Whether no more prompts are to be sent."""
        return self.is_over or bool(self.problem) or self.is_given_up

    def note(self, entry: Said) -> None:
        """Take in what a node has said, on whichever server.

        What one server says may be older than what another one has said: the figures never go
        back.
        """
        if entry["kind"] == "end_queue":
            return
        settled = entry["done"] + entry["failed"]
        if entry["loop"] != self.loop or settled >= self.done + self.failed:
            self.loop = entry["loop"]
            self.total = entry["total"]
            self.done = entry["done"]
            self.failed = entry["failed"]
        if entry["kind"] == "iteration":
            # Who has nothing left to take names no image.
            self.filename = entry["filename"] or self.filename
            self.skips = entry["error_handling"] == "Skip on error"


def entries(output: Mapping[str, Any]) -> Iterator[Said]:
    """What a node's result holds of the pack's own."""
    yield from output.get(UI_KEY) or ()


def says_stop(verdicts: Sequence[Said]) -> bool:
    """Whether to stop, by what each End Queue of a prompt has said.

    Of several batches, the last one to be complete says so. Any End Queue does that goes by
    something else; servers with an older version of the pack do not say which it is.
    """
    of_batches = [verdict["stop"] for verdict in verdicts if verdict.get("of_batch")]
    asks = any(verdict["stop"] for verdict in verdicts if not verdict.get("of_batch"))
    return asks or (bool(of_batches) and all(of_batches))
