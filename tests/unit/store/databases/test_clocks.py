"""The clocks of a database and of this machine."""

from __future__ import annotations

import itertools

import pytest

from batch_loop.core.store.databases.clocks import Clocks


class Machine:
    """A machine whose clock is 100 s behind the database's, and that stalls when it asks."""

    def __init__(self, *stalls: tuple[float, float]) -> None:
        """Each stall is for how long it stands still before the database answers, and after."""
        self.time = 5000.0
        self.asked = 0
        self._stalls = itertools.chain(stalls, itertools.repeat((0.0, 0.0)))

    def now(self) -> float:
        self.time += 0.0005
        return self.time

    def theirs(self) -> float:
        self.asked += 1
        before, after = next(self._stalls)
        self.time += before
        found = self.time + 100
        self.time += after
        return found


@pytest.mark.parametrize("stall", [(8.0, 0.0), (0.0, 8.0)])
def test_a_machine_that_stalls_compares_them_again(stall: tuple[float, float]) -> None:
    machine = Machine(stall, stall)
    assert Clocks(machine.now).ahead(machine.theirs) == pytest.approx(100, abs=0.01)


def test_a_far_database_is_not_asked_for_ever() -> None:
    machine = Machine(*[(0.3, 0.1)] * 3, (0.2, 0.2), *[(0.3, 0.1)] * 50)
    assert Clocks(machine.now).ahead(machine.theirs) == pytest.approx(100, abs=0.11)
    assert machine.asked < 10


def test_a_clock_that_is_set_back_meanwhile_tells_nothing() -> None:
    machine = Machine((0.0, -3600.0))
    assert Clocks(machine.now).ahead(machine.theirs) == pytest.approx(100, abs=0.01)


def test_they_are_compared_once_in_a_while() -> None:
    machine = Machine()
    clocks = Clocks(machine.now)
    for _ in range(9):
        clocks.ahead(machine.theirs)
    assert machine.asked == 1
