"""Texts that ComfyUI's page changes before it sends them.

In prompts it leaves out comments and picks one of the choices in braces; in the names of files it
fills in dates and the values of widgets.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from .widget_values import NodeType, inputs_with_option, widget_values

FILE_NAME = "filename_prefix"
SAVERS = frozenset(
    {
        *("CLIPSave", "LoraSave", "ModelSave", "SaveAnimatedPNG", "SaveAnimatedWEBP", "SaveGLB"),
        *("SaveImage", "SaveLatent", "SaveSVGNode", "SaveVideo", "SaveWEBM", "VAESave"),
    }
)
"""The node types in whose file names the page fills in values."""

COMMENT = r"/\*.*?\*/|//[^\n]*"
PLACE = r"%([^%]+)%"
NOT_IN_A_NAME = r'[\x00-\x1f"*/:<>?\\|\x7f]'
DATE_PART = r"d{1,2}|M{1,2}|y{2,4}|h{1,2}|m{1,2}|s{1,2}"
LONG_YEAR = 4


class PageTexts:
    """The changes to the texts of a workflow with these nodes, those of its subgraphs included."""

    def __init__(self, nodes: Iterable[Mapping[str, Any]], types: Mapping[str, NodeType]) -> None:
        self._nodes = list(nodes)
        self._types = types

    def as_sent(self, class_type: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the inputs of a node with their texts as the page sends them."""
        sent = dict(inputs)
        for name in inputs_with_option(self._types.get(class_type, {}), "dynamicPrompts"):
            if isinstance(sent.get(name), str):
                sent[name] = one_of_each(sent[name])
        if class_type in SAVERS and isinstance(sent.get(FILE_NAME), str):
            sent[FILE_NAME] = re.sub(PLACE, self._filled, sent[FILE_NAME])
        return sent

    def _filled(self, place: re.Match[str]) -> str:
        what = place[1]
        if what.startswith("date:"):
            now = datetime.now().astimezone()
            return re.sub(DATE_PART, lambda part: _part_of(now, part[0]), what[len("date:") :])
        name, _, widget = what.partition(".")
        for node in self._named(name):
            values = widget_values(node, self._types.get(node["type"], {}))
            return _in_a_name(values[widget]) if widget in values else place[0]
        return place[0]

    def _named(self, name: str) -> Iterator[Mapping[str, Any]]:
        """Yield the nodes with that name for search and replace, then those with that title."""
        of_name = "Node name for S&R"
        yield from (each for each in self._nodes if each.get("properties", {}).get(of_name) == name)
        yield from (each for each in self._nodes if self.title(each) == name)

    def title(self, node: Mapping[str, Any]) -> str:
        """Return the title that the page shows, which it saves only if somebody changed it."""
        kind = node["type"]
        return str(node.get("title") or self._types.get(kind, {}).get("display_name") or kind)


def one_of_each(text: str) -> str:
    """Return the text without comments, and with one of the choices in each pair of braces.

    A brace or bar after a backslash stands for itself.
    """
    parts = re.findall(r"\\[{}|]|.", re.sub(COMMENT, "", text, flags=re.DOTALL), re.DOTALL)
    return _plain(iter(parts))


def _plain(parts: Iterator[str]) -> str:
    return "".join(_choice(parts) if part == "{" else part[-1] for part in parts)


def _choice(parts: Iterator[str]) -> str:
    """Return one of the choices, and read on to the brace that closes them."""
    choices = [""]
    for part in parts:
        if part == "}":
            break
        if part == "|":
            choices.append("")
        else:
            choices[-1] += _choice(parts) if part == "{" else part[-1]
    return random.choice(choices)  # noqa: S311 - chance is all that is wanted


def _part_of(now: datetime, part: str) -> str:
    if part[0] == "y":
        return f"{now.year}" if len(part) == LONG_YEAR else f"{now.year}"[2:]
    values = {"d": now.day, "M": now.month, "h": now.hour, "m": now.minute, "s": now.second}
    return f"{values[part[0]]:0{len(part)}}"


def _in_a_name(value: Any) -> str:
    """Return a widget's value as part of a file name, written as JavaScript does."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = value if isinstance(value, str) else json.dumps(value)
    return re.sub(NOT_IN_A_NAME, "_", text)
