"""The prompts made from a workflow's file, run after run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from batch_loop.batch_loop_cli.api_format import ITERATORS
from batch_loop.batch_loop_cli.changes import Changes
from batch_loop.batch_loop_cli.errors import NoBatch, WrongCall
from batch_loop.batch_loop_cli.workflow import Prompts, Workflow
from batch_loop.core.model.policy import ErrorHandling
from batch_loop.core.turn.iterator_kinds import KINDS

SEED = {"control_after_generate": True, "min": 0, "max": 2**64 - 1}
ON_ERROR = {"options": ["Stop on error", "Skip on error"]}
TYPES: dict[str, Any] = {
    "Sampler": {"input": {"required": {"seed": ["INT", SEED], "steps": ["INT", {}]}}},
    "BatchLoopDirectoryIterator": {
        "input": {"required": {"directory": ["STRING", {}], "error_handling": ["COMBO", ON_ERROR]}}
    },
    "BatchLoopRowIterator": {
        "input": {
            "required": {
                "file": ["STRING", {}],
                "text": ["STRING", {"multiline": True}],
                "error_handling": ["COMBO", ON_ERROR],
                "limit": ["INT", {"advanced": True}],
                "loop_name": ["STRING", {"advanced": True}],
            }
        }
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


def with_rows(tmp_path: Path, file: str) -> Workflow:
    nodes = [
        node(1, "BatchLoopDirectoryIterator", "photos", "Stop on error"),
        node(2, "BatchLoopRowIterator", file, "a cat\na dog", "Stop on error", 0, "mine"),
        node(3, "BatchLoopEndQueue"),
    ]
    return file_with(tmp_path, {"nodes": nodes, "links": []})


def test_all_iterators_of_a_workflow_are_changed(tmp_path: Path) -> None:
    settings = ("RowIterator.file=prompts.csv", "RowIterator.limit=2")
    changes = Changes(settings, on_error="retry")
    prompt, *_ = Prompts(with_rows(tmp_path, ""), TYPES, changes).next()
    inputs = {"error_handling": "Skip on error", "max_attempts": 3}
    assert prompt["1"]["inputs"] == {"directory": "photos", **inputs}
    own = {"file": "prompts.csv", "text": "a cat\na dog", "limit": 2, "loop_name": "mine"}
    assert prompt["2"]["inputs"] == {**own, **inputs}


def test_rows_can_be_typed_into_the_command_line(tmp_path: Path) -> None:
    text = "RowIterator.text=a=b\n1 to 3"
    workflow = with_rows(tmp_path, "prompts.csv")
    with pytest.raises(WrongCall) as raised:
        Prompts(workflow, TYPES, Changes((text,)))
    assert str(raised.value) == (
        "--set RowIterator.text: Row Iterator does not read it, as its file is 'prompts.csv'. Add "
        "--set RowIterator.file= to leave that out."
    )
    for settings in [(text, "2.file="), ("BatchLoopRowIterator.file=", text)]:
        inputs = Prompts(workflow, TYPES, Changes(settings)).first["2"]["inputs"]
        assert (inputs["file"], inputs["text"]) == ("", "a=b\n1 to 3")


@pytest.mark.parametrize("name", ["DirectoryIterator", "RowIterator"])
def test_one_iterator_is_enough(tmp_path: Path, name: str) -> None:
    found = {"1": {"class_type": f"BatchLoop{name}", "inputs": {}}}
    assert Prompts(file_with(tmp_path, found), TYPES, Changes()).first == found


def test_a_workflow_without_one_is_refused_with_their_names(tmp_path: Path) -> None:
    found = {"1": {"class_type": "BatchLoopEndQueue", "inputs": {}}}
    with pytest.raises(NoBatch, match="has none of Directory Iterator, Row Iterator"):
        Prompts(file_with(tmp_path, found), TYPES, Changes())


def test_it_knows_all_iterators_and_their_inputs() -> None:
    assert ITERATORS.keys() == KINDS.keys()
    for name, kind in ITERATORS.items():
        declared = KINDS[name].settings.declared()
        assert {kind.named, *filter(None, [kind.typed])} <= declared.keys()
        assert declared["error_handling"].default is ErrorHandling.STOP
