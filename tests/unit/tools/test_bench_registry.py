"""The benchmark measures what it says; how long that takes is not looked at here."""

from __future__ import annotations

from pathlib import Path

import pytest

from batch_loop.tools.bench.registry_alone import (
    STORES,
    iterations,
    listing,
    make_folder,
    validation,
)


@pytest.mark.parametrize("kind", STORES)
def test_each_row_says_what_was_measured(kind: str, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "images", 7)
    rows = (iterations(7, kind, prompts=12), validation(folder, kind), listing(folder, kind, 1))
    assert [(row.files, row.store) for row in rows] == [(7, kind)] * 3
    assert rows[0].median_ms >= rows[0].best_ms > 0
    assert rows[2].total > 0
