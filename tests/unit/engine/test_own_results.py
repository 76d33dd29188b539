"""The results of a loop that lie in its own folder: they are no images of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from batch_loop.core.common.errors import NoImages
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.files import same_file
from batch_loop.core.files.listing import list_images, sight
from batch_loop.core.model.if_exists import Owner
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.policy import IterationMode
from batch_loop.core.model.prompt import Ending
from batch_loop.core.model.selection import Filter, Selection, SortBy
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.interface import Store
from batch_loop.tests.support.fake_host import ByHand, FakeHost
from batch_loop.tests.support.stores import HERE, new_store

FOUR = ["a.png", "b.png", "c.png", "d.png"]
MANY = [f"{number:03}.png" for number in range(60)]
"""So many that they are not asked about one by one."""
EVERYTHING = Selection(recursive=True)


def beside(path: str) -> str:
    """The name of a result among the images."""
    return path.replace(".", "_up.")


def below(path: str) -> str:
    """The name of a result in a subfolder."""
    return f"results/{path}"


class Loop:
    """A registry on a real folder, into which its results are saved."""

    def __init__(self, store: Store, folder: Path, result_of: Callable[[str], str]) -> None:
        self.folder, self.result_of = folder.resolve(), result_of
        (folder / "results").mkdir()
        self.host = FakeHost()
        self.registry = LoopRegistry(
            store,
            self.host,
            ImageFolder(list_images, sight),
            poll_outcomes=ByHand,
            poll_listings=ByHand,
        )
        self.request = Request(LoopKey("", str(self.folder)), EVERYTHING)

    def add(self, *names: str) -> None:
        for name in names:
            (self.folder / name).write_bytes(b"x")

    def run(self, *, claims: bool = True, **changes: object) -> str:
        """One prompt, which `claims` its result or only reports it; the path of its item."""
        turn = self.registry.acquire(replace(self.request, **changes), self.host.submit())
        saved = []
        if turn.item is not None:
            saved.append(str(self.folder / self.result_of(turn.item.path)))
            if claims:
                self.registry.claim_outputs(turn, saved)
            self.add(saved[0])
        self.registry.end(turn)
        self.host.finish(turn.prompt, Ending.SUCCESS, *saved)
        return "" if turn.item is None else turn.item.path

    def run_all(self, **changes: object) -> list[str]:
        return list(iter(partial(self.run, **changes), ""))

    def start_over(self) -> None:
        self.registry.start_over(self.request.key.id)

    def listed(self, selection: Selection = EVERYTHING) -> list[str]:
        """What a batch would hold that began now."""
        return list(self.registry.preview(self.request.key, selection)[1])


@pytest.fixture(params=HERE)
def loop(request: pytest.FixtureRequest, tmp_path: Path, result_of: Callable[[str], str]) -> Loop:
    (tmp_path / "in").mkdir()
    store = new_store(request.param, tmp_path / "state", request)
    loop = Loop(store, tmp_path / "in", result_of)
    loop.add(*FOUR)
    return loop


@pytest.fixture(params=[beside, below])
def result_of(request: pytest.FixtureRequest) -> Callable[[str], str]:
    found: Callable[[str], str] = request.param
    return found


@pytest.mark.parametrize("claims", [True, False])
def test_other_settings_in_mid_batch_do_not_list_them(
    loop: Loop,
    claims: bool,  # noqa: FBT001
) -> None:
    assert [loop.run(claims=claims) for _ in range(2)] == FOUR[:2]
    by_name = Selection(recursive=True, sort_by=SortBy.NAME)
    assert loop.run_all(claims=claims, selection=by_name) == FOUR[2:]


@pytest.mark.parametrize("claims", [True, False])
def test_start_over_does_not_list_them(loop: Loop, claims: bool) -> None:  # noqa: FBT001
    for _ in range(3):
        assert loop.run_all(claims=claims) == FOUR
        loop.start_over()


def test_reset_does_not_list_them(loop: Loop) -> None:
    found = [loop.run(mode=IterationMode.RESET) for _ in range(3 * len(FOUR))]
    assert found == 3 * FOUR


def test_results_of_earlier_batches_do_not_join(loop: Loop) -> None:
    loop.run_all()
    # So few that each is asked about, as what joins is.
    loop.result_of = lambda path: f"elsewhere {path}"
    loop.start_over()
    loop.add("e.png")
    assert loop.run_all() == [*FOUR, "e.png"]


def test_many_results_of_earlier_batches_are_left_out(loop: Loop) -> None:
    loop.add(*MANY)
    for _ in range(2):
        assert loop.run_all() == [*MANY, *FOUR]
        loop.start_over()
    assert loop.listed() == [*MANY, *FOUR]


def test_the_range_counts_images_only(loop: Loop) -> None:
    loop.run_all()
    part = Selection(recursive=True, start_index=1, limit=2)
    assert loop.listed(part) == ["b.png", "c.png"]


def test_a_shuffle_is_the_same_with_results_and_without(loop: Loop) -> None:
    shuffled = Selection(recursive=True, sort_by=SortBy.SHUFFLE)
    before = loop.listed(shuffled)
    assert loop.run_all() == FOUR
    assert loop.listed(shuffled) == before


def test_another_loop_on_the_folder_reads_them(loop: Loop) -> None:
    loop.run_all()
    other = LoopKey("other", loop.request.key.directory)
    found = loop.registry.preview(other, EVERYTHING)[1]
    assert sorted(found) == sorted([*FOUR, *map(loop.result_of, FOUR)])


def test_once_the_loop_is_forgotten_they_are_images(loop: Loop) -> None:
    loop.run_all()
    loop.registry.snapshot(loop.request.key.id)
    loop.registry.forget(loop.request.key.id)
    assert sorted(loop.listed()) == sorted([*FOUR, *map(loop.result_of, FOUR)])


def test_a_folder_of_nothing_but_results_says_so(loop: Loop) -> None:
    loop.run_all()
    for name in FOUR:
        (loop.folder / name).unlink()
    with pytest.raises(NoImages, match=r"saved itself are left out \(4 here\): with another loop_"):
        loop.start_over()


def test_an_image_that_is_saved_in_its_own_place_stays_an_image(loop: Loop) -> None:
    loop.result_of = str
    for _ in range(3):
        assert loop.run_all(claims=False) == FOUR
        loop.start_over()


def test_an_image_stays_one_when_a_node_names_it_for_another(loop: Loop) -> None:
    # Such a node shows one image of the batch with each, or its saver writes over one.
    loop.result_of = lambda _path: "b.png"
    for _ in range(2):
        assert loop.run_all(claims=False) == FOUR
        loop.start_over()
    assert loop.listed() == FOUR


@pytest.mark.parametrize("others", [[], MANY])
def test_an_image_saved_in_its_own_place_may_be_renamed_to_another_case(
    loop: Loop, monkeypatch: pytest.MonkeyPatch, others: list[str]
) -> None:
    monkeypatch.setattr(same_file, "_folds", lambda *_folder: True)
    loop.add(*others)
    loop.result_of = str
    loop.run_all(claims=False)
    (loop.folder / "a.png").rename(loop.folder / "A.PNG")
    assert loop.run(claims=False) == "A.PNG"
    loop.start_over()
    assert sorted(loop.run_all(claims=False)) == sorted(["A.PNG", *FOUR[1:], *others])


@pytest.mark.parametrize("ending", [Ending.ERROR, Ending.STOPPED])
@pytest.mark.parametrize("appears", ["meanwhile", "later"])
def test_a_name_that_was_claimed_and_never_written_is_free_again(
    loop: Loop, ending: Ending, appears: str
) -> None:
    there, never = (str(loop.folder / name) for name in ("there.png", "never.png"))
    turn = loop.registry.acquire(loop.request, loop.host.submit())
    for target in (there, never):
        loop.registry.claim_outputs(turn, [target], result=target)
    loop.add(there)
    loop.registry.note_written(turn, there)
    if appears == "meanwhile":
        loop.add(never)
    loop.host.finish(turn.prompt, ending)
    loop.registry.reconcile_all()
    if appears == "later":
        loop.add(never)
    assert loop.listed() == [*FOUR, "never.png"]
    turn = loop.registry.acquire(loop.request, loop.host.submit())
    assert turn.item is not None
    assert turn.item.path == "a.png"
    owners = loop.registry.claim_outputs(turn, [there], [there])
    owners |= loop.registry.claim_outputs(turn, [never], [never], result="another")
    assert owners == {there: Owner.SAME, never: Owner.BEFORE}


def test_what_an_image_had_written_before_stays_its_own(loop: Loop) -> None:
    loop.run_all()
    loop.start_over()
    result = loop.folder / loop.result_of("a.png")
    result.unlink()
    turn = loop.registry.acquire(loop.request, loop.host.submit())
    loop.registry.claim_outputs(turn, [str(result)])
    loop.host.finish(turn.prompt, Ending.ERROR)
    loop.registry.reconcile_all()
    turn = loop.registry.acquire(loop.request, loop.host.submit())
    assert loop.registry.earlier_outputs(turn) == (str(result),)


@pytest.mark.parametrize("is_there", [True, False])
def test_an_image_that_only_an_earlier_batch_has_read_is_no_source(
    loop: Loop,
    is_there: bool,  # noqa: FBT001
) -> None:
    (loop.folder / "b.png").rename(loop.folder / "0.png")
    turn = loop.registry.acquire(loop.request, loop.host.submit())
    assert turn.item is not None
    assert turn.item.path == "0.png"
    loop.host.finish(turn.prompt, Ending.STOPPED)
    if not is_there:
        (loop.folder / "0.png").unlink()
    without = Selection(filter=Filter.CUSTOM, custom_pattern="*, !0.png")
    request = replace(loop.request, selection=without, mode=IterationMode.RESET)
    turn = loop.registry.acquire(request, loop.host.submit())
    target = str(loop.folder / "0.png")
    kept = [target] if is_there else []
    owners = loop.registry.claim_outputs(turn, [target], kept)
    assert owners == {target: Owner.BEFORE if is_there else Owner.NEW}


@pytest.mark.parametrize("claims", [True, False])
def test_what_another_node_has_saved_is_its_own_until_somebody_edits_it(
    loop: Loop,
    claims: bool,  # noqa: FBT001
) -> None:
    """What is claimed without a time is not known to be edited."""
    loop.run_all(claims=claims)
    loop.start_over()
    turn = loop.registry.acquire(loop.request, loop.host.submit())
    result = loop.folder / loop.result_of("a.png")

    def owner(result_id: str) -> Owner:
        target = str(result)
        return loop.registry.claim_outputs(turn, [target], [target], result=result_id)[target]

    before = result.stat()
    result.write_bytes(b"y")
    os.utime(result, ns=(0, before.st_mtime_ns - 10**10))
    assert owner("one") is (Owner.SAME if claims else Owner.BEFORE)
    if not claims:
        os.utime(result, ns=(0, before.st_mtime_ns))
        assert owner("one") is Owner.SAME


def test_an_edited_result_in_the_folder_is_still_no_image(loop: Loop) -> None:
    loop.run_all(claims=False)
    result = loop.folder / loop.result_of("a.png")
    result.write_bytes(b"edited")
    for _ in range(2):
        loop.start_over()
        turn = loop.registry.acquire(loop.request, loop.host.submit())
        target = str(result)
        assert loop.registry.claim_outputs(turn, [target], [target]) == {target: Owner.BEFORE}
        loop.host.finish(turn.prompt, Ending.STOPPED)
        assert loop.listed() == FOUR
