"""Each rule for the choice of an effort, with both clocks set by the test."""

from __future__ import annotations

import pytest

from batch_loop.core.background.costs import Kind, Work
from batch_loop.core.background.kinds import kind_of
from batch_loop.core.background.spare_time import SpareTime
from batch_loop.core.media.effort import Effort
from batch_loop.core.model.background_writes import Turn
from batch_loop.core.model.formats import Format
from batch_loop.core.model.prompt import Prompt

FAST, MIDDLE, SMALL = STEPS = tuple(Effort)
"""An effort goes up one step an image."""
PIXELS = 12_000_000
ALONE = Kind("alone", (1.0, 2.0, 5.0), parallel=False)
PARALLEL = Kind("parallel", (1.0, 2.0, 5.0), parallel=True)
CHEAP = (0.02, 0.04, 0.1)


class Machine:
    """A process, and the time by its clocks."""

    def __init__(self, cores: int = 2) -> None:
        self.now = self.processor = 0.0
        self.cores = cores
        self.spare = SpareTime(lambda: self.now, lambda: self.processor, cores, cores)


class Loop:
    """A loop whose images are modelled one after the other.

    A result takes the seconds `costs` with each effort, on the cores that its kind uses.
    """

    def __init__(
        self,
        costs: tuple[float, float, float] = CHEAP,
        kind: Kind = ALONE,
        machine: Machine | None = None,
        name: str = "loop",
    ) -> None:
        self.costs = costs
        self.kind = kind
        self.machine = Machine() if machine is None else machine
        self.batch = 1
        self._name = name
        self._images = 0
        self._left = 0.0
        """Processor time that the results of the image before still need."""

    def image(
        self,
        model: float = 1.0,
        busy: float = 0.0,
        *,
        waited: bool = False,
        results: int = 1,
        pixels: int = PIXELS,
    ) -> Effort:
        """The effort for the next image, whose model takes `model` seconds on `busy` cores."""
        turn, spare = self.next_turn(), self.machine.spare
        spare.starts(turn, self.batch)
        self.passes(model, model * busy + self._left)
        spare.begins(turn)
        spare.goes_on(turn, waited=waited)
        work = Work(self.kind, pixels)
        efforts = [spare.chosen(turn, work) for _ in range(results)]
        for effort in efforts:
            spare.took(work, effort, self.costs[effort])
        threads = min(4, self.machine.cores) if self.kind.parallel else 1
        self._left = threads * sum(self.costs[effort] for effort in efforts)
        return efforts[-1]

    def next_turn(self) -> Turn:
        self._images += 1
        name = f"{self._name} {self._images}"
        return Turn(self._name, name, Prompt(name, float(self._images)))

    def rests(self, seconds: float, share: float = 1.0) -> None:
        """Let time pass in which nothing runs but what is still encoded: a `share` of it."""
        self.passes(seconds, share * self._left)
        self._left *= 1 - share

    def passes(self, seconds: float, processor: float) -> None:
        self.machine.now += seconds
        self.machine.processor += processor


def tried() -> Loop:
    """A loop that has tried each effort."""
    loop = Loop()
    assert [loop.image() for _ in range(3)] == [*STEPS]
    return loop


def test_a_turn_of_which_nothing_is_known_is_fast() -> None:
    turn = Turn("loop", "a.png", Prompt("1", 1.0))
    spare = SpareTime()
    spare.begins(turn)
    spare.goes_on(turn, waited=False)
    assert spare.chosen(turn, Work(ALONE, PIXELS)) is FAST


@pytest.mark.parametrize(("seconds", "expected"), [(0.68, SMALL), (0.72, MIDDLE)])
def test_a_result_takes_most_of_the_time_at_most(seconds: float, expected: Effort) -> None:
    loop = Loop((0.02, 0.04, seconds))
    # It is tried once, as it is expected to be faster.
    assert [loop.image() for _ in range(5)] == [*STEPS, expected, expected]


@pytest.mark.parametrize(("seconds", "expected"), [(0.39, SMALL), (0.41, MIDDLE)])
def test_a_result_takes_most_of_the_idle_processor_at_most(
    seconds: float, expected: Effort
) -> None:
    """The model leaves one of two cores; the encoder, whose own use does not count, needs both."""
    loop = Loop((0.02, 0.04, seconds), PARALLEL)
    assert [loop.image(busy=1.0) for _ in range(5)] == [*STEPS, expected, expected]


