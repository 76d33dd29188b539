from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from batch_loop.core.background.budget import MemoryBudget
from batch_loop.core.background.frames_ahead import FramesAhead, Shot, Window
from batch_loop.core.common.errors import UnreadableFilm, UnreadableFrame
from batch_loop.core.films.film_frames import FilmFrames
from batch_loop.core.media.buffers import Arrays
from batch_loop.tests.support.films import make_film, number_in, numbered, spoil
from batch_loop.tests.support.given_clock import GivenClock
from batch_loop.tests.support.open_files import times_open
from batch_loop.tests.support.threads import no_thread_starts
from batch_loop.tests.support.waiting import wait_for

PLENTY = 10**9
LOOP, OTHER = "loop", "other"
FRAMES = 30
MINUTE = 60.0
SEED = 3


class Films:
    """Opens films, and notes which are open."""

    def __init__(self) -> None:
        self.opened: list[FilmFrames] = []
        self.closed: list[FilmFrames] = []
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, path: str, arrays: Arrays) -> FilmFrames:
        assert self.go_on.wait(10)
        film, films = FilmFrames(path, arrays, threads=1), self
        close = film.close

        def closes() -> None:
            films.closed.append(film)
            close()

        film.close = closes  # type: ignore[method-assign]
        self.opened.append(film)
        return film


@pytest.fixture
def film(tmp_path: Path) -> str:
    return str(make_film(tmp_path / "film.mp4", frames=FRAMES, options={"bf": "3", "g": "12"}))


@pytest.fixture
def films() -> Films:
    return Films()


@pytest.fixture
def clock() -> GivenClock:
    return GivenClock()


@pytest.fixture
def budget() -> MemoryBudget:
    return MemoryBudget(PLENTY)


@pytest.fixture
def ahead(budget: MemoryBudget, films: Films, clock: GivenClock) -> FramesAhead:
    return FramesAhead(budget, films, kept_seconds=0.05, clock=clock)


def numbers(shot: Shot) -> list[int]:
    return [number_in(image) for image in shot.images]


def one(number: int) -> Window:
    return Window(number, 1)


def is_decoded(ahead: FramesAhead, loop: str, path: str) -> Callable[[], bool]:
    def found() -> bool:
        opened = ahead._films.get((loop, path))
        return bool(opened and opened.ahead and opened.ahead.shot.done())

    return found


def test_each_frame_comes_once_with_its_time(
    ahead: FramesAhead, budget: MemoryBudget, film: str
) -> None:
    for number in range(FRAMES):
        shot = ahead.shot(LOOP, film, one(number))
        if number + 1 < FRAMES:
            ahead.begin(LOOP, film, one(number + 1))
        assert numbers(shot) == [number]
        assert shot.time == pytest.approx(number / 25)
        assert shot.fps == 25
    assert budget.taken == 0
    assert budget.most > 0


@pytest.mark.parametrize("overlap", [0, 1, 3, 7])
def test_windows_overlap_and_the_last_one_is_shorter(
    ahead: FramesAhead, film: str, overlap: int
) -> None:
    windows = [
        Window(first, min(8, FRAMES - first), overlap)
        for first in range(0, FRAMES - overlap, 8 - overlap)
    ]
    for window, following in zip(windows, [*windows[1:], Window(0, 8, overlap)], strict=True):
        shot = ahead.shot(LOOP, film, window)
        ahead.begin(LOOP, film, following)
        assert numbers(shot) == list(range(window.first, window.first + window.frames))


def test_a_window_that_the_film_has_only_in_part_is_gone(ahead: FramesAhead, film: str) -> None:
    with pytest.raises(UnreadableFrame, match=rf"Frame {FRAMES} of .* has {FRAMES} frames now"):
        ahead.shot(LOOP, film, Window(FRAMES - 3, 8))


def test_what_a_node_does_to_a_window_is_not_in_the_next_one(ahead: FramesAhead, film: str) -> None:
    shot = ahead.shot(LOOP, film, Window(0, 8, 4))
    shot.images.zero_()
    assert numbers(ahead.shot(LOOP, film, Window(4, 8, 4))) == list(range(4, 12))
    # Once more, as when the workflow has failed on it.
    assert numbers(ahead.shot(LOOP, film, Window(4, 8, 4))) == list(range(4, 12))


