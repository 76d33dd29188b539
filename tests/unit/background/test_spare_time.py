"""Whole batches that go by the chosen efforts, with clocks of their own."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from batch_loop.core.background.costs import Kind, Work
from batch_loop.core.background.kinds import kind_of
from batch_loop.core.background.spare_time import SpareTime
from batch_loop.core.media.effort import Effort
from batch_loop.core.model.background_writes import Turn
from batch_loop.core.model.formats import Format
from batch_loop.core.model.prompt import Prompt

PIXELS = 12_000_000
ALONE = Kind("alone", (1.0, 2.0, 5.0), parallel=False)
FAST_SECONDS = 0.1


@dataclass
class Batch:
    """A batch on a machine with some cores: each image is modelled, then encoded behind.

    The model takes `model` seconds on `busy` cores. While model and encoding together need more
    than there is, both are slowed.
    """

    model: Callable[[], float]
    busy: float = 0.0
    cores: int = 2
    kind: Kind = ALONE
    costs: tuple[float, float, float] = (FAST_SECONDS, 2 * FAST_SECONDS, 5 * FAST_SECONDS)
    """Seconds of the processor for an image with each effort."""
    results: int = 1
    """For each image."""
    fixed: Effort | None = None
    now: float = 0.0
    processor: float = 0.0
    left: float = 0.0
    """Processor time that the results of the image before still need."""
    chosen: list[Effort] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.spare = SpareTime(lambda: self.now, lambda: self.processor, self.cores, self.cores)
        self._begun: tuple[float, Effort] | None = None

    def run(self, images: int) -> float:
        """The seconds that it takes, without the last image's result."""
        for number in range(images):
            self._image(number)
        return self.now

    def _image(self, number: int) -> None:
        turn = Turn("loop", f"{number}.png", Prompt(str(number), float(number)))
        self.spare.starts(turn, 1)
        self._work(self.model())
        waits = self.left > 0
        self.spare.begins(turn)
        self._finish()
        self.spare.goes_on(turn, waited=waits)
        work = Work(self.kind, PIXELS)
        chosen = [self.spare.chosen(turn, work) for _ in range(self.results)]
        effort = self.fixed if self.fixed is not None else chosen[0]
        self.chosen.append(effort)
        self.left = self.costs[effort] * self.results
        self._begun = (self.now, effort)

    def _work(self, model: float) -> None:
        """Model and encode side by side."""
        while model > 0:
            encoding = min(1.0, self.cores) if self.left > 0 else 0.0
            share = min(1.0, self.cores / (self.busy + encoding)) if self.busy + encoding else 1.0
            step = model / share if not encoding else min(model / share, self.left / share)
            self._pass(step, encoding, share)
            model -= step * share
            model = 0.0 if model < 1e-9 else model

    def _finish(self) -> None:
        if self.left > 0:
            self._pass(self.left, 1.0, 1.0, idle=True)

    def _pass(self, step: float, encoding: float, share: float, *, idle: bool = False) -> None:
        self.now += step
        self.processor += step * share * (encoding + (0.0 if idle else self.busy))
        if encoding:
            self.left -= step * share
            if self.left < 1e-9:
                self.left = 0.0
                if self._begun is not None:
                    began, effort = self._begun
                    for _ in range(self.results):
                        took = (self.now - began) / self.results
                        self.spare.took(Work(self.kind, PIXELS), effort, took)
                    self._begun = None


def test_the_first_image_is_fast_as_nothing_is_known_yet() -> None:
    batch = Batch(lambda: 2.0)
    batch.run(2)
    assert batch.chosen[0] is Effort.FAST


def test_a_slow_model_hides_the_most_effort_after_one_image_with_each() -> None:
    batch = Batch(lambda: 2.0)
    batch.run(10)
    assert batch.chosen == [Effort.FAST, Effort.MIDDLE] + [Effort.SMALL] * 8


