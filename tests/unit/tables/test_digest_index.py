"""The places of digests, and of equal ones, in a long sequence."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from batch_loop.core.tables.digest_index import DigestIndex, Offsets


@pytest.mark.parametrize("different", [1, 7, 5_000, 2**48])
@pytest.mark.parametrize("is_finished", [True, False])
def test_it_finds_each_occurrence(different: int, *, is_finished: bool) -> None:
    rng = np.random.default_rng(3)
    digests: list[int] = rng.integers(0, different, 9_000).tolist()
    index, seen, wanted = DigestIndex(), Counter[int](), []
    for digest in digests:
        seen[digest] += 1
        wanted.append(seen[digest])
    found, start = [], 0
    for size in [1, 2, 3, 1_000, 500, 0, 4_000, 9_000]:
        found += index.add(digests[start : start + size])
        start += size
    assert found == wanted
    if is_finished:
        index.finish()
    for place in range(0, 9_000, 13):
        assert index.place(digests[place], wanted[place]) == place
    for digest, count in seen.most_common(20):
        assert index.place(digest, count + 1) is None
    assert index.place(2**48 + 1, 1) is None


def test_an_empty_index_finds_nothing() -> None:
    index = DigestIndex()
    index.finish()
    assert index.place(5, 1) is None


def test_offsets_are_kept_in_their_order() -> None:
    offsets, wanted = Offsets(), list(range(0, 3 * 250_000, 3))
    start = 0
    for size in (1, 65_535, 2, 100_000, 65_000):
        offsets.extend(wanted[start : start + size])
        start += size
    assert len(offsets) == start
    assert [offsets[place] for place in range(start)] == wanted[:start]
