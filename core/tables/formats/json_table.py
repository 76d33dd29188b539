"""JSON and JSON lines: their values, one by one."""

from __future__ import annotations

import json
import re

from ..table import Table, TableKind, TableOptions
from ..text.lines import Text
from ..text.refusal import refusal
from .json_values import Elements, decoder, not_json, values_table

MOST_MEGABYTES = 200
"""JSON is read into memory as a whole."""

_BLANKS = re.compile(r"[ \t\r\n]*")
_BAD = (ValueError, RecursionError)
"""What a decoder raises."""

_HOW_TO_LIST = (
    "Write the rows as a list, as in [{...}, {...}], or one in each line of a file with the "
    "extension .jsonl, and run again."
)


def json_table(text: Text, options: TableOptions) -> Table:
    """The list in a JSON text; raises UnreadableTable if it is none, or is too long."""
    if text.size > MOST_MEGABYTES * 1_000_000:
        size = round(text.size / 1_000_000)
        raise refusal(
            text.name,
            f"it has {size:,} MB, and JSON is read up to {MOST_MEGABYTES} MB, as it has to be in "
            "memory as a whole",
            "Save it as JSON lines (.jsonl, one object in each line), which may have any size.",
        )
    content = "".join(text.lines())
    return values_table(TableKind.JSON, text, lambda: _listed(text.name, content), options)


def json_lines_table(text: Text, options: TableOptions) -> Table:
    """The values in the lines of a text; empty lines are left out."""
    return values_table(TableKind.JSON_LINES, text, lambda: _in_lines(text), options)


def _listed(name: str, content: str) -> Elements:
    """The values of a list."""
    decode = decoder().raw_decode
    at = _after_blanks(content, 0)
    line = 1 + content.count("\n", 0, at)
    if not content.startswith("[", at):
        _refuse_other(name, content, at, line)
    after = _after_blanks(content, at + 1)
    has_more = not content.startswith("]", after)
    while has_more:
        line += content.count("\n", at, after)
        at = after
        try:
            value, end = decode(content, at)
        except _BAD as error:
            where = error.lineno if isinstance(error, json.JSONDecodeError) else line
            raise not_json(name, error, where) from error
        yield line, value
        after = _after_blanks(content, end)
        has_more = content.startswith(",", after)
        if has_more:
            after = _after_blanks(content, after + 1)
    expected = "Expecting ',' or ']'"
    if content.startswith("]", after):
        after = _after_blanks(content, after + 1)
        if after == len(content):
            return
        expected = "Expecting nothing behind the list"
    mistake = json.JSONDecodeError(expected, content, after)
    raise not_json(name, mistake, mistake.lineno)


def _in_lines(text: Text) -> Elements:
    decode = decoder().decode
    for number, line in enumerate(text.lines(), 1):
        if line.isspace():
            continue
        try:
            value = decode(line)
        except _BAD as error:
            raise not_json(text.name, error, number) from error
        yield number, value


def _refuse_other(name: str, content: str, at: int, line: int) -> None:
    """Raise what is wrong with a text that does not begin as a list."""
    try:
        value, _ = decoder().raw_decode(content, at)
    except _BAD as error:
        where = error.lineno if isinstance(error, json.JSONDecodeError) else line
        raise not_json(name, error, where) from error
    what = "an object" if isinstance(value, dict) else "a single value"
    raise refusal(name, f"it is {what}, and no list of rows", _HOW_TO_LIST, line)


def _after_blanks(content: str, at: int) -> int:
    found = _BLANKS.match(content, at)
    return found.end() if found else at