def test_efforts_that_cost_the_same_are_one_step() -> None:
    same = Kind("same", (1.0, 1.0, 4.0), parallel=False)
    batch = Batch(lambda: 2.0, kind=same, costs=(0.1, 0.1, 0.4))
    batch.run(10)
    assert batch.chosen == [Effort.FAST] + [Effort.SMALL] * 9


def test_one_that_costs_far_more_than_expected_is_not_tried_where_the_step_before_says_so() -> None:
    batch = Batch(lambda: 1.0, costs=(0.1, 0.3, 1.2))
    batch.run(40)
    assert batch.chosen == [Effort.FAST] + [Effort.MIDDLE] * 39


def test_a_short_turn_is_remembered() -> None:
    times = [1.3 if each % 6 else 0.3 for each in range(1, 100)]
    given = iter(times)
    batch = Batch(lambda: next(given), costs=(0.1, 0.2, 0.5))
    seconds = batch.run(len(times))
    assert seconds <= sum(times) * 1.02
    # Before the first of them, the most effort fits.
    assert Effort.SMALL in batch.chosen[:6]
    assert Effort.SMALL not in batch.chosen[7:]


def test_what_lies_between_is_taken_where_the_most_does_not_fit() -> None:
    batch = Batch(lambda: 0.4)
    batch.run(10)
    assert set(batch.chosen[1:]) == {Effort.MIDDLE}


def test_a_fast_model_hides_none() -> None:
    batch = Batch(lambda: 0.12)
    batch.run(50)
    assert set(batch.chosen) == {Effort.FAST}


def test_a_model_that_computes_on_all_cores_is_not_slowed() -> None:
    batch = Batch(lambda: 2.0, busy=2.0)
    batch.run(20)
    assert set(batch.chosen) == {Effort.FAST}


def test_a_model_that_leaves_a_core_free_hides_it() -> None:
    batch = Batch(lambda: 2.0, busy=1.0)
    batch.run(10)
    assert set(batch.chosen[2:]) == {Effort.SMALL}


def test_after_one_that_was_waited_for_it_steps_down_at_once() -> None:
    # It takes far longer than its ratio to the others says.
    batch = Batch(lambda: 1.0, costs=(0.1, 0.2, 3.0))
    batch.run(40)
    assert batch.chosen[2] is Effort.SMALL
    assert batch.chosen.count(Effort.SMALL) == 1
    assert set(batch.chosen[4:]) == {Effort.MIDDLE}


def test_a_model_that_becomes_faster_is_followed_at_once() -> None:
    times = iter([2.0] * 10 + [0.12] * 40)
    batch = Batch(lambda: next(times))
    batch.run(50)
    assert batch.chosen[9] is Effort.SMALL
    assert set(batch.chosen[12:]) == {Effort.FAST}


@pytest.mark.parametrize("format_", [each for each in Format if each is not Format.SOURCE])
@pytest.mark.parametrize("quality", [90, 100])
def test_every_format_has_its_costs(format_: Format, quality: int) -> None:
    ratios = kind_of(format_, quality).ratios
    assert list(ratios) == sorted(ratios)


@pytest.mark.parametrize("spread", [0.0, 0.1, 0.4])
def test_a_batch_is_never_slower_than_fast(spread: float) -> None:
    """Random models and encoders: all that is lost is what is tried."""
    chance = random.Random(15)  # noqa: S311 - the same batches each time
    for _ in range(400):
        mean, busy = 10 ** chance.uniform(-1.5, 1), chance.choice([0.0, 0.5, 1.0, 2.0])
        fast = 10 ** chance.uniform(-2, 0)
        middle = fast * chance.uniform(1, 4)
        costs = (fast, middle, middle * chance.uniform(1, 6))
        models = [mean * max(0.1, chance.gauss(1, spread)) for _ in range(120)]
        seconds = []
        for fixed in (Effort.FAST, None):
            given = iter(models)
            batch = Batch(lambda given=given: next(given), busy, costs=costs, fixed=fixed)  # type: ignore[misc]
            seconds.append(batch.run(len(models)))
        # The highest effort may have to be tried once.
        assert seconds[1] <= seconds[0] * 1.02 + costs[Effort.SMALL], (mean, busy, costs)
