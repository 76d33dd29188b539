"""Which output nodes do not run in a prompt, and why."""

from __future__ import annotations

from batch_loop.core.graph.required_nodes import Fault, Submission, Unrun, faults, left_out, unrun
from batch_loop.tests.support.graphs import (
    COMPLETE,
    END,
    ITERATOR,
    SAVE,
    STOP,
    WORK,
    batch_graph,
    node,
)

OUTPUTS = {
    "BatchLoopSaveImage",
    "BatchLoopLoopEnd",
    "BatchLoopBatchComplete",
    "BatchLoopEndQueue",
    "SaveImage",
}
OF_THE_LOOP = [END, COMPLETE, STOP]


def is_output(class_type: str) -> bool:
    return class_type in OUTPUTS


def submitted(*targets: str) -> Submission:
    graph = batch_graph("a", "b")
    del graph[END]["inputs"]["after"]
    graph["12:5"] = node("SaveImage", images=[WORK, 0])
    graph["else"] = node("SaveImage")
    return Submission(graph, targets or None)


def found(submission: Submission, *runs: str) -> Unrun:
    return unrun(submission, ITERATOR, runs, is_output)


def test_if_everything_runs_nothing_is_missing() -> None:
    assert found(submitted(), SAVE, "12:5", *OF_THE_LOOP) == Unrun()


def test_outputs_that_do_not_depend_on_the_image_are_not_missed() -> None:
    assert found(submitted(), SAVE, "12:5", *OF_THE_LOOP) == Unrun()


def test_a_requested_output_that_does_not_run_was_left_out() -> None:
    assert found(submitted(), SAVE, *OF_THE_LOOP) == Unrun(left_out=("12:5",))
    assert found(submitted(SAVE, "12:5"), "12:5") == Unrun((SAVE,), tuple(OF_THE_LOOP))


def test_an_output_that_was_not_requested_was_not_left_out() -> None:
    assert found(submitted(STOP), STOP) == Unrun(not_asked_for=("12:5", SAVE))


def test_a_node_that_feeds_an_output_runs_with_it() -> None:
    submission = Submission(batch_graph("a", "b"), [STOP])
    assert found(submission, STOP) == Unrun()


def test_a_submission_requests_its_targets_and_what_feeds_them() -> None:
    assert submitted().asks_for(SAVE)
    assert submitted(STOP).asks_for(END)
    assert not submitted(STOP).asks_for(SAVE)


def test_the_message_names_nodes_and_reasons() -> None:
    graph = submitted().graph
    of_comfyui = {
        "12:5": {
            "errors": [
                {"message": "Required input is missing", "details": "filename_prefix"},
                {"message": "another", "details": ""},
            ]
        }
    }
    (fault,) = faults(graph, of_comfyui)
    assert fault == Fault("SaveImage #12:5", "Required input is missing: filename_prefix")
    said = left_out(graph, ["12:5"], [fault])
    assert "from this run: SaveImage #12:5. SaveImage #12:5: Required input is missing:" in said
    assert "Its log says why" in left_out(graph, ["12:5"], [])
    assert "BatchLoopLoopEnd #5, 1 more" in left_out(graph, [STOP, COMPLETE, END, SAVE], [])
