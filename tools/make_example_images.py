"""Makes `examples/images/`, a small folder with all sorts of images, and `examples/masks/`.

Run `python -m tools.make_example_images`; the results are committed. Most are landscapes with as
many balloons as their number says, so that their order can be seen. The mask of each has the same
name, and is white in the middle.
"""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from .layout import EXAMPLE_IMAGES, EXAMPLE_MASKS

Colour = tuple[int, int, int]
Place = tuple[float, float]

SIZE = (240, 180)
SMOOTHING = 3
"""How many times as large everything is drawn, before it is scaled down."""
HILLS = 4
ORIENTATION, TURN_RIGHT = 0x0112, 6
"""The EXIF tag, and its value."""
BALLOONS: tuple[Colour, ...] = ((226, 74, 66), (246, 190, 60), (74, 144, 226), (240, 240, 236))


class _Palette(NamedTuple):
    """The colours of a landscape."""

    sky: Colour
    horizon: Colour
    sun: Colour
    far: Colour
    near: Colour


MORNING = _Palette((92, 156, 214), (255, 226, 190), (255, 246, 214), (146, 176, 178), (58, 110, 88))
NOON = _Palette((40, 120, 210), (190, 226, 244), (255, 250, 225), (120, 170, 140), (46, 120, 62))
EVENING = _Palette((70, 60, 120), (250, 150, 90), (255, 214, 130), (120, 80, 120), (48, 36, 72))
NIGHT = _Palette((10, 16, 44), (46, 62, 110), (236, 240, 250), (34, 46, 84), (12, 18, 36))
AUTUMN = _Palette((126, 160, 184), (246, 222, 180), (255, 240, 200), (200, 140, 80), (130, 64, 36))
SEA = _Palette((84, 180, 220), (220, 244, 246), (255, 255, 236), (60, 150, 180), (20, 84, 124))


