"""Folders of images made from a seed: many small ones quickly, or a few large ones."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

SEED = 20
SMALL = 64
"""Width and height of a small image."""
LINKS_OF_ONE = 10_000
"""Names per file; file systems do not allow many times more (ext4: 65,000)."""
LARGE = (4000, 3000)
OCTAVES = (4, 16, 64, 256)
"""Widths in pixels of the noise that large images are made of, from coarse to fine."""
GRAIN = 3.0
"""The noise of a camera, as a standard deviation in steps of 255."""


def small_images(folder: Path, count: int, stem: str = "img", side: int = SMALL) -> list[str]:
    """Fill a folder with `count` files `<stem>1.png` and so on; returns their names in order.

    Most are hard links, so that a hundred thousand take only a second or two.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(SEED)
    names = [f"{stem}{number}.png" for number in range(1, count + 1)]
    source = folder / "none"
    for number, name in enumerate(names):
        if number % LINKS_OF_ONE == 0:
            source = folder / name
            noise = chance.integers(0, 256, (side, side, 3), dtype=np.uint8)
            Image.fromarray(noise).save(source)
            continue
        try:
            os.link(source, folder / name)
        except OSError:  # the file system has no links, or allows few
            shutil.copyfile(source, folder / name)
    return names


def large_images(folder: Path, count: int) -> list[str]:
    """Fill a folder with `count` JPEG files of 12 megapixels, to a codec like photographs."""
    folder.mkdir(parents=True, exist_ok=True)
    picture = large_picture()
    names = [f"photo{number}.jpg" for number in range(1, count + 1)]
    for number, name in enumerate(names):
        # Different pixels, just as hard to compress.
        turned = np.roll(picture, number * LARGE[0] // count, axis=1)
        Image.fromarray(turned).save(folder / name, quality=95)
    return names


def large_picture() -> npt.NDArray[np.uint8]:
    """[H,W,3] of 12 megapixels: noise of all sizes, as in nature, and the grain of a camera."""
    chance = np.random.default_rng(SEED)
    width, height = LARGE
    picture = np.full((height, width, 3), 128, np.float32)
    for across in OCTAVES:
        noise = chance.integers(0, 256, (across * height // width, across, 3), dtype=np.uint8)
        spread = Image.fromarray(noise).resize(LARGE, Image.Resampling.BICUBIC)
        picture += (np.asarray(spread, np.float32) - 128) * (OCTAVES[0] / across) ** 0.5
    picture += chance.normal(0, GRAIN, (height, width, 1)).astype(np.float32)
    return picture.clip(0, 255).astype(np.uint8)
