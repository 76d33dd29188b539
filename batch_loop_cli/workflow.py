"""A workflow's file as a prompt: read, converted where it is in the page's format, and changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .errors import NoBatch, NodeMissing, NoWorkflow, WrongCall
from .graph_format import as_prompt
from .next_run import change_for_next_run

ITERATOR = "BatchLoopDirectoryIterator"
END_QUEUE = "BatchLoopEndQueue"

NodeTypes = Mapping[str, Mapping[str, Any]]
"""What ComfyUI's `/object_info` says of each node type."""


class Workflow:
    """A workflow's file, in API format or as the page saves it.

    One object serves all servers: what changes from run to run changes for all of them.
    """

    def __init__(self, path: Path) -> None:
        """Read it; NoWorkflow if it is none."""
        self._path = path
        try:
            self._found: Any = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise NoWorkflow(
                f"{path} cannot be read: {error.strerror}. Name a workflow's file."
            ) from error
        except ValueError as error:
            raise NoWorkflow(f"{path} is no workflow: it is not JSON ({error}).") from error

    @property
    def saved(self) -> Mapping[str, Any] | None:
        """The workflow as it stands, as the page saves it; None for one in API format."""
        is_saved = isinstance(self._found, dict) and isinstance(self._found.get("nodes"), list)
        return self._found if is_saved else None

    def prompt(self, types: NodeTypes) -> dict[str, Any]:
        """The workflow as it stands in API format, for a server that has these node types.

        Raises:
            NoWorkflow: it is none.
            NodeMissing: the server does not have all of its nodes.
            NoBatch: it has no Directory Iterator, or no End Queue.

        """
        found = copy.deepcopy(self._found)
        if self.saved is not None:
            try:
                found = as_prompt(found, types)
            except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
                raise NoWorkflow(
                    f"{self._path} is no workflow as ComfyUI saves it ({error!r})."
                ) from error
        if not _is_prompt(found):
            raise NoWorkflow(
                f"{self._path} is no workflow of ComfyUI. Save one in its page, and name it here."
            )
        prompt: dict[str, Any] = found
        _check(self._path, prompt, types)
        return prompt

    def change_for_next_run(self, types: NodeTypes) -> None:
        """Have seeds and other numbers go on as their controls say, after a prompt was made."""
        if self.saved is not None:
            change_for_next_run(self.saved, types)


def change(prompt: dict[str, Any], settings: Iterable[str]) -> None:
    """Set inputs of nodes as `--set` says, by the node's id, title or type; WrongCall."""
    for setting in settings:
        name, equals, value = setting.partition("=")
        node_name, dot, field = name.rpartition(".")
        if not equals or not dot:
            raise WrongCall(f"--set {setting}: write it as NODE.INPUT=VALUE.")
        nodes = _named(prompt, node_name)
        if not nodes:
            raise WrongCall(f"--set {setting}: no node is called {node_name!r}. {_names(prompt)}")
        for node in nodes:
            if field not in node["inputs"]:
                inputs = ", ".join(sorted(node["inputs"]))
                raise WrongCall(
                    f"--set {setting}: {node['class_type']} has no input {field!r}. "
                    f"It has these: {inputs}."
                )
            node["inputs"][field] = _value(value, node["inputs"][field])


def nodes_of(prompt: Mapping[str, Any], class_type: str) -> list[dict[str, Any]]:
    """The nodes of one type."""
    return [node for node in prompt.values() if node["class_type"] == class_type]


def _is_prompt(found: object) -> bool:
    return (
        isinstance(found, dict)
        and bool(found)
        and all(
            isinstance(node, dict)
            and isinstance(node.get("class_type"), str)
            and isinstance(node.get("inputs"), dict)
            for node in found.values()
        )
    )


def _check(path: Path, prompt: Mapping[str, Any], types: NodeTypes) -> None:
    if ITERATOR not in types:
        raise NodeMissing("the server does not have the pack Batch Loop. Install it there.")
    missing = sorted({node["class_type"] for node in prompt.values()} - types.keys())
    if missing:
        raise NodeMissing(
            f"{path} has nodes that the server does not have: {', '.join(missing)}. "
            "Install the packs that they are of, and start ComfyUI again."
        )
    for class_type, name in ((ITERATOR, "Directory Iterator"), (END_QUEUE, "End Queue")):
        if not nodes_of(prompt, class_type):
            raise NoBatch(f"{path} has no {name}. Add one, as in the pack's examples.")


def _named(prompt: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    by_id = prompt.get(name)
    if by_id is not None:
        return [by_id]
    return [
        node
        for node in prompt.values()
        if name in (node.get("_meta", {}).get("title"), node["class_type"])
        or node["class_type"] == f"BatchLoop{name}"
    ]


def _names(prompt: Mapping[str, Any]) -> str:
    nodes = ", ".join(f"{key} ({node['class_type']})" for key, node in prompt.items())
    return f"There are these: {nodes}."


def _value(text: str, before: object) -> object:
    """A value from the command line; a text stays one, also where it looks like a number."""
    if isinstance(before, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
