"""Which results of a batch count as deleted when a film is to be made of them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from batch_loop.core.assembling.result_places import Places
from batch_loop.core.assembling.results import Wanted
from batch_loop.core.common.errors import ResultsMissing
from batch_loop.core.files.allowed_paths import AllowedFolders
from batch_loop.core.model.formats import MissingResults
from batch_loop.core.model.items import Counts, Item, ItemState
from batch_loop.core.model.loop_key import IMAGES, VARIANTS, LoopKey
from batch_loop.core.model.records import Page, Snapshot
from batch_loop.core.model.selection import Selection

IMAGES_DONE = 3


class Batch:
    """Images that are done, with a result each."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sources, self.results = root / "in", root / "drive" / "out"
        self.texts = root / "texts"
        self.key = LoopKey("", str(self.sources))
        self.names = [f"{number}.png" for number in range(IMAGES_DONE)]
        for folder in (self.sources, self.results, self.texts):
            folder.mkdir(parents=True)
            for name in self.names:
                (folder / name).touch()
        self.pages = 0
        self.lost: set[str] = set()
        """The items that are FAILED, as their result was deleted."""
        self.beside: list[str] = []
        """What was written for the items that go together with them."""
        self.pending: set[str] = set()
        """The items that are PENDING, and have no results."""
        self.unpaired = 0
        """How many of them the batch knows to have no partner."""

    def page(self, loop_id: str, start: int, most: int) -> Page:
        assert (loop_id, start) == (self.key.id, 0)
        assert most >= len(self.names)
        self.pages += 1
        items = [(self._item(name, at), self._files(name)) for at, name in enumerate(self.names)]
        return Page(len(items), start, tuple(items))

    def snapshot(self, loop_id: str) -> Snapshot:
        counts = Counts(pending=len(self.pending), unpaired=self.unpaired)
        return Snapshot(loop_id, "", self.key.directory, 1, counts)

    def _files(self, name: str) -> tuple[str, ...]:
        if name in self.pending:
            return ()
        return str(self.results / name), str(self.texts / name)

    def _item(self, name: str, place: int) -> Item:
        if name in self.pending:
            return Item(name, place, lost_turn=1 if name in self.lost else 0)
        if name not in self.lost:
            return Item(name, place, ItemState.DONE, turns=1)
        return Item(name, place, ItemState.FAILED, turns=1, lost_turn=1)

    def selection_of(self, loop_id: str) -> Selection:
        raise AssertionError(loop_id)

    def results_back(self, key: LoopKey, batch: int, paths: object) -> None:
        raise AssertionError((key, batch, paths))

    def outputs_together(self, key: LoopKey, path: str) -> list[str]:
        assert key == self.key
        return [str(self.results / path), str(self.texts / path), *self.beside]

    def results_gone(
        self, key: LoopKey, batch: int, paths: object, node: str, why: str = ""
    ) -> None:
        raise AssertionError((key, batch, paths, node, why))

    def wanted(self, allowed: Path | None = None, *, is_shared: bool = True) -> Wanted:
        folders = AllowedFolders(
            str(self.sources), str(allowed or self.root), str(self.root / "temp")
        )
        folder = str(self.results)
        refuse, shares = MissingResults.REFUSE, (lambda _path: is_shared)
        return Wanted(self, folders, refuse, folder, is_shared=shares)

    def deleted(
        self,
        *,
        allowed: Path | None = None,
        is_shared: bool = True,
        why: str = "a drive that is not connected",
    ) -> list[str]:
        """The items that have lost a result for good, where a film is refused for it."""
        wanted = self.wanted(allowed, is_shared=is_shared)
        found = wanted.found(self.key)
        with pytest.raises(ResultsMissing, match=why):
            wanted.of_items(found.results[""])
        return [*found.deleted]


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    return Batch(tmp_path.resolve())


def test_a_result_is_deleted_if_others_are_beside_its_place(batch: Batch) -> None:
    (batch.results / "1.png").unlink()
    assert batch.deleted() == ["1.png"]
    # As if a drive were away, whose place is empty or not there.
    for name in ("0.png", "2.png"):
        (batch.results / name).unlink()
    assert batch.deleted() == []
    shutil.rmtree(batch.results)
    assert batch.deleted() == []


def test_all_results_of_a_subfolder_are_deleted_if_those_of_others_are_there(batch: Batch) -> None:
    batch.names = ["a/1.png", "b/1.png", "b/2.png"]
    for folder in (batch.sources, batch.results):
        for name in batch.names:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).touch()
    for name in ("1.png", "2.png"):
        (batch.results / "b" / name).unlink()
    assert batch.deleted() == ["b/1.png", "b/2.png"]
    (batch.results / "b").rmdir()
    assert batch.deleted() == ["b/1.png", "b/2.png"]
    (batch.results / "a" / "1.png").unlink()
    assert batch.deleted() == []


def test_a_subfolder_of_results_may_be_spelled_in_another_case_than_its_source(
    tmp_path: Path,
) -> None:
    places = Places()
    places.add("A/1.png", str(tmp_path / "a" / "1.png"))
    assert places.are_there("B/1.png", str(tmp_path / "b" / "1.png"))
    assert not places.are_there("B/1.png", str(tmp_path / "c" / "1.png"))


