"""The values of a node's widgets, as ComfyUI's page saves them and as it sends them.

It saves them in the order in which the node shows them, among the values of controls that are
never sent; newer pages save them by name beside that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

NodeType = Mapping[str, Any]
"""What ComfyUI's `/object_info` says of one node type."""

WIDGETS = frozenset({"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "MARKDOWN", "COLOR"})
"""The kinds of inputs that a node shows a widget for."""

DYNAMIC_COMBO = "COMFY_DYNAMICCOMBO_V3"
"""A combo whose choice brings inputs of its own, named `combo.input`."""

SEEDS = frozenset({"seed", "noise_seed"})
CONTROL = "control_after_generate"
CONTROLS = (CONTROL, "control_filter_list", "upload")
"""Widgets that the page adds by itself, and does not send; one more of a kind has `#1` after it."""


def widget_values(node: Mapping[str, Any], node_type: NodeType) -> dict[str, Any]:
    """What a saved node's widgets send, by input; inputs that the page did not save are missing."""
    values = dict(_saved(node, node_type))
    # What the page has no value for it saves as null, and does not send.
    return {name: as_input(value) for name, value in values.items() if value is not None}


def widget_inputs(node_type: NodeType) -> Iterator[tuple[str, str]]:
    """Name and kind of each input with a widget, in order."""
    for name, kind, _ in _widgets(node_type):
        yield name, kind


def inputs_with_option(node_type: NodeType, option: str) -> list[str]:
    """The inputs with a widget that has this option switched on."""
    return [name for name, _, options in _widgets(node_type) if options.get(option)]


def as_input(value: Any) -> Any:
    """A widget's value in a prompt, where a bare list would be a link."""
    return {"__value__": value} if isinstance(value, list) else value


def _saved(node: Mapping[str, Any], node_type: NodeType) -> Iterator[tuple[str, Any]]:
    saved = node.get("widgets_values")
    named = node.get("widgets_values_named")
    if isinstance(saved, Mapping):  # some packs save their nodes so
        yield from saved.items()
    elif isinstance(named, Mapping):
        yield from (each for each in named.items() if each[0].partition("#")[0] not in CONTROLS)
    else:
        sockets = {slot["name"] for slot in node.get("inputs") or () if not slot.get("widget")}
        yield from _by_order(list(saved or ()), node_type, sockets)


def _by_order(
    values: list[Any], node_type: NodeType, sockets: set[str], prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Name each value, and take it off the list."""
    for plain, kind, options in _widgets(node_type):
        name = f"{prefix}{plain}"
        # A kind that only newer pages have a widget for is a socket in older ones.
        if name in sockets:
            continue
        if not values:
            return
        value = values.pop(0)
        yield name, value
        del values[: _controls(plain, kind, options)]
        if kind == DYNAMIC_COMBO:
            chosen = [each for each in options.get("options", ()) if each.get("key") == value]
            for each in chosen[:1]:
                yield from _by_order(values, {"input": each["inputs"]}, sockets, f"{name}.")


def _controls(name: str, kind: str, options: Mapping[str, Any]) -> int:
    """How many controls the page shows after a widget, for what becomes of it in the next run."""
    if kind == "INT":
        return int(bool(options.get(CONTROL, name in SEEDS)))
    if kind == "COMBO" and options.get(CONTROL):
        return 2  # and one for which choices it takes
    return 0


def _widgets(node_type: NodeType) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Name, kind and options of each input with a widget, in order."""
    declared = node_type.get("input", {})
    order = node_type.get("input_order", {})
    for part in ("required", "optional"):
        inputs = declared.get(part, {})
        for name in order.get(part, inputs):
            kind, options = _kind_and_options(inputs[name])
            if kind in {*WIDGETS, DYNAMIC_COMBO} and not options.get("forceInput"):
                yield name, kind, options


def _kind_and_options(declared: Sequence[Any]) -> tuple[str, Mapping[str, Any]]:
    kind, *rest = declared
    options = rest[0] if rest and isinstance(rest[0], dict) else {}
    return ("COMBO" if isinstance(kind, list) else kind), options
