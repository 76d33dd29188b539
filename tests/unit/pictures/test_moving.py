"""Films and sounds have a still picture: for thumbnails, and in full."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from batch_loop.core.common.errors import UnreadableImage
from batch_loop.core.pictures.moving import LARGEST_MOVING, wave
from batch_loop.core.pictures.shown import Sent, look, to_send
from batch_loop.tests.support.clips import make_clip, make_sound, sweep
from batch_loop.tests.support.thumbnails import never, thumbnail_of


def made(path: Path, size: int) -> Image.Image:
    data = thumbnail_of(path, size).data
    assert data is not None
    return Image.open(io.BytesIO(data)).convert("RGB")


@pytest.mark.parametrize(("film", "expected"), [((64, 48), (32, 24)), ((48, 96), (16, 32))])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.webm"])
def test_a_film_s_picture_fits(
    tmp_path: Path, name: str, film: tuple[int, int], expected: tuple[int, int]
) -> None:
    codec = "libvpx-vp9" if name.endswith(".webm") else "libx264"
    path = make_clip(tmp_path / name, codec=codec, size=film, frames=3)
    assert made(path, 32).size == expected
    assert made(path, 512).size == film


def test_a_sound_s_picture_shows_when_it_is_loud(tmp_path: Path) -> None:
    samples = sweep(1)
    samples[:, : samples.shape[1] // 2] = 0
    picture = np.asarray(made(make_sound(tmp_path / "a.wav", samples), 64), int)
    assert picture.shape == (32, 64, 3)
    quiet, loud = picture[4:12, 4:28], picture[10:22, 36:60]
    assert quiet.mean() < 60
    assert loud.mean() > 120


def test_a_sound_of_one_frame_has_a_picture() -> None:
    assert wave(np.array([0.5], np.float32), 16).size == (16, 8)


def test_a_tag_that_is_known_spares_the_work(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", frames=2)
    tag = thumbnail_of(path, 32).tag
    assert thumbnail_of(path, 32, tag.__eq__).data is None


def test_what_is_neither_has_none(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.wav", "a.png"):
        (tmp_path / name).write_bytes(b"neither film nor sound nor image")
        with pytest.raises(UnreadableImage, match="it is not an image"):
            thumbnail_of(tmp_path / name, 32)


def test_in_full_a_page_is_sent_a_picture_and_told_the_film_s_size(tmp_path: Path) -> None:
    film = make_clip(tmp_path / "a.mp4", frames=2)
    sound = make_sound(tmp_path / "b.wav", sweep(0.1))
    for path, size in ((film, (64, 48)), (sound, (LARGEST_MOVING, LARGEST_MOVING // 2))):
        with path.open("rb") as file:
            found = look(file, path.name)
            assert (found.shows, found.width, found.height) == ("picture", *size)
            assert found.nbytes == os.path.getsize(path)
            sent = to_send(file, path.name, never)
        assert isinstance(sent, Sent)
        assert sent.media_type == "image/png"
        assert sent.data is not None
        assert Image.open(io.BytesIO(sent.data)).size == size
