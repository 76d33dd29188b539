"""How long a batch takes, and what is told of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from batch_loop.core.common.times import Times, Took, took


def of(*images: tuple[float, float]) -> Times:
    """The times of images that ended one after the other: what passed, and their prompts' time."""
    times = Times()
    for number, (passed, turn) in enumerate(images, start=1):
        times = times.passed(passed, float(number)).ended_one(turn)
    return times


def test_a_speed_is_known_from_the_second_image_on() -> None:
    assert of().per_image is None
    assert of((3, 3)).per_image is None
    assert of((3, 3), (3, 3)).per_image == 3


def test_what_the_first_image_takes_for_loading_models_is_left_out() -> None:
    assert of((60, 60), (2, 2), (2, 2), (2, 2)).per_image == 2


@pytest.mark.parametrize("before", range(4))
def test_an_image_that_cannot_be_read_says_nothing_of_how_long_images_take(before: int) -> None:
    readable = [(120, 120), (5, 5), (5, 5), (5, 5)]
    mixed = [*readable[:before], (0, 0), *readable[before:]]
    assert of(*mixed) == replace(of(*readable), until=5)
    assert of(*mixed).per_image == 5
    assert of((0, 0), (120, 120)).per_image is None


def test_the_example_of_two_servers_that_load_models() -> None:
    times = of((34, 34), (0, 34), (4, 4), (0, 4))
    assert (times.first, times.firsts, times.first_turns) == (34, 2, 68)
    assert times.per_image == 2


def test_the_speed_is_what_the_images_and_the_time_beside_it_say() -> None:
    """What the first image took for loading models is left out of the forecast only."""
    times = of((9, 9), *[(2.0, 2.0)] * 5)
    assert took(times, left=1, under_way=0, since=0) == Took(19, 2, 60 * 6 / 19)
    assert took(of((9, 9)), left=1, under_way=0, since=0).per_minute is None


def test_images_that_are_worked_on_at_once_take_less() -> None:
    two_servers = of((4, 4), (0, 4), (4, 4), (0, 4), (4, 4), (0, 4))
    assert two_servers.per_image == 2
    assert of((34, 34), (0, 34), (4, 4), (0, 4), (4, 4), (0, 4)).per_image == 2


def test_what_is_told_of_a_batch() -> None:
    times = of((3, 3), (3, 3))
    assert took(times, left=5, under_way=0, since=9) == Took(6, 15, 20)
    assert took(times, left=5, under_way=1, since=1) == Took(7, 14, 20)
    # An image that takes longer than the others does not make the rest seem shorter.
    assert took(times, left=5, under_way=1, since=60) == Took(66, 12, 20)
    assert took(times, left=0, under_way=0, since=9) == Took(6, None, 20)
    assert took(Times(), left=2, under_way=0, since=9) == Took(0, None, None)


def test_an_image_whose_result_is_still_being_written_does_not_make_the_rest_seem_longer() -> None:
    """Its prompt has ended, and the next one has begun, before it counts."""
    times = of((3, 3), (3, 3)).passed(3, 3)
    assert took(times, left=5, under_way=2, since=1) == Took(10, 11, 20)
    assert took(times.ended_one(3), left=4, under_way=1, since=1) == Took(10, 11, 20)


def test_what_is_expected_of_each_image_is_told_instead() -> None:
    times = of((3, 3), (3, 3))
    expected = (1.0, 6.0, 2.0)
    assert took(times, left=3, under_way=0, since=0, to_come=expected).remaining == 9
    # Of the first one, no more has passed than it takes.
    assert took(times, left=3, under_way=1, since=4, to_come=expected).remaining == 8
    assert took(times, left=3, under_way=2, since=4, to_come=expected).remaining == 5
    # One whose weight is not known counts as much as the others.
    assert took(times, left=4, under_way=0, since=0, to_come=expected).remaining == 12


def test_of_what_images_are_expected_to_take_the_last_are_left() -> None:
    times = of((3, 3), (3, 3))
    assert took(times, left=2, under_way=1, since=4, to_come=(90, 5, 1)).remaining == 2
    assert took(times, left=2, under_way=0, since=0, to_come=(90, 5, 1)).remaining == 6
