"""The values of widgets that the node of a subgraph shows, as ComfyUI's pages save them.

A subgraph's node shows widgets of the nodes in it. Each version of the page saves their values on
that node in its own way, and they override the values that the inner nodes have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]

ITSELF = "-1"
"""Stands for the subgraph itself, in place of an inner node, if one of its inputs is shown."""

Values = Mapping[tuple[str, str], Any]
"""Values by the id of an inner node, or ITSELF, and the name of its input."""


def shown_values(node: Json, subgraph: Json, told: Mapping[str, Any]) -> Values:
    """Return the values that `node`, whose type is `subgraph`, has for the nodes in it.

    `told` has the values that a subgraph around it has for `node`, by name: they override its own.
    """
    saved = {key: told.get(key[1], value) for key, value in _saved(node, subgraph)}
    # If there is none, the inner node's own value counts.
    return {key: value for key, value in saved.items() if value is not None}


def _saved(node: Json, subgraph: Json) -> Iterator[tuple[tuple[str, str], Any]]:
    named = node.get("widgets_values_named")
    if isinstance(named, Mapping):  # frontend 1.58, whose list may hold controls, too
        yield from (((ITSELF, name), value) for name, value in named.items())
        return
    values = iter(node.get("widgets_values") or ())
    shown = node.get("properties", {}).get("proxyWidgets")
    if shown:  # frontend 1.32
        yield from (((str(of), name), next(values, None)) for of, name, *_ in shown)
        return
    for name in _inputs_with_widget(subgraph):  # frontend 1.25
        yield (ITSELF, name), next(values, None)


def _inputs_with_widget(subgraph: Json) -> Iterator[str]:
    to_widgets = {
        slot.get("link")
        for node in subgraph["nodes"]
        for slot in node.get("inputs") or ()
        if slot.get("widget")
    }
    for each in subgraph.get("inputs", ()):
        if to_widgets.intersection(each.get("linkIds") or ()):
            yield each["name"]
