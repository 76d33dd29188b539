"""A contact sheet: each image before and after, side by side, with its name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from .errors import WrongCall

MOST_PICTURES = 300
"""On a contact sheet, from the first on."""
THUMBNAIL = 160
MARGIN = 12
CAPTION = 18
COLUMNS = 3
BACKGROUND = (32, 32, 36)
INK = (220, 220, 220)
BEHIND_TRANSPARENT = (90, 90, 98)


FORMATS = (
    *("PNG", "JPEG", "WEBP", "AVIF", "BMP", "DIB", "GIF", "JPEG2000", "PPM", "QOI", "TGA", "TIFF"),
)
"""As the nodes read them: others may start a program, and a file chooses by its content."""


def _formats() -> tuple[str, ...]:
    """Those that this Pillow has: it does not take the name of another."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def check_picture(file: Path) -> None:
    """Raise WrongCall if a file's name is not that of a picture."""
    if Image.registered_extensions().get(file.suffix.lower()) not in Image.SAVE:
        raise WrongCall(f"{file}: a contact sheet is a picture. Let it end in .png or .jpg.")


def write_contact_sheet(report: Mapping[str, Any], file: Path) -> None:
    """Draw the images of a batch's report that are on this machine into `file`; WrongCall."""
    folder = Path(report["directory"])
    pairs = [
        (item["path"], folder / item["path"], Path(item["outputs"][0]))
        for item in report["items"]
        if item["outputs"]
    ]
    here = [pair for pair in pairs if pair[1].is_file() and pair[2].is_file()]
    try:
        draw_contact_sheet(here[:MOST_PICTURES]).save(file)
    except OSError as error:
        raise WrongCall(f"{file} cannot be written: {error}. Choose another file.") from error


def draw_contact_sheet(pairs: Sequence[tuple[str, Path, Path]]) -> Image.Image:
    """Draw (name, before, after), in their order, row by row."""
    width = 2 * THUMBNAIL + 3 * MARGIN
    height = THUMBNAIL + CAPTION + MARGIN
    rows = math.ceil(len(pairs) / COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * width, rows * height + MARGIN), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    for number, (name, before, after) in enumerate(pairs):
        left = number % COLUMNS * width + MARGIN
        top = number // COLUMNS * height + MARGIN
        for column, path in enumerate((before, after)):
            thumbnail = _thumbnail(path)
            x = left + column * (THUMBNAIL + MARGIN) + (THUMBNAIL - thumbnail.width) // 2
            sheet.paste(thumbnail, (x, top + (THUMBNAIL - thumbnail.height) // 2))
        draw.text((left, top + THUMBNAIL + 2), f"{name}: before, after", fill=INK)
    return sheet


def _thumbnail(path: Path) -> Image.Image:
    with Image.open(path, formats=_formats()) as image:
        # A JPEG file is decoded at a part of its size.
        image.draft("RGB", (THUMBNAIL, THUMBNAIL))
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith("I"):  # 16 bits, which Pillow would clip, not scale
            upright = Image.fromarray((np.asarray(upright) // 256).astype(np.uint8))
        if upright.has_transparency_data:
            behind = Image.new("RGBA", upright.size, BEHIND_TRANSPARENT)
            upright = Image.alpha_composite(behind, upright.convert("RGBA"))
        return ImageOps.contain(upright.convert("RGB"), (THUMBNAIL, THUMBNAIL))
