"""Changes that the command line makes to a workflow: `--set` and `--on-error`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .api_format import ITERATORS, iterators_of
from .errors import WrongCall
from .page_format.widget_values import NodeType, widget_options

TRIES = 3
"""How often `--on-error retry` tries an item."""


@dataclass(frozen=True)
class Changes:
    """The changes that one command line asks for; false if there are none."""

    settings: tuple[str, ...] = ()
    """Inputs of nodes, as `NODE.INPUT=VALUE`."""
    on_error: str | None = None
    """`stop`, `skip` or `retry`; None leaves it to the iterators."""

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.settings) or self.on_error is not None

    def apply(self, prompt: dict[str, Any], types: Mapping[str, NodeType]) -> None:
        """Change a prompt; WrongCall for settings that it does not have."""
        for setting in self.settings:
            _set(prompt, setting)
        for setting in self.settings:
            _check_is_read(prompt, setting)
        if self.on_error is None:
            return
        for _, node in iterators_of(prompt):
            of_type = types[node["class_type"]]
            node["inputs"]["error_handling"] = _error_handling(self.on_error, of_type)
            if self.on_error == "retry":
                node["inputs"]["max_attempts"] = TRIES


NO_CHANGES = Changes()


def _error_handling(on_error: str, iterator: NodeType) -> str:
    """Return the choice of an iterator that stops at an error, or the one that does not."""
    choices: list[str] = widget_options(iterator)["error_handling"]["options"]
    return next(each for each in choices if each.startswith("Stop") is (on_error == "stop"))


def _set(prompt: Mapping[str, Any], setting: str) -> None:
    """Set an input of each node with that id, title or type; WrongCall."""
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


def _check_is_read(prompt: Mapping[str, Any], setting: str) -> None:
    """Raise WrongCall if it is typed items that a node does not read, as it has a file."""
    node_name, _, field = setting.partition("=")[0].rpartition(".")
    for node in _named(prompt, node_name):
        kind = ITERATORS.get(node["class_type"])
        if kind is None or field != kind.typed:
            continue
        named = node["inputs"].get(kind.named)
        if isinstance(named, str) and named.strip():
            raise WrongCall(
                f"--set {node_name}.{field}: {kind.name} does not read it, as its {kind.named} is "
                f"{named!r}. Add --set {node_name}.{kind.named}= to leave "
                "that out."
            )


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
    """Read a value; it stays a text where the input has one, even if it looks like a number."""
    if isinstance(before, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
