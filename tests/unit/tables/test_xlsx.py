"""XLSX: the values of a sheet's cells."""

from __future__ import annotations

import sys

import pytest

from batch_loop.core.common.errors import InvalidSetting, UnreadableTable
from batch_loop.core.model.settings.row_iterator import Header
from batch_loop.core.tables.table import Row, TableKind
from batch_loop.tests.support.tables import (
    STYLES,
    cells_of,
    opened,
    rows_of,
    text_cell,
    workbook,
)

NAME = "table.xlsx"
SMALL = [
    text_cell("A1", "name"),
    text_cell("B1", "n"),
    text_cell("A2", "x"),
    '<c r="B2"><v>5</v></c>',
]


def one_sheet(*cells: str) -> bytes:
    return workbook(("Data", cells))


def number(reference: str, value: object, style: str = "") -> str:
    of_style = f' s="{STYLES[style]}"' if style else ""
    return f'<c r="{reference}"{of_style}><v>{value}</v></c>'


def test_a_sheet_is_a_table() -> None:
    table = opened(one_sheet(*SMALL), NAME)
    assert (table.format.kind, table.format.sheet) == (TableKind.XLSX, "Data")
    assert table.format.text == 'XLSX, sheet "Data", with a header'
    assert table.columns == ("name", "n")
    assert rows_of(table) == [Row(("x", 5), 2)]


def test_cells_have_the_types_of_their_values() -> None:
    cells = [
        number("A1", 5),
        number("B1", "5.0"),
        number("C1", 0.1),
        number("D1", "1E+300"),
        number("E1", 46354, "date"),
        number("F1", "46354.604166666664", "moment"),
        number("G1", 46354, "moment"),
        number("H1", 1.5, "duration"),
        number("I1", 0.25, "moment"),
        '<c r="J1" t="b"><v>1</v></c>',
        '<c r="K1" t="b"><v>0</v></c>',
        text_cell("L1", "Größe &lt;1&gt;"),
        '<c r="M1" t="str"><f>A1&amp;""</f><v>5</v></c>',
        '<c r="N1" t="str"><f>""</f><v></v></c>',
        '<c r="O1"><f>1+1</f><v>2</v></c>',
    ]
    (row,) = cells_of(opened(one_sheet(*cells), NAME))
    assert row == (
        *(5, 5, 0.1, 1e300),
        *("2026-11-28", "2026-11-28 14:30:00", "2026-11-28", "36:00:00", "06:00:00"),
        *(True, False, "Größe <1>", "5", None, 2),
    )
    assert [type(cell) for cell in row[:4]] == [int, int, float, float]


def test_empty_rows_are_left_out_and_rows_have_their_numbers() -> None:
    cells = [text_cell("B3", "name"), text_cell("C3", "n"), text_cell("B6", "x"), number("C9", 2)]
    table = opened(one_sheet(*cells), NAME)
    assert table.columns == ("name", "n")
    assert rows_of(table) == [Row(("x", None), 6), Row((None, 2), 9)]


def test_the_first_visible_sheet_with_data_is_read_unless_one_is_named() -> None:
    data = workbook(
        ("Empty", []),
        ("Hidden", [text_cell("A1", "h")]),
        ("First", [text_cell("A1", "f")]),
        ("Second", [text_cell("A1", "s")]),
        hidden="Hidden",
    )
    assert cells_of(opened(data, NAME)) == [("f",)]
    assert cells_of(opened(data, NAME, sheet="second ")) == [("s",)]
    assert cells_of(opened(data, NAME, sheet="Hidden")) == [("h",)]
    empty = opened(data, NAME, sheet="Empty")
    assert (empty.columns, cells_of(empty)) == (("column 1",), [])
    with pytest.raises(InvalidSetting, match='"Empty", "Hidden", "First", "Second"'):
        opened(data, NAME, sheet="Third")


def test_a_workbook_without_data_has_no_rows() -> None:
    assert cells_of(opened(workbook(("Empty", [])), NAME)) == []


@pytest.mark.parametrize("code", ["#DIV/0!", "#N/A", "#REF!"])
def test_an_error_in_a_cell_is_refused_with_its_name(code: str) -> None:
    data = one_sheet(*SMALL, f'<c r="B7" t="e"><f>1/0</f><v>{code}</v></c>')
    with pytest.raises(UnreadableTable, match=f'the cell B7 of the sheet "Data" .*{code}') as no:
        opened(data, NAME)
    assert no.value.line == 7


@pytest.mark.parametrize(
    "content", ["<f>A1+1</f>", "<f>A1+1</f><v></v>", "<f>A1+1</f><v />", '<f t="shared" si="0"/>']
)
def test_a_formula_without_a_value_is_refused_with_the_cell_s_name(content: str) -> None:
    data = one_sheet(*SMALL, f'<c r="C4">{content}</c>', number("C5", 1))
    with pytest.raises(UnreadableTable, match=r"row 4: the cell C4 .* value was not saved"):
        opened(data, NAME)


def test_errors_far_behind_the_beginning_are_found() -> None:
    rows = [number(f"{column}{row}", row) for row in range(1, 9_001) for column in "ABCDE"]
    assert len(cells_of(opened(one_sheet(*rows), NAME))) == 9_000
    for place in (20_000, 31_111, len(rows) - 1):
        broken = list(rows)
        cell = rows[place].split('"')[1]
        broken[place] = f'<c r="{cell}" t="e"><v>#N/A</v></c>'
        with pytest.raises(UnreadableTable, match=f"the cell {cell} "):
            opened(one_sheet(*broken), NAME)


def test_a_cell_far_away_is_refused_instead_of_filling_the_memory() -> None:
    with pytest.raises(UnreadableTable, match="1,048,576 rows and 16,384 columns"):
        opened(one_sheet(*SMALL, number("XFD1048576", 1)), NAME)


def test_a_thousand_columns_are_read() -> None:
    letters = [chr(65 + one) + chr(65 + two) for one in range(26) for two in range(26)]
    letters = [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", *letters, *("A" + each for each in letters)][:1_000]
    cells = [
        number(f"{column}{row}", place) for row in (1, 2) for place, column in enumerate(letters)
    ]
    assert cells_of(opened(one_sheet(*cells), NAME)) == [tuple(range(1_000))] * 2


def test_the_user_may_say_whether_there_is_a_header() -> None:
    assert len(cells_of(opened(one_sheet(*SMALL), NAME, header=Header.NO))) == 2
    first = opened(one_sheet(number("A1", 5), number("A2", 6)), NAME, header=Header.YES)
    assert (first.columns, cells_of(first)) == (("5",), [(6,)])


@pytest.mark.parametrize("data", [b"", b"a,b\n1,2\n", b"PK\x03\x04 and nothing else"])
def test_a_file_that_is_no_xlsx_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableTable, match="no XLSX file"):
        opened(data, NAME)


def test_a_damaged_file_is_refused() -> None:
    whole = one_sheet(*SMALL)
    for end in range(4, len(whole), 97):
        with pytest.raises(UnreadableTable):
            opened(whole[:end], NAME)


def test_a_missing_library_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(UnreadableTable, match='"pip install python-calamine"'):
        opened(one_sheet(*SMALL), NAME)
    assert cells_of(opened("a,b\n1,2\n")) == [("1", "2")]


def test_a_cell_with_a_nul_which_xlsx_can_write_is_refused_with_its_row() -> None:
    cells = [*SMALL, text_cell("A3", "y_x0000_")]
    with pytest.raises(UnreadableTable, match="row 3: it holds the character NUL"):
        rows_of(opened(one_sheet(*cells), NAME))
