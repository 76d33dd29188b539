"""No kind of item is left out where the page is walked through by clicks."""

from __future__ import annotations

from batch_loop.tests.browser.walks import WALKS
from batch_loop.tests.support.small_batches import KINDS


def test_each_kind_of_item_has_a_walk_through_the_page() -> None:
    assert list(WALKS) == list(KINDS)
