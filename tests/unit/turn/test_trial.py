"""Trying the workflow on one item: what is said of one that is not there, for each kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from batch_loop.core.common.errors import UnknownItem
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.titles import title_of
from batch_loop.core.store.memory import MemoryStore
from batch_loop.core.turn.trial import trial
from batch_loop.tests.support.fake_host import ByHand, FakeHost
from batch_loop.tests.support.kept_items import MAKERS, Kept

ITEMS = {
    "": ("image", "folder"),
    "videos": ("video", "folder"),
    "audio": ("sound", "folder"),
    "rows": ("row", "table"),
    "frames": ("frame", "video"),
}


class Trying:
    """Items, and what tries one of them."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self.host = FakeHost()
        self.request = Request(kept.key, kept.selection())
        self.registry = LoopRegistry(
            MemoryStore(), self.host, kept.source, poll_outcomes=ByHand, poll_listings=ByHand
        )

    def error(self, path: str, *partners: tuple[Request, str]) -> UnknownItem:
        """What is raised for an item."""
        with pytest.raises(UnknownItem) as raised:
            trial(self.registry, self.request, self.host.submit(), path, partners)
        return raised.value


@pytest.fixture(params=MAKERS)
def trying(request: pytest.FixtureRequest, tmp_path: Path) -> Trying:
    return Trying(MAKERS[request.param](tmp_path))


def test_an_item_that_is_not_there_is_called_what_it_is(trying: Trying) -> None:
    kept = trying.kept
    listed = kept.listed()
    missing = listed[-1]
    trying.request = Request(kept.key, kept.selection(limit=1))
    error = trying.error(missing)
    item, _ = ITEMS[kept.key.kind]
    what = f'There is no {item} "{title_of(missing)}"'
    why = f"under these settings: it is gone, or they leave it out. Choose another {item}."
    where = "the text" if kept.directory == "(typed text)" else f'"{kept.directory}"'
    assert str(error) == f"{what} in {where} {why}"
    assert error.elsewhere == f"{what} {why}"


def test_what_an_item_goes_with_is_called_what_it_is(trying: Trying) -> None:
    kept = trying.kept
    chosen = kept.listed()[-1]
    fewer = Request(kept.key, kept.selection(limit=1))
    other, trying.request = trying.request, fewer
    count = len(kept.listed(limit=1))
    error = trying.error("", (other, chosen))
    item, place = ITEMS[kept.key.kind]
    told = f'goes with "{title_of(chosen)}": that is {item} {len(kept.listed())} of its {place}'
    assert f"{told}, and there are {count} here. Choose an earlier one." in str(error)
    assert kept.directory not in error.elsewhere
