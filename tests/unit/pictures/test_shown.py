"""What a browser is sent of a file: itself, a picture made from it, or its text."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from batch_loop.core.common.errors import UnreadableImage
from batch_loop.core.files.unreadable import opened_image
from batch_loop.core.pictures.shown import MOST_TEXT, Look, Sent, look, to_send
from batch_loop.tests.support.odd_images import write_odd_files
from batch_loop.tests.support.thumbnails import never

RED, BLUE = (200, 30, 40), (20, 40, 220)
SAFE = {"image/png", "image/jpeg", "image/webp", "image/avif", "image/gif", "image/bmp"}


def looked_at(path: Path) -> Look:
    with opened_image(os.path.realpath(path)) as file:
        return look(file, path.name)


def sent(path: Path) -> Sent:
    with opened_image(os.path.realpath(path)) as file:
        answer = to_send(file, path.name, never)
    assert isinstance(answer, Sent)
    return answer


def two_colours(size: tuple[int, int]) -> Image.Image:
    image = Image.new("RGB", size, BLUE)
    image.paste(RED, (0, 0, size[0] // 3, size[1]))
    return image


def picture(answer: Sent) -> Image.Image:
    assert (answer.media_type, answer.data is None) == ("image/png", False)
    return Image.open(io.BytesIO(answer.data or b""))


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.png", "image/png"),
        ("a.jpg", "image/jpeg"),
        ("a.webp", "image/webp"),
        ("a.gif", "image/gif"),
        ("a.bmp", "image/bmp"),
    ],
)
def test_what_browsers_show_is_sent_as_it_is(tmp_path: Path, name: str, media_type: str) -> None:
    two_colours((60, 40)).save(tmp_path / name)
    size = (tmp_path / name).stat().st_size
    assert looked_at(tmp_path / name) == Look("picture", size, 60, 40, media_type=media_type)
    assert (sent(tmp_path / name).media_type, sent(tmp_path / name).data) == (media_type, None)


@pytest.mark.parametrize("name", ["a.tiff", "a.tga", "a.ppm", "a.qoi"])
def test_a_picture_is_made_of_other_formats(tmp_path: Path, name: str) -> None:
    two_colours((60, 40)).save(tmp_path / name)
    assert looked_at(tmp_path / name).media_type == ""
    image = picture(sent(tmp_path / name))
    assert image.size == (60, 40)
    assert image.convert("RGB").getpixel((1, 20)) == RED
    assert image.convert("RGB").getpixel((58, 20)) == BLUE


def test_a_content_is_not_what_its_name_says(tmp_path: Path) -> None:
    two_colours((6, 4)).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.html")
    assert looked_at(tmp_path / "a.html").media_type == "image/png"
    (tmp_path / "b.png").write_bytes(b"<script>alert(1)</script>")
    with pytest.raises(UnreadableImage):
        sent(tmp_path / "b.png")
    (tmp_path / "c.txt").write_bytes(b"<script>alert(1)</script>")
    assert sent(tmp_path / "c.txt").media_type == "text/plain"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tiff"])
def test_it_is_upright(tmp_path: Path, name: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    two_colours((60, 30)).save(tmp_path / name, exif=exif)
    found = looked_at(tmp_path / name)
    assert (found.width, found.height) == ((60, 30) if orientation < 5 else (30, 60))
    # Browsers turn JPEG files themselves.
    if found.media_type:
        assert found.media_type == "image/jpeg" or orientation == 1
    else:
        assert picture(sent(tmp_path / name)).size == (found.width, found.height)


def test_the_precision_and_the_profile_are_kept(tmp_path: Path) -> None:
    deep = Image.fromarray(np.full((20, 30), 40000, np.uint16))
    deep.save(tmp_path / "a.png")
    assert looked_at(tmp_path / "a.png").media_type == "image/png"
    deep.save(tmp_path / "a.tiff")
    grey = picture(sent(tmp_path / "a.tiff")).convert("L").getpixel((3, 3))
    assert isinstance(grey, (int, float))
    assert abs(grey - 40000 / 65535 * 255) <= 1
    profile = bytes(16) + b"RGB " + bytes(108)
    two_colours((6, 4)).save(tmp_path / "b.tiff", icc_profile=profile)
    assert picture(sent(tmp_path / "b.tiff")).info["icc_profile"] == profile


def test_transparency_is_kept(tmp_path: Path) -> None:
    Image.new("RGBA", (30, 20), (*RED, 80)).save(tmp_path / "a.tiff")
    assert picture(sent(tmp_path / "a.tiff")).getpixel((5, 5)) == (*RED, 80)


def test_what_moves_is_said_to(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "b.gif")
    assert (looked_at(tmp_path / "a.gif").animated, looked_at(tmp_path / "b.gif").animated) == (
        True,
        False,
    )


def test_of_a_long_text_the_beginning_is_sent(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x" * (MOST_TEXT + 5), encoding="utf-8")
    assert looked_at(tmp_path / "a.txt").shows == "text"
    assert len(sent(tmp_path / "a.txt").data or b"") == MOST_TEXT


def test_the_tag_changes_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    two_colours((6, 4)).save(path)
    tag = sent(path).tag
    with opened_image(os.path.realpath(path)) as file:
        assert to_send(file, path.name, tag.__eq__) == tag
    two_colours((8, 4)).save(path)
    assert sent(path).tag != tag


@pytest.mark.filterwarnings("ignore")  # for files that Pillow finds odd, but reads
def test_an_odd_file_has_a_picture_or_a_reason(tmp_path: Path) -> None:
    for odd in write_odd_files(tmp_path):
        try:
            answer = sent(tmp_path / odd.name)
        except UnreadableImage:
            assert not odd.is_sound
            continue
        assert answer.media_type in SAFE | {"text/plain"}
        if answer.data is not None and answer.media_type == "image/png":
            Image.open(io.BytesIO(answer.data)).load()
