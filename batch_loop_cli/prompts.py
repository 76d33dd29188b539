"""What is submitted to a server, run after run."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .client import Prompt
from .workflow import ITERATOR, NodeTypes, Workflow, change, nodes_of

TRIES = 3
"""Of one image, with `--on-error retry`."""


@dataclass(frozen=True)
class Changes:
    """What the command line changes in a workflow."""

    settings: Iterable[str] = ()
    on_error: str | None = None
    """`stop`, `skip` or `retry`; None leaves it to Directory Iterator."""

    def apply(self, prompt: dict[str, Any]) -> None:
        """Change a prompt; WrongCall for settings that it does not have."""
        change(prompt, self.settings)
        if self.on_error is None:
            return
        for node in nodes_of(prompt, ITERATOR):
            node["inputs"]["error_handling"] = (
                "Stop on error" if self.on_error == "stop" else "Skip on error"
            )
            if self.on_error == "retry":
                node["inputs"]["max_attempts"] = TRIES

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.settings) or self.on_error is not None


NO_CHANGES = Changes()


class Prompts:
    """The prompts for one server, which has the node types `types`.

    Raises WrongCall, NoWorkflow, NodeMissing and NoBatch.
    """

    def __init__(self, workflow: Workflow, types: NodeTypes, changes: Changes) -> None:
        self._workflow = workflow
        self._types = types
        self._changes = changes
        self.first = self._made()
        """A prompt, to ask what it would run."""

    def next(self) -> tuple[Prompt, Mapping[str, Any] | None]:
        """The next prompt, and the workflow for the files that it saves; None if there is none.

        With changes by the command line, the workflow would show what was not run.
        """
        prompt = self._made()
        saved = None if self._changes else copy.deepcopy(self._workflow.saved)
        self._workflow.change_for_next_run(self._types)
        return prompt, saved

    def _made(self) -> Prompt:
        prompt = self._workflow.prompt(self._types)
        self._changes.apply(prompt)
        return prompt
