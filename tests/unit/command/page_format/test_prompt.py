"""Saved workflows in API format: cases that no tested page saves, or only an old one."""

from __future__ import annotations

from typing import Any

import pytest

from batch_loop.batch_loop_cli.page_format.prompt import as_prompt

Node = dict[str, Any]

TYPES = {"Work": {"input": {"required": {"size": ["INT", {}]}}, "display_name": "Some work"}}
INNER, MIDDLE = "the inner subgraph", "the middle subgraph"


def slot(name: str, link: int | None = None, kind: str = "IMAGE", **more: Any) -> Node:
    return {"name": name, "type": kind, "link": link, **more}


def node(number: int, kind: str, *inputs: Node, **more: Any) -> Node:
    return {"id": number, "type": kind, "inputs": list(inputs), **more}


def workflow(nodes: list[Node], *links: list[Any], **subgraphs: Node) -> Node:
    """Links are `[id, from, slot, to, slot, type]`."""
    return {"nodes": nodes, "links": links, "definitions": {"subgraphs": [*subgraphs.values()]}}


def subgraph(name: str, nodes: list[Node], *links: list[Any], inputs: list[Node]) -> Node:
    keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    return {
        "id": name,
        "nodes": nodes,
        "links": [dict(zip(keys, link, strict=True)) for link in links],
        "inputs": inputs,
    }


def inputs(of: Node) -> dict[str, dict[str, Any]]:
    return {key: part["inputs"] for key, part in as_prompt(of, TYPES).items()}


def test_a_node_keeps_the_title_that_the_page_shows() -> None:
    prompt = as_prompt(
        workflow([node(1, "Work"), node(2, "Work", title="Mine"), node(3, "Else")]), TYPES
    )
    titles = {key: part["_meta"]["title"] for key, part in prompt.items()}
    assert titles == {"1": "Some work", "2": "Mine", "3": "Else"}


A, B, ANY = "IMAGE", "MASK", "*"


@pytest.mark.parametrize(
    ("kinds", "output", "wanted", "passed"),
    [
        ([A], 0, A, 0),
        ([B, A, A], 0, A, 1),
        ([B, A, A], 2, A, 2),
        ([A, A], 5, A, 0),
        ([ANY, B], 0, A, 0),
        ([B, ANY, A], 0, A, 2),
        ([B, ANY], 0, A, 1),
        ([f"{B},{A}"], 0, A, 0),
        ([B, A], 3, ANY, 0),
        ([B], 0, A, None),
        ([], 0, A, None),
    ],
)
def test_a_bypassed_node_passes_on_an_input_of_the_output_s_type(
    kinds: list[str], output: int, wanted: str, passed: int | None
) -> None:
    sources = range(1, 1 + len(kinds))
    made = workflow(
        [
            *(node(number, "Source") for number in sources),
            node(8, "Any", *(slot(f"i{each}", each, kinds[each - 1]) for each in sources), mode=4),
            node(9, "Work", slot("image", 99, wanted)),
        ],
        *([each, each, 0, 8, each - 1, kinds[each - 1]] for each in sources),
        [99, 8, output, 9, 0, A],
    )
    source = None if passed is None else [str(passed + 1), 0]
    assert inputs(made)["9"].get("image") == source


def shown(where: list[Any], values: list[Any], **more: Any) -> Node:
    """A node of INNER that shows widgets, as the frontends from 1.32 to 1.58 save it."""
    return node(5, INNER, properties={"proxyWidgets": where}, widgets_values=values, **more)


def inner() -> Node:
    return subgraph(INNER, [node(3, "Work", widgets_values=[1])], inputs=[])


@pytest.mark.parametrize(
    ("values", "size"), [([7], 7), ([None], 1), ([], 1), ([0], 0)], ids=["7", "null", "none", "0"]
)
def test_the_value_on_the_subgraph_s_node_wins(values: list[Any], size: int) -> None:
    made = workflow([shown([["3", "size"]], values)], inner=inner())
    assert inputs(made) == {"5:3": {"size": size}}


def test_the_outermost_value_wins() -> None:
    outer = node(6, MIDDLE, properties={"proxyWidgets": [["5", "size"]]}, widgets_values=[9])
    middle = subgraph(MIDDLE, [shown([["3", "size"]], [None])], inputs=[])
    made = workflow([outer], inner=inner(), middle=middle)
    assert inputs(made) == {"6:5:3": {"size": 9}}


def test_a_list_as_a_value_is_not_a_link() -> None:
    made = workflow([node(1, "Work", widgets_values=[["2", 0]])])
    assert inputs(made) == {"1": {"size": {"__value__": ["2", 0]}}}


def test_an_input_of_a_subgraph_may_lead_straight_to_its_output() -> None:
    straight = subgraph(INNER, [], [1, -10, 0, -20, 0, A], inputs=[{"name": "image", "type": A}])
    made = workflow(
        [
            node(1, "Source"),
            node(5, INNER, slot("image", 1)),
            node(9, "Work", slot("image", 2)),
        ],
        [1, 1, 0, 5, 0, A],
        [2, 5, 0, 9, 0, A],
        straight=straight,
    )
    assert inputs(made)["9"] == {"image": ["1", 0]}


def test_dangling_links_are_left_out() -> None:
    made = workflow(
        [
            node(1, "Source", mode=2),
            node(2, "Work", slot("image", 1)),
            node(3, "Work", slot("image", 2)),
            node(4, "Work", slot("image", 77)),
            node(5, INNER),
            node(6, "Work", slot("image", 3)),
            node(7, "Note"),
        ],
        [1, 1, 0, 2, 0, A],
        [2, 88, 0, 3, 0, A],
        [3, 5, 0, 6, 0, A],
        empty=subgraph(INNER, [], inputs=[]),
    )
    assert inputs(made) == {"2": {}, "3": {}, "4": {}, "6": {}}


def test_a_subgraph_that_contains_itself_is_not_followed() -> None:
    made = workflow([node(1, INNER)], inner=subgraph(INNER, [node(2, INNER)], inputs=[]))
    assert {key: part["class_type"] for key, part in as_prompt(made, TYPES).items()} == {
        "1:2": INNER
    }