def test_frames_come_in_any_order(ahead: FramesAhead, budget: MemoryBudget, film: str) -> None:
    chance = random.Random(SEED)  # noqa: S311 - an order, not a secret
    for _ in range(40):
        number = chance.randrange(FRAMES)
        assert numbers(ahead.shot(LOOP, film, one(number))) == [number]
        ahead.begin(LOOP, film, one(chance.randrange(FRAMES)))
    wait_for(is_decoded(ahead, LOOP, film), "the last one ahead")
    size = 96 * 64 * 3 * 4
    assert budget.taken == size
    ahead.shot(LOOP, film, one(0))
    assert budget.taken == 0


def test_two_loops_on_a_film_do_not_disturb_each_other(
    ahead: FramesAhead, films: Films, film: str
) -> None:
    for number in range(10):
        assert numbers(ahead.shot(LOOP, film, one(number))) == [number]
        assert numbers(ahead.shot(OTHER, film, one(29 - number))) == [29 - number]
        ahead.begin(LOOP, film, one(number + 1))
        ahead.begin(OTHER, film, one(28 - number))
    assert len(films.opened) == 2


def test_a_film_is_counted_once_whoever_asks_and_read_on_by_the_loop(
    ahead: FramesAhead, films: Films, film: str
) -> None:
    films.go_on.clear()
    with ThreadPoolExecutor(4) as pool:
        counts = [pool.submit(ahead.count, film) for _ in range(4)]
        wait_for(lambda: len(ahead._counting) == 1, "the count to begin")
        films.go_on.set()
        assert [count.result() for count in counts] == [FRAMES] * 4
    ahead.shot(LOOP, film, one(0))
    assert len(films.opened) == 1


def test_the_times_of_a_film_are_those_of_the_one_that_the_loop_has_open(
    ahead: FramesAhead, films: Films, clock: GivenClock, film: str
) -> None:
    ahead.shot(LOOP, film, one(3))
    shown, unit, _ = ahead.times(LOOP, film)
    assert [float(each * unit) for each in shown] == [number / 25 for number in range(FRAMES)]
    assert len(films.opened) == 1
    clock.now = 60 * MINUTE
    wait_for(lambda: films.closed == films.opened, "the film to be closed")
    assert len(ahead.times(LOOP, film).shown) == FRAMES
    assert len(films.opened) == 2


@pytest.mark.linux
def test_a_film_s_file_does_not_stay_open_as_its_times_were_asked_for(
    ahead: FramesAhead, films: Films, clock: GivenClock, film: str
) -> None:
    ahead.shot(LOOP, film, one(3))
    for turn in (1, 2):
        clock.now = turn * MINUTE
        wait_for(lambda: not times_open(film), "the film's file to be closed")
        assert len(ahead.times(LOOP, film).shown) == FRAMES
        assert times_open(film) == 1
    assert len(films.opened) == 1


def test_the_count_of_a_film_that_is_none_fails_for_all_and_each_time(
    ahead: FramesAhead, tmp_path: Path
) -> None:
    (tmp_path / "film.mp4").write_bytes(b"no film")
    for _ in range(2):
        with pytest.raises(UnreadableFilm):
            ahead.count(str(tmp_path / "film.mp4"))
    assert not ahead._counting


def test_a_count_does_not_wait_for_a_frame(ahead: FramesAhead, film: str) -> None:
    ahead.shot(LOOP, film, one(0))
    opened = ahead._films[LOOP, film]
    with opened.lock, ThreadPoolExecutor(1) as pool:
        assert pool.submit(ahead.count, film).result(10) == FRAMES


def test_a_film_that_is_replaced_is_read_anew(
    ahead: FramesAhead, budget: MemoryBudget, films: Films, film: str, tmp_path: Path
) -> None:
    ahead.shot(LOOP, film, one(0))
    ahead.begin(LOOP, film, one(1))
    wait_for(is_decoded(ahead, LOOP, film), "the frame ahead")
    other = make_film(tmp_path / "other.mp4", pictures=[numbered(100 + n) for n in range(5)])
    os.replace(other, film)
    assert numbers(ahead.shot(LOOP, film, one(1))) == [101]
    assert ahead.count(film) == 5
    assert len(films.closed) == 1
    assert budget.taken == 0
    with pytest.raises(UnreadableFrame, match="the video has 5 frames now"):
        ahead.shot(LOOP, film, one(7))


