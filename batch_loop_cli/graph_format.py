"""A workflow as ComfyUI's page saves it, turned into API format.

What the page does when it submits: nodes that are muted are left out, nodes that are bypassed and
reroutes are passed through, notes are no part of it, and widgets have their values by the order
in which the node shows them. The format is described by ComfyUI's `workflow_json` specification.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import WrongCall

MUTED = 2
BYPASSED = 4
NOTES = frozenset({"Note", "MarkdownNote"})
REROUTE = "Reroute"
PRIMITIVE = "PrimitiveNode"
WIDGETS = frozenset({"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"})
"""The kinds of inputs that a node shows a widget for."""
SEEDS = frozenset({"seed", "noise_seed"})


class _Unconnected(Exception):
    """Raised where a link leads to nothing that runs."""


def as_prompt(
    workflow: Mapping[str, Any], types: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The workflow in API format; WrongCall for what only the page can convert."""
    subgraphs = {part["id"] for part in workflow.get("definitions", {}).get("subgraphs", ())}
    if any(node["type"] in subgraphs for node in workflow["nodes"]):
        raise WrongCall(
            "The workflow has subgraphs. Export it with File, Export (API), and use that."
        )
    return _Graph(workflow, types).prompt()


class _Graph:
    def __init__(self, workflow: Mapping[str, Any], types: Mapping[str, Mapping[str, Any]]) -> None:
        self._types = types
        self._nodes: dict[int, Mapping[str, Any]] = {node["id"]: node for node in workflow["nodes"]}
        self._links: dict[int, tuple[int, int]] = {
            link[0]: (link[1], link[2]) for link in workflow.get("links", ())
        }

    def prompt(self) -> dict[str, Any]:
        """Every node that runs."""
        return {
            str(node["id"]): {
                "class_type": node["type"],
                "inputs": self._inputs(node),
                "_meta": {"title": node.get("title") or node["type"]},
            }
            for node in self._nodes.values()
            if self._runs(node)
        }

    def _runs(self, node: Mapping[str, Any]) -> bool:
        is_virtual = node["type"] in {*NOTES, REROUTE, PRIMITIVE}
        return not is_virtual and node.get("mode", 0) not in {MUTED, BYPASSED}

    def _inputs(self, node: Mapping[str, Any]) -> dict[str, Any]:
        inputs = self._widget_values(node)
        for slot in node.get("inputs") or ():
            if slot.get("link") is None:
                continue
            try:
                inputs[slot["name"]] = self._source(slot["link"])
            except _Unconnected:
                continue
        return inputs

    def _source(self, link_id: int) -> Any:
        """Where a link leads to: `[node id, slot]`, or the value of a Primitive."""
        origin, slot = self._links[link_id]
        node = self._nodes.get(origin)
        if node is None or node.get("mode", 0) == MUTED:
            raise _Unconnected
        if node["type"] == PRIMITIVE:
            return node["widgets_values"][0]
        if node["type"] == REROUTE:
            return self._through(node, 0)
        if node.get("mode", 0) == BYPASSED:
            wanted = node["outputs"][slot]["type"]
            inputs = node.get("inputs") or ()
            fitting = [at for at, each in enumerate(inputs) if each["type"] in (wanted, "*")]
            if not fitting:
                raise _Unconnected
            return self._through(node, fitting[min(slot, len(fitting) - 1)])
        return [str(origin), slot]

    def _through(self, node: Mapping[str, Any], slot: int) -> Any:
        link = node["inputs"][slot].get("link")
        if link is None:
            raise _Unconnected
        return self._source(link)

    def _widget_values(self, node: Mapping[str, Any]) -> dict[str, Any]:
        saved = node.get("widgets_values")
        if isinstance(saved, dict):
            return dict(saved)
        values = list(saved or ())
        found: dict[str, Any] = {}
        for name, after in _widgets(self._types.get(node["type"], {})):
            if not values:
                break
            found[name] = values.pop(0)
            # Beside a seed the page shows what becomes of it, beside a file the button to upload.
            if after and values:
                values.pop(0)
        return found


def _widgets(node_type: Mapping[str, Any]) -> list[tuple[str, bool]]:
    """The inputs with a widget in order, and whether the page shows another widget after it."""
    widgets = []
    declared = node_type.get("input", {})
    order = node_type.get("input_order") or {
        part: list(declared.get(part, ())) for part in declared
    }
    for part in ("required", "optional"):
        for name in order.get(part, ()):
            kind, options = _kind_and_options(declared[part][name])
            if not (isinstance(kind, list) or kind in WIDGETS) or options.get("forceInput"):
                continue
            is_seed = kind == "INT" and (name in SEEDS or options.get("control_after_generate"))
            uploads = any(
                options.get(key) for key in ("image_upload", "audio_upload", "video_upload")
            )
            widgets.append((name, bool(is_seed or uploads)))
    return widgets


def _kind_and_options(declared: Any) -> tuple[Any, Mapping[str, Any]]:
    kind, *rest = declared
    return kind, rest[0] if rest and isinstance(rest[0], dict) else {}
