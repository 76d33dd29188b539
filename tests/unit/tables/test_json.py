"""JSON and JSON lines."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from batch_loop.core.common.errors import UnreadableTable
from batch_loop.core.model.settings.row_iterator import Header
from batch_loop.core.tables.formats import json_table
from batch_loop.core.tables.table import Row, TableKind
from batch_loop.tests.support.tables import cells_of, opened, rows_of, typed

OBJECTS: list[dict[str, Any]] = [
    {"prompt": "a cat", "n": 1},
    {"n": 2.5, "done": True, "more": {"a": [1, "ä"]}},
    {"prompt": None, "list": []},
]
COLUMNS = ("prompt", "n", "done", "more", "list")
CELLS = [
    ("a cat", 1, None, None, None),
    (None, 2.5, True, '{"a":[1,"ä"]}', None),
    (None, None, None, None, "[]"),
]


@pytest.mark.parametrize("indent", [None, 0, 4])
def test_objects_become_rows_whose_columns_come_in_order_of_appearance(indent: int | None) -> None:
    table = opened(json.dumps(OBJECTS, indent=indent), "a.json")
    assert (table.format.kind, table.columns) == (TableKind.JSON, COLUMNS)
    assert cells_of(table) == CELLS


@pytest.mark.parametrize("extension", ["jsonl", "ndjson", "json"])
def test_objects_may_stand_in_lines(extension: str) -> None:
    text = "\n\n".join(json.dumps(each) for each in OBJECTS)
    table = opened(text, f"a.{extension}")
    assert (table.format.kind, table.columns) == (TableKind.JSON_LINES, COLUMNS)
    assert rows_of(table) == [
        Row(cells, line) for cells, line in zip(CELLS, (1, 3, 5), strict=True)
    ]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_list_of_objects_may_have_the_extension_of_json_lines(indent: int | None) -> None:
    assert cells_of(opened(json.dumps(OBJECTS, indent=indent), "a.jsonl")) == CELLS


def test_rows_of_json_know_the_lines_where_they_begin() -> None:
    text = '\n[{"a": 1},\n  {\n"a": 2\n}\n, {"a": 3}, {"a":\n4}]\n'
    assert [row.line for row in rows_of(opened(text, "a.json"))] == [2, 3, 6, 6]


def test_plain_values_become_rows_of_one_cell() -> None:
    table = opened('["a", "", null, 5, 2.0, false]', "a.json")
    assert table.columns == ("column 1",)
    cells = cells_of(table)
    assert cells == [("a",), (5,), (2.0,), (False,)]
    assert [type(cell) for (cell,) in cells] == [str, int, float, bool]
    named = opened('"name"\n"a"\n"b"', "a.jsonl", header=Header.YES)
    assert (named.columns, cells_of(named)) == (("name",), [("a",), ("b",)])


def test_lists_become_rows_which_may_have_a_header() -> None:
    table = opened('[["name", "n"], ["x", 1], ["y"], [null, ""]]', "a.json")
    assert table.columns == ("name", "n")
    assert cells_of(table) == [("x", 1), ("y", None)]
    plain = opened("[1]\n[2, 3]\n", "a.jsonl")
    assert plain.columns == ("column 1", "column 2")
    assert cells_of(plain) == [(1, None), (2, 3)]


def test_a_list_that_is_too_long_is_refused() -> None:
    with pytest.raises(UnreadableTable, match="line 3: the row has 3 values, and the header has 2"):
        rows_of(opened('[["name","n"],\n["x",1],\n["y",2,3]]', "a.json"))


def test_an_empty_list_has_no_rows() -> None:
    assert cells_of(opened("[ ]", "a.json")) == []
    assert cells_of(opened("[{}, {}]", "a.json")) == []
    assert cells_of(opened("\n", "a.jsonl")) == []


def test_nan_is_missing_and_infinity_refused() -> None:
    assert cells_of(opened('[{"a": NaN, "b": [NaN]}]', "a.json")) == [(None, "[null]")]
    with pytest.raises(UnreadableTable, match="Infinity is no number"):
        rows_of(opened('[{"a": Infinity}]', "a.json"))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[{"a": 1},\n{"a": 2},\n{"a" 3}]', 3),
        ('[{"a": 1},\n{"a": 2}\n{"a": 3}]', 3),
        ('[{"a": 1},\n{"a": 2},\n]', 3),
        ('[{"a": 1},\n{"a": 2}\n', 3),
        ('[{"a": 1},\n{"a": 2}]\nmore', 3),
        ('[{"a": 1},\n{"a": 2},\n{"a": 3, "a": 4}]', 3),
        ('[{"a": 1},\n{"a": 2},\n"x"]', 3),
        ('[{"a": 1},\n{"a": 2},\n' + "[" * 100_000, 3),
    ],
)
def test_what_is_no_json_is_refused_with_its_line_after_the_rows_before(
    text: str, line: int
) -> None:
    rows = opened(text, "a.json").rows()
    assert [next(rows).cells, next(rows).cells] == [(1,), (2,)]
    with pytest.raises(UnreadableTable, match=f"line {line}: ") as refused:
        next(rows)
    assert refused.value.line == line


def test_a_line_that_is_no_json_is_refused() -> None:
    rows = opened('{"a": 1}\n{"a": 2}\n\n{"a": 3\n', "a.jsonl").rows()
    assert [next(rows).cells, next(rows).cells] == [(1,), (2,)]
    with pytest.raises(UnreadableTable, match="line 4: this is no valid JSON"):
        next(rows)


@pytest.mark.parametrize("text", ["", '{"a":\n 1}', '"a"', "5", "nonsense"])
def test_json_without_a_list_is_refused(text: str) -> None:
    with pytest.raises(UnreadableTable, match=r"no list of rows|no valid JSON"):
        opened(text, "a.json")


def test_a_key_that_comes_late_is_refused_and_not_left_out() -> None:
    lines = [json.dumps({"a": number}) for number in range(1_500)]
    lines[999] = '{"a": 999, "b": 1}'
    assert opened("\n".join(lines), "a.jsonl").columns == ("a", "b")
    lines[1_200] = '{"c": 1}'
    with pytest.raises(UnreadableTable, match='line 1201: the key "c" is in none of the first'):
        rows_of(opened("\n".join(lines), "a.jsonl"))


def test_json_that_does_not_fit_into_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_table, "MOST_MEGABYTES", 1)
    text = json.dumps([{"a": "x" * 100}] * 12_000)
    with pytest.raises(UnreadableTable, match=r"it has 1 MB, .* JSON lines"):
        opened(text, "a.json")
    assert len(rows_of(opened('{"a": "x"}\n' * 120_000, "a.jsonl"))) == 120_000


def test_what_python_writes_is_read_as_it_was() -> None:
    rng = random.Random(6)  # noqa: S311 - test data
    values = ["a", 'x "y" \\ \n', "ä猫🐈", 0, -5, 10**30, 0.1, 1e300, True, False]
    wanted = [tuple(rng.choices(values, k=4)) for _ in range(500)]
    objects = [dict(zip("abcd", cells, strict=True)) for cells in wanted]
    for ensure_ascii in (False, True):
        text = json.dumps(objects, ensure_ascii=ensure_ascii, indent=rng.choice([None, 1]))
        assert cells_of(opened(text, "a.json")) == wanted


NUL_IN_JSON = [
    ("a.jsonl", '{"a": "x"}\n{"a": "y\\u0000"}\n{"a": "z"}'),
    ("a.jsonl", '["x", 1]\n["y", "\\u0000"]'),
    ("a.json", '[{"a": "x"},\n {"a": "y\\u0000"}]'),
    ("a.json", '[["x"],\n ["y\\u0000"]]'),
    ("a.json", '["x",\n "y\\u0000"]'),
    ("a.json", '[{"a": "x"},\n {"b\\u0000": "y"}]'),
]


@pytest.mark.parametrize(("name", "text"), NUL_IN_JSON)
def test_a_value_with_a_nul_is_refused_with_its_line(name: str, text: str) -> None:
    match = r"line 2: it holds the character NUL, as no text does\. Take it out"
    with pytest.raises(UnreadableTable, match=match):
        rows_of(opened(text, name))
    with pytest.raises(UnreadableTable, match=f"the text that was typed as a table: {match}"):
        rows_of(typed(text))


def test_a_plain_text_with_a_nul_is_refused_with_its_line() -> None:
    with pytest.raises(UnreadableTable, match="line 2: it holds the character NUL"):
        rows_of(opened('"x"\n"\\u0000y"', "a.jsonl"))


def test_a_backslash_before_u0000_is_no_nul() -> None:
    assert cells_of(opened('["x\\\\u0000"]', "a.json")) == [("x\\u0000",)]
