from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from batch_loop.core.common.file_kinds import VIDEO_EXTENSIONS
from batch_loop.core.films.facts import FilmFacts, facts
from batch_loop.core.films.film_frames import FilmFrames
from batch_loop.core.films.opening import open_film
from batch_loop.core.films.packet_index import packet_index
from batch_loop.tests.support.films import FPS, beside, cut_out, make_film

GOP = {"g": "12"}


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts", "film.avi", "film.mov"])
def test_facts_are_said(tmp_path: Path, name: str) -> None:
    path = make_film(tmp_path / name, frames=50, sound=2, options={"bf": "0", **GOP})
    said = facts(str(path))
    assert said == FilmFacts(
        frames=50,
        fps=Fraction(FPS),
        duration=pytest.approx(2, abs=0.1),
        width=96,
        height=64,
        has_audio=True,
        codec="h264",
        is_cut_off=False,
    )
    assert path.suffix in VIDEO_EXTENSIONS


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "known"),
    [
        ("film.mp4", "libx265", "yuv420p", "hevc"),
        ("film.webm", "libvpx-vp9", "yuv420p", "vp9"),
        ("film.mkv", "libsvtav1", "yuv420p", "av1"),
        ("film.mov", "prores_ks", "yuv422p10le", "prores"),
    ],
)
def test_a_codec_has_ffmpeg_s_name(
    tmp_path: Path, name: str, codec: str, pixels: str, known: str
) -> None:
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    path = make_film(tmp_path / name, codec, pixels=pixels, frames=10, options=options)
    said = facts(str(path))
    assert (said.codec, said.has_audio, said.frames) == (known, False, 10)


def test_without_counting_only_what_a_header_lists_is_known(tmp_path: Path) -> None:
    for name, known in (("film.mp4", 10), ("film.mkv", None)):
        path = make_film(tmp_path / name, frames=10)
        assert facts(str(path), count=False).frames == known


def test_varying_rates_are_averaged(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mp4", frames=3, times=[0, 10, 40])
    assert float(facts(str(path)).fps) < FPS / 2


@pytest.mark.parametrize("name", ["cut.mp4", "cut.mkv"])
def test_frames_that_are_not_shown_are_not_counted(tmp_path: Path, name: str) -> None:
    whole = make_film(tmp_path / "whole.mp4", frames=60, options={"bf": "3", **GOP})
    path = str(cut_out(tmp_path / name, whole, 17))
    with FilmFrames(path) as film:
        assert facts(path).frames == film.count


def test_frames_that_only_decoding_could_count_are_unknown(tmp_path: Path) -> None:
    path = str(make_film(tmp_path / "film.avi", frames=60, options={"bf": "3", **GOP}))
    assert facts(path).frames is None
    with FilmFrames(path) as film:
        assert film.count == 60


def test_the_largest_stream_is_the_film(tmp_path: Path) -> None:
    sources = []
    for side in (32, 96, 64):
        picture = np.full((side, side, 3), 100, np.uint8)
        path = tmp_path / f"{side}.mkv"
        sources.append(make_film(path, "libx264", pictures=[picture] * 3, options=GOP))
    path = beside(tmp_path / "film.mkv", *sources)
    assert facts(str(path)).width == 96


def test_an_index_of_a_long_film_is_small(tmp_path: Path) -> None:
    film = open_film(str(make_film(tmp_path / "film.mp4", "mpeg4", frames=4000)))
    index = packet_index(film)
    film.close()
    assert index is not None
    arrays = (index.times, index.packets, index.keyframes, index.decoding_times, index.sizes)
    assert len(index.times) == 4000
    assert sum(each.nbytes for each in arrays) < 4000 * 50  # of 20,000: 1 MB
