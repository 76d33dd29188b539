"""Drawing one page of a contact sheet; of its pictures only one is in memory at a time."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import BinaryIO

from PIL import Image, ImageDraw

from ..common.errors import PathRefused, UnreadableImage
from ..common.file_kinds import IMAGE_EXTENSIONS
from ..media.formats.decode import open_image
from ..pictures.reduced import reduced
from ..pictures.thumbnail import MOST_BYTES
from .lettering import draw_text
from .sheet import MARGIN, Look, Page, Tile

Open = Callable[[str], AbstractContextManager[BinaryIO]]
"""Opens the file at a full path.

Raises PathRefused, and UnreadableImage also for what goes wrong until it is closed.
"""

_Colour = tuple[int, int, int]

_BACKGROUND: _Colour = (32, 32, 36)
_INK: _Colour = (225, 225, 225)
_EMPTY: _Colour = (46, 46, 52)
_FAILED: _Colour = (96, 32, 36)
_CROSS: _Colour = (214, 84, 84)
_BEHIND_TRANSPARENT: _Colour = (90, 90, 98)
_TEXT_BYTES = 4_000


def draw_page(
    page: Page, look: Look, opened: Open, going_on: Callable[[], object] = lambda: None
) -> Image.Image:
    """Draw a page as RGB; `going_on` is called before each tile, and what it raises ends this.

    A result that cannot be read becomes a tile that says why.
    """
    left, top = look.left(page), look.top(page)
    across, down = look.step_across, look.step_down(page)
    columns = max(map(len, page.tiles), default=1)
    size = (left + columns * across, top + len(page.tiles) * down)
    image = Image.new("RGB", size, _BACKGROUND)
    if look.labels:
        _write(image, look, (MARGIN, MARGIN), page.title, width=size[0] - 2 * MARGIN, lines=1)
        for column, heading in enumerate(page.headings):
            place = (left + column * across, top - look.caption - MARGIN)
            _write(image, look, place, heading, lines=look.caption_lines)
        for row, name in enumerate(page.names):
            _write(image, look, (MARGIN, top + row * down), name, lines=look.size // look.line)
    for row, tiles in enumerate(page.tiles):
        for column, tile in enumerate(tiles):
            if tile is None:
                continue
            going_on()
            place = (left + column * across, top + row * down)
            _draw_tile(image, look, place, tile, opened)
            if look.labels and not page.headings:
                below = (place[0], place[1] + look.size)
                _write(image, look, below, tile.title, lines=look.caption_lines)
    return image


def _draw_tile(
    image: Image.Image, look: Look, place: tuple[int, int], tile: Tile, opened: Open
) -> None:
    said, failed = tile.said, tile.failed
    if tile.file and not failed:
        try:
            if os.path.splitext(tile.file)[1].lower() in IMAGE_EXTENSIONS:
                _paste(image, look, place, _small(tile.file, look.size, opened))
                return
            with opened(tile.file) as file:
                said = file.read(_TEXT_BYTES).decode("utf-8", "replace").removeprefix("\ufeff")
        except UnreadableImage as error:
            said, failed = f"{os.path.basename(tile.file)}: {error.reason}", True
        except PathRefused as error:
            said, failed = error.elsewhere, True
    x, y = place
    far = (x + look.size - 1, y + look.size - 1)
    draw = ImageDraw.Draw(image)
    draw.rectangle((place, far), fill=_FAILED if failed else _EMPTY)
    if failed:
        # Marked by more than a colour.
        right, bottom = far[0] - MARGIN, far[1] - MARGIN
        left, top = right - look.size // 5, bottom - look.size // 5
        draw.line((left, top, right, bottom), fill=_CROSS, width=3)
        draw.line((left, bottom, right, top), fill=_CROSS, width=3)
    inner = (x + MARGIN, y + MARGIN)
    lines = max(1, (look.size - 2 * MARGIN) // look.line)
    _write(image, look, inner, said, width=look.size - 2 * MARGIN, lines=lines)


def _small(path: str, size: int, opened: Open) -> Image.Image:
    with opened(path) as file, open_image(file) as image:
        nbytes = os.fstat(file.fileno()).st_size
        small = reduced(image, size, nbytes, MOST_BYTES)
    if small.mode != "RGBA":
        return small
    behind = Image.new("RGBA", small.size, (*_BEHIND_TRANSPARENT, 255))
    return Image.alpha_composite(behind, small).convert("RGB")


def _paste(image: Image.Image, look: Look, place: tuple[int, int], small: Image.Image) -> None:
    x, y = place
    image.paste(small, (x + (look.size - small.width) // 2, y + (look.size - small.height) // 2))


def _write(  # noqa: PLR0913 - what, where and how much of it
    image: Image.Image,
    look: Look,
    place: tuple[int, int],
    text: str,
    *,
    lines: int,
    width: int | None = None,
) -> None:
    draw_text(
        image,
        place,
        text,
        width=look.size if width is None else width,
        lines=lines,
        letters=look.letters,
        line=look.line,
        ink=_INK,
    )
