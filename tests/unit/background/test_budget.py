from __future__ import annotations

import pytest

from batch_loop.core.background.budget import MEGABYTE, MEMORY_VARIABLE, MemoryBudget, limit_from
from batch_loop.core.common.errors import InvalidSetting


def test_no_more_is_taken_than_there_is() -> None:
    budget = MemoryBudget(10)
    assert budget.take(6)
    assert not budget.take(5)
    assert budget.take(4)
    budget.give_back(6)
    assert budget.taken == 4
    assert budget.most == 10
    assert budget.take(6)


@pytest.mark.parametrize(
    ("text", "memory", "limit"),
    [
        ("", 8_000 * MEGABYTE, 800 * MEGABYTE),
        (" ", 64_000 * MEGABYTE, 2_000 * MEGABYTE),
        ("150", 64_000 * MEGABYTE, 150 * MEGABYTE),
        (" 0 ", 64_000 * MEGABYTE, 0),
    ],
)
def test_the_limit(text: str, memory: int, limit: int) -> None:
    assert limit_from({MEMORY_VARIABLE: text}, memory) == limit


def test_unset_is_the_default() -> None:
    assert limit_from({}, 1_000 * MEGABYTE) == 100 * MEGABYTE


@pytest.mark.parametrize("text", ["much", "-1", "1.5", "1 GB"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(InvalidSetting, match=f"{MEMORY_VARIABLE} was '{text}'.*whole number"):
        limit_from({MEMORY_VARIABLE: text}, 1)
