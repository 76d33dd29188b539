"""Workflows that earlier versions have saved: the examples of those days, with nothing changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_suffix(".json")


Prompt = dict[str, tuple[str, dict[str, Any]]]
"""Type and inputs of each node."""


@dataclass(frozen=True)
class Earlier:
    """A workflow that was saved on a day, in the page's format and as a prompt."""

    saved: str
    name: str
    workflow: dict[str, Any]
    prompt: dict[str, Any]

    def meant(self, types: Mapping[str, Any]) -> Prompt:
        """Type and inputs of each node today; `types` are those of `/object_info`.

        Inputs that there were not have their defaults.
        """
        return filled_in(self.prompt, types, "required", "optional")

    def __str__(self) -> str:
        """For the names of tests."""
        return f"{self.name} of {self.saved}"


def filled_in(prompt: Mapping[str, Any], types: Mapping[str, Any], *kinds: str) -> Prompt:
    """A prompt whose inputs of these kinds (required, optional) have their defaults if missing."""
    found = {}
    for key, node in prompt.items():
        inputs = types[node["class_type"]]["input"]
        declared = {name: each for kind in kinds for name, each in inputs.get(kind, {}).items()}
        defaults = {
            name: details[0]["default"]
            for name, (_, *details) in declared.items()
            if details and "default" in details[0] and not details[0].get("forceInput")
        }
        found[key] = node["class_type"], {**defaults, **node["inputs"]}
    return found


EARLIER = [Earlier(**each) for each in json.loads(_FILE.read_text(encoding="utf-8"))]
"""Of each version that had other nodes or inputs than the one before, and a page that saves as
today's does."""
