from __future__ import annotations

import random
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from batch_loop.core.films.film_frames import FilmFrames
from batch_loop.tests.support.films import (
    FPS,
    HEIGHT,
    WIDTH,
    cut_out,
    joined,
    make_film,
    number_in,
    numbered,
)
from batch_loop.tests.support.open_files import times_open

FRAMES = 60
SEED = 20


@dataclass(frozen=True)
class Kind:
    """How a film is made."""

    name: str
    codec: str
    options: dict[str, str] = field(default_factory=dict)
    pixels: str = "yuv420p"
    muxer: dict[str, str] = field(default_factory=dict)


OPEN_GOP = {"x264-params": "open-gop=1:keyint=12:bframes=3:b-adapt=0:scenecut=0"}

KINDS = [
    Kind("b_frames.mp4", "libx264", {"bf": "3", "g": "12"}),
    Kind("one_keyframe.mp4", "libx264", {"g": "999"}),
    Kind("fragments.mp4", "libx264", {"g": "12"}, muxer={"movflags": "frag_keyframe+empty_moov"}),
    Kind("open_gop.mp4", "libx264", OPEN_GOP),
    Kind("open_gop.mkv", "libx264", OPEN_GOP),
    Kind("open_gop.ts", "libx264", OPEN_GOP),
    Kind("intra_refresh.mp4", "libx264", {"x264-params": "intra-refresh=1:keyint=12", "bf": "0"}),
    Kind("times_of_decoding_alone.avi", "libx264", {"bf": "3", "g": "12"}),
    Kind("hevc.mp4", "libx265", {"x265-params": "log-level=none:keyint=12:open-gop=1"}),
    Kind("vp8.webm", "libvpx", {"auto-alt-ref": "1", "lag-in-frames": "16", "g": "12"}),
    Kind("vp9.webm", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "g": "12"}),
    Kind("av1.mp4", "libsvtav1", {"preset": "12", "g": "12"}),
    Kind("prores.mov", "prores_ks", pixels="yuv422p10le"),
    Kind("mpeg4.avi", "mpeg4", {"bf": "2"}),
    Kind("mpeg2.mpg", "mpeg2video", {"bf": "2", "g": "12"}),
    Kind("mpeg2.ts", "mpeg2video", {"bf": "2", "g": "12"}),
    Kind("lossless.mkv", "ffv1"),
]


def made(folder: Path, kind: Kind) -> str:
    path = folder / kind.name
    options = {"options": kind.options, "pixels": kind.pixels, "muxer": kind.muxer}
    return str(make_film(path, kind.codec, frames=FRAMES, **options))  # type: ignore[arg-type]


def numbers(film: FilmFrames, asked: list[int]) -> list[int]:
    return [number_in(film.frame(number).image[0]) for number in asked]


@pytest.fixture
def opened() -> Any:
    with ExitStack() as stack:
        yield lambda path, **options: stack.enter_context(FilmFrames(str(path), **options))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_frame_is_the_one_with_its_number(tmp_path: Path, kind: Kind) -> None:
    in_order = list(range(FRAMES))
    jumping = random.Random(SEED).choices(in_order, k=FRAMES)  # noqa: S311
    with FilmFrames(made(tmp_path, kind)) as film:
        assert film.count == FRAMES
        assert not film.is_cut_off
        for asked in (in_order, in_order[::-1], jumping, [7, 7, 8, 7]):
            assert numbers(film, asked) == asked


@pytest.mark.linux
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_frames_and_their_times_are_the_same_once_the_file_was_released(
    tmp_path: Path, kind: Kind
) -> None:
    path = made(tmp_path, kind)
    with FilmFrames(path) as film, FilmFrames(path) as released:
        for number in (0, 1, 2, 13, 14, 35, FRAMES - 1, 20):
            released.release()
            assert times_open(path) == 1
            assert released.count == FRAMES
            frame, same = film.frame(number), released.frame(number)
            assert number_in(same.image[0]) == number
            assert same.time == frame.time
            assert 1 <= released.way_back <= number + 1


