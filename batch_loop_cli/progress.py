"""A batch's progress, combined from what its nodes report on all servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

UI_KEY = "batch_loop"

Report = Mapping[str, Any]
"""A report of one of the pack's nodes; `docs/routes.md` lists its fields."""


@dataclass
class Progress:
    """A batch's progress on all servers, in items, and whether to go on with it."""

    loop: str = ""
    """The loop's id; empty before the first item."""
    total: int = 0
    done: int = 0
    failed: int = 0
    remaining: float | None = None
    """How many seconds it will take; None if the server has not said so."""
    per_minute: float | None = None
    """How many items a minute; None as above."""
    filename: str = ""
    """The name of the last image, or the title of the last row, that was handed out."""
    on_error: set[str] = field(default_factory=lambda: {"stop"})
    """What is next if a prompt without an item fails: what the last prompt with one said."""
    is_over: bool = False
    """Whether a server has said that there is nothing more to do."""
    is_told_to_stop: bool = False
    """Whether an End Queue has said so that depends on more than the batch."""
    problem: str = ""
    """The error that stopped the batch, if one did."""
    is_given_up: bool = False
    """Whether a person pressed Ctrl-C, or a server cannot go on."""

    @property
    def ended(self) -> int:
        """How many items are done or failed."""
        return self.done + self.failed

    @property
    def ends(self) -> bool:
        """Whether no more prompts are to be sent."""
        return self.is_over or bool(self.problem) or self.is_given_up

    def note(self, report: Report) -> None:
        """Add the report of a node on any of the servers.

        A report may be older than an earlier one of another server, so figures never go back.
        """
        if report["kind"] not in {"iteration", "progress"}:
            return
        is_newer = report["done"] + report["failed"] >= self.ended
        if report["loop"] != self.loop or is_newer:
            self.loop = report["loop"]
            self.total = report["total"]
            self.done = report["done"]
            self.failed = report["failed"]
            if report["kind"] == "progress":
                self.remaining = report.get("remaining")
                self.per_minute = report.get("per_minute")
        if report["kind"] == "iteration":
            # It is empty if no item was left to hand out.
            self.filename = report["filename"] or self.filename


def reports_in(output: Mapping[str, Any]) -> Iterator[Report]:
    """Yield the reports of the pack's nodes in a node's output."""
    yield from output.get(UI_KEY) or ()


def says_stop(reports: Sequence[Report]) -> bool:
    """Whether to stop, according to the End Queues of a prompt, and to loops that have none.

    If several batches go through one workflow, all of them have to be complete, unless one
    `stops_the_run`.
    """
    if stops_the_run(reports):
        return True
    verdicts = _verdicts(reports)
    own = {report["loop"]: report["next"] for report in reports if report.get("decides")}
    for report in reports:
        # What a saver or Batch Complete says comes later than what its iterator says.
        if report["kind"] == "progress" and report["loop"] in own:
            own[report["loop"]] = report["next"]
    following = [*own.values(), *(one["next"] for one in verdicts if one["of_batch"])]
    return bool(following) and {"stop", "watch"}.issuperset(following)


def stops_the_run(reports: Sequence[Report]) -> bool:
    """Whether an End Queue that depends on more than its batch says stop."""
    return any(one["next"] == "stop" and not one["of_batch"] for one in _verdicts(reports))


def _verdicts(reports: Sequence[Report]) -> list[Report]:
    return [report for report in reports if report["kind"] == "end_queue"]


def on_error_in(reports: Sequence[Report]) -> set[str]:
    """Return what each item that was handed out says is next if the prompt fails."""
    iterations = [report for report in reports if report["kind"] == "iteration"]
    # Without an item it is always "stop", whatever is set.
    return {report["on_error"] for report in iterations if report["filename"]}
