"""The delimiter is found out from the first lines."""

from __future__ import annotations

import pytest

from batch_loop.core.tables.text.delimiters import dialect_of

TABLES = {
    "prices with commas in semicolons": ("Artikel;Preis\nHose;1,50\nHemd;2,50\n", ";"),
    "numbers with commas alone": ("1,5;2,5\n3,5;4,5\n", ";"),
    "semicolons in quotes": ('a,b\n"x; y",1\n"z; w",2\n', ","),
    "commas in quotes": ('a;b\n"x, y";1\n"z, w, v";2\n', ";"),
    "prompts with commas in tabs": ("prompt\tn\na cat, red\t1\na dog, big, wet\t2\n", "\t"),
    "prompts with commas in bars": ("prompt|n\na cat, red|1\na dog, big, wet|2\n", "|"),
    "bars in a table with commas": ("a,b\n{x|y},1\nz,2\n", ","),
    "semicolons in one row": ("a,b\nx; y; z,1\nw,2\nv,3\n", ","),
    "one column": ("prompt\nred\nblue\n", ","),
    "line breaks in quotes": ('a;b\n"x\ny, z\n, w";1\nv;2\n', ";"),
    "short rows": ("a,b,c\n1,2,3\n1\n1,2\n1,2,3\n", ","),
    "empty fields": ("a;b;c\n;;\n1;;3\n;2;\n", ";"),
    "times": ("when,what\n10:30,x\n11:45,y\n", ","),
    "addresses": ("url,n\nhttps://a.b/c?d=1;e=2,1\nhttps://a.b/c?d=1,2\n", ","),
    "a hint": ("sep=|\na,b|c\n1,2|3\n", "|"),
    "one row": ("a;b;c", ";"),
    "JSON in a column": ('id,data\n1,"{""a"": 1, ""b"": [1, 2]}"\n2,"{""a"": 3}"\n', ","),
    "a title above": ("Report;;\na;b;c\n1,5;2;3\n", ";"),
    "dates with times": ("Zeit;Wert\n2026-11-28 10:00;1,2\n2026-11-28 11:00;1,3\n", ";"),
}


@pytest.mark.parametrize("table", TABLES)
def test_the_delimiter_is_found(table: str) -> None:
    text, delimiter = TABLES[table]
    assert dialect_of(text.splitlines(keepends=True), are_all=True).delimiter == delimiter


def test_a_row_that_goes_on_behind_the_sample_says_nothing_against_a_delimiter() -> None:
    lines = ["a;b\n", "1,5;2\n", '3;"x\n', "y\n"]
    assert dialect_of(lines, are_all=False).delimiter == ";"


@pytest.mark.parametrize("text", ['a, b\n1, "x, y"\n2, z\n', "a, b\n1, x\n2, z\n"])
def test_blanks_behind_each_delimiter_do_not_count(text: str) -> None:
    assert dialect_of(text.splitlines(keepends=True), are_all=True).is_spaced


def test_blanks_behind_some_delimiters_count() -> None:
    assert not dialect_of(["a,b\n", "1, x\n", "2,z\n"], are_all=True).is_spaced


def test_a_hint_is_no_row() -> None:
    assert dialect_of(["sep=;\n", "a;b\n"], are_all=True).skipped == 1
