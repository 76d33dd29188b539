"""Makes `examples/images/`: a small folder of what folders of images are like.

Run it as `python -m tools.make_example_images`; the results are committed. Each picture is a
landscape with as many balloons as its number says, so that its place in an order can be seen.
"""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from .layout import ROOT

FOLDER = ROOT / "examples" / "images"

_SIZE = (240, 180)
_SMOOTHING = 3  # everything is drawn so many times as large, and made smaller
_ORIENTATION = 0x0112  # the EXIF tag
_TURN_RIGHT = 6

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class _Palette:
    """The colours of a landscape."""

    sky: Colour
    horizon: Colour
    sun: Colour
    far: Colour
    near: Colour


_MORNING = _Palette(
    (92, 156, 214), (255, 226, 190), (255, 246, 214), (146, 176, 178), (58, 110, 88)
)
_NOON = _Palette((40, 120, 210), (190, 226, 244), (255, 250, 225), (120, 170, 140), (46, 120, 62))
_EVENING = _Palette((70, 60, 120), (250, 150, 90), (255, 214, 130), (120, 80, 120), (48, 36, 72))
_NIGHT = _Palette((10, 16, 44), (46, 62, 110), (236, 240, 250), (34, 46, 84), (12, 18, 36))
_AUTUMN = _Palette((126, 160, 184), (246, 222, 180), (255, 240, 200), (200, 140, 80), (130, 64, 36))
_SEA = _Palette((84, 180, 220), (220, 244, 246), (255, 255, 236), (60, 150, 180), (20, 84, 124))

_BALLOONS: tuple[Colour, ...] = ((226, 74, 66), (246, 190, 60), (74, 144, 226), (240, 240, 236))


def make_all(folder: Path = FOLDER) -> list[Path]:
    """Write every image below `folder`, and return their paths."""
    images = {
        "img1.png": _png(_landscape(1, _MORNING)),
        "img2.png": _png(_landscape(2, _NOON)),
        "img3.webp": _encoded(_landscape(3, _SEA), "WEBP", quality=85),
        "img10.png": _png(_landscape(10, _EVENING)),
        "more/img1.jpg": _encoded(_landscape(1, _AUTUMN), "JPEG", quality=88),
        "more/img2.png": _png(_landscape(2, _NIGHT)),
        "animated.gif": _animation(3),
        "portrait_exif.jpg": _sideways(_landscape(4, _MORNING, (_SIZE[1], _SIZE[0]))),
        "grey_16bit.png": _png(_moon()),
        "palette.png": _png(_few_colours(_landscape(6, _SEA))),
        "transparent.png": _png(_one_balloon()),
        "broken.png": _cut_short(_png(_landscape(5, _AUTUMN))),
    }
    paths = []
    for name, data in images.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        paths.append(path)
    return paths


def picture(number: int) -> Image.Image:
    """A landscape with so many balloons; the colours go with the number."""
    palettes = (_MORNING, _NOON, _SEA, _EVENING, _AUTUMN, _NIGHT)
    return _landscape(number, palettes[number % len(palettes)])


def _landscape(balloons: int, colours: _Palette, size: tuple[int, int] = _SIZE) -> Image.Image:
    """A sky with a sun and balloons, and hills below."""
    width, height = (_SMOOTHING * side for side in size)
    # One series of numbers for each picture, so that they stay as they are when others change.
    random = np.random.default_rng(zlib.crc32(repr((balloons, colours, size)).encode()))
    picture = Image.fromarray(_gradient(colours.sky, colours.horizon, width, height))
    draw = ImageDraw.Draw(picture)
    sun = (random.uniform(0.2, 0.8) * width, 0.3 * height)
    for radius, strength in ((0.2, 0.12), (0.15, 0.25), (0.1, 1.0)):
        _disc(picture, sun, radius * height, colours.sun, strength)
    hills = 4
    for hill in range(hills):
        colour = _blend(colours.far, colours.near, hill / (hills - 1))
        draw.polygon(_ridge(random, width, height, 0.55 + 0.11 * hill), fill=colour)
    columns = random.permutation(balloons)
    for number in range(balloons):
        middle = ((columns[number] + 0.5) / balloons * 0.9 + 0.05) * width
        place = (middle, random.uniform(0.14, 0.56) * height)
        radius = height * random.uniform(0.045, 0.06)
        _balloon(draw, place, radius, _BALLOONS[number % len(_BALLOONS)])
    return picture.reduce(_SMOOTHING)


def _gradient(top: Colour, bottom: Colour, width: int, height: int) -> npt.NDArray[np.uint8]:
    """[height,width,3] from one colour above to another below."""
    part = np.linspace(0, 1, height)[:, None, None]
    column = np.array(top) * (1 - part) + np.array(bottom) * part
    return np.repeat(column.round().astype(np.uint8), width, axis=1)


