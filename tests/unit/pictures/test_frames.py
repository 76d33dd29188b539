"""Pictures of single frames, made beside a batch that has a decoder of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from batch_loop.core.common.errors import UnreadableFilm, UnreadableFrame
from batch_loop.core.films.finder import FrameFinder
from batch_loop.core.pictures.frames import FramePictures, frame_stamp
from batch_loop.core.pictures.thumbnail import thumbnail_of_frame
from batch_loop.tests.support.films import make_film, number_in
from batch_loop.tests.support.open_files import times_open
from batch_loop.tests.support.waiting import wait_for


def number_of(picture: Image.Image) -> int:
    return number_in(np.asarray(picture) / 255)


@pytest.fixture
def film(tmp_path: Path) -> str:
    return str(make_film(tmp_path / "film.mp4", frames=40))


def test_each_frame_has_its_own_picture(film: str) -> None:
    pictures = FramePictures()
    assert [number_of(pictures.picture(film, n, 96)) for n in (7, 30, 3)] == [7, 30, 3]
    assert pictures.picture(film, 0, 48).size == (48, 32)
    pictures.close()


def test_a_frame_that_the_film_does_not_have_is_gone(film: str) -> None:
    pictures = FramePictures()
    with pytest.raises(UnreadableFrame, match=r"Frame 40 .* Put the longer video back"):
        pictures.picture(film, 40, 96)
    assert number_of(pictures.picture(film, 39, 96)) == 39
    pictures.close()


@pytest.mark.linux
def test_a_film_is_read_as_a_whole_once_until_it_is_replaced_and_closed_after_a_while(
    film: str, tmp_path: Path
) -> None:
    opened: list[FrameFinder] = []

    def note(path: str, threads: int) -> FrameFinder:
        opened.append(FrameFinder(path, threads))
        return opened[-1]

    pictures = FramePictures(note, open_seconds=0.05)
    for number in (1, 30):
        assert number_of(pictures.picture(film, number, 96)) == number
        wait_for(lambda: not times_open(film), "the film's file to be closed")
    assert len(opened) == 1
    make_film(tmp_path / "film.mp4", frames=60)
    assert number_of(pictures.picture(film, 50, 96)) == 50
    wait_for(lambda: not times_open(film), "the other film's file to be closed")
    assert len(opened) == 2


def test_a_thumbnail_that_is_known_is_not_made_again(film: str) -> None:
    pictures = FramePictures()
    first = thumbnail_of_frame(pictures, film, 5, 64, lambda _tag: False)
    assert first.data is not None
    assert thumbnail_of_frame(pictures, film, 5, 64, first.tag.__eq__).data is None
    other = thumbnail_of_frame(pictures, film, 6, 64, first.tag.__eq__)
    assert other.data not in {None, first.data}
    pictures.close()


def test_what_is_no_film_has_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"no film")
    with pytest.raises(UnreadableFilm):
        FramePictures(open_seconds=0.01).picture(str(path), 0, 96)
    assert frame_stamp(str(tmp_path / "gone.mp4")) == ""


def test_it_is_known_when_each_frame_is_shown(tmp_path: Path, film: str) -> None:
    pictures = FramePictures()

    def seconds(path: str) -> list[float]:
        times = pictures.times(path)
        return [times.seconds(number) for number in range(len(times.shown))]

    assert seconds(film) == pytest.approx([number / 25 for number in range(40)])
    uneven = str(make_film(tmp_path / "uneven.mp4", frames=4, times=(0, 1, 5, 6)))
    assert seconds(uneven) == pytest.approx([0, 0.04, 0.2, 0.24])
    with pytest.raises(UnreadableFilm):
        pictures.times(str(tmp_path / "gone.mp4"))
    pictures.close()
