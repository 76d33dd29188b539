"""XLSX: the rows of a sheet."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from ...common.errors import InvalidSetting, UnreadableTable, quoted
from ..headers import column_names, has_header
from ..table import Cell, Row, Table, TableFormat, TableKind, TableOptions
from ..text.refusal import refusal, refuse_nul
from .xlsx_sheets import Contents, NotXlsx, Sheet, contents_of, sheets_of

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

_Value: TypeAlias = int | float | str | bool | time | date | datetime | timedelta

_SAMPLE = 1_000
_MOST_CELLS = 50_000_000
"""Of the rectangle that the cells lie in, each of which takes some 30 bytes."""

_EXACT = 2**53
"""Up to here a float tells each whole number from the next."""

_RECALCULATE = (
    "Open it in Excel or LibreOffice, which calculates it, save it, and run again. Or take the "
    "formula out."
)


def xlsx_table(file: BinaryIO, name: str, options: TableOptions) -> Table:
    """The table in a sheet: the one that is named, else the first visible one with data.

    Cells are numbers (int if they are whole), booleans, and texts; dates are texts such as
    2026-11-28 or 2026-11-28 14:30:00, times 14:30:00, durations 30:15:00; empty ones are None, and
    so are empty texts. Of formulas, the values count that were saved with them. Empty rows, and
    empty columns before the first one, are left out.

    Raises UnreadableTable for a sheet that has errors, or formulas without a value, and if
    the library that reads XLSX is missing; InvalidSetting if no sheet has the name in `options`.
    """
    sheet, cells = _chosen(file, name, options.sheet)
    if cells is None or cells.start is None:
        form = TableFormat(TableKind.XLSX, sheet=sheet)
        return Table(form, column_names((), 1), lambda: iter(()), file.close)
    first = [row for _, row in islice(_rows(name, cells), _SAMPLE)]
    header = bool(first) and has_header(first[0], first[1:], options.header)
    columns = column_names(first[0] if header else (), cells.width)
    form = TableFormat(TableKind.XLSX, header=header, sheet=sheet)

    def rows() -> Iterator[Row]:
        return (Row(row, line) for line, row in islice(_rows(name, cells), int(header), None))

    return Table(form, columns, rows, file.close)


def _chosen(file: BinaryIO, name: str, wanted: str) -> tuple[str, CalamineSheet | None]:
    """The sheet to be read, and its cells; its name alone if no sheet has data."""
    try:
        sheets = sheets_of(file)
        candidates = _candidates(sheets, wanted)
        for sheet in candidates:
            contents = contents_of(file, sheet)
            _check(name, sheet, contents)
            if contents.rows:
                cells = _read(file, name, sheet)
                if cells.start is not None:
                    return sheet.name, cells
    except NotXlsx as error:
        raise _not_xlsx(name, str(error)) from error
    return candidates[0].name if candidates else "", None


def _candidates(sheets: list[Sheet], wanted: str) -> list[Sheet]:
    if not wanted:
        return [sheet for sheet in sheets if not sheet.is_hidden]
    found = [sheet for sheet in sheets if sheet.name.casefold() == wanted.strip().casefold()]
    if not found:
        names = ", ".join(quoted(sheet.name) for sheet in sheets)
        message = (
            f"sheet was {wanted!r}, and the file has no sheet of this name. Enter one of {names}, "
            "or leave it empty."
        )
        raise InvalidSetting(message)
    return found


def _check(name: str, sheet: Sheet, contents: Contents) -> None:
    """Raise what would be lost if the sheet were read."""
    of = f"of the sheet {quoted(sheet.name)}"
    if contents.error is not None:
        cell, error = contents.error
        remedy = "Correct its formula, or empty it, save the file, and run again."
        raise refusal(
            name, f"the cell {cell} {of} has the error {error}", remedy, _row(cell), "row"
        )
    if contents.no_value is not None:
        cell = contents.no_value
        reason = f"the cell {cell} {of} has a formula whose value was not saved with it"
        raise refusal(name, reason, _RECALCULATE, _row(cell), "row")
    if contents.rows * contents.columns > _MOST_CELLS:
        raise refusal(
            name,
            f"the cells {of} lie in {contents.rows:,} rows and {contents.columns:,} columns, which "
            f"is more than {_MOST_CELLS:,} cells",
            "Delete what lies far away from the table, or save it as CSV, and run again.",
        )


def _read(file: BinaryIO, name: str, sheet: Sheet) -> CalamineSheet:
    try:
        # Here, as only those who have XLSX files need it.
        from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415
    except ImportError as error:
        raise refusal(
            name,
            f"the package python-calamine, which reads XLSX, cannot be imported ({error})",
            'Install it into the Python of ComfyUI with "pip install python-calamine", or save '
            "the sheet as CSV, and run again.",
        ) from error
    file.seek(0)
    try:
        with _no_panic(name):
            return CalamineWorkbook.from_filelike(file).get_sheet_by_name(sheet.name)
    except CalamineError as error:
        raise _not_xlsx(name, f"it is damaged ({error})") from error


@contextlib.contextmanager
def _no_panic(name: str) -> Iterator[None]:
    """Raise UnreadableTable where the library meets what it does not expect of a damaged file.

    It then raises what is no Exception and cannot be imported; a thread of ComfyUI would end by it.
    """
    try:
        yield
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise _not_xlsx(name, f"it is damaged ({error})") from error
        raise


def _rows(name: str, cells: CalamineSheet) -> Iterator[tuple[int, tuple[Cell, ...]]]:
    """The number and the cells of each row that is not empty."""
    with _no_panic(name):
        # It begins with the first row of the sheet, also where that is empty.
        for number, values in enumerate(cells.iter_rows(), 1):
            row = tuple([_cell(value) for value in values])
            if any(cell is not None for cell in row):
                refuse_nul(name, row, number, "row")
                yield number, row


def _cell(value: _Value) -> Cell:
    if isinstance(value, str):
        return value or None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= _EXACT else value
    if isinstance(value, (bool, int)):
        return value
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        sign = "-" if seconds < 0 else ""
        minutes, seconds = divmod(abs(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{sign}{hours:02}:{minutes:02}:{seconds:02}"
    return value.isoformat()


def _row(cell: str) -> int | None:
    """The row of a cell such as D6."""
    digits = "".join(filter(str.isdecimal, cell))
    return int(digits) if digits else None


def _not_xlsx(name: str, why: str) -> UnreadableTable:
    return refusal(name, why, "Save it anew as XLSX, or as CSV, and run again.")
