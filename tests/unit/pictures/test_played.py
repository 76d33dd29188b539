"""Under which media type a film or a sound is sent to be played."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from batch_loop.core.pictures.played import media_type
from batch_loop.core.pictures.shown import look
from batch_loop.tests.support.clips import make_clip, make_sound, sweep


def type_of(path: Path) -> str:
    with path.open("rb") as file:
        return media_type(file)


def plays(path: Path) -> str:
    with path.open("rb") as file:
        return look(file, path.name).plays


@pytest.mark.parametrize(
    ("name", "codec", "expected"),
    [
        ("a.mp4", "libx264", "video/mp4"),
        ("a.mov", "libx264", "video/mp4"),
        ("a.mkv", "libx264", "video/webm"),
        ("a.webm", "libvpx-vp9", "video/webm"),
        ("a.avi", "mpeg4", ""),
    ],
)
def test_a_film_has_the_type_of_its_format(
    tmp_path: Path, name: str, codec: str, expected: str
) -> None:
    path = make_clip(tmp_path / name, codec=codec, frames=2)
    assert (type_of(path), plays(path)) == (expected, "video")


@pytest.mark.parametrize(
    ("name", "codec", "expected"),
    [
        ("a.wav", "pcm_s16le", "audio/wav"),
        ("a.flac", "flac", "audio/flac"),
        ("a.ogg", "libopus", "video/ogg"),
        ("a.m4a", "aac", "video/mp4"),
        ("a.aiff", "pcm_s16be", ""),
    ],
)
def test_a_sound_has_the_type_of_its_format(
    tmp_path: Path, name: str, codec: str, expected: str
) -> None:
    rate = 48000 if codec == "libopus" else 44100
    path = make_sound(tmp_path / name, sweep(0.2, rate), codec=codec, rate=rate)
    assert (type_of(path), plays(path)) == (expected, "audio")


def test_the_type_is_that_of_the_content(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.webm", codec="libvpx-vp9", frames=2)
    assert type_of(path.rename(tmp_path / "b.mp4")) == "video/webm"


def test_what_is_neither_film_nor_sound_has_none(tmp_path: Path) -> None:
    Image.new("RGB", (8, 6)).save(tmp_path / "a.png")
    (tmp_path / "b.mp4").write_bytes(b"<html><script>alert(1)</script></html>")
    assert [type_of(tmp_path / name) for name in ("a.png", "b.mp4")] == ["", ""]
    assert plays(tmp_path / "a.png") == ""
