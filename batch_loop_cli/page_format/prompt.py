"""A workflow as ComfyUI's page saves it, turned into API format.

This is what the page does when it submits: it leaves out muted nodes and notes, passes through
bypassed nodes and reroutes, and replaces the node of a subgraph by the nodes in the subgraph.
Where pages of different versions disagree, this follows the newest.
ComfyUI's `workflow_json` specification describes the format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .shown_values import ITSELF, Json, Values, shown_values
from .texts import PageTexts
from .widget_values import NodeType, as_input, widget_inputs, widget_values

MUTED = 2
BYPASSED = 4
NOTES = frozenset({"Note", "MarkdownNote"})
REROUTE = "Reroute"
PRIMITIVE = "PrimitiveNode"
VIRTUAL = NOTES | {REROUTE, PRIMITIVE}
"""The nodes that only the page knows."""

SUBGRAPH_INPUT = "-10"
SUBGRAPH_OUTPUT = "-20"
"""Stand for the subgraph itself, in place of a node's id, in the links inside it."""


class _Unconnected(Exception):
    """Raised if a link leads to nothing that runs."""


def as_prompt(workflow: Json, types: Mapping[str, NodeType]) -> dict[str, Any]:
    """Return the workflow in API format; `types` has the node types, as from `/object_info`.

    A node in a subgraph has the id `outer:inner`.
    """
    subgraphs = {part["id"]: part for part in workflow.get("definitions", {}).get("subgraphs", ())}
    nodes = [node for part in (workflow, *subgraphs.values()) for node in part["nodes"]]
    return _Graph(workflow, _Known(types, subgraphs, PageTexts(nodes, types))).prompt()


@dataclass(frozen=True)
class _Known:
    types: Mapping[str, NodeType]
    subgraphs: Mapping[str, Json]
    texts: PageTexts

    def inside(self, subgraph: str) -> _Known:
        """Return the same without `subgraph`, which cannot contain itself."""
        others = {name: part for name, part in self.subgraphs.items() if name != subgraph}
        return replace(self, subgraphs=others)


@dataclass(frozen=True)
class Link:
    """A link of a workflow, or of a subgraph."""

    origin: str
    """The node's id, as text."""
    origin_slot: int
    target: str
    target_slot: int
    type: str


