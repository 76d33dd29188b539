"""Text on an image, in a font that has its characters, where this machine has one."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from ..common.errors import is_control

_FONTS = (
    *("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "arial.ttf"),
    *("NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "wqy-microhei.ttc", "wqy-zenhei.ttc"),
    *("msyh.ttc", "msgothic.ttc", "malgun.ttf", "YuGothM.ttc", "seguisym.ttf"),
    *("Arial Unicode.ttf", "PingFang.ttc", "AppleSDGothicNeo.ttc", "Hiragino Sans GB.ttc"),
)
"""Files that systems have, to be tried after Pillow's own, which has Latin letters only."""

_NO_CHARACTER = "\U0010ffff"
_MORE = "..."


def draw_text(  # noqa: PLR0913 - what, where, and how much room it has
    image: Image.Image,
    place: tuple[int, int],
    text: str,
    *,
    width: int,
    lines: int,
    letters: int,
    line: int,
    ink: tuple[int, int, int],
) -> None:
    """Write a text into an RGB image, from the upper left corner `place` on.

    It has room for so many lines of `width` pixels, `line` pixels high with letters of `letters`,
    and ends with dots where that is too little.
    """
    shown = _plain(text)
    font = _font_for(shown, letters)
    draw = ImageDraw.Draw(image)
    x, y = place
    for number, part in enumerate(_fitted(shown, font, width, lines)):
        draw.text((x, y + number * line), _drawable(part, font), fill=ink, font=font)


def _plain(text: str) -> str:
    """A text in one line, without what cannot be drawn."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return " ".join("".join(" " if is_control(one) else one for one in text).split())


def _fitted(text: str, font: Any, width: int, lines: int) -> list[str]:
    """At most so many lines, each as wide as fits."""
    found: list[str] = []
    rest = text
    while rest and len(found) < lines:
        part = _first_line(rest, font, width)
        found.append(part)
        rest = rest[len(part) :].lstrip()
    if rest and found:
        last = found[-1]
        while last and _length(last + _MORE, font) > width:
            last = last[:-1]
        found[-1] = last.rstrip() + _MORE
    return found


def _first_line(text: str, font: Any, width: int) -> str:
    """As much of the beginning as fits, whole words if possible; at least one character."""
    fits = len(text)
    if _length(text, font) > width:
        low, high = 1, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            if _length(text[:middle], font) <= width:
                low = middle
            else:
                high = middle - 1
        fits = low
    if fits == len(text) or text[fits] == " ":
        return text[:fits]
    blank = text.rfind(" ", 0, fits)
    return text[: blank if blank > 0 else fits]


def _length(text: str, font: Any) -> float:
    return float(font.getlength(_drawable(text, font)))


def _drawable(text: str, font: Any) -> str:
    """A text that the font can be given: Pillow without FreeType has Latin letters only."""
    if isinstance(font, ImageFont.FreeTypeFont):
        return text
    return text.encode("latin-1", "replace").decode("latin-1")


def _font_for(text: str, letters: int) -> Any:
    """The first font that has all characters of a text; Pillow's own if none has."""
    return next((font for font in _fonts(letters) if _has(font, text)), _own_font(letters))


def _has(font: Any, text: str) -> bool:
    if not isinstance(font, ImageFont.FreeTypeFont):
        return text.isascii()
    return all(_has_character(font, one) for one in set(text) if not one.isspace())


@functools.lru_cache(maxsize=4096)
def _has_character(font: ImageFont.FreeTypeFont, character: str) -> bool:
    missing = font.getmask(_NO_CHARACTER)
    found = font.getmask(character)
    return found.size != missing.size or bytes(found) != bytes(missing)


def _fonts(letters: int) -> Iterator[Any]:
    yield _own_font(letters)
    for name in _FONTS:
        font = _font_named(name, letters)
        if font is not None:
            yield font


@functools.lru_cache(maxsize=8)
def _own_font(letters: int) -> Any:
    return ImageFont.load_default(letters)


@functools.lru_cache(maxsize=128)
def _font_named(name: str, letters: int) -> ImageFont.FreeTypeFont | None:
    try:
        return ImageFont.truetype(name, letters)
    except (OSError, ImportError):
        return None
