"""What a table is written in: by the extension, else by the content."""

from __future__ import annotations

import io

import pytest

from batch_loop.core.common.errors import UnreadableTable
from batch_loop.core.model.settings.row_iterator import Header
from batch_loop.core.tables.formats.open_table import open_table
from batch_loop.core.tables.table import Row, TableFormat, TableKind, TableOptions
from batch_loop.tests.support.tables import cells_of, opened, rows_of, text_cell, typed, workbook

COMMAS = "a cat, red\na dog, blue\n"


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.txt", "prompt,n\nx,1\n", TableKind.LINES),
        ("a.TXT", '[{"a": 1}]', TableKind.LINES),
        ("a.csv", COMMAS, TableKind.CSV),
        ("a.CSV", '[{"a": 1}]', TableKind.CSV),
        ("a.tsv", COMMAS, TableKind.CSV),
        ("a.tab", "a\tb\n", TableKind.CSV),
        ("a.json", '[{"a": 1}]', TableKind.JSON),
        ("a.jsonl", '{"a": 1}', TableKind.JSON_LINES),
        ("a.ndjson", "5", TableKind.JSON_LINES),
        ("a.xlsx", workbook(("A", [text_cell("A1", "x")])), TableKind.XLSX),
        ("a.xlsm", workbook(("A", [text_cell("A1", "x")])), TableKind.XLSX),
        ("a.prompts", COMMAS, TableKind.LINES),
        ("prompts", '{"a": 1}\n{"a": 2}\n', TableKind.JSON_LINES),
        ("prompts", '[{"a": 1},\n {"a": 2}]\n', TableKind.JSON),
        ("a.dat", "prompt;seed\na, b;1\nc;2\n", TableKind.CSV),
        ("a.dat", workbook(("A", [text_cell("A1", "x")])), TableKind.XLSX),
        ("folder.csv/prompts", "a,b\n", TableKind.LINES),
    ],
)
def test_the_kind_goes_by_the_extension_and_else_by_the_content(
    name: str, data: bytes | str, kind: TableKind
) -> None:
    assert opened(data, name).format.kind is kind


def test_lines_are_rows_without_the_blanks_around_them() -> None:
    table = opened(' a cat, "red" \n\n\t\nb\tc\r\nd', "a.txt")
    assert table.columns == ("column 1",)
    assert table.format.text == "text lines, UTF-8"
    assert rows_of(table) == [Row(('a cat, "red"',), 1), Row(("b\tc",), 4), Row(("d",), 5)]


def test_the_first_line_is_a_header_if_the_user_says_so() -> None:
    table = opened("\nprompt\na\nb\n", "a.txt", header=Header.YES)
    assert (table.columns, cells_of(table)) == (("prompt",), [("a",), ("b",)])


def test_a_txt_file_is_a_table_if_a_delimiter_is_given() -> None:
    table = opened("a\tb\n1\t2\n".encode("utf-16"), "a.txt", delimiter="tab")
    assert table.format.text == "CSV, tab, UTF-16, with a header"
    assert cells_of(table) == [("1", "2")]


@pytest.mark.parametrize("name", ["a.xls", "a.xlsx", "a.csv"])
def test_old_and_locked_spreadsheets_are_refused(name: str) -> None:
    with pytest.raises(UnreadableTable, match="Save it as XLSX without a password"):
        opened(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, name)


def test_a_spreadsheet_with_the_extension_of_a_text_is_refused() -> None:
    with pytest.raises(UnreadableTable, match=r"give it the extension \.xlsx"):
        opened(workbook(("A", [text_cell("A1", "x")])), "a.csv")


def test_the_table_closes_its_file() -> None:
    for name in ("a.txt", "a.csv", "a.jsonl"):
        file = io.BytesIO(b"[1]\n[2]\n[3]\n")
        with open_table(file, name, TableOptions()) as table:
            rows = table.rows()
            next(rows)
        assert file.closed
        del rows


def test_messages_name_the_file_safely() -> None:
    with pytest.raises(UnreadableTable, match=r'table "a\\nb\.csv": line 3'):
        rows_of(opened("a,b\n1,2\n1,2,3\n", "a\nb.csv"))


