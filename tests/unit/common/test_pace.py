"""Long work is split into parts, so that other threads get their turn."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_loop.core.common import pace
from batch_loop.core.files.listing import list_images
from batch_loop.core.model.formats import Format
from batch_loop.core.model.result_names import saved_as
from batch_loop.core.model.selection import Selection, SortBy
from batch_loop.core.results.finished_results import finished
from batch_loop.tests.support.steps import Steps

FILES = 60_000
MOST = 0.15
"""Of the whole time, per step; one call that sorts everything takes a quarter or more."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A large folder of links to one file."""
    found = tmp_path_factory.mktemp("large")
    first = found / "img0.png"
    first.write_bytes(b"x")
    for number in range(1, FILES):
        (found / f"img{number}.png").hardlink_to(first)
    return str(found)


@pytest.mark.parametrize("order", [SortBy.NATURAL, SortBy.NAME, SortBy.SIZE])
def test_no_step_of_a_listing_takes_long(folder: str, order: SortBy) -> None:
    steps = Steps()
    assert len(list_images(folder, Selection(sort_by=order), going_on=steps)) == FILES
    assert steps.longest_share < MOST


def test_no_step_of_finding_results_takes_long(folder: str, tmp_path: Path) -> None:
    names = list_images(folder, Selection())
    result = saved_as(folder, prefix="", suffix="", format=Format.PNG, keep_subfolders=False)
    steps = Steps()
    assert len(finished([result], str(tmp_path), names, going_on=steps)) == FILES
    assert steps.longest_share < MOST


@pytest.mark.parametrize("order", ["as it comes", "ascending", "descending", "in rows"])
@pytest.mark.parametrize("count", [0, 1, pace.PART, pace.PART + 1, 9 * pace.PART + 7])
def test_a_sort_in_parts_sorts(order: str, count: int) -> None:
    texts = [f"{number * 7919 % 10_007:05}-{number}" for number in range(count)]
    if order != "as it comes":
        texts.sort(reverse=order == "descending")
    if order == "in rows":
        texts = texts[::3] + texts[1::3] + texts[2::3]
    expected = sorted(texts)
    pace.sort(texts)
    assert texts == expected


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from("ab"), max_size=80))
def test_a_sort_in_parts_sorts_equal_elements(texts: list[str]) -> None:
    many = texts * (3 * pace.PART // max(1, len(texts)))
    expected = sorted(many)
    pace.sort(many)
    assert many == expected


def test_a_sort_can_be_cancelled() -> None:
    class NoMoreError(Exception):
        pass

    def going_on() -> None:
        raise NoMoreError

    with pytest.raises(NoMoreError):
        pace.sort([str(number) for number in range(pace.PART + 1)], going_on)


def test_a_large_set_is_emptied() -> None:
    texts = {str(number) for number in range(2 * pace.PART + 1)}
    pace.clear_in_steps(texts)
    assert texts == set()
