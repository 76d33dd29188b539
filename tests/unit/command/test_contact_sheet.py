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
    pairs_in,
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


def test_a_row_has_its_title_in_place_of_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    Image.new("RGB", (64, 32), (10, 200, 30)).save(path)
    sheet = draw_contact_sheet([("a red fox in the snow, " * 3, None, path)])
    place = (MARGIN, MARGIN, MARGIN + THUMBNAIL, MARGIN + THUMBNAIL)
    box = sheet.crop(place).convert("L").point(lambda level: 255 * (level > 100)).getbbox()
    # Several lines, none of which reaches into the result.
    assert box is not None
    assert box[3] - box[1] > 20
    assert sheet.getpixel((MIDDLE[0] + THUMBNAIL + MARGIN, MIDDLE[1])) == (10, 200, 30)
    gap = sheet.crop((MARGIN + THUMBNAIL, 0, 2 * MARGIN + THUMBNAIL, sheet.height))
    assert gap.getcolors() == [(MARGIN * sheet.height, BACKGROUND)]


def test_only_what_is_on_this_machine_is_drawn_and_of_the_results_a_picture(
    tmp_path: Path,
) -> None:
    for name in ("a.png", "b.png", "result.png", "caption.txt"):
        (tmp_path / name).touch()
    text, result = (str(tmp_path / name) for name in ("caption.txt", "result.png"))
    row = "a cat 0123456789ab.row"
    items = [
        {"path": "a.png", "title": "a.png", "outputs": [text, result]},
        {"path": "b.png", "title": "b.png", "outputs": []},
        {"path": "a · 2.png", "title": "a · 2.png", "entry": "a.png", "outputs": [result]},
        {"path": "gone.png", "title": "gone.png", "outputs": [result]},
        {"path": row, "title": "a cat", "outputs": [text]},
        {"path": row, "title": "a dog", "outputs": [str(tmp_path / "gone.png")]},
    ]
    assert list(pairs_in({"directory": str(tmp_path), "items": items})) == [
        ("a.png", tmp_path / "a.png", tmp_path / "result.png"),
        ("a · 2.png", tmp_path / "a.png", tmp_path / "result.png"),
        ("a cat", None, tmp_path / "caption.txt"),
    ]


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
