"""The size of PNG files whose image repeats itself, against Pillow's as ComfyUI writes them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from batch_loop.core.media.effort import Effort
from batch_loop.tests.support.png_files import png_file

Pixels = np.ndarray[Any, Any]

HEIGHT, WIDTH = 900, 1600


def noise(height: int, width: int, values: int = 256) -> Pixels:
    return np.random.default_rng(5).integers(0, values, (height, width, 3), np.uint8)


def tiles() -> Pixels:
    """A wall of one tile, none of whose pixels is like its neighbours."""
    return np.tile(noise(128, 128), (8, 13, 1))[:HEIGHT, :WIDTH]


def texture() -> Pixels:
    """The same of a smooth tile with some noise."""
    smooth = Image.fromarray(noise(16, 16)).resize((128, 128), Image.Resampling.BICUBIC)
    tile = (np.asarray(smooth).astype(int) + noise(128, 128, 17) - 8).clip(0, 255)
    return np.tile(tile.astype(np.uint8), (8, 13, 1))[:HEIGHT, :WIDTH]


def icons() -> Pixels:
    """One icon again and again on a plain ground."""
    image = np.full((HEIGHT, WIDTH, 3), (40, 40, 44), np.uint8)
    for y in range(20, HEIGHT - 48, 64):
        for x in range(20, WIDTH - 48, 64):
            image[y : y + 48, x : x + 48] = noise(48, 48)
    return image


def halves() -> Pixels:
    """The same noise side by side."""
    return np.tile(noise(HEIGHT, WIDTH // 2, 60), (1, 2, 1))


def halftone() -> Pixels:
    """Thin diagonal lines."""
    lines = (np.add.outer(np.arange(HEIGHT), np.arange(WIDTH)) % 6 < 3) * 255
    return np.repeat(lines[:, :, None], 3, axis=2).astype(np.uint8)


def mask() -> Pixels:
    """Large areas of a few colours."""
    areas = np.random.default_rng(5).integers(0, 16, (9, 16))
    colours = noise(1, 16)[0]
    pixels: Pixels = colours[areas.repeat(100, axis=0).repeat(100, axis=1)]
    return pixels


IMAGES: dict[Callable[[], Pixels], float] = {
    tiles: 1.1,
    texture: 1.1,
    icons: 1.15,
    halves: 0.95,
    halftone: 2.0,  # 40 KB of 4 MB: each band starts anew
    mask: 1.0,
}
"""Each with the most that its file may have of the size of Pillow's."""


@pytest.mark.parametrize("image", IMAGES)
def test_repeats_are_found_with_each_effort(image: Callable[[], Pixels]) -> None:
    pixels = image()
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=4)
    of_pillows = [
        len(png_file(pixels, effort=effort)) / len(buffer.getvalue()) for effort in Effort
    ]
    assert max(of_pillows) <= IMAGES[image]
