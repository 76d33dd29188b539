"""The forecast for images that take longer the larger they are."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from batch_loop.core.common.forecast import Forecast, Spent, Weight
from batch_loop.core.common.times import Times, took
from batch_loop.tests.support.photograph_costs import PHOTOGRAPHS, Photograph

IMAGES = len(PHOTOGRAPHS)
QUARTER = IMAGES // 4
FIRST_TOLD = 2
"""The image after which the first forecast is told."""
ORDERS = 60
HOLDS = 0.15
"""How wrong it may be."""
OVERHEAD = 0.05
LOADING = 0.5
"""Seconds that each prompt takes besides, and the first one for loading models."""
BETWEEN = 0.01
"""What passes between two prompts."""
LIGHT = Weight(1, 1)


class Batch(NamedTuple):
    """What the images of a batch are, and take."""

    weights: Sequence[Weight]
    spent: Sequence[Spent]
    """Without what the first one takes for loading models."""


def photographs(seed: int) -> list[Photograph]:
    """The photographs as they are in their folder, or in another order."""
    found = list(PHOTOGRAPHS)
    if seed:
        random.Random(seed).shuffle(found)  # noqa: S311 - no secret
    return found


def batch(seed: int, model: float, *, each_megapixel: float = 0.0, behind: bool = True) -> Batch:
    """A batch of the photographs, each of which is read ahead and takes `model` seconds in a model.

    The results are written `behind`, while the next image is worked on, or before it.
    """
    chance = random.Random(seed)  # noqa: S311 - no secret
    weights, spent = [], []
    begins = before = written = 0.0
    for number, image in enumerate(photographs(seed)):
        reading, working, writing = (
            seconds * chance.uniform(0.9, 1.1)
            for seconds in (image.reading, model + each_megapixel * image.megapixels, image.writing)
        )
        there = max(begins, before + reading)
        late = there - begins
        ends = there + working + OVERHEAD
        waited = max(0.0, written - ends) if behind else 0.0
        ends += waited
        is_behind = behind and number < IMAGES - 1
        if is_behind:
            written = ends + writing
        else:
            ends += writing
        detail = math.sqrt(image.megapixels * image.megabytes)
        weights.append(Weight(image.megapixels, detail, 3 if image.is_progressive else 1))
        own = Spent(
            f"{number:02}.jpg", ends - begins, waited, writing if is_behind else 0.0, late, reading
        )
        spent.append(own)
        begins, before = ends, there
    return Batch(weights, spent)


def errors(of: Batch, unreadable: Collection[int] = (), *, weighed: bool = True) -> list[float]:
    """By which part of the whole the forecast is wrong, after each image but the last.

    Before each of the images whose numbers are `unreadable` comes another that cannot be read.
    """
    whole = LOADING + sum(own.seconds + BETWEEN for own in of.spent)
    known = {own.path: weight for own, weight in zip(of.spent, of.weights, strict=True)}
    forecasts = Forecast(known if weighed else {})
    times, found = Times(), []
    for number, own in enumerate(of.spent, start=1):
        turn = own.seconds + (LOADING if number == 1 else 0)
        if number in unreadable:
            times = times.passed(0.0, float(number)).ended_one(0.0)
        times = times.passed(turn + BETWEEN, float(number)).ended_one(turn)
        forecasts = forecasts.ended_one(own._replace(seconds=turn, passed=turn + BETWEEN))
        left = IMAGES - number
        told = took(times, left=left, under_way=0, since=0, to_come=forecasts.to_come)
        if told.remaining is not None:
            found.append(abs(times.seconds + told.remaining - whole) / whole)
    return found


def worst(of: Batch, *, weighed: bool = True) -> float:
    """The largest error from a quarter of the batch on."""
    return max(errors(of, weighed=weighed)[QUARTER - FIRST_TOLD :])


FAST_MODEL = partial(batch, model=0.2)
SLOW_MODEL = partial(batch, model=1.0)
ENLARGING = partial(batch, model=0.1, each_megapixel=0.1)
WRITTEN_BEFORE = partial(batch, model=0.2, behind=False)


@pytest.mark.parametrize("batch_of", [FAST_MODEL, SLOW_MODEL, ENLARGING, WRITTEN_BEFORE])
def test_it_holds_from_a_quarter_of_a_batch_of_photographs_on(
    batch_of: Callable[[int], Batch],
) -> None:
    assert worst(batch_of(0)) < HOLDS
    # In another order, too: in nearly each, as no weight tells exactly what an image takes.
    in_other_orders = sorted(worst(batch_of(seed)) for seed in range(1, ORDERS + 1))
    assert in_other_orders[ORDERS * 9 // 10] < HOLDS
    assert in_other_orders[-1] < 1.5 * HOLDS


class Recorded(NamedTuple):
    """A batch of photographs as it went on a server that had just started."""

    name: str
    weights: Mapping[str, Weight]
    spent: Sequence[Spent]
    whole: float


def recorded(batch: Mapping[str, Any]) -> Recorded:
    """One of `recorded_batches.json`.

    There, each image has its megapixels and megabytes, whether it is progressive, and the fields
    of `Spent`, from a computer with two cores.
    """
    weights, spent = {}, []
    for number, (pixels, size, is_progressive, *seconds) in enumerate(batch["images"]):
        path = f"{number:02}.jpg"
        weights[path] = Weight(pixels, math.sqrt(pixels * size), 3 if is_progressive else 1)
        spent.append(Spent(path, *seconds))
    name = f"{batch['format']}-{batch['model']}-{batch['waiting']}"
    return Recorded(name, weights, spent, batch["whole"])


RECORDED_FILE = Path(__file__).parents[2] / "support" / "recorded_batches.json"
RECORDED = [recorded(each) for each in json.loads(RECORDED_FILE.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("of", [pytest.param(each, id=each.name) for each in RECORDED])
def test_it_holds_in_batches_as_they_went(of: Recorded) -> None:
    known, times, found = Forecast(of.weights), Times(), []
    for number, one in enumerate(of.spent, 1):
        times = times.passed(one.passed, float(number)).ended_one(one.seconds)
        known = known.ended_one(one)
        left = IMAGES - number
        told = took(times, left=left, under_way=0, since=0, to_come=known.to_come)
        if number >= QUARTER and told.remaining is not None:
            found.append(abs(told.seconds + told.remaining - of.whole) / of.whole)
    assert len(found) == IMAGES - QUARTER
    assert max(found) < HOLDS


@pytest.mark.parametrize("batch_of", [FAST_MODEL, ENLARGING, WRITTEN_BEFORE])
def test_it_is_the_weights_that_matter(batch_of: Callable[[int], Batch]) -> None:
    unweighed = [worst(batch_of(seed), weighed=False) for seed in range(ORDERS)]
    assert sum(each > HOLDS for each in unweighed) > ORDERS / 3


def test_it_does_not_jump_while_little_is_known() -> None:
    # Among the first photographs of the folder are the heaviest of its first half.
    assert max(errors(FAST_MODEL(0))[1:]) < HOLDS
    in_any_order = sorted(max(errors(FAST_MODEL(seed))[1:]) for seed in range(ORDERS))
    assert in_any_order[ORDERS * 9 // 10] < 2 * HOLDS


def test_after_light_images_it_knows_what_writing_the_heavy_ones_will_take() -> None:
    known = Forecast({name: Weight(1, 1) for name in "abcdef"} | {"y": Weight(1, 9)})
    known = replace(known, weights={**known.weights, "z": Weight(1, 9)})
    for name in "abcdef":
        known = known.ended_one(Spent(name, 1.0, writing=0.5, passed=1.0))
    # While z is worked on, y is written; z, the last one, is written after that.
    assert known.to_come == pytest.approx((1, 4.5 + 4.5))


def test_after_light_images_it_knows_what_reading_the_heavy_ones_will_take() -> None:
    light, heavy = dict.fromkeys("abcdef", LIGHT), Weight(9, 1)
    known = Forecast({**light, "x": heavy, "y": heavy, "z": LIGHT})
    for name in "abcdef":
        known = known.ended_one(Spent(name, 1.0, reading=0.5, passed=1.0))
    # x is read while f is worked on, y while x is, and z while y is.
    assert known.to_come == pytest.approx((4.5, 4.5, 1))


def test_waiting_for_an_image_is_not_work_on_it() -> None:
    known = Forecast({"a": Weight(8, 1), "b": Weight(8, 1), **dict.fromkeys("cdef", LIGHT)})
    for name, late, reading in (("a", 0, 0.0), ("b", 3, 4.0), ("c", 0, 0.5)):
        one = Spent(name, 1.0 + late, late=late, reading=reading, passed=1.0 + late)
        known = known.ended_one(one)
    assert known.to_come == pytest.approx((1, 1, 1))


def test_waiting_for_a_result_is_not_work_on_the_next_image() -> None:
    heavy_first = Forecast({"a": Weight(1, 8), "b": Weight(1, 8)} | dict.fromkeys("cde", LIGHT))
    known = heavy_first.ended_one(Spent("a", 1.0, writing=4.0))
    known = known.ended_one(Spent("b", 4.0, waited=3.0, writing=4.0, passed=4.0))
    known = known.ended_one(Spent("c", 4.0, waited=3.0, writing=0.5, passed=4.0))
    assert known.to_come == pytest.approx((1, 1 + 0.5))


@pytest.mark.parametrize("before", [0.1, 4.0])
@pytest.mark.parametrize("part", ["writing", "reading"])
def test_it_goes_by_how_busy_the_disk_has_been_of_late(part: str, before: float) -> None:
    known = weighing({f"{number}": 1 for number in range(100)})
    for number in range(90):
        disk = before if number < 45 else 1.5
        hold = max(0.0, disk - 1)
        one = Spent(f"{number}", 1 + hold, passed=1 + hold)
        if part == "writing":
            one = one._replace(waited=hold, writing=disk)
        else:
            one = one._replace(late=hold, reading=disk)
        known = known.ended_one(one)
    last = 1.5 + (1.5 if part == "writing" else 0)
    assert known.to_come == pytest.approx((*[1.5] * 9, last))


def test_one_that_was_held_up_is_not_taken_for_a_heavy_one() -> None:
    weights = {f"{number}": Weight(number, number) for number in range(1, 31)}
    known = Forecast(weights)
    for number in range(1, 15):
        known = known.ended_one(Spent(f"{number}", 1.0 + number, passed=1.0 + number))
    spent = [one._replace(seconds=60, passed=60) if one.path == "9" else one for one in known.spent]
    held_up = replace(known, spent=tuple(spent))
    assert held_up.to_come == pytest.approx(known.to_come, rel=0.01)


def test_images_that_cannot_be_read_do_not_spoil_it() -> None:
    assert errors(FAST_MODEL(0), unreadable=(1, 2, 5)) == errors(FAST_MODEL(0))


def test_without_weights_or_before_enough_is_known_each_image_counts_alike() -> None:
    assert Forecast().ended_one(Spent("a", 3.0)).to_come == ()
    known = weighing({"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 60}).ended_one(Spent("a", 9))
    assert known.to_come == ()
    known = known.ended_one(Spent("b", 5, passed=5))
    assert known.to_come == ()
    known = known.ended_one(Spent("c", 5, passed=5))
    assert known.to_come == (5, 5, 5)
    known = known.ended_one(Spent("d", 20, passed=20)).ended_one(Spent("e", 25, passed=25))
    assert known.to_come[0] > 100
    # Known here by its weight, but worked on by another server.
    assert known.ended_one(Spent("e", 0.0)) == known


def test_a_time_that_does_not_go_with_the_weights_is_the_same_for_all() -> None:
    known = weighing({"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 60})
    for path in "abcde":
        known = known.ended_one(Spent(path, 7, passed=7))
    assert known.to_come == (7,)
    assert known.ended_one(Spent("f", 7)).to_come == ()


@pytest.mark.parametrize("after", [0.1, 6.0])
@pytest.mark.parametrize("ended", range(3, 30))
def test_once_the_work_has_changed_the_images_before_say_nothing(after: float, ended: int) -> None:
    known = weighing({f"{number}": 1 + number % 3 for number in range(60)})
    for number in range(20 + ended):
        takes = 1.0 if number < 20 else after
        known = known.ended_one(Spent(f"{number}", takes, passed=takes))
    assert known.to_come == pytest.approx((after,) * (40 - ended))


def test_work_that_is_little_beside_the_waiting_has_not_changed() -> None:
    known = weighing({f"{number}": 1 for number in range(60)})
    for number in range(30):
        work = 0.001 if number % 6 < 3 else 0.02
        one = Spent(f"{number}", 4, waited=4 - work, writing=4, passed=4)
        known = known.ended_one(one)
    assert known.since == 0


def test_images_that_were_found_to_have_ended_at_once_took_their_time() -> None:
    known = weighing(dict.fromkeys("abcdefg", 3.0))
    for path, passed in zip("abcdef", (2, 2, 0, 4, 0, 0), strict=True):
        known = known.ended_one(Spent(path, 2, passed=passed))
    assert known.to_come == pytest.approx((1,))


def test_images_that_all_weigh_the_same_take_the_same() -> None:
    known = weighing(dict.fromkeys("abcdefg", 3.0))
    for number, path in enumerate("abcdef"):
        known = known.ended_one(Spent(path, 7 + number % 2, passed=7 + number % 2))
    assert known.to_come == pytest.approx((7.5,), rel=0.04)


def test_another_listing_keeps_what_is_known_of_its_images() -> None:
    known = weighing({"a": 1, "b": 2}).ended_one(Spent("a", 3)).ended_one(Spent("b", 4))
    assert weighing({"b": 2, "c": 3}).knowing(known).spent == (Spent("b", 4),)


@pytest.mark.parametrize(("listed", "takes"), [("abcdefghij", 9), ("bcdefghij", 9), ("abcdej", 1)])
def test_another_listing_keeps_what_is_known_of_a_change(listed: str, takes: float) -> None:
    known = weighing(dict.fromkeys("abcdefghi", 1))
    for path, seconds in zip("abcdefghi", (1, 1, 1, 1, 1, 1, 9, 9, 9), strict=True):
        known = known.ended_one(Spent(path, seconds, passed=seconds))
    assert weighing(dict.fromkeys(listed, 1)).knowing(known).to_come == pytest.approx((takes,))


def weighing(weights: Mapping[str, float]) -> Forecast:
    """A forecast that knows the weights of images, in whichever way they are looked at."""
    return Forecast({path: Weight(each, each) for path, each in weights.items()})
