"""How long a batch takes is counted by the clock on the wall, without pauses."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pytest

from batch_loop.core.common.errors import UnreadableImage
from batch_loop.core.common.forecast import Weight
from batch_loop.core.common.times import Took
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.background_writes import Turn
from batch_loop.core.model.prompt import Ending, Outcome, Prompt
from batch_loop.core.model.records import Iteration
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.memory import MemoryStore
from batch_loop.tests.support.background import FakeWrites, turn_of
from batch_loop.tests.support.fake_host import ByHand, FakeHost
from batch_loop.tests.unit.engine.test_registry import SKIP, Loop


class WallClock(FakeHost):
    """A host whose clock a test advances."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 1_000.0

    def now(self) -> float:
        return self.time + self.set_by

    def finish_now(self, prompt: Prompt) -> None:
        self._outcomes[prompt] = Outcome(Ending.SUCCESS, None, self.now())


class Batch(Loop):
    """A batch, whose prompts are queued and run at given moments."""

    def __init__(self, *names: str) -> None:
        super().__init__(*names)
        self.host = self.clock = WallClock()
        self.registry = LoopRegistry(
            MemoryStore(), self.clock, ImageFolder(self._list, self._sight), poll_outcomes=ByHand
        )

    def at(self, seconds: float) -> None:
        self.clock.time = 1_000.0 + seconds

    def end(self, iteration: Iteration) -> None:
        self.registry.end(iteration)
        self.clock.finish_now(iteration.prompt)

    @property
    def took(self) -> Took:
        return self.registry.full_snapshot(self.request.key.id).took


@pytest.fixture
def batch() -> Batch:
    return Batch(*"abcdefgh")


def image(batch: Batch, queued: float, begins: float, ends: float) -> None:
    """One prompt, from its submission to its end."""
    batch.at(queued)
    prompt = batch.host.submit()
    batch.at(begins)
    iteration = batch.acquire(prompt)
    batch.at(ends)
    batch.end(iteration)


def test_it_counts_from_the_submission_to_the_last_end(batch: Batch) -> None:
    image(batch, 0, 2, 10)
    assert batch.took.seconds == pytest.approx(10)
    image(batch, 5, 12, 20)
    assert batch.took.seconds == pytest.approx(20)
    assert batch.took.remaining == pytest.approx(60)
    assert batch.took.per_minute == pytest.approx(6)


def test_the_moment_between_two_images_counts_and_a_pause_does_not(batch: Batch) -> None:
    image(batch, 0, 0, 10)
    image(batch, 11, 12, 20)
    assert batch.took.seconds == pytest.approx(20)
    image(batch, 500, 502, 510)
    assert batch.took.seconds == pytest.approx(30)
    batch.at(9_000)
    assert batch.took.seconds == pytest.approx(30)


def test_images_that_are_worked_on_at_once_take_their_time_once(batch: Batch) -> None:
    batch.at(0)
    first, second = batch.acquire(), batch.acquire()
    batch.at(10)
    batch.end(first)
    batch.end(second)
    assert batch.took.seconds == pytest.approx(10)
    third, fourth = batch.acquire(), batch.acquire()
    batch.at(20)
    batch.end(third)
    batch.end(fourth)
    assert batch.took == Took(pytest.approx(20), pytest.approx(20), pytest.approx(12))


def test_it_goes_on_while_an_image_is_being_worked_on(batch: Batch) -> None:
    image(batch, 0, 0, 10)
    image(batch, 5, 10, 20)
    batch.at(20)
    iteration = batch.acquire()
    batch.at(25)
    assert batch.took == Took(pytest.approx(25), pytest.approx(55), pytest.approx(6))
    batch.clock.set_by = 86_400.0  # somebody sets the clock
    assert batch.took.seconds == pytest.approx(25)
    batch.at(30)
    batch.end(iteration)
    assert batch.took.seconds == pytest.approx(30)


def test_an_end_counts_when_it_was_and_not_when_somebody_looks(batch: Batch) -> None:
    image(batch, 0, 0, 10)
    batch.at(3_600)
    assert batch.took.seconds == pytest.approx(10)


def test_writing_the_results_of_a_prompt_does_not_count_so_that_no_time_goes_back(
    batch: Batch,
) -> None:
    writes = FakeWrites()
    batch.registry = LoopRegistry(
        MemoryStore(),
        batch.clock,
        ImageFolder(batch._list, batch._sight),
        writes,
        poll_outcomes=ByHand,
    )
    batch.at(0)
    iteration = batch.acquire(batch.host.submit())
    turn = turn_of(iteration)
    writes.begin(turn)
    batch.at(5)
    batch.registry.end(iteration)
    assert batch.took.seconds == pytest.approx(5)
    batch.at(6)
    assert batch.took.seconds == pytest.approx(6)  # its prompt still runs
    batch.clock.finish_now(iteration.prompt)
    for later in (7, 8):
        batch.at(later)
        assert batch.took.seconds == pytest.approx(6)
    writes.end(turn)
    assert batch.took.seconds == pytest.approx(6)
    batch.acquire(batch.host.submit())
    assert batch.took.seconds == pytest.approx(8)  # it was between two images


def test_a_night_after_a_crash_does_not_count(batch: Batch) -> None:
    image(batch, 0, 0, 10)
    batch.acquire(batch.host.submit())
    batch.at(40_000)
    batch.host.crash()
    assert batch.took.seconds == pytest.approx(10)


