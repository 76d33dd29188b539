"""Which bytes a request for a file asks for."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from batch_loop.core.routes.sending.asked_part import MOST_OF_A_PART, asked_part

TAG = "a-b-whole"
SIZE = 1000
WHOLE = range(SIZE)


def part(size: int = SIZE, method: str = "GET", **headers: str) -> range | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return asked_part(make_mocked_request(method, "/", headers=named), TAG, size)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-", WHOLE),
        ("bytes=0-0", range(1)),
        ("bytes=100-199", range(100, 200)),
        ("bytes=900-5000", range(900, 1000)),
        ("bytes=-300", range(700, 1000)),
        ("bytes=-5000", WHOLE),
        ("bytes=-1", range(999, 1000)),
        ("bytes=999-", range(999, 1000)),
        ("bytes=999-999", range(999, 1000)),
        ("bytes=007-8", range(7, 9)),
        (f"bytes=5-{10**30}", range(5, 1000)),
        (f"bytes=-{10**30}", WHOLE),
    ],
)
def test_a_part_is_what_the_file_has_of_it(asked: str, expected: range) -> None:
    assert part(Range=asked) == expected


@pytest.mark.parametrize(
    "asked",
    ["bytes=1000-", "bytes=1000-2000", f"bytes={10**30}-", "bytes=-0", "bytes=-000", "Bytes=-0"],
)
def test_a_part_that_the_file_does_not_have_is_empty(asked: str) -> None:
    found = part(Range=asked)
    assert found is not None
    assert not found


@pytest.mark.parametrize(
    "asked",
    [
        *("", "bytes=", "bytes=-", "bytes=5-1", "bytes=0-1,3-4", "bytes=-0,1-2", "lines=1-2", "x"),
        *("bytes", "bytes=+1-2", "bytes=--1", "bytes=-1-", "bytes=1.5-3", "bytes=0x1-", "bytes=1"),
        *("bytes = 1-2", "bytes= 1-2", "bytes=1-2;", f"bytes={'9' * 5_000}-", "bytes=\u0661-"),
    ],
)
def test_another_form_asks_for_the_whole(asked: str) -> None:
    assert part(Range=asked) is None


def test_a_request_for_the_head_alone_asks_for_no_part() -> None:
    assert part(method="HEAD", Range="bytes=5-9") is None


def test_no_range_asks_for_the_whole() -> None:
    assert part() is None


def test_a_part_of_an_earlier_file_is_not_joined_with_this_one() -> None:
    assert part(Range="bytes=5-", If_Range=f'"{TAG}"') == range(5, 1000)
    assert part(Range="bytes=5-", If_Range='"earlier"') is None


def test_a_large_part_is_sent_in_several() -> None:
    large = 3 * MOST_OF_A_PART
    assert part(large, Range="bytes=0-") == range(MOST_OF_A_PART)
    assert part(large, Range="bytes=10-") == range(10, MOST_OF_A_PART + 10)
    assert part(large, Range=f"bytes={2 * MOST_OF_A_PART + 7}-") == range(
        2 * MOST_OF_A_PART + 7, large
    )