@pytest.mark.parametrize(("seconds", "expected"), [(0.59, SMALL), (0.61, MIDDLE)])
def test_an_encoder_uses_a_few_cores_of_many(seconds: float, expected: Effort) -> None:
    loop = Loop((0.02, 0.04, seconds), PARALLEL, Machine(cores=8))
    # The model leaves 3 of them, and it uses 4.
    assert [loop.image(busy=5.0) for _ in range(5)] == [*STEPS, expected, expected]


def test_what_was_never_tried_must_fit_with_some_to_spare() -> None:
    loop = Loop((0.13, 0.26, 0.65))
    assert [loop.image() for _ in range(4)] == [
        FAST,
        MIDDLE,
        MIDDLE,
        MIDDLE,
    ]


@pytest.mark.parametrize(
    ("kind", "seconds", "expected"),
    [
        (ALONE, 0.65, SMALL),
        (ALONE, 0.75, MIDDLE),
        (PARALLEL, 0.34, SMALL),
        (PARALLEL, 0.36, MIDDLE),
    ],
)
def test_several_results_share_the_time(kind: Kind, seconds: float, expected: Effort) -> None:
    """On two cores, as many are encoded at a time; unless one uses both."""
    loop = Loop((0.02, 0.04, seconds), kind)
    assert [loop.image(results=2) for _ in range(5)] == [*STEPS, expected, expected]


def test_the_first_of_several_results_leaves_time_for_the_others() -> None:
    loop = Loop((0.04, 0.08, 0.2))
    assert [loop.image(results=10) for _ in range(2)] == [FAST, MIDDLE]
    turn, spare = loop.next_turn(), loop.machine.spare
    spare.starts(turn, loop.batch)
    loop.passes(1.0, 0.8)
    spare.begins(turn)
    spare.goes_on(turn, waited=False)
    assert spare.chosen(turn, Work(ALONE, PIXELS)) is MIDDLE


@pytest.mark.parametrize(
    ("seconds", "expected"), [((0.8, 0.8, 0.8, 0.1), MIDDLE), ((0.1, 0.1, 0.8), SMALL)]
)
def test_one_measurement_among_several_changes_nothing(
    seconds: tuple[float, ...], expected: Effort
) -> None:
    loop = tried()
    for each in seconds:
        loop.machine.spare.took(Work(ALONE, PIXELS), SMALL, each)
    assert loop.image() is expected


def test_what_took_too_long_is_tried_again_after_a_while() -> None:
    loop = tried()
    for _ in range(3):
        loop.machine.spare.took(Work(ALONE, PIXELS), SMALL, 0.8)
    loop.rests(290)
    assert loop.image() is MIDDLE
    loop.rests(10)
    assert loop.image() is SMALL


def test_a_model_that_takes_longer_than_measurements_count() -> None:
    loop = Loop()
    assert [loop.image(400) for _ in range(4)] == [FAST, MIDDLE, SMALL, SMALL]


def test_the_fastest_of_the_last_turns_counts() -> None:
    loop = tried()
    models = [1.0] * 3 + [0.1] + [1.0] * 9
    assert [loop.image(each) for each in models] == [SMALL] * 3 + [MIDDLE] * 8 + [SMALL] * 2


def test_the_busiest_of_the_last_turns_counts() -> None:
    loop = tried()
    used = [0.0] * 3 + [2.0] + [0.0] * 9
    assert [loop.image(busy=each) for each in used] == [SMALL] * 3 + [FAST] * 8 + [SMALL] * 2


def test_an_effort_that_was_waited_for_is_tried_again_half_as_often_each_time() -> None:
    loop = tried()
    for turns in (8, 16, 32, 64):
        assert loop.image() is SMALL
        assert loop.image(waited=True) is MIDDLE
        assert {loop.image() for _ in range(turns - 1)} == {MIDDLE}


def test_each_result_that_is_waited_for_takes_one_step_down() -> None:
    loop = tried()
    assert [loop.image(waited=True) for _ in range(4)] == [MIDDLE, FAST, FAST, FAST]


def test_after_two_steps_down_it_goes_up_one_at_a_time() -> None:
    loop = tried()
    assert [loop.image(waited=True) for _ in range(2)] == [MIDDLE, FAST]
    assert [loop.image() for _ in range(15 + 32 + 1)] == [FAST] * 15 + [MIDDLE] * 32 + [SMALL]


