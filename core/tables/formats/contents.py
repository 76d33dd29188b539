"""What a text is written in, by its content: for typed text, and files with other extensions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...model.settings.row_iterator import Header
from ..column_words import is_no_tag, is_usual
from ..headers import has_header, is_no_name
from ..table import TableKind, TableOptions
from ..text.delimiters import Dialect, dialect_of, fit
from .json_values import decoder

_OBJECTS = re.compile(r'\[\s*\{\s*("[^"\n]*"\s*:|\})')
_OBJECT = re.compile(r'\{\s*"[^"\n]*"\s*:')
"""Nothing that people write as a prompt begins so."""

_LIST_MARK = re.compile(r"\s*(?:\(?(?:\d{1,5}|[^\W\d_])[.)]|[^\w\s])?\s*")
"""What word processors write before a tab, or nothing: `1.`, `a)`, a bullet."""

_IDENTIFIER = re.compile(r"[^\W\d][\w-]{0,29}")


def kind_of(lines: Sequence[str], options: TableOptions, *, are_all: bool) -> TableKind:
    """What a text with these first lines is written in; `are_all`: whether it has no others.

    - CSV, if a delimiter is given.
    - JSON lines, if the first line is an object or a list, and all others begin as such.
    - JSON, if it is a list as a whole, or begins with an object, or with a list of objects, and so
      is JSON with a mistake. `[cat:dog:0.5]` and `{red|blue}` are none.
    - CSV, if it has more than one line, all with the same number of fields, more than one, and they
      are divided by tabs; or by another delimiter, if the first line is unmistakably a header.
    - Text lines otherwise: prompts contain commas, and of a table `text` is the first column alone.
    """
    if options.delimiter:
        return TableKind.CSV
    of_json = _of_json(lines, are_all=are_all)
    if of_json is not None:
        return of_json
    dialect = dialect_of(lines, are_all=are_all)
    found = fit(lines[dialect.skipped :], dialect, are_all=are_all)
    if found.fields > 1 and found.same == 1 and len(found.rows) > 1:
        if options.header is Header.YES or dialect.skipped:
            return TableKind.CSV
        if dialect.delimiter == "\t":
            return TableKind.CSV if _is_divided_by_tabs(found.rows) else TableKind.LINES
        if _is_unmistakable(found.rows, dialect):
            return TableKind.CSV
    return TableKind.LINES


def _is_divided_by_tabs(records: Sequence[Sequence[str]]) -> bool:
    """Whether tabs divide columns, rather than marks of a list such as `1.` from its texts."""
    return any(sum(_LIST_MARK.fullmatch(cell) is None for cell in cells) > 1 for cells in records)


def _is_unmistakable(records: Sequence[Sequence[str]], dialect: Dialect) -> bool:
    """Whether the first line is a header, and nothing else.

    Each field is one word of up to 30 letters, digits, "_" and "-". And one of them is no word of a
    prompt, such as "prompt"; or is often the name of a column, and stands above nothing but numbers
    or files; or would be a header in a file, and a field below has the delimiter in quotes.
    """
    first, *rest = records
    names = [name.strip() for name in first]
    if not all(map(_IDENTIFIER.fullmatch, names)):
        return False
    if not has_header(names, rest, Header.AUTO, is_spaced=dialect.is_spaced):
        return False
    return any(dialect.delimiter in cell for cells in rest for cell in cells) or any(
        is_no_tag(name) or (is_usual(name) and all(is_no_name(cells[at]) for cells in rest))
        for at, name in enumerate(names)
    )


def kind_of_json(lines: Sequence[str], kind: TableKind) -> TableKind:
    """What a file with an extension of JSON, or of JSON lines (`kind`), is written in.

    Either is found under the other's extension.
    """
    first, *others = _without_blanks(lines) or [""]
    if kind is TableKind.JSON and first.startswith("{"):
        return TableKind.JSON_LINES if _is_complete(first) else kind
    if kind is TableKind.JSON_LINES and first.startswith("["):
        is_whole = not others and _OBJECTS.match(first)
        return TableKind.JSON if is_whole or not _is_complete(first) else kind
    return kind


def _of_json(lines: Sequence[str], *, are_all: bool) -> TableKind | None:
    """JSON, JSON lines, or neither."""
    first, *others = _without_blanks(lines) or [""]
    if not first.startswith(("[", "{")):
        return None
    if _is_complete(first) and all(other.startswith(("[", "{")) for other in others):
        is_list = first.startswith("[") and not others
        return TableKind.JSON if is_list else TableKind.JSON_LINES
    content = "\n".join((first, *others))
    if _OBJECTS.match(content) or _OBJECT.match(content) or (are_all and _is_complete(content)):
        return TableKind.JSON
    return None


def _without_blanks(lines: Sequence[str]) -> list[str]:
    return [line.strip() for line in lines if not line.isspace()]


def _is_complete(content: str) -> bool:
    """Whether a text is a list or an object in JSON."""
    try:
        return isinstance(decoder().decode(content), (list, dict))
    except (ValueError, RecursionError):
        return False
