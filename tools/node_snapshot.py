"""Writes down what saved workflows depend on: the nodes' ids, inputs and outputs, in their order.

Run `python -m tools.node_snapshot` only after a change that opens every workflow saved before: a
new node, an input after those that were there, one more option. A test compares the nodes with it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import run_command
from .layout import ROOT
from .server import ComfyServer

SNAPSHOT = ROOT / "tests" / "support" / "nodes.json"
PREFIX = "BatchLoop"
INTERNAL = "(internal)"
"""In the display names of nodes that only other nodes make, and no workflow holds."""
VALUES = "text or numbers"
"""The kind of Variants that is the pack's own."""
Described = dict[str, Any]


def main() -> None:
    """Write the snapshot, from the nodes on a real server."""
    with tempfile.TemporaryDirectory() as base:
        server = ComfyServer(Path(base))
        with server, server.client() as client:
            nodes = described(client.get_json("/object_info"))
    SNAPSHOT.write_text(as_text(nodes), encoding="utf-8")


def described(object_info: Mapping[str, Any]) -> Described:
    """What saved workflows depend on, from a server's `/object_info`."""
    return {
        name: {
            "inputs": [
                _input(kind, each, *given)
                for kind in ("required", "optional")
                for each, given in _inputs(node, kind).items()
            ],
            "outputs": [
                list(each) for each in zip(node["output_name"], node["output"], strict=True)
            ],
        }
        for name, node in sorted(object_info.items())
        if name.startswith(PREFIX) and INTERNAL not in node["display_name"]
    }


def as_text(nodes: Described) -> str:
    """The snapshot's text, with one line for each input and output."""
    lines = []
    for name, node in nodes.items():
        parts = [
            f'  "{part}": [\n' + ",\n".join(f"   {json.dumps(one)}" for one in node[part]) + "\n  ]"
            for part in ("inputs", "outputs")
        ]
        lines.append(f' "{name}": {{\n' + ",\n".join(parts) + "\n }")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _inputs(node: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Inputs of a kind, in the order in which the page has their widgets."""
    found: dict[str, Any] = node["input"].get(kind, {})
    names: list[str] = node["input_order"].get(kind, [])
    return {name: found[name] for name in names}


def _input(kind: str, name: str, type_: Any, options: Mapping[str, Any] | None = None) -> Described:
    """An input; newer releases name a combo's type, and list what it offers among the options."""
    given = options or {}
    is_list = isinstance(type_, list)
    found: Described = {"name": name, "kind": kind, "type": "COMBO" if is_list else type_}
    if "default" in given:
        found["default"] = given["default"]
    if is_list or "options" in given:
        found["options"] = type_ if is_list else given["options"]
    if found.get("default") == VALUES:
        # The others are the kinds of files that this ComfyUI has folders for.
        found["options"] = [VALUES]
    return found


if __name__ == "__main__":
    run_command(main)
