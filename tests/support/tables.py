"""Tables for tests: opened from bytes, and sheets in XLSX as Excel writes them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

from batch_loop.core.tables.formats.open_table import open_table, typed_table
from batch_loop.core.tables.table import Cell, Row, Table, TableOptions

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"

STYLES = {"date": 1, "moment": 2, "duration": 3}
"""The `s` of cells with dates, with dates and times, and with hours beyond a day."""


def opened(data: bytes | str, name: str = "table.csv", **options: Any) -> Table:
    """The table in a file with these contents; text is in UTF-8."""
    content = data.encode() if isinstance(data, str) else data
    return open_table(io.BytesIO(content), name, TableOptions(**options))


def typed(text: str, **options: Any) -> Table:
    """The table that was typed into a node."""
    return typed_table(text, TableOptions(**options))


def rows_of(table: Table) -> list[Row]:
    """All rows, after which the table is closed."""
    with table:
        return list(table.rows())


def cells_of(table: Table) -> list[tuple[Cell, ...]]:
    """The cells of all rows, after which the table is closed."""
    return [row.cells for row in rows_of(table)]


def text_cell(reference: str, text: str) -> str:
    """A cell of a sheet with a text in it."""
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


def workbook(*sheets: tuple[str, Sequence[str]], hidden: str = "") -> bytes:
    """A file in XLSX; each sheet has a name, and the XML of its cells in their order."""
    out = io.BytesIO()
    numbered = list(enumerate(sheets, 1))
    states = {name: ' state="hidden"' if name == hidden else "" for name, _ in sheets}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="xml" ContentType="application/xml"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
            + "".join(
                f'<sheet name="{name}" sheetId="{number}"{states[name]} r:id="rId{number}"/>'
                for number, (name, _) in numbered
            )
            + "</sheets></workbook>",
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships">'
            + "".join(
                f'<Relationship Id="rId{number}" Type="{_RELATIONS}/worksheet" '
                f'Target="worksheets/sheet{number}.xml"/>'
                for number, _ in numbered
            )
            + f'<Relationship Id="rIdS" Type="{_RELATIONS}/styles" Target="styles.xml"/>'
            + "</Relationships>",
        )
        archive.writestr(
            "xl/styles.xml",
            f'<styleSheet xmlns="{_MAIN}"><cellXfs count="4"><xf numFmtId="0"/>'
            '<xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="46"/></cellXfs></styleSheet>',
        )
        for number, (_, cells) in numbered:
            archive.writestr(
                f"xl/worksheets/sheet{number}.xml",
                f'<worksheet xmlns="{_MAIN}"><sheetData>{_rows(cells)}</sheetData></worksheet>',
            )
    return out.getvalue()


def _rows(cells: Sequence[str]) -> str:
    found: dict[str, list[str]] = {}
    for cell in cells:
        reference = cell.split('r="', 1)[1].split('"', 1)[0]
        found.setdefault(reference.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), []).append(cell)
    return "".join(f'<row r="{row}">{"".join(own)}</row>' for row, own in found.items())
