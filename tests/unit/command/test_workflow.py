"""The prompts made from a workflow's file, run after run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from batch_loop.batch_loop_cli.changes import Changes
from batch_loop.batch_loop_cli.workflow import Prompts, Workflow

SEED = {"control_after_generate": True, "min": 0, "max": 2**64 - 1}
ON_ERROR = {"options": ["Stop on error", "Skip on error"]}
TYPES: dict[str, Any] = {
    "Sampler": {"input": {"required": {"seed": ["INT", SEED], "steps": ["INT", {}]}}},
    "BatchLoopDirectoryIterator": {
        "input": {"required": {"directory": ["STRING", {}], "error_handling": ["COMBO", ON_ERROR]}}
    },
    "BatchLoopEndQueue": {"input": {"required": {}}},
}


def node(number: int, kind: str, *values: Any) -> dict[str, Any]:
    return {"id": number, "type": kind, "widgets_values": list(values)}


def file_with(tmp_path: Path, found: object) -> Workflow:
    path = tmp_path / "workflow.json"
    path.write_text(json.dumps(found), encoding="utf-8")
    return Workflow(path)


def saved(tmp_path: Path) -> Workflow:
    nodes = [
        node(1, "BatchLoopDirectoryIterator", "photos"),
        node(2, "Sampler", 5, "increment", 20),
        node(3, "BatchLoopEndQueue"),
    ]
    return file_with(tmp_path, {"nodes": nodes, "links": []})


def test_servers_share_the_values_that_change_between_runs(tmp_path: Path) -> None:
    workflow = saved(tmp_path)
    one, other = (Prompts(workflow, TYPES, Changes()) for _ in range(2))
    assert one.first["2"]["inputs"]["seed"] == 5
    sent = [each.next() for each in (one, other, one)]
    assert [prompt["2"]["inputs"]["seed"] for prompt, *_ in sent] == [5, 6, 7]
    shown = [workflow and workflow["nodes"][1]["widgets_values"] for _, workflow, _ in sent]
    assert shown == [[5, "increment", 20], [6, "increment", 20], [7, "increment", 20]]


def test_values_set_on_the_command_line_stay(tmp_path: Path) -> None:
    prompts = Prompts(saved(tmp_path), TYPES, Changes(("Sampler.seed=9",)))
    sent = [prompts.next() for _ in range(2)]
    assert [prompt["2"]["inputs"]["seed"] for prompt, *_ in sent] == [9, 9]
    # It would not match what ran.
    assert [workflow for _, workflow, _ in sent] == [None, None]


@pytest.mark.parametrize(
    ("on_error", "inputs"),
    [
        ("stop", {"error_handling": "Stop on error"}),
        ("skip", {"error_handling": "Skip on error"}),
        ("retry", {"error_handling": "Skip on error", "max_attempts": 3}),
    ],
)
def test_in_api_format_all_runs_are_the_same(
    tmp_path: Path, on_error: str, inputs: dict[str, Any]
) -> None:
    found = {
        "1": {"class_type": "BatchLoopDirectoryIterator", "inputs": {"directory": "photos"}},
        "2": {"class_type": "BatchLoopEndQueue", "inputs": {}},
    }
    prompts = Prompts(file_with(tmp_path, found), TYPES, Changes(on_error=on_error))
    for _ in range(2):
        prompt, workflow, _ = prompts.next()
        assert (prompt["1"]["inputs"], workflow) == ({"directory": "photos", **inputs}, None)
