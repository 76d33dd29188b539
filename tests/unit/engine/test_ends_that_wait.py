"""The ends of images that are written down with the next claim."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count

import pytest

from batch_loop.core.common.errors import LoopEndNotReached
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.outcomes.lease import OTHERS_SECONDS, SHORTEST
from batch_loop.core.model.items import Counts
from batch_loop.core.model.policy import Policy, WhenComplete
from batch_loop.core.model.prompt import Ending
from batch_loop.core.model.records import Iteration
from batch_loop.core.model.selection import Selection
from batch_loop.tests.support.background import turn_of
from batch_loop.tests.support.fake_host import ByHand
from batch_loop.tests.unit.engine.test_machines import (
    Machine,
    Opened,
    let_lease_end,
    opened,
    pair,
    path,
)

__all__ = ["opened", "pair"]


Shared = tuple[Machine, Machine, Iteration, Iteration]


@pytest.fixture
def shared(opened: Opened) -> Iterator[Shared]:
    """Two servers at one batch of three, with the first image and the second, and one clock.

    Nothing is written down unless the test asks for it.
    """
    one, two = (Machine(name, opened(), poll=ByHand) for name in ("one", "two"))
    one.host._time = two.host._time = partial(next, count(1.0))
    yield one, two, one.take(), two.take()
    for machine in (one, two):
        machine.registry.close()


def lease(machine: Machine) -> float:
    """What its lease says in the store."""
    with machine.store.transaction():
        return machine.store.leases()[machine.host.name]


def ends(machine: Machine, iteration: Iteration, ending: Ending = Ending.SUCCESS) -> None:
    """Reach Loop End, and end the prompt, with nobody looking yet."""
    machine.registry.end(iteration)
    machine.host.finish(iteration.prompt, ending)


def does_the_others(one: Machine, first: Iteration) -> None:
    """Finish the first image, and the third."""
    one.finish(first)
    one.finish(one.take())


def take_pair(machine: Machine) -> tuple[Iteration, Iteration]:
    """Take the next image together with one of a second folder, which has two."""
    requests = machine.request, Request(machine.registry.key("", "/g"), Selection(limit=2))
    prompt = machine.host.submit()
    one, other = (
        machine.registry.acquire(request, prompt, [each for each in requests if each != request])
        for request in requests
    )
    return one, other


def test_an_end_is_written_down_with_the_next_claim(shared: Shared) -> None:
    one, two, _, second = shared
    two.registry.end(second)
    # Only its own server knows.
    assert one.counts == Counts(pending=1, running=2)
    assert two.counts == Counts(pending=1, running=1, finishing=1)
    (overview,) = two.registry.overviews()
    assert overview.counts == two.counts
    two.host.finish(second.prompt, Ending.SUCCESS)
    assert path(two.take()) == "c.png"
    assert one.counts == Counts(running=2, done=1)


def test_so_it_is_where_one_server_is_at_work_alone(pair: tuple[Machine, Machine]) -> None:
    one, two = pair
    first = one.take()
    one.registry.end(first)
    assert two.counts == Counts(pending=2, running=1)
    assert one.counts == Counts(pending=2, finishing=1)
    one.host.finish(first.prompt, Ending.SUCCESS)
    assert path(one.take()) == "b.png"
    assert two.counts == Counts(pending=1, running=1, done=1)


def test_the_end_of_the_last_image_is_written_down_at_once(pair: tuple[Machine, Machine]) -> None:
    one, two = pair
    one.finish(one.take())
    one.finish(one.take())
    last = one.take()
    one.registry.end(last)
    assert two.counts == Counts(finishing=1, done=2)


def test_those_of_a_pair_are_written_down_with_the_next_one(pair: tuple[Machine, Machine]) -> None:
    one, two = pair
    first = take_pair(one)
    for iteration in first:
        one.registry.end(iteration)
    keys = [iteration.key.id for iteration in first]
    assert [two.registry.snapshot(key).counts.running for key in keys] == [1, 1]
    assert [one.registry.snapshot(key).counts.finishing for key in keys] == [1, 1]
    one.host.finish(first[0].prompt, Ending.SUCCESS)
    assert list(map(path, take_pair(one))) == ["b.png", "b.png"]
    assert [two.registry.snapshot(key).counts.done for key in keys] == [1, 1]


@pytest.mark.parametrize("order", [1, -1])
def test_those_of_the_last_pair_are_written_down_at_once(
    pair: tuple[Machine, Machine], order: int
) -> None:
    one, two = pair
    first = take_pair(one)
    for iteration in first:
        one.registry.end(iteration)
    one.host.finish(first[0].prompt, Ending.SUCCESS)
    for iteration in take_pair(one)[::order]:
        one.registry.end(iteration)
    counts = [two.registry.snapshot(iteration.key.id).counts for iteration in first]
    # The first folder has an image more, which has no partner.
    assert counts == [Counts(1, finishing=1, done=1, unpaired=1), Counts(finishing=1, done=1)]


def test_those_of_a_pair_are_written_down_once_others_have_taken_the_last(
    opened: Opened,
) -> None:
    one, two = (Machine(name, opened(), poll=ByHand) for name in ("one", "two"))
    first = take_pair(one)
    for iteration in first:
        one.registry.end(iteration)
    take_pair(two)
    for iteration in first:
        assert one.registry.finish(iteration).counts.finishing == 1
        assert two.registry.snapshot(iteration.key.id).counts.finishing == 1
    for machine in (one, two):
        machine.registry.close()


def test_it_is_written_down_by_the_poller_if_nothing_else_comes(shared: Shared) -> None:
    one, two, _, second = shared
    ends(two, second)
    two.registry.reconcile_all()
    assert one.counts == Counts(pending=1, running=1, done=1)


def test_an_image_whose_server_dies_before_that_is_done_again(shared: Shared) -> None:
    one, two, first, second = shared
    ends(two, second)
    one.host.dead.add("two")
    one.finish(first)
    again = one.take()
    assert path(again) == "b.png"
    assert one.counts == Counts(pending=1, running=1, done=1)


def test_an_image_that_has_not_reached_loop_end_is_not_done(shared: Shared) -> None:
    _, two, _, second = shared
    two.host.finish(second.prompt, Ending.SUCCESS)
    again = two.take()
    assert path(again) == "b.png"
    two.host.finish(again.prompt, Ending.SUCCESS)
    with pytest.raises(LoopEndNotReached):
        two.take()


def test_what_fails_behind_loop_end_is_not_done(shared: Shared) -> None:
    _, two, _, second = shared
    ends(two, second, Ending.ERROR)
    again = two.take()
    assert path(again) == "b.png"
    assert again.item is not None
    assert again.item.failure is not None


def test_the_first_value_is_carried_over(shared: Shared) -> None:
    _, two, _, second = shared
    for value in (7, 8):
        two.registry.end(second, value)
    two.host.finish(second.prompt, Ending.SUCCESS)
    assert two.take().carried.value == 7


def test_the_last_one_to_end_is_told_that_the_batch_is_complete(shared: Shared) -> None:
    one, two, first, second = shared
    two.registry.end(second)
    one.finish(first)
    third = one.take()
    one.registry.end(third)
    assert not one.registry.finish(third).complete
    assert two.registry.finish(second).counts == Counts(finishing=2, done=1)
    one.host.finish(third.prompt, Ending.SUCCESS)
    two.host.finish(second.prompt, Ending.SUCCESS)
    one.registry.reconcile_all()
    assert two.registry.snapshot(second.key.id).complete
    assert two.take().item is None


def waits_as_the_last(shared: Shared) -> None:
    """The second image's end waits, and nobody has asked since all others were done."""
    one, two, first, second = shared
    two.registry.end(second)
    does_the_others(one, first)
    assert not one.counts.complete


