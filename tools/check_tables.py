"""Holds the rows that the pack reads of tables against what a spreadsheet has.

`python -m tools.check_tables` has LibreOffice write sheets of every kind of cell as CSV, with
several delimiters and encodings, and as XLSX; then it reads them as Row Iterator does, and compares
every cell. Some are then broken: those have to be refused, with the line and a reason. One has
100 MB. It prints a table, writes `docs/figures/check_tables.json`, and fails if anything differs.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .made_sheets import (
    EMPTY,
    MadeSheet,
    SheetCell,
    Spreadsheet,
    at,
    calculated,
    clock,
    convert,
    counted,
    lasting,
    merged,
    on,
    said,
    share,
    truth,
)
from .pack import pack
from .programs import version_of
from .trial import write_figures

NAMES = ("prompt", "width", "strength", "made on", "seen at", "at", "lasts", "ready", "share")
LATIN = (
    "a red fox, in snow",
    'a sign that says "open"',
    "two\nlines; and a semicolon",
    "007",
    "über die Straße, été, mañana, 5 €",
    "  blanks around  ",
    "a | b",
    "=1+1 as a text",
)
WORLD = ("猫と犬, 雪の中", "кот; и собака", "🦊 in the snow", "قطة", "한국어\n두 줄")
WIDE = 1_000
"""Columns."""
MEGABYTES = 100
LINES_APART = 1_000
"""Of a long table, one row in so many is compared; all are read."""

SEMICOLON, COMMA, TAB, BAR = 59, 44, 9, 124
"""The delimiters, as LibreOffice is told them: by their codes."""
UTF_8, UTF_16, WINDOWS = 76, 65535, 1
"""The encodings, as LibreOffice numbers them."""


def row_of(place: int, text: str) -> list[SheetCell]:
    """A row with a cell of every kind."""
    return [
        said(text),
        counted(8 * (place + 1)),
        counted(0.25 * place + 0.125),
        on(f"2026-11-{place + 1:02}"),
        at(f"2026-02-{place + 1:02}", f"{place:02}:30:05"),
        clock(f"14:{place:02}:00"),
        lasting(f"{24 + place}:15:00"),
        truth(is_true=place % 2 == 0),
        share(round(0.05 * (place + 1), 2)),
    ]


def sheet_of(texts: Iterable[str]) -> MadeSheet:
    """A sheet with a header, a formula, merged cells and empty rows among its rows."""
    rows = [row_of(place, text) for place, text in enumerate(texts)]
    second = [*rows[1][:1], calculated("[.B2]*2", 16), *rows[1][2:]]
    third = [*rows[2][:5], merged(rows[2][5], 2), EMPTY, *rows[2][7:]]
    tall = [merged(said("one for two rows"), 1, 2), *rows[0][1:]]
    below = [EMPTY, counted(40)]
    names = [said(name) for name in NAMES]
    joined = [calculated('[.A2]&" twice"', f"{LATIN[0]} twice"), counted(48)]
    end = [joined] if rows[0][0].value == LATIN[0] else []
    return MadeSheet(
        "rows", [names, rows[0], second, [], third, *rows[3:], [], [], tall, below, *end]
    )


def wide_sheet() -> MadeSheet:
    """A sheet of many columns."""
    names = [said(f"name {place}") for place in range(WIDE)]
    numbers = [[counted(place + 7 * row) for place in range(WIDE)] for row in range(20)]
    return MadeSheet("wide", [names, *numbers])


LATIN_SHEET, WORLD_SHEET = sheet_of(LATIN), sheet_of(WORLD)
WIDE_SHEET = wide_sheet()
BOOKS = (
    Spreadsheet("latin", [LATIN_SHEET]),
    Spreadsheet("world", [WORLD_SHEET]),
    Spreadsheet("wide", [WIDE_SHEET]),
    # The first sheet that has anything counts.
    Spreadsheet("second", [MadeSheet("empty"), WORLD_SHEET]),
    Spreadsheet("wrong", [MadeSheet("wrong", [[said("a")], [counted(1)], [calculated("1/0", 0)]])]),
)


@dataclass(frozen=True)
class Tried:
    """What came out for one table."""

    name: str
    what: str
    """How the pack says that it is written; or why it is refused."""
    rows: int = 0
    seconds: float = 0
    differs: str = ""
    """What is not as it should be."""


Wanted = tuple[tuple[str, ...], Iterable[tuple[object, ...]]]
"""The names of the columns, and the rows."""


def read(path: Path, apart: int = 1) -> tuple[Any, int, Iterator[tuple[object, ...]]]:
    """A table as Row Iterator's source knows it, how many rows it has, and one row of so many.

    Each is found by its key.
    """
    rows = pack("core.sources.rows").Rows(partial(open, mode="rb"))
    keys, selections = pack("core.model.loop_key"), pack("core.model.selection")
    key, selection = keys.LoopKey("", str(path), source=keys.ROWS), selections.Selection()
    paths = rows.listed(key, selection, seed=0)
    table = rows.table(key, selection)
    chosen = paths[::apart]
    return table, len(paths), (rows.row(key, selection, item).cells for item in chosen)


def compared(path: Path, wanted: Wanted, apart: int = 1) -> Tried:
    """Compare a table that is to be read, all of it or one row of so many."""
    began = time.perf_counter()
    names, rows = wanted
    try:
        table, count, cells = read(path, apart)
        pairs = itertools.zip_longest(cells, rows)
        differs = next((found for pair in pairs if (found := _difference(*pair))), "")
    except pack("core.common.errors").BatchLoopError as error:
        return Tried(path.name, "", differs=f"refused: {error}")
    if table.columns != names:
        differs = f"the columns are {table.columns}"[:200]
    return Tried(path.name, table.format.text, count, time.perf_counter() - began, differs)


def _difference(cells: object, wanted: object) -> str:
    """What a row has in place of what it is to have; True is not 1."""
    is_same = cells == wanted and _truths(cells) == _truths(wanted)
    return "" if is_same else f"a row is {cells}, not {wanted}"[:400]


def _truths(cells: Any) -> list[bool]:
    return [isinstance(cell, bool) for cell in cells]


def refused(path: Path, line: int | None) -> Tried:
    """Look whether a table that cannot be read is refused, with the line."""
    try:
        read(path)
    except pack("core.common.errors").UnreadableTable as error:
        differs = "" if error.line == line else f"line {error.line}, not {line}"
        return Tried(path.name, f"refused, line {error.line}: {error.reason}", differs=differs)
    return Tried(path.name, "", differs="it is not refused")


def written(folder: Path) -> Iterator[Tried]:
    """What LibreOffice writes, each file compared with its sheet."""
    sources = {book.name: book.write(folder) for book in BOOKS}
    latin, world, wide = (sources[name] for name in ("latin", "world", "wide"))
    stored, marked = (
        ",34,{},1,,0,{},true,false",
        ",34,{},1,,0,{},true,false,false,false,0,true,true",
    )
    forms: list[tuple[str, list[Path], int, int, str, str]] = [
        ("comma", [latin, world, wide], COMMA, UTF_8, "false", stored),
        ("semicolon", [latin, world, wide], SEMICOLON, UTF_8, "false", stored),
        ("tab", [latin, world], TAB, UTF_8, "false", stored),
        ("bar", [latin, world], BAR, UTF_8, "false", stored),
        ("quoted", [latin, world], COMMA, UTF_8, "true", stored),
        ("mark", [latin, world], SEMICOLON, UTF_8, "false", marked),
        ("utf_16", [latin, world], SEMICOLON, UTF_16, "false", stored),
        ("utf_16_tab", [latin, world], TAB, UTF_16, "false", stored),
        ("windows", [latin], SEMICOLON, WINDOWS, "false", stored),
    ]
    for name, paths, delimiter, encoding, quoted, rest in forms:
        own = folder / name
        options = f"{delimiter}{rest.format(encoding, quoted)}"
        convert(paths, f"csv:Text - txt - csv (StarCalc):{options}", own)
        for book in (each for each in BOOKS if sources[each.name] in paths):
            made = next(own.glob(f"{book.name}*.csv"))
            path = made.rename(folder / f"{name}_{book.name}.csv")
            yield compared(path, _wanted(book, lambda cell: cell.shown))
    own = folder / "xlsx"
    convert(sources.values(), "xlsx", own)
    for book in BOOKS:
        path = own / f"{book.name}.xlsx"
        if book.name == "wrong":
            yield refused(path, 3)
        else:
            yield compared(path, _wanted(book, lambda cell: cell.value))
    for form in ("ods", "xls"):
        convert([latin], form, own)
        yield refused(own / f"latin.{form}", None)


def _wanted(book: Spreadsheet, of: Callable[[SheetCell], object]) -> Wanted:
    (sheet,) = (each for each in book.sheets if each.rows)
    first, *rows = sheet.read(of)
    return tuple(map(str, first)), rows


def broken(folder: Path) -> Iterator[Tried]:
    """A table of LibreOffice's that is broken at one place, in several ways."""
    source = (folder / "quoted_world.csv").read_bytes()
    lines = source.splitlines(keepends=True)
    place = next(at for at, line in enumerate(lines) if line.startswith(b'"\xf0\x9f'))
    ways: dict[str, tuple[bytes, int]] = {
        "quote_left_open": (lines[place].replace(b'snow"', b"snow", 1), place + 1),
        "quote_inside": (lines[place].replace(b" in ", b' "in" ', 1), place + 1),
        "too_many_fields": (lines[place].rstrip() + b',"one"\n', place + 1),
        "nul": (lines[place].replace(b" in ", b"\0", 1), place + 1),
    }
    for name, (line, at_line) in ways.items():
        path = folder / f"{name}.csv"
        path.write_bytes(b"".join([*lines[:place], line, *lines[place + 1 :]]))
        yield refused(path, at_line)
    path = folder / "cut_off.csv"
    path.write_bytes(source + b'"only a beginning')
    yield refused(path, len(lines) + 1)
    marked = (folder / "mark_world.csv").read_bytes().splitlines(keepends=True)
    at_byte = next(at for at, line in enumerate(marked) if line.startswith(b"\xf0\x9f"))
    marked[at_byte] = b"\xff" + marked[at_byte]
    path = folder / "byte.csv"
    path.write_bytes(b"".join(marked))
    yield refused(path, at_byte + 1)