def test_a_new_batch_begins_at_0(batch: Batch) -> None:
    image(batch, 0, 0, 10)
    batch.registry.start_over(batch.request.key.id)
    assert batch.took == Took()
    batch.registry.undo_start_over(batch.request.key.id)
    assert batch.took.seconds == pytest.approx(10)


def test_images_that_are_heavier_are_expected_to_take_longer(batch: Batch) -> None:
    heavy = {"g": 30.0, "h": 30.0}
    batch.registry = LoopRegistry(
        MemoryStore(),
        batch.clock,
        ImageFolder(
            batch._list,
            batch._sight,
            lambda path: Weight(1, heavy.get(path[-1], 10.0 + ord(path[-1]) - ord("a"))),
        ),
        poll_outcomes=ByHand,
    )
    at = 0.0
    for number in range(6):
        takes = 10.0 + number
        image(batch, at, at, at + takes)
        at += takes
    assert batch.took.remaining == pytest.approx(60, rel=0.05)


class SlowWrites(FakeWrites):
    """Each takes four seconds, three of which the next prompt waits for."""

    def __init__(self, clock: WallClock) -> None:
        super().__init__()
        self._clock = clock
        self._now: Turn | None = None

    def begin(self, turn: Turn) -> None:
        super().begin(turn)
        self._now = turn

    def wait(self, loop: str, but: Collection[Turn] = ()) -> None:
        if self._now is not None and self._now not in but:
            self._clock.time += 3
            self.took[self._now] = 4.0
            self.end(self._now)
        super().wait(loop, but)


def test_light_images_are_not_expected_to_wait_as_heavy_ones_did(batch: Batch) -> None:
    writes = SlowWrites(batch.clock)
    batch.registry = LoopRegistry(
        MemoryStore(),
        batch.clock,
        ImageFolder(
            batch._list, batch._sight, lambda path: Weight(1, 8 if path[-1] in "abcd" else 1)
        ),
        writes,
        poll_outcomes=ByHand,
    )
    for path in "abcde":
        iteration = batch.acquire(batch.host.submit())
        batch.clock.time += 1
        batch.registry.finish_earlier(iteration)
        if path != "e":
            writes.begin(turn_of(iteration))
        batch.end(iteration)
    # The last three take a second each, and none waits for a heavy one.
    assert batch.took.remaining is not None
    assert 2 < batch.took.remaining < 4


def test_an_image_that_cannot_be_read_is_not_taken_for_the_first(batch: Batch) -> None:
    prompt = batch.host.submit()
    unreadable = batch.acquire(prompt, policy=SKIP)
    batch.registry.reject(unreadable, UnreadableImage("a is broken", "cut short"), "cut short")
    first = batch.acquire(prompt, policy=SKIP)
    batch.at(120)
    batch.end(first)
    for begins in (120, 125, 130):
        image(batch, begins, begins, begins + 5)
    assert batch.took.seconds == pytest.approx(135)
    assert batch.took.per_minute == pytest.approx(60 * 4 / 135)
    assert batch.took.remaining == pytest.approx(15)


class OneOfTwo(WallClock):
    """The host of one of two servers, both of which are running."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._server = number

    def is_alive(self, server: str, *, is_here: bool) -> bool | None:  # noqa: ARG002
        return True


def weigh(path: str) -> Weight:
    """The further down in the alphabet, the heavier, but for the last."""
    weight = 10 + ord(path[-1]) - ord("a")
    return Weight(1, 1) if path[-1] == "h" else Weight(weight, weight)


@pytest.fixture
def servers() -> Sequence[Batch]:
    """Two servers at one batch."""
    store, servers = MemoryStore(), (Batch(*"abcdefgh"), Batch(*"abcdefgh"))
    for number, server in enumerate(servers, start=1):
        server.host = server.clock = OneOfTwo(number)
        server.registry = LoopRegistry(
            store,
            server.clock,
            ImageFolder(server._list, server._sight, weigh),
            poll_outcomes=ByHand,
        )
    return servers


def take_turns(servers: Sequence[Batch], *, turns: int, seconds: float) -> None:
    """Each server ends an image and takes the next, the second one a tenth of a second later."""
    under_way: list[Iteration] = []
    for server in servers:
        server.names = list("abcdefghijklmnopqrst")
    for turn in range(turns):
        for number, server in enumerate(servers):
            for each in servers:
                each.at(seconds * turn + 0.1 * number)
            if turn:
                server.end(under_way.pop(0))
            under_way.append(server.acquire(server.host.submit()))


def test_two_servers_share_the_work_whichever_ends_its_image_first(
    servers: Sequence[Batch],
) -> None:
    take_turns(servers, turns=7, seconds=2)
    # 12 of 20 have ended, and two end every two seconds.
    assert [each.took.remaining for each in servers] == pytest.approx([8, 8], rel=0.1)


def test_two_servers_with_short_images_count_their_time_once(servers: Sequence[Batch]) -> None:
    take_turns(servers, turns=8, seconds=0.2)
    assert [each.took.seconds for each in servers] == pytest.approx([1.5, 1.5])


def test_what_the_images_of_a_batch_took_is_not_taken_for_the_next_ones(
    servers: Sequence[Batch],
) -> None:
    first, second = servers
    at = 0.0
    for takes in range(10, 17):
        image(first, at, at, at + takes)
        at += takes
    assert first.took.remaining == pytest.approx(1, abs=0.2)
    second.at(at)
    second.registry.start_over(first.request.key.id)
    for takes in (10, 11):
        image(second, at, at, at + takes)
        at += takes
    second.registry.reconcile_all()
    first.at(at)
    # Those from c to h are left, and not only h.
    assert first.took.remaining == pytest.approx(6 * 10.5)
