"""Numbers that change between runs, as on the real page: see test_saved_workflows.py."""

from __future__ import annotations

from typing import Any

import pytest

from batch_loop.batch_loop_cli.page_format.controls import LARGEST, change_for_next_run

SEED = {"control_after_generate": True, "min": 0, "max": 2**64 - 1}
EVEN = {"control_after_generate": True, "min": -4, "max": 4, "step": 2}
TYPES: dict[str, Any] = {
    "Sampler": {"input": {"required": {"seed": ["INT", SEED], "steps": ["INT", {}]}}},
    "Even": {"input": {"required": {"number": ["INT", EVEN]}}},
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


def test_a_random_number_is_drawn_from_its_whole_range() -> None:
    drawn = {after(node(1, "Even", 0, "randomize"))[0][0] for _ in range(500)}
    assert drawn == {-4, -2, 0, 2}  # as the page does, which never draws the largest
    seeds = {after(node(1, "Sampler", 0, "randomize", 20))[0][0] for _ in range(50)}
    assert len(seeds) > 40
    assert all(0 <= seed < LARGEST for seed in seeds)


def test_values_saved_by_name_change_too() -> None:
    named = {"seed": 5, "control_after_generate": "increment", "steps": 20}
    after(node(1, "Sampler", widgets_values_named=named))
    assert named == {"seed": 6, "control_after_generate": "increment", "steps": 20}


def test_a_primitive_changes_like_the_widget_that_it_feeds() -> None:
    target = node(2, "Even", 0, "fixed", inputs=[{"name": "number", "link": 7}])
    primitive = node(1, "PrimitiveNode", 4, "increment")
    link = [7, 1, 0, 2, 0, "INT"]
    assert after(primitive, target, links=(link,)) == [[4, "increment"], [0, "fixed"]]
    assert after(node(1, "PrimitiveNode", 4, "increment")) == [[4, "increment"]]
