"""The benchmark measures what it says; how long that takes is not looked at here."""

from __future__ import annotations

import pytest

from batch_loop.tools.bench.registry import STORES, iterations


@pytest.mark.parametrize("kind", STORES)
def test_the_row_says_what_was_measured(kind: str) -> None:
    row = iterations(7, kind, prompts=12)
    assert (row.files, row.store) == (7, kind)
    assert row.median_ms >= row.best_ms > 0
