"""What several tests of the engine need."""

from __future__ import annotations

import pytest

from batch_loop.core.engine.folders import large_listings
from batch_loop.core.store.sql import items as of_items
from batch_loop.core.store.sql import listing_rows


@pytest.fixture
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make listings of two or three images count as small, and of four or more as large."""
    monkeypatch.setattr(listing_rows, "AT_ONCE", 3)
    monkeypatch.setattr(large_listings, "WRITTEN_AT_ONCE", 2)
    monkeypatch.setattr(of_items, "FAR_BEHIND", 2)
