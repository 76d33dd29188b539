"""A lease is renewed for as long as its server is at work, and no longer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from batch_loop.core.common.errors import StoreAway
from batch_loop.core.engine.outcomes.lease import LEASE_SECONDS, LOOK_SECONDS, Lease, LeasesOfOthers
from batch_loop.tests.support.threads import no_thread_starts
from batch_loop.tests.support.waiting import wait_for

SECONDS = 0.15


class Work:
    """What a lease is renewed for."""

    def __init__(self) -> None:
        self.goes_on = True
        self.renewed = 0
        self.errors = 0
        self.asked = threading.Event()

    def renew(self) -> None:
        if self.errors:
            self.errors -= 1
            raise StoreAway("away")
        self.renewed += 1

    def is_at_work(self) -> bool:
        return self.goes_on


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "batch-loop-lease"]


def ended() -> bool:
    return not threads()


def reached(work: Work, number: int) -> Callable[[], bool]:
    return lambda: work.renewed >= number


def test_it_is_renewed_only_while_there_is_work() -> None:
    work = Work()
    lease = Lease(work.renew, work.is_at_work, SECONDS)
    assert (lease.is_due, lease.was_ever_held) == (True, False)
    lease.take_up(lease.now())
    assert (lease.is_due, lease.was_ever_held) == (False, True)
    lease.take_up()
    assert len(threads()) == 1
    wait_for(reached(work, 3), "renewals")
    work.goes_on = False
    wait_for(ended, "the thread to end")
    at_the_end = work.renewed
    wait_for(lambda: lease.is_due, "the lease to run out")
    assert work.renewed == at_the_end
    work.goes_on = True
    lease.take_up()
    wait_for(reached(work, at_the_end + 1), "renewals")
    work.goes_on = False
    wait_for(ended, "the thread to end")


def test_a_failed_renewal_is_retried_and_reported_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("batch_loop.core.engine.outcomes.lease.RETRY_SECONDS", 0.01)
    work = Work()
    work.errors = 2
    Lease(work.renew, work.is_at_work, SECONDS).take_up()
    wait_for(reached(work, 1), "a renewal")
    work.goes_on = False
    wait_for(ended, "the thread to end")
    assert [record.getMessage() for record in caplog.records] == [
        "Batch Loop tries again until it can: away"
    ]


class Clocks:
    """The clocks of a machine, and a lease that was renewed at their beginning."""

    def __init__(self) -> None:
        self.steady = self.of_day = 0.0
        clocks = (lambda: self.steady, lambda: self.of_day)
        self.lease = Lease(lambda: None, lambda: False, LEASE_SECONDS, clocks)
        self.renew()

    def renew(self) -> None:
        self.lease.take_up(self.lease.now())


@pytest.fixture
def clocks() -> Iterator[Clocks]:
    clocks = Clocks()
    yield clocks
    clocks.lease.end()


HALF = LEASE_SECONDS / 2


@pytest.mark.parametrize(
    ("steady", "of_day", "is_in_doubt"),
    [
        (HALF, HALF, False),
        (HALF + 1, HALF + 1, True),
        (0.0, HALF + 1, True),
        (HALF + 1, -3600.0, True),
        (HALF, -3600.0, False),
    ],
    ids=["in time", "halted", "asleep", "halted and set back", "set back"],
)
def test_it_is_in_doubt_once_half_of_it_has_passed_by_either_clock(
    clocks: Clocks,
    steady: float,
    of_day: float,
    is_in_doubt: bool,  # noqa: FBT001
) -> None:
    doubt = clocks.lease.doubt()
    clocks.steady, clocks.of_day = steady, of_day
    assert (doubt(), clocks.lease.is_due) == (is_in_doubt, is_in_doubt)


def test_a_renewal_that_came_too_late_leaves_the_time_before_it_in_doubt(clocks: Clocks) -> None:
    before = clocks.lease.doubt()
    clocks.steady += LEASE_SECONDS
    clocks.renew()
    since = clocks.lease.doubt()
    assert (before(), since(), clocks.lease.is_due) == (True, False, False)


def test_it_is_in_doubt_once_another_server_was_given_an_image(clocks: Clocks) -> None:
    doubt = clocks.lease.doubt()
    clocks.lease.mark_stale()
    assert doubt()


def test_a_renewal_counts_from_its_beginning(clocks: Clocks) -> None:
    clocks.lease.end()
    is_over = threading.Event()

    def renew() -> None:
        clocks.steady += LEASE_SECONDS
        is_over.set()

    lease = Lease(renew, lambda: not is_over.is_set(), SECONDS, clocks.lease._clocks)
    lease.take_up(lease.now())
    wait_for(ended, "the thread to end")
    assert (is_over.is_set(), lease.is_due) == (True, True)


class Seen:
    """The leases in a store, and the clock of a server that looks at them."""

    def __init__(self) -> None:
        self.numbers: dict[str, float] = {}
        self.time = 0.0
        self.looks = 0
        self.leases = LeasesOfOthers(self._look, LEASE_SECONDS, lambda: self.time)

    def _look(self) -> dict[str, float]:
        self.looks += 1
        return dict(self.numbers)

    def held_after(self, seconds: float) -> bool:
        self.time += seconds
        return self.leases.holds("one")


def test_a_renewed_lease_is_held_whatever_the_store_s_clock_says() -> None:
    seen = Seen()
    # It is set back by an hour, and forward by a day.
    for number in (5000.0, 5020.0, 1440.0, 1460.0, 87_900.0, 87_920.0):
        seen.numbers["one"] = number
        assert [seen.held_after(10), seen.held_after(10)] == [True, True]


def test_a_lease_not_renewed_ends_whatever_the_store_s_clock_says() -> None:
    seen = Seen()
    seen.numbers["one"] = 1e12
    assert [seen.held_after(15) for _ in range(6)] == [True, True, True, True, False, False]
    seen.numbers["one"] += 1
    assert seen.held_after(0), "it was taken up again"


def test_a_pause_while_the_store_is_away_ends_no_lease() -> None:
    seen = Seen()
    seen.numbers["one"] = 1.0
    assert seen.held_after(0)
    assert seen.held_after(3600)
    seen.numbers["one"] = 2.0
    assert seen.held_after(20)


def test_a_server_without_a_lease_is_gone() -> None:
    seen = Seen()
    assert not seen.held_after(0)
    seen.numbers["one"] = 1.0
    assert seen.held_after(0)
    del seen.numbers["one"]
    assert not seen.held_after(LOOK_SECONDS * 2)


def test_many_leases_are_read_at_once() -> None:
    seen = Seen()
    seen.numbers.update(dict.fromkeys(("one", "two", "three"), 1.0))
    assert all(map(seen.leases.holds, seen.numbers))
    assert seen.looks == 1


def test_once_it_has_ended_no_renewal_is_under_way() -> None:
    work = Work()
    begun, renewals = threading.Event(), 0

    def renew() -> None:
        nonlocal renewals
        begun.set()
        assert lease._ended.wait(10)
        renewals += 1

    lease = Lease(renew, work.is_at_work, SECONDS)
    lease.take_up()
    begun.wait()
    lease.end()
    assert (renewals, ended()) == (1, True)


def test_it_is_renewed_after_all_if_no_thread_could_be_started_at_first() -> None:
    work = Work()
    lease = Lease(work.renew, work.is_at_work, SECONDS)
    with no_thread_starts(), pytest.raises(RuntimeError):
        lease.take_up()
    lease.take_up()
    wait_for(reached(work, 1), "a renewal")
    lease.end()
