"""What ComfyUI is told of the nodes, several times for each node in each prompt."""

from __future__ import annotations

from typing import Any

import pytest

from batch_loop.tools.client import ComfyClient
from batch_loop.tools.graphs import node

TYPES = ("DirectoryIterator", "LoopStart", "LoopEnd", "BatchComplete", "EndQueue", "SaveImage")
MOST_CALLS = 30
"""Of Python functions, to describe a node with any number of inputs."""


@pytest.fixture(params=TYPES)
def reported(client: ComfyClient, request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the helper reports of a node's type."""
    asked = node("TestSchema", type=f"BatchLoop{request.param}")
    return dict(client.run({"1": asked}).outputs["1"])


@pytest.mark.oldest_too
def test_inputs_are_described_once(reported: dict[str, Any]) -> None:
    (calls,) = reported["calls"]
    assert 0 < calls <= MOST_CALLS


@pytest.mark.oldest_too
def test_what_is_done_to_a_description_changes_no_later_one(
    reported: dict[str, Any], client: ComfyClient, request: pytest.FixtureRequest
) -> None:
    name = f"BatchLoop{request.node.callspec.params['reported']}"
    (told,) = reported["told"]
    assert told == client.get_json(f"/object_info/{name}")[name]["input"]
    assert told["required"]