def test_whoever_looks_here_at_the_end_of_a_batch_has_it_written_down(shared: Shared) -> None:
    one, two, _, _ = shared
    waits_as_the_last(shared)
    (overview,) = two.registry.overviews()
    assert overview.counts.succeeded == two.counts.succeeded == 3
    assert one.counts == Counts(finishing=1, done=2)


def test_the_batch_is_complete_if_nobody_asks_meanwhile(shared: Shared) -> None:
    one, two, _, second = shared
    waits_as_the_last(shared)
    two.host.finish(second.prompt, Ending.SUCCESS)
    two.registry.reconcile_all()
    assert one.counts == Counts(done=3)
    assert one.take().item is None


def test_the_next_prompt_knows_of_it_while_the_result_is_being_written(shared: Shared) -> None:
    one, two, first, second = shared
    two.writes.begin(turn_of(second))
    ends(two, second)
    one.finish(first)
    third = two.take()
    assert (path(third), third.counts) == ("c.png", Counts(running=1, finishing=1, done=1))
    two.writes.end(turn_of(second))


def test_a_client_that_was_told_to_go_on_does_not_begin_the_next_batch(shared: Shared) -> None:
    one, two, first, second = shared
    starts_over = Policy(when_complete=WhenComplete.START_OVER)
    request = replace(two.request, policy=starts_over)
    two.host.finish(second.prompt, Ending.STOPPED)
    second = two.registry.acquire(request, two.host.submit("tab"))
    two.registry.end(second)
    assert not two.registry.finish(second).complete
    does_the_others(one, first)
    two.host.finish(second.prompt, Ending.SUCCESS)
    two.registry.reconcile_all()
    told = two.registry.acquire(request, two.host.submit("tab"))
    assert (path(told), told.batch) == (None, 1)
    again = two.registry.acquire(request, two.host.submit("tab"))
    assert (path(again), again.batch) == ("a.png", 2)


