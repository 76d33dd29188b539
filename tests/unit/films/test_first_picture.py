from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from batch_loop.core.films.first_picture import first_picture
from batch_loop.tests.support.films import FPS, make_film, turn

GOP = {"g": "5"}


def film_of(path: Path, brightness: Sequence[int], codec: str = "libx264") -> Path:
    """A film of grey frames with a coloured stripe at the left, which is as bright."""
    pictures = []
    for value in brightness:
        picture = np.full((64, 96, 3), value, np.uint8)
        picture[:, :16] = (value, value // 2, 0)
        pictures.append(picture)
    return make_film(path, codec, pictures=pictures, options=GOP)


def grey(path: Path) -> float:
    return float(np.asarray(first_picture(str(path), 96))[32, 64].mean())


def test_it_has_the_width_and_the_film_s_shape(tmp_path: Path) -> None:
    path = film_of(tmp_path / "film.mp4", [150] * 20)
    picture = first_picture(str(path), 48)
    assert (picture.mode, picture.size) == ("RGB", (48, 32))


def test_it_is_upright(tmp_path: Path) -> None:
    path = turn(film_of(tmp_path / "film.mp4", [200] * 20), (0, 1, -1, 0))
    picture = np.asarray(first_picture(str(path), 64))
    assert picture.shape == (96, 64, 3)
    assert picture[4, 32] == pytest.approx([200, 100, 0], abs=12)
    assert picture[60, 32] == pytest.approx([200] * 3, abs=12)


def test_it_is_from_a_tenth_of_the_film(tmp_path: Path) -> None:
    path = film_of(tmp_path / "film.mp4", [200] * 5 + [100] * 45)
    assert grey(path) == pytest.approx(100, abs=8)


def test_a_black_beginning_is_passed_over(tmp_path: Path) -> None:
    for name in ("film.mp4", "film.mkv", "film.ts"):
        path = film_of(tmp_path / name, [0] * 24 + [180] * 36)
        assert grey(path) == pytest.approx(180, abs=8), name


def test_of_a_black_film_it_is_the_brightest(tmp_path: Path) -> None:
    path = film_of(tmp_path / "film.mp4", [2] * 10 + [14] * 40)
    assert grey(path) == pytest.approx(14, abs=5)


def test_of_a_film_of_one_frame_it_is_that(tmp_path: Path) -> None:
    assert grey(film_of(tmp_path / "film.mp4", [120])) == pytest.approx(120, abs=8)


def test_ten_bits_are_made_eight(tmp_path: Path) -> None:
    pictures = [np.full((64, 96, 3), 180, np.uint8)] * 3
    path = make_film(tmp_path / "film.mov", "prores_ks", pixels="yuv422p10le", pictures=pictures)
    assert grey(path) == pytest.approx(180, abs=4)


def test_it_takes_no_longer_than_it_may(tmp_path: Path) -> None:
    path = film_of(tmp_path / "film.mp4", [0] * FPS + [2] * FPS + [180] * FPS)
    seconds = count(0.0, 10.0)
    picture = first_picture(str(path), 96, clock=lambda: next(seconds))
    assert np.asarray(picture).max() < 30