def long(folder: Path, megabytes: int) -> Iterator[Tried]:
    """A long table, written by a script, and written anew by LibreOffice."""
    script = folder / "script.csv"
    count = megabytes * 10_000
    with script.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("prompt", "seed", "width"))
        writer.writerows(long_row(number) for number in range(count))
    names = ("prompt", "seed", "width")

    def rows() -> Iterator[tuple[object, ...]]:
        return (long_row(number) for number in range(0, count, LINES_APART))

    yield compared(script, (names, rows()), LINES_APART)
    # What it reads as a number it would write in another way.
    given = "44,34,76,1,1/2/2/2/3/2"
    options = f"csv:Text - txt - csv (StarCalc):{SEMICOLON},34,{UTF_8},1,,0,false,true,false"
    convert([script], options, folder / "long", infilter=f"CSV:{given}")
    made = (folder / "long" / script.name).rename(folder / "libreoffice.csv")
    yield compared(made, (names, rows()), LINES_APART)


def long_row(number: int) -> tuple[str, str, str]:
    """A row of a long table, of some 100 bytes."""
    text = f'a photo of "{number}", with words; and more words that make it as long as a prompt is'
    return text, f"{number * 7919 % 10**9:09}", f"{64 + number % 1000}"


def table(results: Iterable[Tried]) -> str:
    """The results in Markdown."""
    lines = ["| table | read as | rows | seconds | |", "|---|---|---|---|---|"]
    lines += [
        f"| {each.name} | {each.what} | {each.rows:,} | {each.seconds:.2f} | "
        f"{f'DIFFERS: {each.differs}' if each.differs else ''} |"
        for each in results
    ]
    return "\n".join(lines)


def main() -> int:
    """Make and compare all, and print."""
    parser = argparse.ArgumentParser(prog="python -m tools.check_tables", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=MEGABYTES, help="of the long table")
    parser.add_argument("--keep", type=Path, help="the folder to make the tables in, and to keep")
    chosen = parser.parse_args()
    if not shutil.which("soffice"):
        sys.exit("The program soffice is not there. Install LibreOffice Calc, and try again.")
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.keep or Path(temporary) / "tables"
        folder.mkdir(parents=True, exist_ok=True)
        results = [*written(folder), *broken(folder), *long(folder, chosen.megabytes)]
    sys.stdout.write(table(results) + "\n")
    tables = {
        each.name: {"read_as": each.what, "rows": each.rows} if each.rows else each.what
        for each in results
    }
    write_figures("check_tables", {"program": version_of("soffice", "--version"), "tables": tables})
    return 1 if any(each.differs for each in results) else 0


if __name__ == "__main__":
    sys.exit(main())
