"""Reading the project's Markdown in tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from batch_loop.tools.layout import ROOT

Table = dict[str, str]
"""A table with two columns: from each text in backticks in the first to the second, in order."""

TASKS = (
    "failed_images",
    "from_the_api",
    "masks_and_captions",
    "only_what_is_missing",
    "resume",
    "rows",
    "settings",
    "two_gpus",
    "variants",
    "videos",
    "watch_a_folder",
)
"""The pages in `docs/` that each describe one task."""

_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
_TARGET = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")


HELP = ROOT / "web" / "docs"
"""Help on the nodes: `<node id>.md` in English, and `<node id>/<language>.md`."""


def pages() -> list[Path]:
    """All Markdown pages for people to read."""
    return [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *HELP.rglob("*.md")]


def folder_of(page: Path) -> Path:
    """The folder that a page's relative links start from."""
    # ComfyUI shows all help pages as if they were in one folder.
    return HELP if page.is_relative_to(HELP) else page.parent


def section(text: str, title: str) -> str:
    """The text below a heading, up to the next heading of the same or a higher level."""
    heading = re.search(rf"^(#+) +{re.escape(title)}$", text, re.MULTILINE)
    assert heading is not None, f"no heading {title!r}"
    rest = text[heading.end() :]
    end = re.search(rf"^#{{1,{len(heading.group(1))}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def table(text: str, heading: str) -> Table:
    """The table whose first column has this heading; empty if there is none."""
    rows: Table = {}
    found = re.search(rf"^\| {heading} \|.*\n\|[-|]+\n((?:\|.*\n?)+)", text, re.MULTILINE)
    for line in found.group(1).splitlines() if found else ():
        first, second = line.strip("|").split("|", 1)
        rows.update(dict.fromkeys(re.findall(r"`([^`]+)`", first), second.strip()))
    return rows


def rows(text: str) -> list[int]:
    """The number of rows of each table, including its heading."""
    tables = re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE)
    return [len(lines.splitlines()) for lines in tables]


def spans(text: str) -> list[str]:
    """The texts in backticks."""
    return re.findall(r"`([^`]+)`", _FENCE.sub("", text))


def levels(text: str) -> list[int]:
    """The level of each heading, in order."""
    found = re.findall(r"^(#+) ", _FENCE.sub("", text), re.MULTILINE)
    return [len(marks) for marks in found]


def code(text: str, language: str) -> list[str]:
    """The code blocks in a language."""
    return [block for name, block in _FENCE.findall(text) if name == language]


def targets(text: str) -> Iterator[str]:
    """The targets of a page's links and images."""
    for in_markdown, in_html in _TARGET.findall(_FENCE.sub("", text)):
        yield in_markdown or in_html


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings."""
    titles = _HEADING.findall(_FENCE.sub("", text))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
