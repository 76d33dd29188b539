"""Results without their source's transparency are told, as a note."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
import requests
from PIL import Image

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.integration.test_command import batch_loop
from batch_loop.tests.support.graphs import ITERATOR, SAVE, Graph, two_node_graph
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.graphs import filled_in

NAMES = ["glass.png", "opaque.png", "wall.png"]
"""The first is transparent in part; the second could be, and is nowhere."""
NOTE = "Without their sources' transparency: 1"


def lost_in_table(client: ComfyClient, loop: str) -> set[str]:
    """The images that the report for spreadsheets marks."""
    table = requests.get(f"{client.url}/batch_loop/loops/{loop}/report.csv", timeout=60).text
    rows = csv.DictReader(io.StringIO(table))
    return {row["path"] for row in rows if row["lost_transparency"] == "True"}


@pytest.fixture
def graph(client: ComfyClient, workspace: Workspace) -> Graph:
    for name, mode, colour in zip(
        NAMES,
        ("RGBA", "RGBA", "RGB"),
        ((9, 99, 199, 40), (9, 99, 199, 255), (9, 99, 199)),
        strict=True,
    ):
        Image.new(mode, (8, 8), colour).save(workspace.input / name)
    return filled_in(client, two_node_graph(workspace.name, workspace.name))


def test_the_loop_the_command_and_the_report_tell_it(
    client: ComfyClient, workspace: Workspace, graph: Graph
) -> None:
    file, report = workspace.scratch / "workflow.json", workspace.scratch / "report.json"
    file.write_text(json.dumps(graph), encoding="utf-8")
    code, out, _ = batch_loop(client.url, "run", file, "--report", report)
    assert code == 0
    assert NOTE in out
    assert json.loads(report.read_text(encoding="utf-8"))["lost_transparency"] == 1
    loop: dict[str, Any] = client.get_json("/batch_loop/loops")["loops"][0]
    assert lost_in_table(client, loop["id"]) == {"glass.png"}
    # In the next batch the mask is connected.
    assert client.post_json("/batch_loop/loops/reset", {"loop": loop["id"]})["left"] == len(NAMES)
    graph[SAVE]["inputs"]["mask"] = [ITERATOR, 2]
    file.write_text(json.dumps(graph), encoding="utf-8")
    code, out, _ = batch_loop(client.url, "run", file, "--report", report)
    assert code == 0
    assert NOTE not in out
    assert json.loads(report.read_text(encoding="utf-8"))["lost_transparency"] == 0
    assert lost_in_table(client, loop["id"]) == set()
