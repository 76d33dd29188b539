"""A workflow that was saved with one release of the pack opens in every later one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from batch_loop.tools.client import ComfyClient
from batch_loop.tools.node_snapshot import SNAPSHOT, as_text, described

HOW = "saved workflows would break; if they do not: python -m tools.node_snapshot"


@pytest.fixture
def nodes(client: ComfyClient) -> dict[str, Any]:
    return described(client.get_json("/object_info"))


@pytest.mark.oldest_too
def test_the_nodes_are_those_that_workflows_were_saved_with(nodes: dict[str, Any]) -> None:
    assert nodes == json.loads(SNAPSHOT.read_text(encoding="utf-8")), HOW


def test_the_snapshot_is_what_the_tool_writes(nodes: dict[str, Any]) -> None:
    assert as_text(nodes) == SNAPSHOT.read_text(encoding="utf-8"), HOW
