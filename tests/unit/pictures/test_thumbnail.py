"""Thumbnails are small and upright, and not made of what cannot be shown."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from batch_loop.core.common.errors import UnreadableImage
from batch_loop.tests.support.odd_images import write_odd_files
from batch_loop.tests.support.thumbnails import thumbnail_of

RED, BLUE = (200, 30, 40), (20, 40, 220)


def made(path: Path, size: int = 64) -> Image.Image:
    data = thumbnail_of(path, size).data
    assert data is not None
    image = Image.open(io.BytesIO(data))
    assert image.format == "WEBP"
    return image


def close(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < 24 for one, other in zip(pixel[:3], colour, strict=True))


def two_colours(size: tuple[int, int]) -> Image.Image:
    """The left third in red, the rest in blue."""
    image = Image.new("RGB", size, BLUE)
    image.paste(RED, (0, 0, size[0] // 3, size[1]))
    return image


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.bmp", "a.tiff", "a.gif"])
@pytest.mark.parametrize(
    ("size", "shown"), [((300, 150), (64, 32)), ((150, 300), (32, 64)), ((20, 10), (20, 10))]
)
def test_it_keeps_the_shape_and_the_colours(
    tmp_path: Path, name: str, size: tuple[int, int], shown: tuple[int, int]
) -> None:
    two_colours(size).save(tmp_path / name)
    image = made(tmp_path / name)
    assert image.size == shown
    assert close(image.convert("RGB").getpixel((1, shown[1] // 2)), RED)
    assert close(image.convert("RGB").getpixel((shown[0] - 2, shown[1] // 2)), BLUE)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_it_is_upright(tmp_path: Path, name: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    two_colours((120, 60)).save(tmp_path / name, exif=exif)
    image = made(tmp_path / name)
    assert image.size == ((64, 32) if orientation < 5 else (32, 64))
    width, height = image.size
    at = {
        **dict.fromkeys((1, 4), (2, height // 2)),
        **dict.fromkeys((2, 3), (width - 3, height // 2)),
        **dict.fromkeys((5, 6), (width // 2, 2)),
        **dict.fromkeys((7, 8), (width // 2, height - 3)),
    }
    assert close(image.convert("RGB").getpixel(at[orientation]), RED)


def test_a_jpeg_file_is_decoded_at_a_fraction_of_its_size(tmp_path: Path) -> None:
    two_colours((1600, 1200)).save(tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as image:
        image.draft("RGB", (64, 64))
        assert image.size == (200, 150)
    assert made(tmp_path / "a.jpg").size == (64, 48)


def test_transparency_is_kept(tmp_path: Path) -> None:
    Image.new("RGBA", (50, 50), (*RED, 0)).save(tmp_path / "a.png")
    palette = two_colours((50, 50)).quantize(4)
    palette.save(tmp_path / "b.png", transparency=palette.getpixel((5, 25)))
    for name in ("a.png", "b.png"):
        pixel = made(tmp_path / name).getpixel((5, 25))
        assert isinstance(pixel, tuple)
        assert pixel[3:] == (0,)


def test_deep_grey_is_neither_black_nor_white(tmp_path: Path) -> None:
    grey = np.full((40, 40), 32768, np.uint16)
    Image.fromarray(grey).save(tmp_path / "a.png")
    Image.fromarray(np.full((40, 40), 0.5, np.float32)).save(tmp_path / "a.tiff")
    for name in ("a.png", "a.tiff"):
        assert close(made(tmp_path / name).convert("RGB").getpixel((20, 20)), (128, 128, 128))


@pytest.mark.filterwarnings("ignore")  # for files that Pillow finds odd, but reads
def test_an_odd_file_has_a_thumbnail_or_a_reason(tmp_path: Path) -> None:
    files = write_odd_files(tmp_path)
    refused = []
    for file in files:
        try:
            assert max(made(tmp_path / file.name).size) <= 64
        except UnreadableImage:
            refused.append(file)
    assert [file.name for file in refused if file.is_sound] == []
    assert 100 < len(refused) < len(files) - 100


@pytest.mark.parametrize(
    "content", [b"", b"no image", b"<svg xmlns='http://www.w3.org/2000/svg'/>"], ids=str
)
def test_a_file_that_is_no_image_has_a_reason(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(UnreadableImage, match=r"Cannot read the image .*a\.png"):
        made(tmp_path / "a.png")


@pytest.mark.posix
def test_anything_but_a_file_has_a_reason(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    for name, reason in (("folder", "it is a folder"), ("pipe", "plain"), ("none", "is gone")):
        with pytest.raises(UnreadableImage, match=reason):
            made(tmp_path / f"{name}.png")


def test_the_tag_changes_with_the_file_and_the_size(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    two_colours((30, 30)).save(path)
    os.utime(path, (1, 1))
    first = thumbnail_of(path, 64)
    assert thumbnail_of(path, 64, {first.tag}.__contains__).data is None
    assert thumbnail_of(path, 32, {first.tag}.__contains__).data is not None
    os.utime(path, (2, 2))
    second = thumbnail_of(path, 64, {first.tag}.__contains__)
    assert (second.tag != first.tag, second.data == first.data) == (True, True)
