"""A contact sheet: each image before and after, or each row and its result, side by side."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import math
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from .client import Client
from .display import duration, plain, tally
from .errors import WrongCall
from .reports import write_atomic

MOST_PAIRS = 300
"""Most pairs on a contact sheet."""
THUMBNAIL = 160
MARGIN = 12
CAPTION = 18
COLUMNS = 3
LINE = 26
"""Characters of a title that have room in the place of a picture."""
BACKGROUND = (32, 32, 36)
INK = (220, 220, 220)
BEHIND_TRANSPARENT = (90, 90, 98)

FORMATS = (
    *("PNG", "JPEG", "WEBP", "AVIF", "BMP", "DIB", "GIF", "JPEG2000", "PPM", "QOI", "TGA", "TIFF"),
)
"""The nodes' formats: Pillow goes by a file's content, and runs a program for some others.

The command works without the nodes, so it has a list of its own; a test keeps the two alike.
"""

Pair = tuple[str, Path | None, Path]
"""An item's title, its own picture, if it has one, and its result."""
Shown = Callable[[Sequence[Pair]], Iterable[Pair]]


def check_picture(file: Path) -> str:
    """Return the format in which Pillow writes a file of that name; WrongCall if there is none."""
    picture_format = Image.registered_extensions().get(file.suffix.lower(), "")
    if picture_format not in Image.SAVE:
        raise WrongCall(
            f"{file}: a contact sheet is a picture. Its name has to end in .png or .jpg."
        )
    return picture_format


class GivenUp(Exception):
    """Raised when a contact sheet is no longer wanted."""


async def write_contact_sheet(
    client: Client,
    loop_id: str,
    file: Path,
    shown: Shown = iter,
    is_given_up: Callable[[], bool] = lambda: False,
) -> None:
    """Draw the items of a batch whose files are on this machine into `file`; WrongCall, GivenUp.

    `shown` shows how far the drawing is, as tqdm does. It is drawn in a thread, so that Ctrl-C is
    heard meanwhile; when `is_given_up` says so, nothing is written.
    """
    report = json.loads(await client.report(loop_id, "json"))
    picture = io.BytesIO()
    title = f"{tally(report)}, {duration(report['seconds'])}"

    def wanted(pairs: Sequence[Pair]) -> Iterator[Pair]:
        for pair in shown(pairs):
            if is_given_up():
                break
            yield pair

    def draw() -> None:
        sheet = draw_contact_sheet(list(pairs_in(report))[:MOST_PAIRS], title, wanted)
        if not is_given_up():
            sheet.save(picture, check_picture(file))

    await asyncio.to_thread(draw)
    if is_given_up():
        raise GivenUp
    write_atomic(file, picture.getvalue())


def pairs_in(report: Mapping[str, Any]) -> Iterator[Pair]:
    """Yield the items of a report that have a result, and whose files are on this machine."""
    folder = Path(report["directory"])
    for item in report["items"]:
        outputs = [Path(output) for output in item["outputs"]]
        # A text may be saved beside the picture.
        after = next(filter(_is_picture, outputs), outputs[0] if outputs else None)
        # Only of what is no file, such as a row, the title is another.
        is_file = item["title"] == item["path"]
        # With variants, several items have one picture.
        before = folder / item.get("entry", item["path"]) if is_file else None
        if after and after.is_file() and (before is None or before.is_file()):
            yield item["title"], before, after


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in Image.registered_extensions()


def draw_contact_sheet(pairs: Sequence[Pair], title: str = "", shown: Shown = iter) -> Image.Image:
    """Draw pairs row by row below a title; the place of an unreadable image stays empty.

    Where an item has no picture of its own, its title is in that place.
    """
    width = 2 * THUMBNAIL + 3 * MARGIN
    height = THUMBNAIL + CAPTION + MARGIN
    rows = math.ceil(len(pairs) / COLUMNS)
    above = CAPTION + MARGIN if title else 0
    sheet = Image.new("RGB", (COLUMNS * width, above + rows * height + MARGIN), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, MARGIN), plain(title), fill=INK)
    for number, (name, before, after) in enumerate(shown(pairs)):
        left = number % COLUMNS * width + MARGIN
        top = above + number // COLUMNS * height + MARGIN
        if before is None:
            draw.multiline_text((left, top), textwrap.fill(plain(name), LINE), fill=INK)
        for column, path in enumerate((before, after)):
            if path is None:
                continue
            # What Pillow raises depends on how a file is damaged.
            with contextlib.suppress(Exception):
                thumbnail = _thumbnail(path)
                x = left + column * (THUMBNAIL + MARGIN) + (THUMBNAIL - thumbnail.width) // 2
                sheet.paste(thumbnail, (x, top + (THUMBNAIL - thumbnail.height) // 2))
        if before is not None:
            caption = f"{plain(name)}: before, after"
            draw.text((left, top + THUMBNAIL + 2), caption, fill=INK)
    return sheet


def _thumbnail(path: Path) -> Image.Image:
    with Image.open(path, formats=_formats()) as image:
        # A JPEG is then decoded at a fraction of its size.
        image.draft("RGB", (THUMBNAIL, THUMBNAIL))
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith("I"):  # 16 bits, which Pillow would clip, not scale
            upright = Image.fromarray((np.asarray(upright) // 256).astype(np.uint8))
        if upright.has_transparency_data:
            behind = Image.new("RGBA", upright.size, BEHIND_TRANSPARENT)
            upright = Image.alpha_composite(behind, upright.convert("RGBA"))
        return ImageOps.contain(upright.convert("RGB"), (THUMBNAIL, THUMBNAIL))


def _formats() -> tuple[str, ...]:
    """Return those formats that this Pillow has, as it accepts no other names."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)
