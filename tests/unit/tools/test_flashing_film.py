"""What a long film tells of itself: a fault of its numbers, times or sound is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from batch_loop.tools.flashing_film import FPS, flashes_in, make, number_in, picture, shown_in

FRAMES = 14 * FPS


@pytest.mark.parametrize("number", [0, 1, 255, 256, 14_999, 65_535])
def test_each_picture_tells_its_number(number: int) -> None:
    assert number_in(picture(number)) == number


def test_a_film_tells_its_frames_its_flashes_and_its_beeps(tmp_path: Path) -> None:
    shown = shown_in(make(tmp_path / "film.mp4", FRAMES))
    assert shown.numbers == list(range(FRAMES))
    assert shown.times == list(range(FRAMES))
    assert shown.flashes == list(flashes_in(FRAMES))
    assert len(shown.beeps) == len(shown.flashes) > 1
    assert shown.out_of_step < 0.5


def test_beeps_that_are_late_are_out_of_step(tmp_path: Path) -> None:
    shown = shown_in(make(tmp_path / "film.mp4", FRAMES, late=3 / FPS))
    assert shown.flashes == list(flashes_in(FRAMES))
    assert shown.out_of_step == pytest.approx(3, abs=0.5)
