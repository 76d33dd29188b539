"""CSV: which fields a row has, and what is refused."""

from __future__ import annotations

import csv
import io
import random
import tracemalloc
from collections import deque

import pytest

from batch_loop.core.common.errors import InvalidSetting, UnreadableTable
from batch_loop.core.model.settings.row_iterator import Header
from batch_loop.core.tables.formats.open_table import open_table
from batch_loop.core.tables.table import Row, TableOptions
from batch_loop.tests.support.tables import cells_of, opened, rows_of


def test_rows_have_their_cells_as_texts_and_the_lines_where_they_begin() -> None:
    table = opened('name,prompt,n\na,"x, ""y""\nz",1\n\nb,"",\n')
    assert table.columns == ("name", "prompt", "n")
    assert rows_of(table) == [Row(("a", 'x, "y"\nz', "1"), 2), Row(("b", "", ""), 5)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_on_any_system(end: str) -> None:
    table = opened(end.join(["a,b", "1,2", "", "3,4"]))
    assert rows_of(table) == [Row(("1", "2"), 2), Row(("3", "4"), 4)]


def test_line_breaks_within_quotes_stay_as_they_are() -> None:
    assert cells_of(opened('a,b\r\n1,"x\r\ny"\r\n')) == [("1", "x\r\ny")]


def test_rows_without_content_are_left_out() -> None:
    assert rows_of(opened("a;b\n;\n  ; \n1;\n\n;2\n")) == [Row(("1", ""), 4), Row(("", "2"), 6)]


def test_missing_fields_are_none_and_empty_ones_too_many_do_not_count() -> None:
    assert cells_of(opened("a,b,c\n1\n1,2\n1,2,3,,\n")) == [
        ("1", None, None),
        ("1", "2", None),
        ("1", "2", "3"),
    ]


def test_a_row_with_too_many_fields_is_refused_after_those_before_it() -> None:
    rows = opened("a,b\n1,2\n\n3,4,5\n").rows()
    assert next(rows) == Row(("1", "2"), 2)
    with pytest.raises(
        UnreadableTable, match="line 4: the row has 3 fields, and the header has 2"
    ) as refused:
        next(rows)
    assert refused.value.line == 4


def test_rows_may_be_read_more_than_once() -> None:
    table = opened("a,b\n1,2\n3,4\n")
    first = table.rows()
    assert next(first).cells == ("1", "2")
    again = [row.cells for row in table.rows()]
    assert again == [("1", "2"), ("3", "4")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a,b\n1,2\n3,"x\n4,y\n5,z\n', 3),
        ('a,b\n1,2\n3,"x\n4,"y"\n5,z\n', 3),
        ('a,b\n1,2\n"3\n\n",x\n4,"y"z\n', 6),
        ('a,b\n1,2\n"3\n\n",x\n4,"y""z\n5,x\n', 6),
        ('a,b\n1,2\n3,"' + "x,y\n" * 20_000, 3),
        ('a,b\n1,2\n3,"' + "x" * 200_000 + '"\n', 3),
    ],
)
def test_a_quote_that_is_not_closed_is_refused_with_its_own_line(text: str, line: int) -> None:
    rows = opened(text).rows()
    assert next(rows).cells == ("1", "2")
    with pytest.raises(UnreadableTable, match=f"line {line}: a quote") as refused:
        list(rows)
    assert refused.value.line == line


def test_a_quote_that_is_not_closed_does_not_swallow_the_file() -> None:
    """Also where another pack has lifted the module's own limit."""
    data = b"a,b\n" + b"1,2\n" * 2_000 + b'3,"\n' + b"4,5\n" * 500_000
    file = io.BytesIO(data)
    before = csv.field_size_limit(10**9)
    try:
        rows = open_table(file, "a.csv", TableOptions()).rows()
        tracemalloc.start()
        with pytest.raises(UnreadableTable, match="line 2002: a quote"):
            deque(rows, maxlen=0)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
        csv.field_size_limit(before)


def test_a_broken_header_is_refused_when_the_table_is_opened() -> None:
    with pytest.raises(UnreadableTable, match="line 1: a quote"):
        opened('"a,b\n1,2\n')


def test_quotes_within_fields_without_quotes_are_characters() -> None:
    assert cells_of(opened('size,n\n5" pipe,1\n6",2\n')) == [('5" pipe', "1"), ('6"', "2")]


def test_tabs_may_divide_fields_in_which_quotes_mean_nothing() -> None:
    table = opened('prompt\tb\n"x" y\t1\nz\t"2\n', "table.tsv")
    assert (table.format.delimiter, table.format.quote) == ("\t", "")
    assert cells_of(table) == [('"x" y', "1"), ("z", '"2')]


def test_a_thousand_columns_are_read() -> None:
    names = [f"c{number}" for number in range(1_000)]
    lines = [",".join(f"{row}{column:03}" for column in range(1_000)) for row in range(20)]
    table = opened("\n".join([",".join(names), *lines]))
    assert table.columns == tuple(names)
    cells = cells_of(table)
    assert len(cells) == 20
    assert cells[19][999] == "19999"


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_an_empty_file_has_no_rows(content: str) -> None:
    table = opened(content)
    assert table.columns == ("column 1",)
    assert cells_of(table) == []


def test_a_header_alone_is_one_if_the_user_says_so() -> None:
    table = opened("a,b\n", header=Header.YES)
    assert table.columns == ("a", "b")
    assert cells_of(table) == []


def test_what_python_writes_is_read_as_it_was() -> None:
    rng = random.Random(4)  # noqa: S311 - test data
    texts = [
        "a",
        "",
        "x, y",
        'say "no"',
        "two\nlines",
        " blanks ",
        "semi;colon",
        "tab\tin",
        "'",
        "ä",
    ]
    for delimiter in ",;\t|":
        wanted = [[f"id{number}", *rng.choices(texts, k=3)] for number in range(300)]
        out = io.StringIO()
        csv.writer(out, delimiter=delimiter).writerows([["id", "b", "c", "d"], *wanted])
        table = opened(out.getvalue())
        assert (table.format.delimiter, table.columns) == (delimiter, ("id", "b", "c", "d"))
        assert [list(cells) for cells in cells_of(table)] == wanted


@pytest.mark.parametrize("delimiter", ["ab", '"', "\n"])
def test_a_delimiter_that_can_be_none_is_refused(delimiter: str) -> None:
    with pytest.raises(InvalidSetting, match="delimiter was"):
        opened("a,b", delimiter=delimiter)


@pytest.mark.parametrize("delimiter", ["tab", "\\t", "\t", "TAB"])
def test_a_tab_has_several_spellings(delimiter: str) -> None:
    table = opened("a,b\tc\n1\t2\n", delimiter=delimiter)
    assert table.columns == ("a,b", "c")
    assert table.format.text == "CSV, tab, UTF-8, with a header"


def test_a_delimiter_that_is_given_counts() -> None:
    table = opened("a;b:c\n1;2:3\n", delimiter=":")
    assert table.columns == ("a;b", "c")
    assert table.format.text == 'CSV, ":", UTF-8, with a header'
