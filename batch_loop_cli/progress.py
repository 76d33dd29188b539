"""How far a batch is, put together from what its nodes report on all servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

UI_KEY = "batch_loop"

Report = Mapping[str, Any]
"""What one of the pack's nodes reports; `docs/routes.md` has its fields."""


@dataclass
class Progress:
    """How far a batch is on all servers, in images, and whether to go on with it."""

    loop: str = ""
    """The loop's id; empty before the first image."""
    total: int = 0
    done: int = 0
    failed: int = 0
    filename: str = ""
    """The image that was handed out last."""
    on_error: set[str] = field(default_factory=lambda: {"stop"})
    """What is next if a prompt fails that was handed no image, by what was last said on one."""
    is_over: bool = False
    """Whether a server has said that there is nothing more to do."""
    problem: str = ""
    """The error that stopped the batch, if one did."""
    is_given_up: bool = False
    """Whether a person pressed Ctrl-C, or a server cannot go on."""

    @property
    def ended(self) -> int:
        """How many images are done or failed."""
        return self.done + self.failed

    @property
    def ends(self) -> bool:
        """Whether no more prompts are to be sent."""
        return self.is_over or bool(self.problem) or self.is_given_up

    def note(self, report: Report) -> None:
        """Take in the report of a node on any of the servers.

        A report may be older than one that another server sent before: the figures never go back.
        """
        if report["kind"] == "end_queue":
            return
        is_newer = report["done"] + report["failed"] >= self.ended
        if report["loop"] != self.loop or is_newer:
            self.loop = report["loop"]
            self.total = report["total"]
            self.done = report["done"]
            self.failed = report["failed"]
        if report["kind"] == "iteration":
            # It is empty where no image was left to hand out.
            self.filename = report["filename"] or self.filename


def reports_in(output: Mapping[str, Any]) -> Iterator[Report]:
    """Yield the reports of the pack's nodes in a node's output."""
    yield from output.get(UI_KEY) or ()


def says_stop(reports: Sequence[Report]) -> bool:
    """Whether to stop, by what each End Queue of a prompt reports.

    Where several batches go through one workflow, all of them have to be complete; an End Queue
    that goes by anything else stops by itself.
    """
    verdicts = [report for report in reports if report["kind"] == "end_queue"]
    of_batches = [verdict["next"] == "stop" for verdict in verdicts if verdict["of_batch"]]
    others = [verdict["next"] == "stop" for verdict in verdicts if not verdict["of_batch"]]
    return any(others) or (bool(of_batches) and all(of_batches))


def on_error_in(reports: Sequence[Report]) -> set[str]:
    """Return what is next if a prompt with these reports fails, by each image it was handed."""
    iterations = [report for report in reports if report["kind"] == "iteration"]
    # Without an image it is always "stop", whatever is set.
    return {report["on_error"] for report in iterations if report["filename"]}