class _Graph:
    """The workflow itself, or the inside of a subgraph's node: of `node` in the graph `outer`."""

    def __init__(
        self,
        part: Json,
        known: _Known,
        outer: _Graph | None = None,
        node: Json | None = None,
    ) -> None:
        self._part = part
        self._known = known
        self._outer = outer
        self._node = node or {}
        self.prefix: str = f"{outer.prefix}{self._node['id']}:" if outer else ""
        self._nodes: dict[str, Json] = {str(each["id"]): each for each in part["nodes"]}
        self._links = links_of(part)
        self._shown: Values = shown_values(node, part, outer.told(node)) if outer and node else {}
        self._inner = {
            key: _Graph(known.subgraphs[kind], known.inside(kind), self, each)
            for key, each in self._nodes.items()
            if (kind := each["type"]) in known.subgraphs
        }

    def prompt(self) -> dict[str, Any]:
        """Return every node that runs, here and in the subgraphs inside."""
        found: dict[str, Any] = {}
        for key, node in self._nodes.items():
            if node["type"] in VIRTUAL or node.get("mode", 0) in {MUTED, BYPASSED}:
                continue
            if key in self._inner:
                found.update(self._inner[key].prompt())
                continue
            found[f"{self.prefix}{key}"] = {
                "class_type": node["type"],
                "inputs": self._inputs(node),
                "_meta": {"title": self._known.texts.title(node)},
            }
        return found

    def _inputs(self, node: Json) -> dict[str, Any]:
        values = widget_values(node, self._type(node))
        inputs = self._known.texts.as_sent(node["type"], values)
        inputs.update({name: as_input(value) for name, value in self.told(node).items()})
        for slot in node.get("inputs") or ():
            link = self._links.get(slot.get("link"))
            if link is None:
                continue
            try:
                inputs[slot["name"]] = self._given(link, _type_of(slot))
            except _Unconnected:
                continue
        return inputs

    def _given(self, link: Link, wanted: str) -> Any:
        """Return what a link stands for: `[node id, slot]`, or the value of a widget elsewhere."""
        primitive = self._nodes.get(link.origin, {})
        if primitive.get("type") == PRIMITIVE and primitive.get("widgets_values"):
            return as_input(primitive["widgets_values"][0])
        # If an input takes several types, the one that it is connected to counts.
        return self._source(link, link.type if "," in wanted else wanted)

    def _source(self, link: Link, wanted: str) -> Any:
        """Follow a link back to a node that runs, or to a value."""
        if link.origin == SUBGRAPH_INPUT:
            return self._from_outside(link.origin_slot, wanted)
        node = self._nodes.get(link.origin)
        if node is None or node.get("mode", 0) == MUTED or node["type"] == PRIMITIVE:
            raise _Unconnected
        if node["type"] == REROUTE:
            return self.behind((node.get("inputs") or [{}])[0], wanted)
        if node.get("mode", 0) == BYPASSED:
            return self.behind(self._bypass(node, link.origin_slot, wanted), wanted)
        inner = self._inner.get(link.origin)
        if inner:
            return inner.to_outside(link.origin_slot, wanted)
        return [f"{self.prefix}{link.origin}", link.origin_slot]

    def behind(self, slot: Json, wanted: str) -> Any:
        """Follow the link of an input back, as `_source` does."""
        link = self._links.get(slot.get("link"))
        if link is None:
            raise _Unconnected
        return self._source(link, wanted)

    def _from_outside(self, slot: int, wanted: str) -> Any:
        """Follow an input of this subgraph to the graph around it."""
        if self._outer is None:
            raise _Unconnected
        name = self._part["inputs"][slot]["name"]
        for each in self._node.get("inputs") or ():
            if each["name"] == name and each.get("link") is not None:
                return self._outer.behind(each, wanted)
        if (ITSELF, name) in self._shown:
            return as_input(self._shown[ITSELF, name])
        raise _Unconnected

    def to_outside(self, slot: int, wanted: str) -> Any:
        """Follow an output of this subgraph into it."""
        for link in self._links.values():
            if (link.target, link.target_slot) == (SUBGRAPH_OUTPUT, slot):
                return self._source(link, wanted)
        raise _Unconnected

    def _bypass(self, node: Json, slot: int, wanted: str) -> Json:
        """Return the input that a bypassed node passes on by the output `slot`.

        It is the one at the same position if that fits, else the first of just that type, else the
        first that fits.
        """
        inputs = self._all_inputs(node)
        fitting = [each for each in inputs if _fits(_type_of(each), wanted)]
        if slot < len(inputs) and inputs[slot] in fitting:
            return inputs[slot]
        same = [each for each in fitting if _type_of(each) == wanted != "*"]
        for each in same + fitting:
            return each
        raise _Unconnected

    def _all_inputs(self, node: Json) -> list[Json]:
        """Return the inputs of a node, with those of widgets that the page did not save."""
        saved = list(node.get("inputs") or ())
        with_widget = {each["name"]: each for each in saved if each.get("widget")}
        sockets = [each for each in saved if each["name"] not in with_widget]
        names = {each["name"] for each in sockets}
        left_out = {
            name: {"name": name, "type": kind}
            for name, kind in widget_inputs(self._type(node))
            if name not in names
        }
        return sockets + list({**left_out, **with_widget}.values())

    def told(self, node: Json) -> dict[str, Any]:
        """Return the values that this subgraph's own node has for widgets of an inner node."""
        return {name: value for (of, name), value in self._shown.items() if of == str(node["id"])}

    def _type(self, node: Json) -> NodeType:
        return self._known.types.get(node["type"], {})


def links_of(part: Json) -> dict[int | None, Link]:
    """Return the links of a workflow, or of a subgraph, by id."""
    return dict(map(_link, part.get("links") or ()))


def _link(saved: Any) -> tuple[int, Link]:
    """Read a link and its id: a list in the workflow itself, an object in its subgraphs."""
    if isinstance(saved, Mapping):
        keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
        saved = [saved[key] for key in keys]
    number, origin, origin_slot, target, target_slot, kind, *_ = saved
    return number, Link(str(origin), origin_slot, str(target), target_slot, str(kind))


def _type_of(slot: Json) -> str:
    """Return the type of a slot: one, several with commas, or `*`; old pages may save a list."""
    return str(slot.get("type", "*"))


def _fits(one: str, other: str) -> bool:
    return "*" in (one, other) or not {*one.split(",")}.isdisjoint(other.split(","))
