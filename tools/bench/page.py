"""The page of the documentation that shows the figures: its table is never typed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ToolError
from ..layout import ROOT
from .rows import row_of
from .table import codecs_table, table

PAGE = ROOT / "docs" / "speed.md"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


def shown(figures: Mapping[str, Any]) -> str:
    """What stands between the marks for these figures."""
    machine = figures["machine"]
    trial = (
        ""
        if figures["scale"] == "full"
        else "**From a quick run, only to show what the table looks like.**\n\n"
    )
    return (
        f"{trial}{table(map(row_of, figures['rows']))}\n\n"
        f"Measured on {figures['date']}: {machine['processor']}, {machine['cores']} cores,\n"
        f"{machine['memory_gb']} GB of memory, {machine['system']};\n"
        f"load before it began: {machine['load']}.\n"
        f"ComfyUI {machine['comfyui']}, Python {machine['python']}, PyTorch {machine['torch']}.\n"
        f"\n{codecs_table(figures['series']['codecs'])}\n"
    )


def with_table(text: str, figures: Mapping[str, Any]) -> str:
    """The page `text` with the table of these figures; ToolError if it has no place for it."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ToolError(f"{PAGE.name} has no place for the table: put {BEGIN} and {END} into it")
    return f"{before}{BEGIN}\n{shown(figures)}{END}{after}"


def write(figures: Mapping[str, Any], page: Path = PAGE) -> None:
    """Put the table into the page."""
    page.write_text(with_table(page.read_text(encoding="utf-8"), figures), encoding="utf-8")
