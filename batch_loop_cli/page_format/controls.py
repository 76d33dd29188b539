"""The numbers that ComfyUI's page changes after each run, as their controls say.

A control (`control_after_generate`) stands beside a widget, on the page and in a saved workflow:
the value is to stay, count up or down, or be drawn at random.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

from .prompt import PRIMITIVE, links_of
from .widget_values import NodeType, SavedWidget, named_widgets, saved_widgets, widget_options

LARGEST = 2**50
"""No page draws or counts beyond this, whatever a node takes."""
DEFAULT_LARGEST = 2048
"""The limit for a node that does not give one."""

DOWN, UP, RANDOM = {"decrement"}, {"increment", "increment-wrap"}, {"randomize"}

Workflow = Mapping[str, Any]
Types = Mapping[str, NodeType]


def change_for_next_run(workflow: Workflow, types: Types) -> None:
    """Change a saved workflow as the page does once it has submitted it.

    Only numbers change: a choice in a list stays.
    """
    subgraphs = workflow.get("definitions", {}).get("subgraphs", ())
    for part in (workflow, *subgraphs):
        for node in part["nodes"]:
            for widget in _widgets(node, part, types):
                is_number = isinstance(widget.value, (int, float)) and widget.value is not True
                if is_number and widget.control in DOWN | UP | RANDOM:
                    widget.holder[widget.key] = _next(widget)


def _widgets(node: Mapping[str, Any], part: Workflow, types: Types) -> Iterator[SavedWidget]:
    if node["type"] in types:
        return saved_widgets(node, types[node["type"]])
    if node["type"] == PRIMITIVE:
        return _of_primitive(node, part, types)
    # Only the newest pages save the controls of the widgets that a subgraph's node shows.
    return named_widgets(node.get("widgets_values_named") or {}, {})


def _of_primitive(node: Mapping[str, Any], part: Workflow, types: Types) -> Iterator[SavedWidget]:
    """Yield the widget of a primitive, with the options of the one that it gives its value to."""
    values: list[Any] = node.get("widgets_values") or []
    nodes = {str(each["id"]): each for each in part["nodes"]}
    for link in links_of(part).values():
        target = nodes.get(link.target)
        if link.origin == str(node["id"]) and target and len(values) > 1:
            name = target["inputs"][link.target_slot]["name"]
            options = widget_options(types.get(target["type"], {})).get(name, {})
            yield SavedWidget(name, values, 0, options, str(values[1]))
            return


def _next(widget: SavedWidget) -> Any:
    step = widget.options.get("step") or 1
    least = max(widget.options.get("min", 0), -LARGEST)
    most = min(widget.options.get("max", DEFAULT_LARGEST), LARGEST)
    if widget.control in RANDOM:
        steps = max(1, int((most - least) / step))
        return least + step * random.randrange(steps)  # noqa: S311 - chance is all that is wanted
    value = widget.value + (step if widget.control in UP else -step)
    return min(max(value, least), most)