def test_a_film_that_is_gone_cannot_be_read(ahead: FramesAhead, film: str) -> None:
    ahead.shot(LOOP, film, one(0))
    os.remove(film)
    with pytest.raises(UnreadableFilm, match="the file is gone"):
        ahead.shot(LOOP, film, one(1))


def test_a_damaged_frame_fails_and_those_around_it_come(
    ahead: FramesAhead, budget: MemoryBudget, tmp_path: Path
) -> None:
    film = tmp_path / "film.mp4"
    spoil(make_film(film, "mjpeg", frames=FRAMES, pixels="yuvj420p"), 7, 20)
    failed = []
    for number in range(FRAMES):
        try:
            assert numbers(ahead.shot(LOOP, str(film), one(number))) == [number]
        except UnreadableFrame as error:
            failed.append(error.reason)
        ahead.begin(LOOP, str(film), one(min(number + 1, FRAMES - 1)))
    assert failed == ["frame 7 is damaged", "frame 20 is damaged"]
    ahead.shot(LOOP, str(film), one(0))
    assert budget.taken == 0


def test_nothing_is_decoded_ahead_without_memory_for_it(films: Films, film: str) -> None:
    budget = MemoryBudget(1000)
    ahead = FramesAhead(budget, films)
    for number in range(3):
        assert numbers(ahead.shot(LOOP, film, one(number))) == [number]
        ahead.begin(LOOP, film, one(number + 1))
        assert ahead._films[LOOP, film].ahead is None
    assert budget.most == 0


def test_frames_come_where_no_thread_can_be_started(
    ahead: FramesAhead, budget: MemoryBudget, film: str
) -> None:
    with no_thread_starts():
        for number in range(3):
            assert numbers(ahead.shot(LOOP, film, one(number))) == [number]
            ahead.begin(LOOP, film, one(number + 1))
    ahead.shot(LOOP, film, one(9))
    assert budget.taken == 0


def test_a_film_is_closed_when_nobody_asks_and_opened_again(
    ahead: FramesAhead, budget: MemoryBudget, films: Films, clock: GivenClock, film: str
) -> None:
    ahead.shot(LOOP, film, one(0))
    clock.now = 1.0
    ahead.shot(LOOP, film, one(1))
    ahead.begin(LOOP, film, one(2))
    clock.now = 1000.0
    wait_for(lambda: ahead._janitor is None, "the film to be closed")
    assert films.closed == films.opened
    assert budget.taken == 0
    assert numbers(ahead.shot(LOOP, film, one(2))) == [2]


@pytest.mark.linux
def test_a_film_s_file_is_open_only_while_frames_are_asked_for(
    ahead: FramesAhead, films: Films, clock: GivenClock, film: str
) -> None:
    """So it can be replaced while a model works, and soon after a batch has ended."""
    assert ahead.count(film) == FRAMES
    for turn, number in enumerate((0, 1, 2, 20, 3)):
        assert numbers(ahead.shot(LOOP, film, one(number))) == [number]
        ahead.begin(LOOP, film, one(number + 1))
        wait_for(is_decoded(ahead, LOOP, film), "the frame ahead")
        assert times_open(film) == 1
        clock.now = (turn + 1) * 5 * MINUTE
        wait_for(lambda: not times_open(film), "the film's file to be closed")
    assert len(films.opened) == 1
    assert not films.closed


@pytest.mark.linux
def test_a_film_that_was_only_counted_is_closed(
    ahead: FramesAhead, clock: GivenClock, film: str
) -> None:
    ahead.count(film)
    assert times_open(film) == 1
    clock.now = 0.02
    wait_for(lambda: not times_open(film), "the film's file to be closed")


