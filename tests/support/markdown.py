"""What tests read out of the project's Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from batch_loop.tools.layout import ROOT

Table = dict[str, str]
"""A table of two columns: what is in backticks in the first, in order, and the second."""

TASKS = (
    "failed_images",
    "from_the_api",
    "only_what_is_missing",
    "resume",
    "settings",
    "two_gpus",
    "watch_a_folder",
)
"""The pages in `docs/` that each say how one task is done."""

_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
_TARGET = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")


HELP = ROOT / "web" / "docs"
"""Help on the nodes: `<node id>.md` in English, and `<node id>/<language>.md`."""


def pages() -> list[Path]:
    """Every page that people read."""
    return [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *HELP.rglob("*.md")]


def folder_of(page: Path) -> Path:
    """The folder that a page's relative links begin in."""
    # ComfyUI shows all help as if it lay in the one folder.
    return HELP if page.is_relative_to(HELP) else page.parent


def section(text: str, title: str) -> str:
    """What stands below a heading, to the next one that is not lower."""
    heading = re.search(rf"^(#+) +{re.escape(title)}$", text, re.MULTILINE)
    assert heading is not None, f"no heading {title!r}"
    rest = text[heading.end() :]
    end = re.search(rf"^#{{1,{len(heading.group(1))}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def table(text: str, heading: str) -> Table:
    """The table whose first column is headed so; empty if there is none."""
    rows: Table = {}
    found = re.search(rf"^\| {heading} \|.*\n\|[-|]+\n((?:\|.*\n?)+)", text, re.MULTILINE)
    for line in found.group(1).splitlines() if found else ():
        first, second = line.strip("|").split("|", 1)
        rows.update(dict.fromkeys(re.findall(r"`([^`]+)`", first), second.strip()))
    return rows


def rows(text: str) -> list[int]:
    """How many rows each table has, its heading among them."""
    tables = re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE)
    return [len(lines.splitlines()) for lines in tables]


def spans(text: str) -> list[str]:
    """What is in backticks."""
    return re.findall(r"`([^`]+)`", _FENCE.sub("", text))


def levels(text: str) -> list[int]:
    """How deep each heading is, in order."""
    found = re.findall(r"^(#+) ", _FENCE.sub("", text), re.MULTILINE)
    return [len(marks) for marks in found]


def code(text: str, language: str) -> list[str]:
    """The blocks of code in a language."""
    return [block for name, block in _FENCE.findall(text) if name == language]


def targets(text: str) -> Iterator[str]:
    """What the links and images of a page lead to."""
    for in_markdown, in_html in _TARGET.findall(_FENCE.sub("", text)):
        yield in_markdown or in_html


def anchors(text: str) -> set[str]:
    """The names by which a page's headings are linked to."""
    titles = _HEADING.findall(_FENCE.sub("", text))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
