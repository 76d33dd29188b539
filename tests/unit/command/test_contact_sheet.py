from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from batch_loop.batch_loop_cli.contact_sheet import (
    BACKGROUND,
    MARGIN,
    THUMBNAIL,
    Pair,
    draw_contact_sheet,
)

MIDDLE = (MARGIN + THUMBNAIL // 2, MARGIN + THUMBNAIL // 2)


@pytest.mark.parametrize(
    ("mode", "color", "seen"),
    [
        ("RGB", (10, 200, 30), (10, 200, 30)),
        ("L", 77, (77, 77, 77)),
        ("RGBA", (10, 200, 30, 255), (10, 200, 30)),
        ("I;16", 128 * 256, (128, 128, 128)),
    ],
)
def test_images_keep_their_colours(
    tmp_path: Path, mode: str, color: int | tuple[int, ...], seen: tuple[int, ...]
) -> None:
    path = tmp_path / "image.png"
    Image.new(mode, (64, 32), color).save(path)
    sheet = draw_contact_sheet([("image.png", path, path)])
    assert np.allclose(sheet.getpixel(MIDDLE), seen, atol=1)


def test_a_file_that_is_no_image_leaves_an_empty_place(tmp_path: Path) -> None:
    image, video = tmp_path / "image.png", tmp_path / "video.mp4"
    Image.new("RGB", (64, 32), (10, 200, 30)).save(image)
    video.write_bytes(b"no image")
    sheet = draw_contact_sheet([("caf\udce9.png", image, video)])
    assert sheet.getpixel(MIDDLE) == (10, 200, 30)
    assert sheet.getpixel((MIDDLE[0] + THUMBNAIL + MARGIN, MIDDLE[1])) == BACKGROUND


def test_it_shows_how_far_it_is(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    Image.new("RGB", (4, 4)).save(path)
    seen: list[Pair] = []

    def shown(pairs: Sequence[Pair]) -> Iterator[Pair]:
        for pair in pairs:
            seen.append(pair)
            yield pair

    pairs = [("a.png", path, path), ("b.png", path, path)]
    draw_contact_sheet(pairs, shown=shown)
    assert seen == pairs
