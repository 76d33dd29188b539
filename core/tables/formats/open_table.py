"""Opening a table: what it is written in, by its name or by its content."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

from ..ranges import with_ranges
from ..table import Table, TableKind, TableOptions
from ..text.lines import Text, text_as_typed, text_of_file
from ..text.refusal import refusal
from .contents import kind_of, kind_of_json
from .csv_table import csv_table
from .json_table import json_lines_table, json_table
from .text_lines import lines_table
from .xlsx_table import xlsx_table

_KINDS = {
    "csv": TableKind.CSV,
    "tsv": TableKind.CSV,
    "tab": TableKind.CSV,
    "txt": TableKind.LINES,
    "json": TableKind.JSON,
    "jsonl": TableKind.JSON_LINES,
    "ndjson": TableKind.JSON_LINES,
    "xlsx": TableKind.XLSX,
    "xlsm": TableKind.XLSX,
}

_OPENS = {
    TableKind.LINES: lines_table,
    TableKind.CSV: csv_table,
    TableKind.JSON: json_table,
    TableKind.JSON_LINES: json_lines_table,
}

_ARCHIVE = b"PK\x03\x04"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"


def open_table(file: BinaryIO, name: str, options: TableOptions) -> Table:
    """Open the table in a seekable file, which is closed with the table.

    What it is written in goes by the extension of `name`, which messages show as it is; with an
    unknown one, or none, by its content. A file .txt is a list of lines, unless a delimiter is
    given. If this raises UnreadableTable or InvalidSetting, the file is left open.
    """
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    kind = _KINDS.get(extension)
    file.seek(0)
    head = file.read(4)
    if head == _OLD_OFFICE:
        reason = "it is a spreadsheet of an old form, or has a password"
        raise refusal(name, reason, "Save it as XLSX without a password, and run again.")
    if kind is TableKind.XLSX or (kind is None and head == _ARCHIVE):
        return xlsx_table(file, name, options)
    if head == _ARCHIVE:
        reason = "it is an archive, as XLSX files are, and no text"
        remedy = "If it is a spreadsheet, give it the extension .xlsx, and run again."
        raise refusal(name, reason, remedy)
    text = text_of_file(file, name, options.encoding)
    if extension in {"tsv", "tab"} and not options.delimiter:
        options = replace(options, delimiter="\t")
    return _opened(text, kind, options)


def typed_table(text: str, options: TableOptions) -> Table:
    """The table that was typed into a node; what it is written in goes by its content.

    A line may stand for many rows, see `ranges`.
    """
    return with_ranges(_opened(text_as_typed(text), None, options))


def _opened(text: Text, kind: TableKind | None, options: TableOptions) -> Table:
    if kind is None:
        lines, are_all = text.sample()
        kind = kind_of(lines, options, are_all=are_all)
    elif kind in {TableKind.JSON, TableKind.JSON_LINES}:
        kind = kind_of_json(text.sample()[0], kind)
    elif options.delimiter:
        kind = TableKind.CSV
    return _OPENS[kind](text, options)
