"""A workflow's file, and the prompts that are made from it for a server."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .api_format import ITERATOR_NAMES, ITERATORS, Prompt
from .changes import Changes
from .errors import NoBatch, NodeMissing, NoWorkflow
from .page_format.controls import change_for_next_run
from .page_format.prompt import as_prompt
from .page_format.widget_values import NodeType

NodeTypes = Mapping[str, NodeType]
"""ComfyUI's description of each node type, by name."""


class Workflow:
    """A workflow's file, in API format or as the page saves it.

    One object serves all servers: what changes from run to run changes for all of them.
    """

    def __init__(self, path: Path) -> None:
        """Read the file; NoWorkflow if it is not a workflow."""
        self._path = path
        try:
            self._content: Any = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise NoWorkflow(
                f"{path} cannot be read: {error.strerror}. Name a workflow's file."
            ) from error
        except ValueError as error:
            raise NoWorkflow(f"{path} is not a workflow: it is not JSON ({error}).") from error

    @property
    def saved(self) -> Mapping[str, Any] | None:
        """The workflow in its current state, as the page saves it; None for one in API format."""
        is_saved = isinstance(self._content, dict) and isinstance(self._content.get("nodes"), list)
        return self._content if is_saved else None

    @property
    def named(self) -> dict[str, str]:
        """The workflow's id and name, by which the page's batch is found; empty without an id."""
        own = (self.saved or {}).get("id")
        return {"workflow": own, "title": self._path.stem} if isinstance(own, str) and own else {}

    def prompt(self, types: NodeTypes) -> dict[str, Any]:
        """The workflow in its current state, in API format, for a server with these node types.

        Raises:
            NoWorkflow: it is not one.
            NodeMissing: the server does not have all of its nodes.
            NoBatch: it has no iterator.

        """
        prompt = copy.deepcopy(self._content)
        if self.saved is not None:
            try:
                prompt = as_prompt(prompt, types)
            except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
                raise NoWorkflow(
                    f"{self._path} is not a workflow as ComfyUI saves it ({error!r})."
                ) from error
        if not _is_prompt(prompt):
            raise NoWorkflow(
                f"{self._path} is not a ComfyUI workflow. Save one in its page, and name it here."
            )
        _check_nodes(self._path, prompt, types)
        return dict(prompt)

    def change_for_next_run(self, types: NodeTypes) -> None:
        """Change seeds and other numbers as their controls say, after a prompt was made."""
        if self.saved is not None:
            change_for_next_run(self.saved, types)


class Prompts:
    """The prompts for one server, which has the node types `types`.

    Raises WrongCall, NoWorkflow, NodeMissing and NoBatch.
    """

    def __init__(self, workflow: Workflow, types: NodeTypes, changes: Changes) -> None:
        self._workflow = workflow
        self._types = types
        self._changes = changes
        self.first = self._make()
        """A prompt that is not sent, for checks in advance."""

    def next(self) -> tuple[Prompt, Mapping[str, Any] | None, Mapping[str, str]]:
        """Return the next prompt, the workflow to keep in the files that it saves, and its id.

        The second is None for a workflow in API format, and if the command line makes changes: the
        files would show a workflow that was not run.
        """
        prompt = self._make()
        saved = None if self._changes else copy.deepcopy(self._workflow.saved)
        self._workflow.change_for_next_run(self._types)
        return prompt, saved, self.named

    @property
    def named(self) -> Mapping[str, str]:
        """See `Workflow.named`."""
        return self._workflow.named

    def _make(self) -> Prompt:
        prompt = self._workflow.prompt(self._types)
        self._changes.apply(prompt, self._types)
        return prompt


def _is_prompt(content: object) -> bool:
    return (
        isinstance(content, dict)
        and bool(content)
        and all(
            isinstance(node, dict)
            and isinstance(node.get("class_type"), str)
            and isinstance(node.get("inputs"), dict)
            for node in content.values()
        )
    )


def _check_nodes(path: Path, prompt: Prompt, types: NodeTypes) -> None:
    if ITERATORS.keys().isdisjoint(types):
        raise NodeMissing("the server does not have the pack Batch Loop. Install it there.")
    class_types = {node["class_type"] for node in prompt.values()}
    missing = sorted(class_types - types.keys())
    if missing:
        raise NodeMissing(
            f"{path} has nodes that the server does not have: {', '.join(missing)}. "
            "Install the packs that contain them, and start ComfyUI again."
        )
    if ITERATORS.keys().isdisjoint(class_types):
        raise NoBatch(f"{path} has none of {ITERATOR_NAMES}. Add one, as in the pack's examples.")
