"""The forecast for images that take longer the larger they are."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection, Sequence

import pytest

from batch_loop.core.common.forecast import Forecast
from batch_loop.core.common.times import Times, took

IMAGES = 40
QUARTER = IMAGES // 4
FIRST_TOLD = 2
"""The image after which the first forecast is told."""
MODEL = 0.2
LOADING = 3.0
"""Seconds that each image takes in a model, and the first one for loading it."""


def photographs(seed: int) -> list[float]:
    """Weights of photographs of 2 to 24 megapixels, with much detail or with little."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    megapixels = [math.exp(chance.uniform(math.log(2), math.log(24))) for _ in range(IMAGES)]
    return [size * chance.uniform(0.5, 1.5) for size in megapixels]


def one_by_one(weights: Sequence[float], seed: int) -> list[float]:
    """What each takes if its result is written before the next one begins."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    return [MODEL + 0.03 * weight * chance.uniform(0.8, 1.2) for weight in weights]


def written_behind(weights: Sequence[float], seed: int) -> list[float]:
    """What each takes if the result of the one before is written meanwhile."""
    writing = [0.0, *one_by_one(weights, seed)]
    return [MODEL + max(0.0, before - MODEL) for before in writing[:IMAGES]]


def errors(
    seconds: Sequence[float], forecasts: Forecast, unreadable: Collection[int] = ()
) -> list[float]:
    """By which part of the whole the forecast is wrong, after each image but the last.

    Before each of the images whose numbers are `unreadable` comes another that cannot be read.
    """
    paths = list(forecasts.weights)
    whole = LOADING + sum(seconds)
    times, found = Times(), []
    for number, (path, own) in enumerate(zip(paths, seconds, strict=True), start=1):
        turn = own + (LOADING if number == 1 else 0)
        if number in unreadable:
            times = times.passed(0.0, float(number)).ended_one(0.0)
        times = times.passed(turn, float(number)).ended_one(turn)
        forecasts = forecasts.ended_one(path, turn)
        left = IMAGES - number
        told = took(times, left=left, under_way=0, since=0, factor=forecasts.factor)
        if told.remaining is not None:
            found.append(abs(times.seconds + told.remaining - whole) / whole)
    return found


@pytest.mark.parametrize("seconds_of", [one_by_one, written_behind])
def test_it_holds_from_a_quarter_of_a_batch_of_photographs_on(
    seconds_of: Callable[[Sequence[float], int], list[float]],
) -> None:
    worst, unweighed = [], []
    for seed in range(50):
        weights = photographs(seed)
        seconds = seconds_of(weights, seed)
        known = Forecast({f"{number:02}.jpg": each for number, each in enumerate(weights)})
        worst.append(max(errors(seconds, known)[QUARTER - FIRST_TOLD :]))
        alike = Forecast(dict.fromkeys(known.weights, 1.0))
        unweighed.append(max(errors(seconds, alike)[QUARTER - FIRST_TOLD :]))
    assert max(worst) < 0.15
    # It is the weights that matter.
    assert sum(each > 0.15 for each in unweighed) > len(unweighed) / 4


def test_images_that_cannot_be_read_do_not_spoil_it() -> None:
    weights = photographs(0)
    known = Forecast({f"{number:02}.jpg": each for number, each in enumerate(weights)})
    seconds = one_by_one(weights, 0)
    readable = errors(seconds, known)
    assert errors(seconds, known, unreadable=(1, 2, 5)) == readable
    assert max(readable[QUARTER - FIRST_TOLD :]) < 0.15


def test_without_weights_or_before_enough_is_known_each_image_counts_alike() -> None:
    assert Forecast().ended_one("a", 3.0).factor == 1
    known = Forecast({"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 60})
    for path in "abcd":
        known = known.ended_one(path, 5 * known.weights[path])
        assert known.factor == 1
    assert known.ended_one("e", 25).factor > 5
    # Known here by its weight, but worked on by another server.
    assert known.ended_one("e", 0.0) == known


def test_a_time_that_does_not_go_with_the_weights_is_the_same_for_all() -> None:
    known = Forecast({"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 60})
    for path in "abcde":
        known = known.ended_one(path, 7)
    assert known.factor == 1
    assert known.ended_one("f", 7).factor == 1  # none is left


def test_another_listing_keeps_what_is_known_of_its_images() -> None:
    known = Forecast({"a": 1, "b": 2}).ended_one("a", 3).ended_one("b", 4)
    assert Forecast({"b": 2, "c": 3}).knowing(known.spent).spent == (("b", 4),)
