"""Draws the pack's icon and banner for ComfyUI's registry.

Run `python -m tools.make_icon`; the results are committed. The registry shows an icon of at most
400 by 400 pixels, and a banner of 21:9.
"""

from __future__ import annotations

import math

from PIL import Image, ImageDraw, ImageFont

from .layout import ROOT

ICON = ROOT / "docs" / "images" / "icon.png"
BANNER = ROOT / "docs" / "images" / "banner.png"

ICON_SIZE = 400
BANNER_SIZE = (1680, 720)
SMOOTHING = 4
"""How many times as large everything is drawn, before it is scaled down."""

Colour = tuple[int, int, int]
BACK: Colour = (24, 26, 34)
FRAME: Colour = (236, 238, 244)
ARROW: Colour = (64, 190, 122)
QUIET: Colour = (168, 174, 190)
SKIES: tuple[Colour, ...] = ((70, 60, 120), (40, 120, 210), (92, 156, 214))
HORIZONS: tuple[Colour, ...] = ((250, 150, 90), (190, 226, 244), (255, 226, 190))
HILLS: tuple[Colour, ...] = ((48, 36, 72), (46, 120, 62), (58, 110, 88))


def main() -> None:
    """Draw both."""
    icon().save(ICON, optimize=True)
    banner().save(BANNER, optimize=True)


def icon() -> Image.Image:
    """A pile of pictures, with an arrow around it that ends."""
    side = ICON_SIZE * SMOOTHING
    drawn = Image.new("RGBA", (side, side))
    ImageDraw.Draw(drawn).rounded_rectangle((0, 0, side - 1, side - 1), side // 6, fill=BACK)
    _emblem(drawn, (side // 2, side // 2), side)
    return drawn.resize((ICON_SIZE, ICON_SIZE), Image.Resampling.LANCZOS)


def banner() -> Image.Image:
    """The icon's drawing, the pack's name, and what it does."""
    width, height = (side * SMOOTHING // 2 for side in BANNER_SIZE)
    drawn = Image.new("RGB", (width, height), BACK)
    _emblem(drawn, (round(width * 0.22), height // 2), round(height * 0.92))
    draw = ImageDraw.Draw(drawn)
    left = round(width * 0.41)
    draw.text((left, height * 0.40), "Batch Loop", FRAME, _font(height * 0.20), anchor="lm")
    for line, text in enumerate(("A folder of images, any workflow,", "one click.")):
        place = (left, height * (0.575 + 0.085 * line))
        draw.text(place, text, QUIET, _font(height * 0.066), anchor="lm")
    return drawn.resize(BANNER_SIZE, Image.Resampling.LANCZOS)


def _emblem(drawn: Image.Image, middle: tuple[int, int], size: int) -> None:
    """Three pictures, and around them the arrow."""
    for number, (x, y, turn) in enumerate(((-0.07, -0.05, 9), (0.06, -0.02, -7), (0.0, 0.03, 1))):
        picture = _picture(size, number).rotate(turn, Image.Resampling.BICUBIC, expand=True)
        left = round(middle[0] + x * size - picture.width / 2)
        top = round(middle[1] + y * size - picture.height / 2)
        drawn.paste(picture, (left, top), picture)
    _arrow(ImageDraw.Draw(drawn), middle, size)


def _picture(size: int, number: int) -> Image.Image:
    """A photograph with a white frame."""
    width, height, frame = round(size * 0.40), round(size * 0.32), round(size * 0.018)
    picture = Image.new("RGBA", (width, height), FRAME)
    inner = (width - 2 * frame, height - 2 * frame)
    landscape = Image.new("RGB", inner)
    draw = ImageDraw.Draw(landscape)
    for y in range(inner[1]):
        draw.line((0, y, inner[0], y), _between(SKIES[number], HORIZONS[number], y / inner[1]))
    sun = size * 0.034
    east, high = inner[0] * 0.72, inner[1] * 0.34
    draw.ellipse((east - sun, high - sun, east + sun, high + sun), FRAME)
    hills = [
        (x, inner[1] * (0.70 - 0.17 * math.sin(2.2 * math.pi * x / inner[0] + 0.6)))
        for x in range(0, inner[0] + 8, 8)
    ]
    draw.polygon([(0, inner[1]), *hills, (inner[0] + 8, inner[1])], HILLS[number])
    picture.paste(landscape, (frame, frame))
    return picture


def _arrow(draw: ImageDraw.ImageDraw, middle: tuple[int, int], size: int) -> None:
    """Nearly a circle around the middle, clockwise, and a bar where it stops."""
    radius, width = size * 0.40, round(size * 0.055)
    box = [middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius]
    first, last = -62, 232
    draw.arc(box, first, last, ARROW, width)
    inside = radius - width / 2
    begin = _on_circle(middle, inside, first)
    draw.ellipse([each + by * width / 2 for by in (-1, 1) for each in begin], ARROW)
    tip = _on_circle(middle, inside, last + 20)
    sides = [_on_circle(middle, inside + by * width * 1.25, last - 2) for by in (-1, 1)]
    draw.polygon([tip, *sides], ARROW)
    stop = [_on_circle(middle, inside + by * width * 1.3, last + 27) for by in (-1, 1)]
    draw.line(stop, ARROW, round(width * 0.6))


def _on_circle(middle: tuple[int, int], radius: float, degrees: float) -> tuple[float, float]:
    angle = math.radians(degrees)
    return middle[0] + radius * math.cos(angle), middle[1] + radius * math.sin(angle)


def _between(one: Colour, other: Colour, part: float) -> Colour:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _font(size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TypeError("this Pillow has no FreeType: install one from PyPI")
    return font


if __name__ == "__main__":
    main()