PROMPTS = [
    "a cat, sitting\na dog, running",
    "masterpiece, best quality, 1girl\nmasterpiece, worst quality, 1boy",
    "cat, sitting\ndog, running",
    "portrait, woman, red hair\nlandscape, mountains, snow\nportrait, man, hat",
    "a red cat; a blue dog\na green cat; a white dog",
    "A cat sits on a mat, and sleeps.\nA dog runs, and barks.",
    "[cat:dog:0.5], forest\n[sun|moon], sky",
    "{red|blue} cat, big\n{small|big} dog, wet",
    "(masterpiece:1.2), cat\n(best:1.1), dog",
    "<lora:x:0.8>, cat\n<lora:y:0.5>, dog",
    "one prompt, with a comma",
    "prompt, negative",
    "",
    "\n \n",
    '"quoted", text\n"more", text',
    "a | b\nc | d",
    "red,blue\ngreen,white",
    "1girl, solo\n2girls, duo",
    "[1girl], solo",
    "long_hair, blue_eyes\nshort_hair, red_eyes",
    "long_hair, solo\nsmile, hat",
    "text, watermark, logo\nblurry, lowres, jpeg",
    "artist_name, signature\nsmile, hat",
    "portrait, woman\nlandscape, man",
]


@pytest.mark.parametrize("text", PROMPTS)
def test_typed_prompts_stay_lines_whatever_they_contain(text: str) -> None:
    table = typed(text)
    assert table.format == TableFormat(TableKind.LINES)
    assert cells_of(table) == [(line.strip(),) for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize(
    ("text", "columns", "cells"),
    [
        ("prompt,negative\na cat,bad", ("prompt", "negative"), [("a cat", "bad")]),
        ("prompt, seed\na cat, 1\nb, 2", ("prompt", "seed"), [("a cat", "1"), ("b", "2")]),
        ("width,height\n512,768", ("width", "height"), [("512", "768")]),
        ("file;style\na.png;oil", ("file", "style"), [("a.png", "oil")]),
        ('text,n\n"a, b",1\n', ("text", "n"), [("a, b", "1")]),
        ("my_prompt;other\nx;y", ("my_prompt", "other"), [("x", "y")]),
        ("Name\tWert\nx\t1", ("Name", "Wert"), [("x", "1")]),
        ("x y z.\ta, b\nq\tr", ("column 1", "column 2"), [("x y z.", "a, b"), ("q", "r")]),
        ('[{"a": 1}, {"b": 2}]', ("a", "b"), [(1, None), (None, 2)]),
        ('["x", "y, z"]', ("column 1",), [("x",), ("y, z",)]),
        ('{"a": 1}\n{"a": 2}', ("a",), [(1,), (2,)]),
        ("[1, 2]\n[3, 4]", ("column 1", "column 2"), [(1, 2), (3, 4)]),
    ],
)
def test_typed_tables_are_seen(text: str, columns: tuple[str, ...], cells: list[object]) -> None:
    table = typed(text)
    assert table.columns == columns
    assert cells_of(table) == cells


def test_typed_text_is_a_table_where_the_user_says_so() -> None:
    assert typed("red,big\nblue,small", header=Header.YES).columns == ("red", "big")
    assert cells_of(typed("red,big\nblue,small", delimiter=",", header=Header.NO)) == [
        ("red", "big"),
        ("blue", "small"),
    ]


def test_typed_json_with_a_mistake_is_refused_and_no_prompt() -> None:
    with pytest.raises(UnreadableTable, match="the text that was typed as a table: line 2"):
        rows_of(typed('[{"a": 1},\n{"a": 2]'))


@pytest.mark.parametrize(
    "text", ["a cat\na\0dog", "prompt,n\na\0dog,1", "prompt\tn\na\0dog\t1", "a cat\n1 to 3\0"]
)
def test_typed_text_with_a_nul_is_refused_with_its_line(text: str) -> None:
    match = "the text that was typed as a table: line 2: it holds the character NUL"
    with pytest.raises(UnreadableTable, match=match):
        rows_of(typed(text))