@pytest.mark.parametrize("threads", [1, 4])
def test_the_number_of_threads_makes_no_difference(tmp_path: Path, threads: int) -> None:
    path = made(tmp_path, KINDS[0])
    with FilmFrames(path, threads=threads) as film:
        assert numbers(film, [40, 3, 4, 59]) == [40, 3, 4, 59]


@pytest.mark.parametrize("name", ["cut.mp4", "cut.mkv"])
@pytest.mark.parametrize("first", [5, 17, 30])
def test_a_film_cut_out_of_another_has_the_frames_from_its_start(
    tmp_path: Path, opened: Any, name: str, first: int
) -> None:
    whole = make_film(tmp_path / "whole.mp4", options={"bf": "3", "g": "12"}, frames=FRAMES)
    film = opened(cut_out(tmp_path / name, whole, first))
    # Matroska has no list of edits, so all frames are shown, from time 0.
    before = first if name.endswith(".mp4") else 0
    there = list(range(before, FRAMES))
    assert film.count == len(there)
    asked = list(range(film.count))
    assert numbers(film, asked) == there
    assert numbers(film, asked[::-1]) == there[::-1]
    assert film.frame(0).time == pytest.approx(0, abs=0.002)


def test_a_film_recorded_from_its_middle_begins_with_what_can_be_decoded(
    tmp_path: Path, opened: Any
) -> None:
    path = make_film(tmp_path / "film.ts", options=OPEN_GOP, frames=FRAMES)
    data = path.read_bytes()
    path.write_bytes(data[len(data) // 3 // 188 * 188 :])
    film = opened(path)
    shown = numbers(film, list(range(film.count)))
    assert FRAMES // 2 < film.count < FRAMES
    assert shown == list(range(FRAMES - film.count, FRAMES))
    assert numbers(film, list(range(film.count))[::-1]) == shown[::-1]
    film.release()
    assert numbers(film, list(range(film.count))) == shown


def test_frames_of_varying_length_have_their_times(tmp_path: Path, opened: Any) -> None:
    times = [0, 1, 2, 10, 11, 50, 51, 99, 100, 101]
    for name in ("film.mp4", "film.mkv"):
        film = opened(make_film(tmp_path / name, times=times, frames=len(times)))
        assert numbers(film, list(range(10))) == list(range(10))
        told = [film.frame(number).time for number in range(film.count)]
        assert told == pytest.approx([time / FPS for time in times], abs=0.001)


def test_times_count_from_the_film_s_start(tmp_path: Path, opened: Any) -> None:
    film = opened(make_film(tmp_path / "film.ts", frames=5))  # its clock begins later
    assert [film.frame(number).time for number in (0, 4)] == pytest.approx([0, 4 / FPS], abs=0.001)


def test_an_image_is_as_comfyui_has_them(tmp_path: Path, opened: Any) -> None:
    decoded = opened(make_film(tmp_path / "film.mkv", "ffv1", pixels="bgr0", frames=3)).frame(2)
    assert decoded.index == 2
    assert decoded.image.dtype is torch.float32
    assert decoded.image.shape == (1, HEIGHT, WIDTH, 3)
    expected = numbered(2).astype(np.float32) / np.float32(255)
    assert np.array_equal(decoded.image[0].numpy(), expected)


@pytest.mark.parametrize("number", [-1, 3])
def test_a_number_that_no_frame_has_is_an_index_error(
    tmp_path: Path, opened: Any, number: int
) -> None:
    film = opened(make_film(tmp_path / "film.mp4", frames=3))
    with pytest.raises(IndexError, match=f"frames 0 to 2, and no frame {number}"):
        film.frame(number)


def test_frames_of_another_size_get_that_of_the_first(tmp_path: Path, opened: Any) -> None:
    one = make_film(tmp_path / "one.mkv", "mjpeg", pixels="yuvj420p", frames=10)
    larger = [numbered(number).repeat(2, 0).repeat(2, 1) for number in range(10)]
    two = make_film(tmp_path / "two.mkv", "mjpeg", pixels="yuvj420p", pictures=larger)
    film = opened(joined(tmp_path / "film.mkv", one, two))
    assert numbers(film, list(range(20))) == [*range(10), *range(10)]
    assert film.frame(15).image.shape == (1, HEIGHT, WIDTH, 3)
