"""Which results of a batch count as deleted when a film is to be made of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from batch_loop.core.assembling.results import Wanted
from batch_loop.core.common.errors import ResultsMissing
from batch_loop.core.files.allowed_paths import AllowedFolders
from batch_loop.core.model.formats import MissingResults
from batch_loop.core.model.items import Item, ItemState
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.records import Page
from batch_loop.core.model.selection import Selection

KEY = LoopKey("", "/pics")


class Batch:
    """Two images that are done, with a result each."""

    def __init__(self, results: Path) -> None:
        self.results = [results / f"{number}.png" for number in range(2)]
        results.mkdir(parents=True)
        for path in self.results:
            path.touch()

    def page(self, loop_id: str, start: int, most: int) -> Page:
        assert (loop_id, start) == (KEY.id, 0)
        assert most >= len(self.results)
        items = [
            (Item(path.name, place, ItemState.DONE), (str(path),))
            for place, path in enumerate(self.results)
        ]
        return Page(len(items), start, tuple(items))

    def selection_of(self, loop_id: str) -> Selection:
        raise AssertionError(loop_id)

    def results_gone(self, key: LoopKey, paths: object, node: str) -> None:
        raise AssertionError((key, paths, node))


def gone(root: Path, batch: Batch) -> list[str]:
    """The items that have lost a result for good, as a film of them is refused."""
    allowed = AllowedFolders(str(root / "in"), str(root), str(root / "temp"))
    wanted = Wanted(batch, allowed, MissingResults.REFUSE)
    with pytest.raises(ResultsMissing, match="a drive that is not connected"):
        wanted.of_items(KEY)
    return wanted.gone


def test_a_deleted_result_is_gone_and_one_on_a_drive_that_is_away_is_not(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    batch = Batch(root / "drive" / "out" / "run")
    batch.results[1].unlink()
    assert gone(root, batch) == ["1.png"]
    shutil.rmtree(root / "drive" / "out" / "run")
    assert gone(root, batch) == ["0.png", "1.png"]
    shutil.rmtree(root / "drive" / "out")
    assert gone(root, batch) == []
