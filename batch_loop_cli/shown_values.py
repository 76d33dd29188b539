"""The values of widgets that the node of a subgraph shows, as ComfyUI's pages save them.

A subgraph's node shows widgets of the nodes in it. Each page saves their values on that node in
its own way, and what is there goes before what the inner nodes have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]

ITSELF = "-1"
"""Stands in the place of an inner node for the subgraph, whose input has the widget."""

Values = Mapping[tuple[str, str], Any]
"""Values by the inner node's id, or ITSELF, and the name of the input there."""


def shown_values(node: Json, subgraph: Json, told: Mapping[str, Any]) -> Values:
    """The values that `node`, whose type is `subgraph`, has for the nodes in it.

    `told` are those that a subgraph around it has for `node`, by the widget's name: they win.
    """
    saved = {key: told.get(key[1], value) for key, value in _saved(node, subgraph)}
    # Without a value here it is the inner node's that counts.
    return {key: value for key, value in saved.items() if value is not None}


def _saved(node: Json, subgraph: Json) -> Iterator[tuple[tuple[str, str], Any]]:
    named = node.get("widgets_values_named")
    if isinstance(named, Mapping):  # frontend 1.58; its list may hold controls beside
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
