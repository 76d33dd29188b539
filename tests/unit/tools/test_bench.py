from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from batch_loop.tools.bench import kept, page
from batch_loop.tools.bench.kept import MEASUREMENTS, NAMES
from batch_loop.tools.bench.prompts import (
    Timing,
    gaps,
    median_ms,
    seconds_after_first,
    seconds_each,
)
from batch_loop.tools.bench.rows import Measured, Row, Target, row_of
from batch_loop.tools.bench.tables import number, table
from batch_loop.tools.errors import ToolError
from batch_loop.tools.layout import FIGURES, ROOT

BENCH = ROOT / "tools" / "bench"
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
        (row(19, 10, Target(1.9, "ratio", "least")), True),
        (row(18, 10, Target(1.9, "ratio", "least")), False),
        (row(5, target=Target(5, bound="least")), True),
        # Without a figure to compare with, the target is not met.
        (row(1, target=Target(3, "difference")), False),
        (row(1, 0, Target(3, "ratio")), False),
        (row(1, 0, Target(3, "ratio", "least")), False),
    ],
)
def test_a_target_is_met_or_missed(given: Row, met: bool | None) -> None:  # noqa: FBT001 - as a table
    assert given.met is met


def test_a_line_comes_back_from_the_file_as_it_was() -> None:
    for given in (row(5), row(13, 10, Target(3, "difference", "least"))):
        assert row_of(json.loads(json.dumps(asdict(given)))) == given


def test_the_table_shows_results_beside_targets() -> None:
    lines = table([row(13.04, 10, Target(3, "difference")), row(0.2, target=Target(0.22))])
    assert lines.splitlines()[2:] == [
        "| a thing | 13.0 ms | 10.0 ms: another | 1.30 x | at most 3 ms more | **no** |",
        "| a thing | 0.200 ms |  |  | at most 0.22 ms | yes |",
    ]
    (*_, line) = table([row(18, 10, Target(1.9, "ratio", "least"))]).splitlines()
    assert line == "| a thing | 18.0 ms | 10.0 ms: another | 1.80 x | at least 1.9 x | **no** |"


def test_a_figure_has_only_significant_digits() -> None:
    figures = [number(value) for value in (0.2034, 1.5, -12.34, 123.4, 1234.5)]
    assert figures == ["0.203", "1.50", "-12.3", "123", "1,234"]


def test_a_prompt_s_time_includes_the_pause_before_it() -> None:
    assert seconds_each(TIMINGS) == pytest.approx(4 / 3)
    assert seconds_after_first(TIMINGS) == pytest.approx(1.5)


def test_gaps_are_between_prompts_in_the_order_they_ran() -> None:
    assert gaps(TIMINGS[::-1]) == [0.5, 0.5]
    assert median_ms([0.001, 0.1, 0.003]) == pytest.approx(3)


def test_a_page_keeps_the_text_around_its_figures() -> None:
    figures = page.shown(figures_of_the_project())
    given = f"before\n{page.BEGIN}\n(what was there)\n{page.END}\nafter\n"
    once = page.with_figures(given, figures)
    assert once.startswith(f"before\n{page.BEGIN}\n")
    assert once.endswith(f"{page.END}\nafter\n")
    assert "(what was there)" not in once
    assert page.with_figures(once, figures) == once


@pytest.mark.parametrize("given", ["", page.BEGIN, page.END])
def test_a_page_without_a_place_for_figures_is_an_error(given: str) -> None:
    with pytest.raises(ToolError, match=r"no place .*bench: begin"):
        page.with_figures(given, "figures")


def figures_of_the_project() -> kept.Figures:
    return kept.read(FIGURES)


def entry(date: str, *rows: Row) -> dict[str, Any]:
    return {
        "date": date,
        "scale": "full",
        "seconds": 1,
        "machine": MACHINE,
        **asdict(Measured(list(rows))),
    }


MACHINE = dict.fromkeys(
    ("processor", "cores", "memory_gb", "load", "system", "comfyui", "python", "torch"), "x"
)


def test_a_new_measurement_replaces_the_old_one(tmp_path: Path) -> None:
    before = {"iteration": entry("monday", row(1)), "memory": entry("monday", row(2))}
    kept.write(tmp_path, before)
    new = {"memory": entry("tuesday", row(3)), "saving": entry("tuesday", row(4))}
    found = kept.merged(kept.read(tmp_path), new)
    # In the order of the table, whichever came first.
    assert list(found) == ["iteration", "saving", "memory"]
    assert [each.ours for each in kept.rows(found)] == [1, 4, 3]
    assert [each["date"] for each in found.values()] == ["monday", "tuesday", "tuesday"]


def test_the_page_says_when_each_figure_was_measured() -> None:
    once = page.shown({name: entry("monday", row(1)) for name in NAMES})
    assert once.count("easured on") == 1
    assert "\nMeasured on monday: " in once
    twice = page.shown({"iteration": entry("monday", row(1)), "saving": entry("tuesday", row(1))})
    assert "`iteration`: measured on monday" in twice
    assert "`saving`: measured on tuesday" in twice
    assert "Not measured yet: `listing`" in twice


def test_the_documentation_shows_the_recorded_figures() -> None:
    for path, text in page.pages(figures_of_the_project()).items():
        assert path.read_text(encoding="utf-8") == text, path.name
    assert (FIGURES / "bench.png").is_file()


def test_each_measurement_exists_and_is_named_for_readers() -> None:
    for place in MEASUREMENTS.values():
        module, function = place.split(".")
        assert f"def {function}(setting" in (BENCH / f"{module}.py").read_text(encoding="utf-8")
    (line,) = re.findall(r"`make bench ARGS='--only .*", page.PAGE.read_text(encoding="utf-8"))
    assert [name for name in NAMES if f"`{name}`" not in line] == []
