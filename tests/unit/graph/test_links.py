"""Finding a Loop End in a graph."""

from __future__ import annotations

import pytest

from batch_loop.core.graph.links import is_link, linked, name_of, reaches
from batch_loop.core.graph.required_nodes import Submission
from batch_loop.tests.support.graphs import (
    COMPLETE,
    END,
    ITERATOR,
    SAVE,
    START,
    STOP,
    WORK,
    batch_graph,
    node,
)

LOOP_END = ("BatchLoopLoopEnd", "loop")


@pytest.mark.parametrize(
    ("value", "is_one"),
    [(["1", 0], True), ("1", False), (["1"], False), ([1, 0], False), (["a", 0, 0], False)],
)
def test_a_link_is_a_node_and_an_output(value: object, *, is_one: bool) -> None:
    assert is_link(value) is is_one


def test_a_loop_end_after_loop_start_is_found() -> None:
    assert reaches(batch_graph("a", "b"), ITERATOR, *LOOP_END)


def test_a_loop_end_right_after_the_iterator_is_found() -> None:
    graph = batch_graph("a", "b")
    graph[END]["inputs"]["loop"] = [ITERATOR, 0]
    assert reaches(graph, ITERATOR, *LOOP_END)


def test_a_loop_end_of_another_loop_does_not_count() -> None:
    graph = batch_graph("a", "b")
    graph["other"] = node("BatchLoopDirectoryIterator")
    assert not reaches(graph, "other", *LOOP_END)


def test_an_image_alone_does_not_lead_to_loop_end() -> None:
    graph = batch_graph("a", "b")
    graph[END]["inputs"] = {"value": [ITERATOR, 1], "loop": "not a link"}
    assert not reaches(graph, ITERATOR, *LOOP_END)


def test_a_search_ends_at_cycles_and_missing_nodes() -> None:
    graph = {"1": node("A", x=["2", 0]), "2": node("B", x=["1", 0], y=["gone", 0])}
    assert set(linked(graph, "1")) == {"1", "2"}
    assert START not in set(linked(graph, "1")) - {"1", "2"}


def test_nodes_that_a_node_feeds_are_found_through_cycles_too() -> None:
    graph = batch_graph("a", "b")
    assert Submission(graph).fed_by(START) == {SAVE, END, COMPLETE, STOP}
    graph[START]["inputs"]["initial_value"] = [WORK, 0]
    graph[WORK]["inputs"]["again"] = [START, 1]
    assert Submission(graph).fed_by(WORK) == {START, SAVE, END, COMPLETE, STOP}
    assert Submission(graph).fed_by("unknown") == set()


def test_a_node_is_called_by_its_title() -> None:
    graph = {"12:5": {**node("SaveImage"), "_meta": {"title": "Result"}}, "7": node("SaveImage")}
    assert name_of(graph, "12:5") == "Result #12:5"
    assert name_of(graph, "7") == "SaveImage #7"
    for odd in ("text", ["list"], {}, None):
        graph["7"]["_meta"] = odd
        assert name_of(graph, "7") == "SaveImage #7"