def test_a_turn_s_later_nodes_change_nothing() -> None:
    loop = tried()
    turn, spare = loop.next_turn(), loop.machine.spare
    # Directory Iterator may be asked again, and there may be several savers.
    spare.starts(turn, loop.batch)
    loop.passes(1.0, 0.0)
    spare.starts(turn, loop.batch)
    for waited in (False, True):
        spare.begins(turn)
        spare.goes_on(turn, waited=waited)
        assert spare.chosen(turn, Work(ALONE, PIXELS)) is SMALL


def test_small_images_say_nothing_of_large_ones() -> None:
    machine, png = Machine(), kind_of(Format.PNG, 95)
    tiny = Loop((0.010, 0.011, 0.012), png, machine, "tiny")
    for _ in range(8):
        tiny.image(0.2, pixels=64 * 64)
    large = Loop((0.2, 0.25, 0.5), png, machine, "large")
    assert [large.image(10) for _ in range(4)] == [*STEPS, SMALL]


def test_images_of_about_one_size_are_one_kind() -> None:
    loop = tried()
    assert loop.image(pixels=PIXELS + PIXELS // 10) is SMALL


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [(4_000_000, FAST), (8_000_000, SMALL), (18_000_000, SMALL), (40_000_000, FAST)],
)
def test_a_new_size_goes_on_where_the_sizes_next_to_it_are(pixels: int, expected: Effort) -> None:
    assert tried().image(pixels=pixels) is expected


@pytest.mark.parametrize(
    ("small", "model", "pixels"),
    [
        (0.45, 1.0, 17_000_000),  # as long for a pixel, and some more
        (0.6, 0.6, 4_300_000),  # nearly as long as the larger ones
    ],
)
def test_a_new_size_is_expected_to_take_longer_than_the_sizes_next_to_it_say(
    small: float, model: float, pixels: int
) -> None:
    loop = Loop((0.02, 0.04, small))
    assert [loop.image() for _ in range(3)] == [*STEPS]
    assert loop.image(model, pixels=pixels) is MIDDLE


def test_the_first_image_of_another_batch_is_fast_again() -> None:
    loop = tried()
    assert [loop.image(20) for _ in range(4)] == [SMALL] * 4
    loop.batch = 2
    loop.rests(60)
    assert [loop.image(20) for _ in range(2)] == [FAST, SMALL]


def test_a_batch_that_rests_goes_on_by_what_the_model_takes_now() -> None:
    loop = Loop((0.6, 1.2, 3.0))
    assert [loop.image(20) for _ in range(3)] == [*STEPS]
    loop.rests(3600)
    assert [loop.image(0.2) for _ in range(3)] == [FAST] * 3


def test_single_runs_with_a_look_at_each_are_no_slow_model() -> None:
    loop = Loop((0.15, 0.3, 0.75))
    for _ in range(6):
        assert loop.image(0.2) is FAST
        loop.rests(30)


def test_what_else_the_process_did_in_a_rest_does_not_count() -> None:
    loop = tried()
    loop.passes(30, 60)
    assert loop.image() is SMALL


def test_what_was_encoded_in_a_rest_says_nothing_of_the_model() -> None:
    loop = Loop((0.02, 0.04, 0.39), PARALLEL)
    assert [loop.image() for _ in range(3)] == [*STEPS]
    loop.rests(30)
    assert loop.image(busy=2.0) is FAST


@pytest.mark.parametrize(("busy", "expected"), [(1.0, SMALL), (1.3, MIDDLE)])
def test_what_is_encoded_before_and_after_the_next_turn_starts(
    busy: float, expected: Effort
) -> None:
    loop = Loop((0.02, 0.04, 0.39), PARALLEL)
    assert [loop.image() for _ in range(3)] == [*STEPS]
    loop.rests(0.195, share=0.5)
    assert loop.image(busy=busy) is expected


def test_each_loop_has_its_own_model() -> None:
    machine = Machine()
    slow = Loop(machine=machine, name="slow")
    quick = Loop(machine=machine, name="quick")
    for _ in range(2):
        slow.image()
        quick.image(0.05)
    for _ in range(3):
        assert (slow.image(), quick.image(0.05)) == (SMALL, FAST)


def test_the_loops_that_ran_last_are_known() -> None:
    machine = Machine()
    loop = Loop(machine=machine)
    loop.image()
    loop.image()
    for number in range(20):
        Loop(machine=machine, name=f"other {number}").image()
        assert loop.image() is SMALL
    for number in range(15):
        Loop(machine=machine, name=f"another {number}").image()
    assert loop.image() is SMALL
    for number in range(16):
        Loop(machine=machine, name=f"one more {number}").image()
    assert loop.image() is FAST
