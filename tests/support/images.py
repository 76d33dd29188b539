"""Small image files for tests, each in a colour of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image


def colour_of(name: str) -> tuple[int, int, int]:
    """The RGB colour that `write_images` gives an image of this name."""
    red, green, blue = hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()[:3]
    return red, green, blue


def write_images(
    folder: Path, names: Sequence[str], size: tuple[int, int] = (64, 64)
) -> list[Path]:
    """Write images filled with `colour_of(name)`, so that a result shows which source it is from.

    `names` are relative paths with "/"; the extension determines the format, and folders are made
    as needed. `size` is (width, height) in pixels. The colour is exact in PNG, BMP and TIFF, and
    approximate in JPEG and lossy WebP.
    """
    paths = [folder / name for name in names]
    for name, path in zip(names, paths, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, colour_of(name)).save(path)
    return paths


def write_broken(path: Path) -> Path:
    """Write an image file that is cut off in the middle of its pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.effect_noise((64, 64), 64).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def damaged(whole: bytes, flips: int) -> list[bytes]:
    """Damaged copies of a file: cut off at many places, or with a single bit flipped."""
    random = np.random.default_rng(0)
    found = [whole[:length] for length in range(0, len(whole), 1 + len(whole) // 60)]
    for position in random.integers(0, len(whole), flips):
        turned = bytearray(whole)
        turned[position] ^= 1 << random.integers(8)
        found.append(bytes(turned))
    return found
