"""Folders of images, made from a seed: many small ones quickly, and a few large ones."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

SEED = 20
SMALL = 64
"""Pixels on each side of a small image."""
LINKS_OF_ONE = 10_000
"""File systems allow so many names of one file and not many times more (ext4: 65,000)."""
LARGE = (4000, 3000)
OCTAVES = (4, 16, 64, 256)
"""Pixels across of the noise that a large image is made of, coarse to fine."""
GRAIN = 3.0
"""How far the pixels of a camera stray, out of 255."""


def small_images(folder: Path, count: int, stem: str = "img", side: int = SMALL) -> list[str]:
    """Fill a folder with `count` files `<stem>1.png` and so on; returns their names in order.

    Most are further names of a few files: a hundred thousand are made in a second or two, and
    whoever lists or opens them cannot tell.
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
        else:
            _name_again(source, folder / name)
    return names


def large_images(folder: Path, count: int) -> list[str]:
    """Fill a folder with `count` JPEG files of 12 megapixels, like photographs to a codec."""
    folder.mkdir(parents=True, exist_ok=True)
    picture = large_picture()
    names = [f"photo{number}.jpg" for number in range(1, count + 1)]
    for number, name in enumerate(names):
        # Each its own pixels, and as hard to compress as the others.
        turned = np.roll(picture, number * LARGE[0] // count, axis=1)
        Image.fromarray(turned).save(folder / name, quality=95)
    return names


def large_picture() -> npt.NDArray[np.uint8]:
    """[H,W,3] of 12 megapixels: noise of each size, as in nature, and the grain of a camera."""
    chance = np.random.default_rng(SEED)
    width, height = LARGE
    picture = np.full((height, width, 3), 128, np.float32)
    for across in OCTAVES:
        noise = chance.integers(0, 256, (across * height // width, across, 3), dtype=np.uint8)
        spread = Image.fromarray(noise).resize(LARGE, Image.Resampling.BICUBIC)
        picture += (np.asarray(spread, np.float32) - 128) * (OCTAVES[0] / across) ** 0.5
    picture += chance.normal(0, GRAIN, (height, width, 1)).astype(np.float32)
    return picture.clip(0, 255).astype(np.uint8)


def _name_again(source: Path, name: Path) -> None:
    try:
        os.link(source, name)
    except OSError:  # a file system without links, or with few
        shutil.copyfile(source, name)
