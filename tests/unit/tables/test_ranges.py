"""Lines of typed text that stand for a row for each number."""

from __future__ import annotations

from itertools import islice

import pytest

from batch_loop.core.common.errors import UnreadableTable
from batch_loop.core.tables.ranges import MOST_ROWS
from batch_loop.core.tables.table import Cell, Header, Row, TableKind
from batch_loop.tests.support.tables import cells_of, opened, rows_of, typed


def numbers(text: str) -> list[Cell]:
    return [cell for (cell,) in cells_of(typed(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 to 4", [1, 2, 3, 4]),
        ("1..4", [1, 2, 3, 4]),
        (" 1 .. 4 ", [1, 2, 3, 4]),
        ("1 TO 4 Step 2", [1, 3]),
        ("0..4 step 2", [0, 2, 4]),
        ("1 to 10 step 4", [1, 5, 9]),
        ("7 to 7", [7]),
        ("1 to 2 step 5", [1]),
        ("-2 to 1", [-2, -1, 0, 1]),
        ("-1..-3", [-1, -2, -3]),
        ("4 to 1", [4, 3, 2, 1]),
        ("4 to 1 step 2", [4, 2]),
        ("4 to 1 step -2", [4, 2]),
        ("1 to 4 step -2", [1, 3]),
        ("+1 to +3", [1, 2, 3]),
        ("007..009", [7, 8, 9]),
    ],
)
def test_a_range_stands_for_a_row_for_each_number(text: str, expected: list[int]) -> None:
    found = numbers(text)
    assert found == expected
    assert {type(cell) for cell in found} == {int}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.1 to 1 step 0.1", "0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1"),
        ("0.50..2.5 step 0.5", "0.5 1 1.5 2 2.5"),
        ("1 to 0 step 0.3", "1 0.7 0.4 0.1"),
        ("-0.2 to 0.2 step 0.1", "-0.2 -0.1 0 0.1 0.2"),
        ("0.25 to 3", "0.25 1.25 2.25"),
        ("1.0 to 3.0", "1 2 3"),
        ("999999999999999 to 999999999999998.9 step 0.1", "999999999999999 999999999999998.9"),
        ("0 to 0.0000000002 step 0.0000000001", "0 1e-10 2e-10"),
    ],
)
def test_decimals_have_no_noise_and_whole_numbers_no_point(text: str, expected: str) -> None:
    assert [str(number) for number in numbers(text)] == expected.split()


def test_ten_thousand_decimals_are_those_that_are_written_so() -> None:
    found = numbers("0 to 10 step 0.001")
    assert [float(str(cell)) for cell in found] == [
        float(f"{at / 1000:.3f}") for at in range(10_001)
    ]


def test_each_line_counts_by_itself_and_others_stay_as_they_are() -> None:
    text = "a red fox\n1 to 2\n\n3 to 5 cats\n  9..8  \nfrom 1 to 2"
    assert rows_of(typed(text)) == [
        Row(("a red fox",), 1),
        Row((1,), 2),
        Row((2,), 2),
        Row(("3 to 5 cats",), 4),
        Row((9,), 5),
        Row((8,), 5),
        Row(("from 1 to 2",), 6),
    ]


@pytest.mark.parametrize(
    "text",
    [
        *("1 to", "to 5", "1to5", "1 to 5 step", "1 to 5step 2", "1-5", "1...5", "1 to x"),
        *("1..5..2", "1, 2 to 5", "1 to 5 step 2 and on", "1e3 to 2e3", "1/2 to 1"),
        *(".5 to 1", "1. to 2", "1 to 1234567890123456", "\u0663 to \u0665"),
    ],
)
def test_what_is_no_range_is_a_text(text: str) -> None:
    assert numbers(text) == [text]


def test_a_header_is_no_range_and_names_the_numbers() -> None:
    table = typed("1 to 3\n1 to 2", header=Header.YES, delimiter="")
    assert (table.columns, table.format.kind) == (("1 to 3",), TableKind.LINES)
    assert cells_of(table) == [(1,), (2,)]


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.prompts"])
def test_in_files_ranges_are_texts(name: str) -> None:
    assert cells_of(opened("1 to 3\n", name)) == [("1 to 3",)]


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("seed\tname\n1 to 3\tx\n", [("1 to 3", "x")]),
        ('["1 to 3"]', [("1 to 3",)]),
        ('[1]\n["1..3"]\n', [(1,), ("1..3",)]),
    ],
)
def test_in_other_typed_tables_ranges_are_texts(text: str, cells: list[tuple[Cell, ...]]) -> None:
    assert cells_of(typed(text)) == cells


@pytest.mark.parametrize("step", ["0", "-0", "0.00"])
def test_a_step_of_nothing_is_refused(step: str) -> None:
    with pytest.raises(UnreadableTable) as raised:
        typed(f"a cat\n1 to 5 step {step}")
    assert str(raised.value) == (
        "Cannot read the text that was typed as a table: line 2: the step of the range 1 to 5 step "
        f"{step} is 0. Write another step, such as 1, and run again."
    )
    assert raised.value.line == 2


def test_the_most_rows_are_made_one_by_one() -> None:
    with typed(f"1 to {MOST_ROWS}") as table:
        assert list(islice(table.rows(), 2)) == [Row((1,), 1), Row((2,), 1)]


@pytest.mark.parametrize(
    ("text", "count", "line"),
    [
        (f"0..{MOST_ROWS}", "10,000,001", 1),
        (f"1 to {MOST_ROWS}\n1..3", "10,000,003", 2),
        ("0 to 999999999999999 step 0.0000000001", "9,999,999,999,999,990,000,000,001", 1),
    ],
)
def test_more_rows_are_refused_before_any_is_read(text: str, count: str, line: int) -> None:
    with pytest.raises(UnreadableTable, match=f"there are {count} rows") as raised:
        typed(text)
    assert raised.value.line == line
