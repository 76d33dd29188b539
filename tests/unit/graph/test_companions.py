"""Which nodes of a graph give companions of an iterator's images."""

from __future__ import annotations

from typing import Any

from batch_loop.core.graph.companions import companions_of, is_image, iterators_of
from batch_loop.tests.support.graphs import Graph, iterator, node


def companion(loop: list[Any], kind: str = "Image") -> dict[str, Any]:
    return node(f"BatchLoopCompanion{kind}", loop=loop, pattern="{stem}.x", when_missing="Fail")


def graph_with(loop: list[Any], **others: dict[str, Any]) -> Graph:
    return {
        "one": iterator("one"),
        "two": iterator("two"),
        "mask": companion(loop),
        "shown": node("MaskToImage", mask=["mask", 1]),
        **others,
    }


def found(graph: Graph) -> dict[str, list[str]]:
    return {each: [node for node, _ in companions_of(graph, each)] for each in ("one", "two")}


def test_a_companion_is_of_the_iterator_that_its_loop_comes_from() -> None:
    graph = graph_with(["one", 0], text=companion(["two", 0], "Text"))
    graph["seen"] = node("PreviewAny", source=["text", 0])
    assert found(graph) == {"one": ["mask"], "two": ["text"]}
    assert is_image(graph, "mask")
    assert not is_image(graph, "text")


def test_loop_start_and_loop_end_pass_the_loop_on() -> None:
    start = node("BatchLoopLoopStart", loop=["one", 0], initial_value=["two", 1])
    end = node("BatchLoopLoopEnd", loop=["start", 0], value=["two", 1])
    assert found(graph_with(["start", 0], start=start)) == {"one": ["mask"], "two": []}
    assert found(graph_with(["end", 0], start=start, end=end)) == {"one": ["mask"], "two": []}


def test_a_node_of_another_pack_may_pass_on_any_loop() -> None:
    switch = node("AnySwitch", first=["one", 0], second=["two", 0])
    assert found(graph_with(["switch", 0], switch=switch)) == {"one": ["mask"], "two": ["mask"]}


def test_a_node_that_nothing_uses_asks_for_nothing() -> None:
    graph = graph_with(["one", 0])
    del graph["shown"]
    assert found(graph) == {"one": [], "two": []}


def test_a_loop_that_leads_nowhere_is_of_no_iterator() -> None:
    circle = node("BatchLoopLoopStart", loop=["circle", 0])
    for graph in (
        graph_with(["circle", 0], circle=circle),
        graph_with(["nothing", 0]),
        graph_with("no link"),  # type: ignore[arg-type]
    ):
        assert iterators_of(graph, "mask") == set()