@pytest.mark.linux
def test_a_film_whose_frames_are_far_from_where_decoding_begins_stays_open_longer(
    films: Films, clock: GivenClock, tmp_path: Path
) -> None:
    """Only its first frame is a keyframe: going on would take as long as all before it."""
    film = str(make_film(tmp_path / "one.mp4", frames=FRAMES, options={"g": "300"}))
    ahead = FramesAhead(MemoryBudget(PLENTY), films, kept_seconds=0.05, clock=clock)
    ahead.shot(LOOP, film, one(FRAMES - 1))
    opened = ahead._films[LOOP, film]
    with opened.lock:
        opened.frame_seconds = 1.0
    clock.now = 9.0 * FRAMES
    with pytest.raises(AssertionError):
        wait_for(lambda: not times_open(film), "the film's file to be closed", timeout=0.2)
    clock.now = 11.0 * FRAMES
    wait_for(lambda: not times_open(film), "the film's file to be closed")


def test_a_film_that_was_replaced_while_its_file_was_closed_is_read_anew(
    ahead: FramesAhead, films: Films, clock: GivenClock, film: str, tmp_path: Path
) -> None:
    ahead.shot(LOOP, film, one(0))
    clock.now = MINUTE
    wait_for(lambda: ahead._films[LOOP, film].is_released, "the film's file to be closed")
    other = make_film(tmp_path / "other.mp4", pictures=[numbered(100 + n) for n in range(5)])
    os.replace(other, film)
    ahead.begin(LOOP, film, one(1))
    assert numbers(ahead.shot(LOOP, film, one(1))) == [101]
    assert len(films.opened) == 2


def test_a_film_is_not_given_up_while_a_slow_model_works(
    ahead: FramesAhead, films: Films, clock: GivenClock, film: str
) -> None:
    ahead.shot(LOOP, film, one(0))
    for turn in range(1, 4):
        clock.now = turn * 5 * MINUTE
        ahead.shot(LOOP, film, one(turn))
    with pytest.raises(AssertionError):
        wait_for(lambda: films.closed, "the film to be closed", timeout=0.2)
    assert len(films.opened) == 1


def test_the_film_that_was_longest_not_asked_for_makes_room(
    ahead: FramesAhead, films: Films, tmp_path: Path
) -> None:
    paths = [str(make_film(tmp_path / f"{name}.mp4", frames=3)) for name in "abcd"]
    for path in paths:
        ahead.shot(LOOP, path, one(0))
        ahead.begin(LOOP, path, one(1))
    assert len(films.closed) == 1
    assert numbers(ahead.shot(LOOP, paths[0], one(1))) == [1]


def test_many_threads_get_what_they_ask_for_and_all_memory_is_given_back(
    ahead: FramesAhead, budget: MemoryBudget, films: Films, clock: GivenClock, tmp_path: Path
) -> None:
    paths = [str(make_film(tmp_path / f"{name}.mp4", frames=12)) for name in "abcde"]

    def work(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - as above
        for _ in range(25):
            path, number = chance.choice(paths), chance.randrange(9)
            window = Window(number, chance.choice([1, 3]))
            expected = list(range(number, number + window.frames))
            assert numbers(ahead.shot(str(seed), path, window)) == expected
            ahead.begin(str(seed), path, Window(chance.randrange(9), window.frames))
            assert ahead.count(chance.choice(paths)) == 12

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    clock.now = 10_000
    wait_for(lambda: budget.taken == 0 and not ahead._films, "all films to be closed")
    assert len(films.closed) == len(films.opened)
    assert set(map(id, films.closed)) == set(map(id, films.opened))


def test_images_are_floats_of_the_films_size(ahead: FramesAhead, film: str) -> None:
    images = ahead.shot(LOOP, film, Window(0, 2)).images
    assert images.shape == (2, 64, 96, 3)
    assert images.numpy().dtype == np.float32


def test_it_has_a_film_open_only_for_its_loop_and_while_it_is_the_same_file(
    ahead: FramesAhead, film: str
) -> None:
    assert not ahead.has_open(LOOP, film)
    ahead.shot(LOOP, film, one(0))
    assert ahead.has_open(LOOP, film)
    assert not ahead.has_open("another", film)
    os.utime(film, (1, 1))
    assert not ahead.has_open(LOOP, film)
    Path(film).unlink()
    assert not ahead.has_open(LOOP, film)