def make_all(folder: Path = EXAMPLE_IMAGES) -> None:
    """Write every image below `folder`."""
    broken = _png(landscape(5, AUTUMN))
    images = {
        "img1.png": _png(landscape(1, MORNING)),
        "img2.png": _png(landscape(2, NOON)),
        "img3.webp": _encoded(landscape(3, SEA), "WEBP", quality=85),
        "img10.png": _png(landscape(10, EVENING)),
        "more/img1.jpg": _encoded(landscape(1, AUTUMN), "JPEG", quality=88),
        "more/img2.png": _png(landscape(2, NIGHT)),
        "animated.gif": _animation(3),
        "portrait_exif.jpg": _sideways(landscape(4, MORNING, (SIZE[1], SIZE[0]))),
        "grey_16bit.png": _png(_moon()),
        "palette.png": _png(_few_colours(landscape(6, SEA))),
        "transparent.png": _png(_one_balloon()),
        "broken.png": broken[: len(broken) // 2],
    }
    for name, data in images.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def make_masks(folder: Path = EXAMPLE_MASKS, images: Path = EXAMPLE_IMAGES) -> None:
    """Write the mask of each image that can be read, as large as that is shown."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(images.iterdir()):
        if path.is_dir() or path.stem == "broken":
            continue
        with Image.open(path) as image:
            width, height = ImageOps.exif_transpose(image).size
        mask = Image.new("L", (width, height))
        box = (0.15 * width, 0.1 * height, 0.85 * width, 0.7 * height)
        ImageDraw.Draw(mask).ellipse(box, fill=255)
        soft = mask.filter(ImageFilter.GaussianBlur(min(width, height) / 40))
        (folder / f"{path.stem}.png").write_bytes(_png(soft))


def landscape(balloons: int, colours: _Palette, size: tuple[int, int] = SIZE) -> Image.Image:
    """A sky with a sun and balloons, and hills below."""
    width, height = (SMOOTHING * side for side in size)
    # Each picture has its own random numbers, so that it does not change when others do.
    random = np.random.default_rng(zlib.crc32(repr((balloons, colours, size)).encode()))
    sky = [_blend(colours.sky, colours.horizon, part) for part in np.linspace(0, 1, height)]
    picture = Image.fromarray(np.repeat(np.array(sky, np.uint8)[:, None], width, axis=1))
    draw = ImageDraw.Draw(picture)
    sun = (random.uniform(0.2, 0.8) * width, 0.3 * height)
    for radius, strength in ((0.2, 0.12), (0.15, 0.25), (0.1, 1.0)):
        mask = Image.new("L", picture.size)
        ImageDraw.Draw(mask).circle(sun, radius * height, fill=round(255 * strength))
        picture.paste(colours.sun, mask=mask)
    for hill in range(HILLS):
        colour = _blend(colours.far, colours.near, hill / (HILLS - 1))
        draw.polygon(_ridge(random, width, height, 0.55 + 0.11 * hill), fill=colour)
    columns = random.permutation(balloons)
    for number in range(balloons):
        middle = ((columns[number] + 0.5) / balloons * 0.9 + 0.05) * width
        place = (middle, random.uniform(0.14, 0.56) * height)
        radius = height * random.uniform(0.045, 0.06)
        balloon(draw, place, radius, BALLOONS[number % len(BALLOONS)])
    return picture.reduce(SMOOTHING)


def _blend(first: Colour, second: Colour, part: float) -> Colour:
    """A mixture of two colours; `part` is the share of the second, from 0 to 1."""
    red, green, blue = np.round(np.array(first) * (1 - part) + np.array(second) * part)
    return int(red), int(green), int(blue)


def _ridge(random: np.random.Generator, width: int, height: int, level: float) -> list[Place]:
    """The outline of a hill at a height from 0 (top) to 1 (bottom)."""
    x = np.linspace(0, 1, 80)
    y = np.full_like(x, level)
    for waves in (1, 2, 5):
        y += random.uniform(0.01, 0.09) / waves * np.sin(2 * np.pi * (waves * x + random.uniform()))
    outline = list(zip((x * width).tolist(), (y * height).tolist(), strict=True))
    return [*outline, (width, height), (0, height)]


def balloon(draw: ImageDraw.ImageDraw, middle: Place, radius: float, colour: Colour) -> None:
    """Draw a balloon of stripes with its basket; `radius` is in pixels."""
    x, y = middle
    dark = _blend(colour, (0, 0, 0), 0.35)

    def box(down: float, across: float, high: float) -> tuple[float, float, float, float]:
        """A box `down` below the middle that reaches so far to each side, all in radii."""
        wide, high, at = across * radius, high * radius, y + down * radius
        return x - wide, at - high, x + wide, at + high

    for side in (-1, 1):
        high, low = (x + side * radius * 0.6, y + radius * 0.7), y + radius * 1.8
        draw.line((*high, x + side * radius * 0.2, low), dark, 2)
    draw.rectangle(box(2, 0.25, 0.2), fill=(110, 78, 50))
    for across, stripe in ((1, colour), (0.5, dark), (0.2, colour)):
        draw.ellipse(box(0, across, 1.1), fill=stripe)


def _one_balloon() -> Image.Image:
    """A balloon on a transparent background."""
    width, height = (SMOOTHING * side for side in SIZE)
    picture = Image.new("RGBA", (width, height), (255, 255, 255, 0))
    balloon(ImageDraw.Draw(picture), (width / 2, height * 0.38), height * 0.28, BALLOONS[0])
    picture = picture.reduce(SMOOTHING)
    # The colour below the transparent parts shows when a workflow does not use the mask.
    result = Image.new("RGB", picture.size, (228, 238, 246))
    result.paste(picture, mask=picture)
    result.putalpha(picture.getchannel("A"))
    return result


def _moon() -> Image.Image:
    """A moon in 16-bit grey, so soft that 8 bits would show steps."""
    width, height = SIZE
    radius = 0.36 * height
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    outside = np.hypot(x - 0.5 * width, y - 0.5 * height) - radius
    light = 0.95 - 2 * (x / width - 0.4) ** 2 - 0.7 * (y / height - 0.42) ** 2
    glow = 0.25 * np.exp(-1.5 * np.maximum(outside, 0) / radius)
    inside = np.clip(0.5 - outside, 0, 1)
    value = light * inside + glow * (1 - inside)
    # Steps coarser than the last bit, whose noise would not compress.
    return Image.fromarray((np.round(value * 2048) * 31).astype(np.uint16))


def _animation(frames: int) -> bytes:
    first, *others = (_few_colours(landscape(number + 1, NIGHT)) for number in range(frames))
    return _encoded(first, "GIF", save_all=True, append_images=others, duration=300)


def _few_colours(picture: Image.Image) -> Image.Image:
    return picture.quantize(96, Image.Quantize.MAXCOVERAGE)


def _sideways(upright: Image.Image) -> bytes:
    """A JPEG as from a camera held upright: turned on its side, with a note in the EXIF."""
    exif = Image.Exif()
    exif[ORIENTATION] = TURN_RIGHT
    lying = upright.transpose(Image.Transpose.ROTATE_90)
    return _encoded(lying, "JPEG", quality=88, exif=exif)


def _png(picture: Image.Image) -> bytes:
    return _encoded(picture, "PNG", optimize=True)


def _encoded(picture: Image.Image, format_: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format_, **options)
    return buffer.getvalue()


if __name__ == "__main__":
    make_all()
    make_masks()
