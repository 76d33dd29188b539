"""What an XLSX file says of its sheets, beside the values of their cells.

The library that reads the values passes over errors, and over formulas without a value, as if such
cells were empty; and it takes memory for the whole rectangle that a sheet's cells lie in.
"""

from __future__ import annotations

import posixpath
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO
from xml.etree import ElementTree as ET
from zipfile import BadZipFile, ZipFile

_MOST_BYTES = 2_000_000_000
"""Of all parts, unpacked."""

_CHUNK = 1 << 20
_LONGEST_CELL = 1 << 17
"""A cell has at most 32,767 characters."""

_DAMAGE = (
    BadZipFile,
    ET.ParseError,
    EOFError,
    LookupError,  # a part is missing, or has an encoding that does not exist
    OSError,
    RuntimeError,  # a part has a password, or is packed in a way that Python does not know
    ValueError,
    zlib.error,
)
"""What reading a damaged archive raises, or one of something else."""

# Some programs write each name with the prefix of its namespace.
_P = rb"(?:\w+:)?"
_COLUMNS = re.compile(rb' r="([A-Z]+)')
_ROW = re.compile(rb'row [^>]*?\br="([0-9]+)"')
_ERROR = re.compile(
    rb"<%(p)bc\s(?=[^>]*\bt=[\"']e[\"'])([^>]*[^>/])>(?:(?!</%(p)bc>).)*?<%(p)bv>([^<]*)"
    % {b"p": _P},
    re.DOTALL,
)
_ERROR_MARKS = (b't="e"', b"t='e'")
_NO_VALUE = re.compile(
    rb"<%(p)bc\s([^>]*[^>/])>\s*<%(p)bf(?:\s[^>]*)?(?:/>|(?<!/)>[^<]*</%(p)bf>)\s*"
    rb"(?:<%(p)bv\s*/>|<%(p)bv>\s*</%(p)bv>)?\s*</%(p)bc>" % {b"p": _P}
)
_FORMULA_MARKS = (b"<f", b":f")
_END_OF_CELL = re.compile(rb"</(?:\w+:)?c>")
_REFERENCE = re.compile(rb"\br=[\"']([A-Z]+[0-9]+)[\"']")
_TEXT = re.compile(rb"\bt=[\"']str[\"']")


@dataclass(frozen=True)
class Sheet:
    """A sheet of cells."""

    name: str
    is_hidden: bool
    part: str
    """Its file in the archive."""


@dataclass(frozen=True)
class Contents:
    """What is in a sheet's cells."""

    rows: int = 0
    """The number of the last row."""
    columns: int = 0
    """The number of the last column."""
    error: tuple[str, str] | None = None
    """The first cell that has an error, such as D6, and the error, such as #DIV/0!."""
    no_value: str | None = None
    """The first cell whose formula has no value: the program that wrote it has not calculated."""


class NotXlsx(Exception):
    """Raised when a file is no XLSX file; the message says why, for the middle of a sentence."""


def sheets_of(file: BinaryIO) -> list[Sheet]:
    """The sheets of an XLSX file, in their order, without charts; raises NotXlsx."""
    try:
        with ZipFile(file) as archive:
            if sum(part.file_size for part in archive.infolist()) > _MOST_BYTES:
                raise NotXlsx(f"it has more than {_MOST_BYTES // 10**9} GB when it is unpacked")
            (book,) = _related(archive, "", "/officeDocument").values()
            parts = _related(archive, book, "/worksheet")
            elements = [each for each in _xml(archive, book).iter() if _local(each.tag) == "sheet"]
    except _DAMAGE as error:
        raise NotXlsx("it is no XLSX file, or is damaged") from error
    found = []
    for element in elements:
        own = next((value for key, value in element.items() if _local(key) == "id"), "")
        if own in parts:
            is_hidden = element.get("state", "visible") != "visible"
            found.append(Sheet(element.get("name", ""), is_hidden, parts[own]))
    return found


def _related(archive: ZipFile, part: str, kind: str) -> dict[str, str]:
    """The parts that a part, or the archive as a whole (""), refers to as a kind, by their ids."""
    folder, name = posixpath.split(part)
    relations = _xml(archive, posixpath.join(folder, "_rels", f"{name}.rels"))
    return {
        relation.get("Id", ""): posixpath.normpath(
            posixpath.join("/", folder, relation.get("Target", ""))
        )[1:]
        for relation in relations
        if relation.get("Type", "").endswith(kind)
    }


def _xml(archive: ZipFile, part: str) -> ET.Element:
    # The parser refuses entities that grow without bounds, and reads no other files.
    return ET.fromstring(archive.read(part))  # noqa: S314


def contents_of(file: BinaryIO, sheet: Sheet) -> Contents:
    """What is in the cells of a sheet; raises NotXlsx if its part is missing or damaged."""
    rows, letters = 0, set[bytes]()
    error: tuple[str, str] | None = None
    no_value: str | None = None
    try:
        for text in _overlapping(file, sheet.part):
            letters.update(_COLUMNS.findall(text))
            rows = max(rows, _last_row(text))
            # Looking for a few bytes first takes a hundredth of the time.
            has_error = error is None and any(mark in text for mark in _ERROR_MARKS)
            if has_error and (found := _ERROR.search(text)):
                error = _reference(found[1]), found[2].decode(errors="replace")
            if no_value is None and any(mark in text for mark in _FORMULA_MARKS):
                empty = (one for one in _NO_VALUE.finditer(text) if not _TEXT.search(one[1]))
                no_value = next((_reference(one[1]) for one in empty), None)
    except _DAMAGE as damage:
        raise NotXlsx(f"its sheet {sheet.name} is damaged") from damage
    columns = max(map(_column, letters), default=0)
    return Contents(rows, columns, error, no_value)


def _overlapping(file: BinaryIO, part: str) -> Iterator[bytes]:
    """A part of the archive in pieces, each of which ends with a whole cell."""
    with ZipFile(file) as archive, archive.open(part) as stream:
        left = b""
        while chunk := stream.read(_CHUNK):
            text = left + chunk
            ends = _END_OF_CELL.finditer(text, max(0, len(text) - _LONGEST_CELL))
            end = max((found.end() for found in ends), default=len(text))
            yield text[:end]
            left = text[end:]
        if left:
            yield left


def _last_row(text: bytes) -> int:
    """The number of the last row that begins in a piece of a sheet; 0 if none does."""
    at = len(text)
    while (at := text.rfind(b"row ", 0, at)) > 0:
        found = _ROW.match(text, at)
        if found is not None and text[at - 1 : at] in {b"<", b":"}:
            return int(found[1])
    return 0


def _column(letters: bytes) -> int:
    """The number of a column: 1 for A, 27 for AA."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number


def _reference(attributes: bytes) -> str:
    found = _REFERENCE.search(attributes)
    return found[1].decode() if found else "?"


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
