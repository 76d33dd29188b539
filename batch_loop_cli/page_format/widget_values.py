"""The values of a node's widgets, as ComfyUI's page saves them and as it sends them.

The page saves them in the order in which the node shows them, mixed with the values of controls,
which it never sends. Newer pages save them by name as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any

NodeType = Mapping[str, Any]
"""ComfyUI's description of one node type, from `/object_info`."""

WIDGETS = frozenset({"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "MARKDOWN", "COLOR"})
"""The kinds of inputs that have a widget."""

DYNAMIC_COMBO = "COMFY_DYNAMICCOMBO_V3"
"""A combo each of whose choices has inputs of its own, named `combo.input`."""

NEVER_SAVED = {"IMAGECOMPARE": ["", ""]}
"""Values, by kind, of inputs that the page sends but does not save: they show results."""

SEEDS = frozenset({"seed", "noise_seed"})
CONTROL = "control_after_generate"
CONTROLS = (CONTROL, "control_filter_list", "upload")
"""Widgets that the page adds and does not send; a second one of a kind ends in `#1`."""


@dataclass(frozen=True)
class SavedWidget:
    """A widget of a saved node, and the place of its value."""

    name: str
    holder: Any
    """The list or mapping with the values of all widgets of the node."""
    key: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    control: str = ""
    """What the page does to the value after each run; empty if the widget has no control."""

    @property
    def value(self) -> Any:
        """The value."""
        return self.holder[self.key]


def widget_values(node: Mapping[str, Any], node_type: NodeType) -> dict[str, Any]:
    """Return the values that the page sends, by input; those that it did not save are missing."""
    values = {
        name: NEVER_SAVED[kind] for name, (kind, _) in _declared(node_type) if kind in NEVER_SAVED
    }
    values.update({widget.name: widget.value for widget in saved_widgets(node, node_type)})
    # The page saves a missing value as null, and does not send it.
    return {name: as_input(value) for name, value in values.items() if value is not None}


def widget_inputs(node_type: NodeType) -> Iterator[tuple[str, str]]:
    """Yield name and kind of each input with a widget, in order."""
    for name, kind, _ in _widgets(node_type):
        yield name, kind


def widget_options(node_type: NodeType) -> dict[str, Mapping[str, Any]]:
    """Return the options of each input with a widget."""
    return {name: options for name, _, options in _widgets(node_type)}


def inputs_with_option(node_type: NodeType, option: str) -> list[str]:
    """Return the inputs whose widget has this option switched on."""
    return [name for name, options in widget_options(node_type).items() if options.get(option)]


def as_input(value: Any) -> Any:
    """Wrap a value for a prompt, in which a bare list would be a link."""
    return {"__value__": value} if isinstance(value, list) else value


def saved_widgets(node: Mapping[str, Any], node_type: NodeType) -> Iterator[SavedWidget]:
    """Yield the widgets of a saved node, in order; those that it did not save are missing."""
    saved = node.get("widgets_values")
    named = node.get("widgets_values_named")
    if isinstance(saved, Mapping):  # as some packs save it
        yield from (SavedWidget(name, saved, name) for name in saved)
    elif isinstance(named, Mapping):
        yield from named_widgets(named, node_type)
    elif saved:
        sockets = {slot["name"] for slot in node.get("inputs") or () if not slot.get("widget")}
        yield from _by_order(saved, iter(range(len(saved))), node_type, sockets)


def named_widgets(named: Mapping[str, Any], node_type: NodeType) -> Iterator[SavedWidget]:
    """Yield the widgets of a node that has their values by name."""
    options = widget_options(node_type)
    # Frontend 1.49 names a control after its first value, such as `fixed`.
    controls = {CONTROL, *(str(each.get(CONTROL)) for each in options.values())}
    controls -= options.keys()
    for name, following in pairwise([*named, ""]):
        if _kind_of_name(name) not in {*CONTROLS, *controls}:
            # A control is saved right after its widget.
            control = named[following] if _kind_of_name(following) in controls else ""
            yield SavedWidget(name, named, name, options.get(name, {}), str(control))


def _kind_of_name(name: str) -> str:
    return name.partition("#")[0]


def _by_order(
    saved: list[Any],
    positions: Iterator[int],
    node_type: NodeType,
    sockets: set[str],
    prefix: str = "",
) -> Iterator[SavedWidget]:
    """Name the value at each of the positions that are left."""
    for plain, kind, options in _widgets(node_type):
        name = f"{prefix}{plain}"
        # Older pages have a socket where newer ones have a widget.
        if name in sockets:
            continue
        at = next(positions, None)
        if at is None:
            return
        controls = [saved[each] for each in islice(positions, _controls(plain, kind, options))]
        yield SavedWidget(name, saved, at, options, str(controls[0]) if controls else "")
        if kind == DYNAMIC_COMBO:
            parts = options.get("options", ())
            chosen = [each for each in parts if each.get("key") == saved[at]]
            for each in chosen[:1]:
                inner = {"input": each["inputs"]}
                yield from _by_order(saved, positions, inner, sockets, f"{name}.")


def _controls(name: str, kind: str, options: Mapping[str, Any]) -> int:
    """Return how many controls the page shows after a widget."""
    if kind == "INT":
        return int(bool(options.get(CONTROL, name in SEEDS)))
    if kind == "COMBO" and options.get(CONTROL):
        return 2  # the second one filters the choices
    return 0


def _widgets(node_type: NodeType) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield name, kind and options of each input with a widget, in order."""
    for name, (kind, options) in _declared(node_type):
        if kind in {*WIDGETS, DYNAMIC_COMBO} and not options.get("forceInput"):
            yield name, kind, options


def _declared(node_type: NodeType) -> Iterator[tuple[str, tuple[str, Mapping[str, Any]]]]:
    """Yield the name of each input, with its kind and its options, in order."""
    declared = node_type.get("input", {})
    order = node_type.get("input_order", {})
    for part in ("required", "optional"):
        inputs = declared.get(part, {})
        for name in order.get(part, inputs):
            yield name, _kind_and_options(inputs[name])


def _kind_and_options(declared: Sequence[Any]) -> tuple[str, Mapping[str, Any]]:
    kind, *rest = declared
    options = rest[0] if rest and isinstance(rest[0], dict) else {}
    return ("COMBO" if isinstance(kind, list) else kind), options
