from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from batch_loop.core.media.turning import turn_of, upright


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 1), (4, 4)])
def test_is_turned_as_pillow_turns_it(orientation: int, size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    image = Image.fromarray(pixels)
    image.getexif()[0x0112] = orientation
    image.info["exif"] = image.getexif().tobytes()
    expected = np.asarray(ImageOps.exif_transpose(image))
    assert np.array_equal(upright(pixels, image), expected)


def test_the_image_is_left_unchanged() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.new("RGB", (3, 2))
    image.info = {"exif": exif.tobytes(), "dpi": (72, 72)}
    before = dict(image.info)
    upright(np.asarray(image), image)
    assert image.info == before


def test_without_exif_it_is_a_view_of_the_same() -> None:
    pixels = np.zeros((2, 3, 3), np.uint8)
    assert upright(pixels, Image.new("RGB", (3, 2))).base is pixels


@pytest.mark.parametrize(("said", "times"), [({}, 0), ({"xmp": b""}, 1)])
def test_pillow_is_asked_only_about_images_that_say_how_they_are_turned(
    said: dict[str, bytes], times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Image.Image] = []
    turned = ImageOps.exif_transpose

    def counting(image: Image.Image) -> Image.Image:
        asked.append(image)
        return turned(image)

    monkeypatch.setattr(ImageOps, "exif_transpose", counting)
    image = Image.new("RGB", (3, 2))
    image.info = {"dpi": (72, 72), **said}
    assert turn_of(image) is None
    assert len(asked) == times
