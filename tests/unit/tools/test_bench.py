from __future__ import annotations

import json
import re
from typing import Any

import pytest

from batch_loop.tools.bench import page
from batch_loop.tools.bench.measurements import NAMES
from batch_loop.tools.bench.prompts import (
    Timing,
    gaps,
    median_ms,
    seconds_after_first,
    seconds_each,
)
from batch_loop.tools.bench.rows import Row, Target, row_of
from batch_loop.tools.bench.table import number, table
from batch_loop.tools.errors import ToolError
from batch_loop.tools.figures import FIGURES
from batch_loop.tools.layout import ROOT

TIMINGS = [Timing(10.0, 11.0), Timing(11.5, 12.0), Timing(12.5, 14.0)]


def row(ours: float, other: float | None = None, target: Target | None = None) -> Row:
    return Row("a thing", "ms", ours, other, "another", target)


@pytest.mark.parametrize(
    ("given", "met"),
    [
        (row(5), None),
        (row(5, target=Target(5)), True),
        (row(5.1, target=Target(5)), False),
        (row(11, 10, Target(1.1, "ratio")), True),
        (row(12, 10, Target(1.1, "ratio")), False),
        (row(13, 10, Target(3, "difference")), True),
        (row(14, 10, Target(3, "difference")), False),
        (row(2, 10, Target(3, "difference")), True),
        # Without what it would be held against, nothing is met.
        (row(1, target=Target(3, "difference")), False),
        (row(1, 0, Target(3, "ratio")), False),
    ],
)
def test_a_target(given: Row, met: bool | None) -> None:  # noqa: FBT001 - as a table
    assert given.met is met


def test_a_line_comes_back_from_the_file_as_it_was() -> None:
    for given in (row(5), row(13, 10, Target(3, "difference"))):
        assert row_of(json.loads(json.dumps(given.as_json()))) == given


def test_the_table_shows_what_was_reached_beside_the_target() -> None:
    lines = table([row(13.04, 10, Target(3, "difference")), row(0.2, target=Target(0.22))])
    assert lines.splitlines()[2:] == [
        "| a thing | 13.0 ms | 10.0 ms: another | 1.30 x | at most 3 ms more | **no** |",
        "| a thing | 0.200 ms |  |  | at most 0.22 ms | yes |",
    ]


def test_a_figure_has_as_many_places_as_say_something() -> None:
    figures = [number(value) for value in (0.2034, 1.5, -12.34, 123.4, 1234.5)]
    assert figures == ["0.203", "1.50", "-12.3", "123", "1,234"]


def test_the_time_of_a_prompt_holds_the_pause_before_it() -> None:
    assert seconds_each(TIMINGS) == pytest.approx(4 / 3)
    assert seconds_after_first(TIMINGS) == pytest.approx(1.5)


def test_gaps_are_those_between_prompts_in_the_order_that_they_ran_in() -> None:
    assert gaps(TIMINGS[::-1]) == [0.5, 0.5]
    assert median_ms([0.001, 0.1, 0.003]) == pytest.approx(3)


def test_a_page_keeps_what_stands_around_its_table() -> None:
    figures = figures_of_the_project()
    once = page.with_table(f"before\n{page.BEGIN}\n(what was there)\n{page.END}\nafter\n", figures)
    assert once.startswith(f"before\n{page.BEGIN}\n")
    assert once.endswith(f"{page.END}\nafter\n")
    assert "(what was there)" not in once
    assert page.with_table(once, figures) == once


def test_a_page_without_a_place_for_the_table_is_an_error() -> None:
    with pytest.raises(ToolError, match="has no place for the table"):
        page.with_table("nothing", figures_of_the_project())


def figures_of_the_project() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FIGURES / "bench.json").read_text(encoding="utf-8"))
    return found


def test_the_documentation_shows_the_figures_that_there_are() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.with_table(text, figures_of_the_project()) == text
    assert (FIGURES / "bench.png").is_file()


def test_each_measurement_is_a_module_and_is_named_to_the_reader() -> None:
    folder = ROOT / "tools" / "bench"
    assert [name for name in NAMES if not (folder / f"{name}.py").is_file()] == []
    (line,) = re.findall(r"`make bench ARGS='--only .*", page.PAGE.read_text(encoding="utf-8"))
    assert [name for name in NAMES if f"`{name}`" not in line] == []


def test_the_figures_hold_what_follows_from_them() -> None:
    for found in figures_of_the_project()["rows"]:
        given = row_of(found)
        assert (given.met, given.ratio) == (found["met"], found["ratio"])
