from __future__ import annotations

import pytest

from batch_loop.core.background.budget import MEGABYTE, MemoryBudget, limit_of


def test_no_more_is_taken_than_is_left() -> None:
    budget = MemoryBudget(10)
    assert budget.take(6)
    assert not budget.take(5)
    assert budget.take(4)
    budget.give_back(6)
    assert budget.taken == 4
    assert budget.most == 10
    assert budget.take(6)


def test_what_becomes_spare_while_it_is_asked_for_is_given_up_too() -> None:
    budget = MemoryBudget(10)
    spare = [6, 6]
    assert budget.take_spare(spare[0])

    def let_go() -> int:
        given = spare.pop() if spare else 0
        budget.give_back(given)
        # Another holder's memory becomes spare at this moment.
        assert not spare or budget.take_spare(spare[0])
        return given

    budget.ask(let_go)
    assert budget.take(8)
    assert budget.taken == 8
    assert not budget.take(3)


def test_what_is_given_back_without_being_counted_is_not_missed() -> None:
    budget = MemoryBudget(10)
    assert budget.take(10)

    def let_go() -> int:
        budget.give_back(budget.taken)
        return 0

    budget.ask(let_go)
    assert budget.take(8)


@pytest.mark.parametrize(
    ("megabytes", "memory", "limit"),
    [
        (None, 8_000 * MEGABYTE, 800 * MEGABYTE),
        (None, 64_000 * MEGABYTE, 2_000 * MEGABYTE),
        (150, 64_000 * MEGABYTE, 150 * MEGABYTE),
        (0, 64_000 * MEGABYTE, 0),
    ],
)
def test_the_limit_is_a_share_of_the_memory_unless_it_is_set(
    megabytes: int | None, memory: int, limit: int
) -> None:
    assert limit_of(megabytes, memory) == limit