def test_what_is_no_file_at_the_place_of_a_result_counts_as_deleted(batch: Batch) -> None:
    for name in ("0.png", "1.png"):
        (batch.results / name).unlink()
    (batch.results / "0.png").mkdir()
    (batch.results / "1.png").symlink_to("nowhere.png")
    assert batch.deleted() == ["0.png", "1.png"]


def test_a_result_that_was_made_a_link_to_an_equal_one_is_one_of_its_own(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, made = batch.results / "1_2.png", batch.results / "1.png"
    link.symlink_to("1.png")
    done = Item("1.png", 0, ItemState.DONE), (str(made), str(link))
    monkeypatch.setattr(batch, "page", lambda *_asked: Page(1, 0, (done,)))
    found = batch.wanted().found(batch.key)
    assert list(batch.wanted().of_items(found.results[""]).paths) == [str(made)] * 2


def test_what_is_to_be_made_again_and_has_no_partner_any_more_is_told(batch: Batch) -> None:
    batch.lost, batch.pending, batch.unpaired = {"1.png"}, {"1.png"}, 1
    assert batch.deleted(why='"1.png" waits for a partner') == []
    # Somebody has pressed Retry failed, and it will be done.
    batch.unpaired = 0
    assert batch.deleted() == []


def test_a_result_that_may_not_be_read_is_not_deleted(batch: Batch) -> None:
    elsewhere = batch.root / "elsewhere"
    assert batch.deleted(allowed=elsewhere, why="BATCH_LOOP_ALLOWED_DIRS") == []


def test_a_result_that_another_machine_may_have_is_not_deleted(batch: Batch) -> None:
    (batch.results / "1.png").unlink()
    assert batch.deleted(is_shared=False) == []


def test_what_cannot_be_done_again_is_left_as_it_is(batch: Batch) -> None:
    (batch.results / "1.png").unlink()
    (batch.sources / "1.png").unlink()
    assert batch.deleted() == []


def test_a_batch_is_read_once_for_all_variants(batch: Batch) -> None:
    batch.key = LoopKey("", str(batch.sources), source=IMAGES + VARIANTS)
    labels = [f"v{number}" for number in range(20)]
    batch.names = [f"{name} · {label}.png" for name in "ab" for label in labels]
    allowed = AllowedFolders(str(batch.sources), str(batch.root), str(batch.root / "temp"))
    found = Wanted(batch, allowed, MissingResults.REFUSE).found(batch.key)
    assert list(found.results) == labels
    assert [item for item, _ in found.results["v3"]] == ["a · v3.png", "b · v3.png"]
    assert batch.pages == 1


def test_what_had_lost_its_result_is_back_with_all_that_it_wrote(batch: Batch) -> None:
    batch.lost = {"1.png"}
    found = batch.wanted().found(batch.key)
    assert (found.back, found.deleted) == (["1.png"], [])
    paths = batch.wanted().of_items(found.results[""]).paths
    assert list(paths) == [str(batch.results / name) for name in batch.names]
    # The film does not take it, but it is a result of the item as well.
    (batch.texts / "1.png").unlink()
    found = batch.wanted().found(batch.key)
    assert found.back == []
    with pytest.raises(ResultsMissing, match=r"1 result missing, of 1\.png\. .* is gone, too"):
        batch.wanted().of_items(found.results[""])


def test_what_goes_together_with_another_is_back_only_with_what_that_one_wrote(
    batch: Batch,
) -> None:
    other = batch.root / "other.png"
    batch.lost, batch.beside = {"1.png"}, [str(other)]
    assert batch.wanted().found(batch.key).back == []
    other.touch()
    assert batch.wanted().found(batch.key).back == ["1.png"]


def test_what_is_back_is_missed_no_more_where_the_film_takes_nothing_of_it(batch: Batch) -> None:
    batch.lost = {"1.png"}
    found = replace(batch.wanted(), folder=str(batch.root / "elsewhere")).found(batch.key)
    assert (found.back, list(found.results[""].lost)) == (["1.png"], [])


def test_nothing_is_back_that_a_prompt_has_worked_on_since(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = Item("1.png", 1, ItemState.FAILED, turns=2, lost_turn=1)
    monkeypatch.setattr(batch, "_item", lambda _name, _place: failed)
    assert batch.wanted().found(batch.key).back == []


def test_what_has_no_partner_is_in_no_film(batch: Batch) -> None:
    batch.pending, batch.unpaired = {"2.png"}, 1
    found = batch.wanted().found(batch.key).results[""]
    names = [Path(path).name for path in batch.wanted().of_items(found).paths]
    assert names == ["0.png", "1.png"]


def test_what_may_be_done_or_was_done_once_is_missing_without_a_partner_too(batch: Batch) -> None:
    batch.pending = {"1.png", "2.png"}

    def missing() -> str:
        wanted = batch.wanted()
        with pytest.raises(ResultsMissing) as refused:
            wanted.of_items(wanted.found(batch.key).results[""])
        return str(refused.value)

    # As after Retry failed: it is not known which of them has none.
    batch.unpaired = 1
    assert "2 results missing, of 1.png, 2.png. " in missing()
    batch.unpaired, batch.lost = 2, {"1.png"}
    assert "1 result missing, of 1.png. " in missing()
    batch.lost, batch.pending, batch.unpaired = set(), set(batch.names), IMAGES_DONE
    assert "the batch has no results" in missing()
