"""How much work an image is likely to be."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from batch_loop.core.background.weight import weight


def test_it_goes_with_the_pixels_and_the_size_of_the_file(tmp_path: Path) -> None:
    small, large = tmp_path / "small.bmp", tmp_path / "large.bmp"
    Image.new("RGB", (40, 30)).save(small)
    Image.new("RGB", (400, 300)).save(large)
    lighter, heavier = weight(str(small)), weight(str(large))
    assert lighter is not None
    assert heavier is not None
    assert heavier.pixels / lighter.pixels == 100
    assert heavier.detail / lighter.detail == pytest.approx(100, rel=0.02)


def test_a_progressive_file_takes_longer_to_read(tmp_path: Path) -> None:
    plain, progressive = tmp_path / "plain.jpg", tmp_path / "progressive.jpg"
    Image.new("RGB", (40, 30)).save(plain)
    Image.new("RGB", (40, 30)).save(progressive, progressive=True)
    usual, longer = weight(str(plain)), weight(str(progressive))
    assert usual is not None
    assert longer is not None
    assert usual.to_read.pixels == usual.pixels == longer.pixels
    assert longer.to_read.pixels >= 2 * longer.pixels


def test_what_is_no_image_is_not_weighed(tmp_path: Path) -> None:
    broken, link = tmp_path / "broken.png", tmp_path / "link.png"
    broken.write_bytes(b"no image")
    Image.new("RGB", (4, 3)).save(tmp_path / "a.png")
    link.symlink_to(tmp_path / "a.png")
    assert weight(str(broken)) is None
    assert weight(str(tmp_path / "gone.png")) is None
    assert weight(str(link)) is None
