"""What changes from run to run; tests/browser/test_saved_workflows.py holds it to the real page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from batch_loop.batch_loop_cli.next_run import LARGEST, change_for_next_run
from batch_loop.batch_loop_cli.prompts import Changes, Prompts
from batch_loop.batch_loop_cli.workflow import Workflow

SEED = {"control_after_generate": True, "min": 0, "max": 2**64 - 1}
EVEN = {"control_after_generate": True, "min": -4, "max": 4, "step": 2}
TYPES: dict[str, Any] = {
    "Sampler": {"input": {"required": {"seed": ["INT", SEED], "steps": ["INT", {}]}}},
    "Even": {"input": {"required": {"number": ["INT", EVEN]}}},
    "BatchLoopDirectoryIterator": {"input": {"required": {"directory": ["STRING", {}]}}},
    "BatchLoopEndQueue": {"input": {"required": {}}},
}


def node(number: int, kind: str, *values: Any, **more: Any) -> dict[str, Any]:
    return {"id": number, "type": kind, "widgets_values": list(values), **more}


def after(*nodes: dict[str, Any], links: tuple[list[Any], ...] = ()) -> list[list[Any]]:
    workflow = {"nodes": list(nodes), "links": list(links)}
    change_for_next_run(workflow, TYPES)
    return [each["widgets_values"] for each in nodes]


@pytest.mark.parametrize(
    ("kind", "value", "control", "then"),
    [
        ("Sampler", 5, "increment", 6),
        ("Sampler", 5, "decrement", 4),
        ("Sampler", 5, "fixed", 5),
        ("Sampler", 5, "", 5),
        ("Sampler", 0, "decrement", 0),
        ("Sampler", 2**63, "increment", LARGEST),
        ("Even", 0, "increment", 2),
        ("Even", 4, "increment", 4),
        ("Even", -4, "decrement", -4),
        ("Even", "text", "increment", "text"),
    ],
)
def test_a_number_counts_within_its_limits(
    kind: str, value: object, control: str, then: object
) -> None:
    assert after(node(1, kind, value, control, 20)) == [[then, control, 20]]


def test_a_number_is_drawn_by_lot_from_all_that_it_may_be() -> None:
    drawn = {after(node(1, "Even", 0, "randomize"))[0][0] for _ in range(500)}
    assert drawn == {-4, -2, 0, 2}  # as the page does, which never draws the largest
    seeds = {after(node(1, "Sampler", 0, "randomize", 20))[0][0] for _ in range(50)}
    assert len(seeds) > 40
    assert all(0 <= seed < LARGEST for seed in seeds)


def test_values_that_are_saved_by_name() -> None:
    named = {"seed": 5, "control_after_generate": "increment", "steps": 20}
    after(node(1, "Sampler", widgets_values_named=named))
    assert named == {"seed": 6, "control_after_generate": "increment", "steps": 20}


def test_a_primitive_is_like_the_widget_that_it_gives_its_value_to() -> None:
    target = node(2, "Even", 0, "fixed", inputs=[{"name": "number", "link": 7}])
    primitive = node(1, "PrimitiveNode", 4, "increment")
    link = [7, 1, 0, 2, 0, "INT"]
    assert after(primitive, target, links=(link,)) == [[4, "increment"], [0, "fixed"]]
    assert after(node(1, "PrimitiveNode", 4, "increment")) == [[4, "increment"]]


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


def test_servers_share_what_changes_from_run_to_run(tmp_path: Path) -> None:
    workflow = saved(tmp_path)
    one, other = (Prompts(workflow, TYPES, Changes()) for _ in range(2))
    assert one.first["2"]["inputs"]["seed"] == 5
    sent = [each.next() for each in (one, other, one)]
    assert [prompt["2"]["inputs"]["seed"] for prompt, _ in sent] == [5, 6, 7]
    shown = [workflow and workflow["nodes"][1]["widgets_values"] for _, workflow in sent]
    assert shown == [[5, "increment", 20], [6, "increment", 20], [7, "increment", 20]]


def test_what_the_command_line_sets_stays(tmp_path: Path) -> None:
    prompts = Prompts(saved(tmp_path), TYPES, Changes(("Sampler.seed=9",)))
    sent = [prompts.next() for _ in range(2)]
    assert [prompt["2"]["inputs"]["seed"] for prompt, _ in sent] == [9, 9]
    # It would show what was not run.
    assert [workflow for _, workflow in sent] == [None, None]


def test_in_api_format_all_runs_are_alike(tmp_path: Path) -> None:
    found = {
        "1": {"class_type": "BatchLoopDirectoryIterator", "inputs": {"directory": "photos"}},
        "2": {"class_type": "BatchLoopEndQueue", "inputs": {}},
    }
    prompts = Prompts(file_with(tmp_path, found), TYPES, Changes(on_error="retry"))
    wanted = {"directory": "photos", "error_handling": "Skip on error", "max_attempts": 3}
    for _ in range(2):
        prompt, workflow = prompts.next()
        assert (prompt["1"]["inputs"], workflow) == (wanted, None)
