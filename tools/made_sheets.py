"""Spreadsheets that LibreOffice writes as CSV and XLSX; for `tools.check_tables`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from .errors import ToolError
from .programs import complaint, run

_SPACES = {
    name: f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"
    for name in ("office", "table", "text", "style")
} | {
    "number": "urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0",
    "of": "urn:oasis:names:tc:opendocument:xmlns:of:1.2",
}

_LONG = 'number:style="long"'
_DAY = (
    f"<number:year {_LONG}/><number:text>-</number:text><number:month {_LONG}/>"
    f"<number:text>-</number:text><number:day {_LONG}/>"
)
_CLOCK = (
    f"<number:hours {_LONG}/><number:text>:</number:text><number:minutes {_LONG}/>"
    f"<number:text>:</number:text><number:seconds {_LONG}/>"
)
_NUMBER = '<number:number number:decimal-places="0" number:min-integer-digits="1"/>'
_FORMATS = {
    "date": f'<number:date-style style:name="N-date">{_DAY}</number:date-style>',
    "moment": f'<number:date-style style:name="N-moment">{_DAY}<number:text> </number:text>{_CLOCK}'
    "</number:date-style>",
    "time": '<number:time-style style:name="N-time" number:language="en" number:country="GB">'
    f"{_CLOCK}</number:time-style>",
    "lasts": '<number:time-style style:name="N-lasts" number:truncate-on-overflow="false">'
    f"{_CLOCK}</number:time-style>",
    "truth": '<number:boolean-style style:name="N-truth"><number:boolean/></number:boolean-style>',
    "share": f'<number:percentage-style style:name="N-share">{_NUMBER}<number:text>%</number:text>'
    "</number:percentage-style>",
}
"""How cells are shown, by the name of their style."""


@dataclass(frozen=True)
class SheetCell:
    """A cell: how it is written in a flat ODS file, and what it is to be read as."""

    attributes: str
    """Of the cell, in XML."""
    value: str | float | bool | None
    """As in XLSX."""
    shown: str
    """As in CSV, which has what the sheet shows."""
    text: str = ""
    """What is written into it, where that is a text."""
    covers: tuple[int, int] = (1, 1)
    """Columns and rows that are merged into it."""


EMPTY = SheetCell("", None, "")


def said(text: str) -> SheetCell:
    """A text, which may have several lines."""
    return SheetCell('office:value-type="string"', text, text, text)


def counted(number: float) -> SheetCell:
    """A number."""
    return SheetCell(f'office:value-type="float" office:value="{number}"', number, f"{number}")


def on(day: str) -> SheetCell:
    """A date, as 2026-11-28."""
    return SheetCell(f'{_styled("date")} office:date-value="{day}"', day, day)


def at(day: str, clock: str) -> SheetCell:
    """A date and a time."""
    both = f"{day} {clock}"
    return SheetCell(f'{_styled("moment", "date")} office:date-value="{day}T{clock}"', both, both)


def clock(text: str) -> SheetCell:
    """A time of a day, as 14:30:00."""
    return _of_hours("time", text)


def lasting(text: str) -> SheetCell:
    """A duration, as 30:15:00."""
    return _of_hours("lasts", text)


def truth(*, is_true: bool) -> SheetCell:
    """A boolean."""
    name = str(is_true)
    attributes = f'{_styled("truth", "boolean")} office:boolean-value="{name.lower()}"'
    return SheetCell(attributes, is_true, name.upper())


def share(part: float) -> SheetCell:
    """A percentage."""
    attributes = f'{_styled("share", "percentage")} office:value="{part}"'
    return SheetCell(attributes, part, f"{part:.0%}")


def calculated(formula: str, value: float | str) -> SheetCell:
    """A formula, and what LibreOffice calculates."""
    return SheetCell(f"table:formula={quoteattr(f'of:={formula}')}", value, f"{value}")


def merged(cell: SheetCell, columns: int, rows: int = 1) -> SheetCell:
    """A cell that reaches over others, which are empty."""
    spans = f' table:number-columns-spanned="{columns}" table:number-rows-spanned="{rows}"'
    attributes = cell.attributes + spans
    return SheetCell(attributes, cell.value, cell.shown, cell.text, (columns, rows))


def _styled(style: str, kind: str = "") -> str:
    return f'table:style-name="{style}" office:value-type="{kind or style}"'


def _of_hours(style: str, text: str) -> SheetCell:
    hours, minutes, seconds = text.split(":")
    value = f'office:time-value="PT{hours}H{minutes}M{seconds}S"'
    return SheetCell(f"{_styled(style, 'time')} {value}", text, text)


@dataclass(frozen=True)
class MadeSheet:
    """A sheet: all rows of its cells, in which an empty one stands for an empty row."""

    name: str
    rows: Sequence[Sequence[SheetCell]] = ()

    def read(self, of: Callable[[SheetCell], object]) -> list[tuple[object, ...]]:
        """The rows without empty ones, each as wide as the widest; `of` reads a cell."""
        width = max(map(len, self.rows), default=0)
        padded = [[*row, *[EMPTY] * (width - len(row))] for row in self.rows]
        found = [tuple(map(of, row)) for row in padded]
        return [row for row in found if any(each not in {None, ""} for each in row)]


@dataclass(frozen=True)
class Spreadsheet:
    """A file of sheets."""

    name: str
    sheets: Sequence[MadeSheet] = field(default_factory=list)

    def write(self, folder: Path) -> Path:
        """Write it as flat ODS, which LibreOffice reads."""
        path = folder / f"{self.name}.fods"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(self._xml())
        return path

    def _xml(self) -> Iterator[str]:
        spaces = " ".join(f'xmlns:{name}="{space}"' for name, space in _SPACES.items())
        yield f'<?xml version="1.0" encoding="UTF-8"?><office:document {spaces} '
        yield 'office:version="1.3" '
        yield 'office:mimetype="application/vnd.oasis.opendocument.spreadsheet">'
        yield f"<office:automatic-styles>{''.join(_FORMATS.values())}"
        for name in _FORMATS:
            yield f'<style:style style:name="{name}" style:family="table-cell" '
            yield f'style:data-style-name="N-{name}"/>'
        yield "</office:automatic-styles><office:body><office:spreadsheet>"
        for sheet in self.sheets:
            yield f"<table:table table:name={quoteattr(sheet.name)}>"
            for row in sheet.rows:
                yield f"<table:table-row>{''.join(map(_cell, row)) or _cell(EMPTY)}"
                yield "</table:table-row>\n"
            yield "</table:table>"
        yield "</office:spreadsheet></office:body></office:document>"


def _cell(cell: SheetCell) -> str:
    # A blank is one only if it says so: XML has no others.
    lines = [escape(line).replace(" ", "<text:s/>") for line in cell.text.split("\n")]
    content = "".join(f"<text:p>{line}</text:p>" for line in lines) if cell.text else ""
    return f"<table:table-cell {cell.attributes}>{content}</table:table-cell>"


def convert(paths: Iterable[Path], to: str, folder: Path, infilter: str = "") -> None:
    """Have LibreOffice write files anew into a folder.

    `to` is its option `--convert-to`; `infilter`, by which it reads them, is the one of this name.
    `ToolError` if it is not there, or fails.
    """
    # A profile of its own, so that one that is open on the screen has no say.
    profile = f"-env:UserInstallation={(folder.parent / 'profile').resolve().as_uri()}"
    command = ["soffice", profile, "--headless", *([f"--infilter={infilter}"] if infilter else [])]
    command += ["--convert-to", to, "--outdir", str(folder), *map(str, paths)]
    try:
        made = run(command)
    except FileNotFoundError:
        raise ToolError(
            "the program soffice is not there: install LibreOffice Calc, and run again"
        ) from None
    # Of options that it does not understand it says nothing.
    if made.returncode or not any(folder.glob("*.*")):
        raise ToolError(f"LibreOffice could not write {to}: {complaint(made.stderr, 'Error')}")
