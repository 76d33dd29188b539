"""How long a batch takes, and what is told of it."""

from __future__ import annotations

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
