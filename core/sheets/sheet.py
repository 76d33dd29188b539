"""What is on a contact sheet, and how it is divided into pages."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PAGE = 8_000
"""Pixels of a page's longer side at most."""

MARGIN = 8
_WIDER = 4 / 3
"""How wide a sheet is for its height, where nobody says how many columns it has."""


@dataclass(frozen=True)
class Tile:
    """The place of one item."""

    title: str = ""
    file: str = ""
    """Full path of its result; empty if there is none."""
    said: str = ""
    """What is written in place of a picture."""
    failed: bool = False


@dataclass(frozen=True)
class Sheet:
    """A batch's items, in order or as a grid."""

    title: str
    tiles: Sequence[Tile | None]
    """Of a grid row by row; None where the batch has no item."""
    headings: Sequence[str] = ()
    """Those of a grid's columns; empty if the items are in order."""
    names: Sequence[str] = ()
    """Those of a grid's rows."""

    def pages(self, look: Look) -> list[Page]:
        """The pages: a grid that is too large goes on below first, then to the right."""
        across, down = look.most_across(self), look.most_down(self)
        if not self.headings:
            wanted = look.columns or math.ceil(math.sqrt(len(self.tiles) * _WIDER))
            columns = max(1, min(wanted, across, len(self.tiles)))
            starts = range(0, len(self.tiles), columns * down)
            return [
                Page(
                    self._titled(number, len(starts)),
                    _in_rows(self.tiles[start : start + columns * down], columns),
                )
                for number, start in enumerate(starts, 1)
            ]
        columns = max(1, min(look.columns or across, across))
        parts = list(self._parts(columns, down))
        return [
            Page(self._titled(number, len(parts)), tiles, headings, names)
            for number, (tiles, headings, names) in enumerate(parts, 1)
        ]

    def _parts(
        self, columns: int, down: int
    ) -> Iterator[tuple[list[Sequence[Tile | None]], Sequence[str], Sequence[str]]]:
        wide = len(self.headings)
        for left in range(0, wide, columns):
            for top in range(0, len(self.names), down):
                names = self.names[top : top + down]
                right = min(left + columns, wide)
                tiles = [
                    self.tiles[row * wide + left : row * wide + right]
                    for row in range(top, top + len(names))
                ]
                yield tiles, self.headings[left:right], names

    def _titled(self, number: int, pages: int) -> str:
        return self.title if pages == 1 else f"{self.title} ({number} / {pages})"


@dataclass(frozen=True)
class Page:
    """A part of a sheet that is one image."""

    title: str
    tiles: Sequence[Sequence[Tile | None]]
    """Row by row."""
    headings: Sequence[str] = ()
    names: Sequence[str] = ()


@dataclass(frozen=True)
class Look:
    """How a sheet is drawn."""

    size: int
    """Pixels of the longer side of a picture."""
    labels: bool = True
    """Whether there are titles, headings and names."""
    columns: int = 0
    """The most columns; 0 for as many as suit."""

    @property
    def letters(self) -> int:
        """Height of the letters, in pixels."""
        return max(11, self.size // 15)

    @property
    def line(self) -> int:
        """Height of a line, in pixels."""
        return math.ceil(1.3 * self.letters)

    @property
    def caption_lines(self) -> int:
        """Lines of a heading, or of a title below a picture."""
        return 2 if self.labels else 0

    @property
    def caption(self) -> int:
        """Height of a heading, or of a title below a picture, in pixels."""
        return self.caption_lines * self.line

    def left(self, of: Sheet | Page) -> int:
        """Pixels before the first column."""
        return MARGIN + (self.size + MARGIN if of.headings and self.labels else 0)

    def top(self, of: Sheet | Page) -> int:
        """Pixels above the first row."""
        title = self.line + MARGIN if self.labels else 0
        return MARGIN + title + (self.caption + MARGIN if of.headings and self.labels else 0)

    def step_down(self, of: Sheet | Page) -> int:
        """Pixels from one row to the next."""
        return self.size + MARGIN + (0 if of.headings else self.caption)

    @property
    def step_across(self) -> int:
        """Pixels from one column to the next."""
        return self.size + MARGIN

    def most_across(self, of: Sheet) -> int:
        """How many columns a page has room for."""
        return max(1, (PAGE - self.left(of)) // self.step_across)

    def most_down(self, of: Sheet) -> int:
        """How many rows a page has room for."""
        return max(1, (PAGE - self.top(of)) // self.step_down(of))


def _in_rows(tiles: Sequence[Tile | None], columns: int) -> list[Sequence[Tile | None]]:
    return [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