def test_the_end_of_another_server_s_batch_is_not_that_of_the_prompt(shared: Shared) -> None:
    one, two, first, second = shared
    request = replace(two.request, policy=Policy(when_complete=WhenComplete.START_OVER))
    two.host.finish(second.prompt, Ending.STOPPED)
    second = two.registry.acquire(request, two.host.submit("tab"))
    two.registry.end(second)
    one.host.finish(first.prompt, Ending.SUCCESS)
    one.registry.start_over(first.key.id)
    for _ in range(3):
        one.finish(one.take())
    assert two.registry.finish(second).batch == 2
    two.host.finish(second.prompt, Ending.SUCCESS)
    told = two.registry.acquire(request, two.host.submit("tab"))
    assert (path(told), told.batch) == (None, 2)


def test_an_end_may_not_wait_any_more_once_the_batch_was_started_over(
    shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the moment between the question and the answer."""
    one, two, _, second = shared
    remember = two.registry._transactions.remember

    def start_over_first(change: Callable[[], bool]) -> bool:
        two.registry.start_over(second.key.id)
        return remember(change)

    monkeypatch.setattr(two.registry._transactions, "remember", start_over_first)
    two.registry.end(second, 7)
    two.registry.undo_start_over(second.key.id)
    two.host.finish(second.prompt, Ending.SUCCESS)
    two.registry.reconcile_all()
    assert one.counts == Counts(pending=2, running=1)


def test_the_end_of_an_image_is_not_that_of_the_same_one_in_the_next_batch(shared: Shared) -> None:
    one, _, first, _ = shared
    one.registry.end(first)
    one.registry.start_over(first.key.id)
    again = one.registry.acquire(one.request, first.prompt)
    assert (path(again), again.batch) == ("a.png", 2)
    one.host.finish(first.prompt, Ending.SUCCESS)
    one.registry.reconcile_all()
    assert one.counts == Counts(pending=3)


def test_servers_look_at_the_images_of_others_often_enough_for_their_leases(
    pair: tuple[Machine, Machine],
) -> None:
    servers = pair[0].registry.servers
    assert servers.look_seconds == OTHERS_SECONDS
    servers._lease.seconds = SHORTEST
    assert servers.look_seconds < SHORTEST / 2


@pytest.mark.parametrize("by_whom", ["the other", "itself"])
def test_the_end_of_an_image_of_the_batch_before_counts_for_nothing(
    shared: Shared, by_whom: str
) -> None:
    one, two, _, second = shared
    two.registry.end(second)
    (two if by_whom == "itself" else one).registry.start_over(second.key.id)
    two.host.finish(second.prompt, Ending.SUCCESS)
    before = lease(two)
    two.registry.reconcile_all()
    assert path(two.take()) == "a.png"
    assert one.counts == Counts(pending=2, running=1)
    # Nor does it seem that others have taken this server for dead, and its image.
    assert lease(two) == before


def test_it_counts_once_start_over_is_undone(shared: Shared) -> None:
    one, two, _, second = shared
    two.registry.end(second, 7)
    two.registry.start_over(second.key.id)
    two.registry.undo_start_over(second.key.id)
    two.host.finish(second.prompt, Ending.SUCCESS)
    third = two.take()
    assert (path(third), third.carried.value) == ("c.png", 7)
    assert one.counts == Counts(running=2, done=1)


def test_a_server_that_was_taken_for_dead_renews_its_lease(shared: Shared) -> None:
    one, two, first, second = shared
    two.registry.end(second)
    one.finish(first)
    let_lease_end(one)
    assert path(one.take()) == "b.png"
    two.host.finish(second.prompt, Ending.SUCCESS)
    before = lease(two)
    two.registry.reconcile_all()
    assert path(two.take()) == "c.png"
    assert lease(two) > before
    assert one.counts == Counts(running=2, done=1)


@pytest.mark.parametrize("is_after", [True, False])
def test_only_a_run_that_was_sent_after_an_end_that_waits_looks_for_new_files(
    shared: Shared, *, is_after: bool
) -> None:
    one, two, first, second = shared
    does_the_others(one, first)
    two.files.append("d.png")
    before = two.host.submit()
    two.registry.end(second)
    after = two.host.submit()
    two.host.finish(second.prompt, Ending.SUCCESS)
    told = two.registry.acquire(two.request, after if is_after else before)
    assert (path(told), told.complete) == (("d.png", False) if is_after else (None, True))


def test_an_end_that_waited_while_others_worked_is_no_look_for_new_files(shared: Shared) -> None:
    one, two, first, second = shared
    before = two.host.submit()
    ends(two, second)
    does_the_others(one, first)
    two.files.append("d.png")
    assert path(two.registry.acquire(two.request, before)) == "d.png"


def test_a_batch_is_complete_from_an_end_that_waits_on(shared: Shared) -> None:
    one, two, first, second = shared
    does_the_others(one, first)
    two.registry.end(second)
    after = two.host.submit("another tab")
    two.host.finish(second.prompt, Ending.SUCCESS)
    request = replace(two.request, policy=Policy(when_complete=WhenComplete.START_OVER))
    again = two.registry.acquire(request, after)
    assert (path(again), again.batch) == ("a.png", 2)


@pytest.mark.parametrize("is_started_over", [False, True])
def test_on_closing_a_prompt_behind_loop_end_is_waited_for_unless_its_batch_is_gone(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, *, is_started_over: bool
) -> None:
    waits: list[bool] = []

    def finish(_poller: ByHand, _seconds: float, look: Callable[[], bool]) -> None:
        waits.append(look())

    monkeypatch.setattr(ByHand, "finish", finish)
    machine = Machine("closing", opened(), poll=ByHand)
    iteration = machine.take()
    machine.registry.end(iteration)
    if is_started_over:
        machine.registry.start_over(iteration.key.id)
    machine.registry.close()
    assert waits == [not is_started_over]