def _blend(first: Colour, second: Colour, part: float) -> Colour:
    red, green, blue = (
        round(one * (1 - part) + other * part) for one, other in zip(first, second, strict=True)
    )
    return red, green, blue


def _disc(
    picture: Image.Image,
    middle: tuple[float, float],
    radius: float,
    colour: Colour,
    strength: float,
) -> None:
    """Lay a disc over the picture, at a strength from 0 to 1."""
    mask = Image.new("L", picture.size)
    ImageDraw.Draw(mask).ellipse(_box(middle, radius, radius), fill=round(255 * strength))
    picture.paste(colour, mask=mask)


def _box(
    middle: tuple[float, float], across: float, down: float
) -> tuple[float, float, float, float]:
    return middle[0] - across, middle[1] - down, middle[0] + across, middle[1] + down


def _ridge(
    random: np.random.Generator, width: int, height: int, level: float
) -> list[tuple[float, float]]:
    """The outline of a hill, `level` (0 above, 1 below) of the way down."""
    x = np.linspace(0, 1, 80)
    y = np.full_like(x, level)
    for waves in (1, 2, 5):
        y += random.uniform(0.01, 0.09) / waves * np.sin(2 * np.pi * (waves * x + random.uniform()))
    outline = list(zip((x * width).tolist(), (y * height).tolist(), strict=True))
    return [*outline, (width, height), (0, height)]


def _balloon(
    draw: ImageDraw.ImageDraw, middle: tuple[float, float], radius: float, colour: Colour
) -> None:
    x, y = middle
    dark = _blend(colour, (0, 0, 0), 0.35)
    draw.line((x - radius * 0.6, y + radius * 0.7, x - radius * 0.2, y + radius * 1.8), dark, 2)
    draw.line((x + radius * 0.6, y + radius * 0.7, x + radius * 0.2, y + radius * 1.8), dark, 2)
    draw.rectangle(_box((x, y + radius * 2), radius * 0.25, radius * 0.2), fill=(110, 78, 50))
    draw.ellipse(_box(middle, radius, radius * 1.1), fill=colour)
    draw.ellipse(_box(middle, radius * 0.5, radius * 1.1), fill=dark)
    draw.ellipse(_box(middle, radius * 0.2, radius * 1.1), fill=colour)


def _one_balloon() -> Image.Image:
    """A balloon on nothing, with an alpha channel."""
    width, height = (_SMOOTHING * side for side in _SIZE)
    picture = Image.new("RGBA", (width, height), (255, 255, 255, 0))
    middle = (width / 2, height * 0.38)
    _balloon(ImageDraw.Draw(picture), middle, height * 0.28, _BALLOONS[0])
    picture = picture.reduce(_SMOOTHING)
    # What is below the transparent parts shows where a workflow does not use the mask.
    result = Image.new("RGB", picture.size, (228, 238, 246))
    result.paste(picture, mask=picture)
    result.putalpha(picture.getchannel("A"))
    return result


def _moon() -> Image.Image:
    """A moon in grey with 16 bits, soft enough that 8 bits would show steps."""
    width, height = _SIZE
    radius = 0.36 * height
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    outside = np.hypot(x - 0.5 * width, y - 0.5 * height) - radius
    light = 0.95 - 2 * (x / width - 0.4) ** 2 - 0.7 * (y / height - 0.42) ** 2
    glow = 0.25 * np.exp(-1.5 * np.maximum(outside, 0) / radius)
    inside = np.clip(0.5 - outside, 0, 1)
    value = light * inside + glow * (1 - inside)
    # In steps coarser than the last bit, whose noise would not compress.
    return Image.fromarray((np.round(value * 2048) * 31).astype(np.uint16))


def _animation(frames: int) -> bytes:
    pictures = [_few_colours(_landscape(number + 1, _NIGHT)) for number in range(frames)]
    return _encoded(pictures[0], "GIF", save_all=True, append_images=pictures[1:], duration=300)


def _few_colours(picture: Image.Image) -> Image.Image:
    return picture.quantize(96, Image.Quantize.MAXCOVERAGE)


def _sideways(upright: Image.Image) -> bytes:
    """A JPEG as a camera held upright writes it: lying on its side, with a note in the EXIF."""
    exif = Image.Exif()
    exif[_ORIENTATION] = _TURN_RIGHT
    lying = upright.transpose(Image.Transpose.ROTATE_90)
    return _encoded(lying, "JPEG", quality=88, exif=exif)


def _cut_short(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _png(picture: Image.Image) -> bytes:
    return _encoded(picture, "PNG", optimize=True)


def _encoded(picture: Image.Image, format_: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format_, **options)
    return buffer.getvalue()


if __name__ == "__main__":
    for made in make_all():
        print(f"{made.stat().st_size:7,} {made.relative_to(FOLDER)}")  # noqa: T201
