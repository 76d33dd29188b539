"""Generated images, [H,W,3] uint8, of kinds that suit measuring codecs; always the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Pixels = npt.NDArray[np.uint8]

SEED = 4


def photo(height: int, width: int) -> Pixels:
    """Clouds of all sizes, with camera noise."""
    random = np.random.default_rng(SEED)
    channels = [_clouds(height, width, random) for _ in range(3)]
    clouds = np.stack(channels, axis=2)
    clouds -= clouds.min()
    clouds *= 255 / max(float(clouds.max()), 1e-6)
    clouds += random.normal(0, 2, clouds.shape).astype(np.float32)
    pixels: Pixels = clouds.clip(0, 255).astype(np.uint8)
    return pixels


def noise(height: int, width: int) -> Pixels:
    """Random pixels, which cannot be compressed."""
    random = np.random.default_rng(SEED)
    return random.integers(0, 256, (height, width, 3), dtype=np.uint8)


def gradient(height: int, width: int) -> Pixels:
    """A smooth gradient from edge to edge."""
    down, across = np.mgrid[0 : 255 : height * 1j, 0 : 255 : width * 1j]
    return np.stack([across, down, (across + down) / 2], axis=2).astype(np.uint8)


def flat(height: int, width: int) -> Pixels:
    """Discs and lines in solid colours, as in a drawing."""
    random = np.random.default_rng(SEED)
    image = Image.new("RGB", (width, height), (240, 240, 230))
    draw = ImageDraw.Draw(image)
    for _ in range(120):
        x, y, x2, y2 = (random.random(4) * (width, height, width, height)).tolist()
        radius = (0.005 + 0.12 * random.random()) * width
        colours = random.integers(0, 256, (2, 3)).tolist()
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tuple(colours[0]))
        draw.line((x, y, x2, y2), fill=tuple(colours[1]), width=max(1, width // 400))
    return np.array(image)


def text(height: int, width: int) -> Pixels:
    """A page of small letters."""
    random = np.random.default_rng(SEED)
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default()
    for y in range(4, height, 14):
        letters = random.integers(ord("a"), ord("z") + 1, width // 5)
        draw.text((4, y), "".join(map(chr, letters)), fill="black", font=font)
    return np.array(image)


DRAWINGS: dict[str, Callable[[int, int], Pixels]] = {
    drawing.__name__: drawing for drawing in (photo, noise, gradient, flat, text)
}
"""Functions of height and width, by name."""


def _clouds(height: int, width: int, random: np.random.Generator) -> npt.NDArray[Any]:
    """[H,W] float32: noise at every scale, stronger the larger it is."""
    total = np.zeros((height, width), np.float32)
    for size in (2**power for power in range(1, 10)):
        small = random.random((2 + height // size, 2 + width // size), dtype=np.float32) - 0.5
        image = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
        total += size**0.8 * np.asarray(image)
    return total
