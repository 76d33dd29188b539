"""The loop's folder, or a folder in it, is also mounted where the results go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.files.listing import list_images, sight
from batch_loop.core.model.formats import Format
from batch_loop.core.model.if_exists import Owner
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.prompt import Ending
from batch_loop.core.model.result_names import saved_as
from batch_loop.core.model.selection import Filter, Selection
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.interface import Store
from batch_loop.tests.support.fake_host import ByHand, FakeHost
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.mounts import bound
from batch_loop.tests.support.stores import HERE, new_store

pytestmark = pytest.mark.linux

IMAGES = ["sub/a.png", "sub/b.png"]
EVERYTHING = Selection(recursive=True)


class Loop:
    """A registry on a real folder `in`; the results of its subfolder go to `results`."""

    def __init__(self, store: Store, base: Path, results: Path) -> None:
        self.folder, self.results = base / "in", results
        write_images(self.folder, IMAGES)
        self.request = Request(LoopKey("", str(self.folder)), EVERYTHING)
        self.start(store)

    def start(self, store: Store) -> None:
        """Start the server, with what the store knows."""
        self.store, self.host = store, FakeHost()
        self.registry = LoopRegistry(
            store,
            self.host,
            ImageFolder(list_images, sight),
            poll_outcomes=ByHand,
            poll_listings=ByHand,
        )

    def run(self, *, claims: bool = True, **changes: object) -> str:
        """One prompt that saves `a_1.png` for `sub/a.png`; the path of its item."""
        turn = self.registry.acquire(replace(self.request, **changes), self.host.submit())
        saved = []
        if turn.item is not None:
            stem = Path(turn.item.path).stem
            saved.append(str(self.results / f"{stem}_1.png"))
            if claims:
                owners = self.registry.claim_outputs(turn, saved)
                assert owners == {saved[0]: Owner.NEW}
            Path(saved[0]).touch()
        self.registry.end(turn)
        self.host.finish(turn.prompt, Ending.SUCCESS, *saved)
        return "" if turn.item is None else turn.item.path

    def run_all(self, **changes: object) -> list[str]:
        return list(iter(partial(self.run, **changes), ""))

    def listed(self) -> list[str]:
        """What a batch would hold that began now."""
        return list(self.registry.preview(self.request.key, EVERYTHING)[1])


@pytest.fixture(params=HERE)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return new_store(request.param, tmp_path / "state", request)


@pytest.fixture(params=["folder", "subfolder", "folder above", "within"])
def loop(request: pytest.FixtureRequest, tmp_path: Path, store: Store) -> Iterator[Loop]:
    base = tmp_path.resolve()
    (base / "in" / "sub").mkdir(parents=True)
    path, to, results = {
        "folder": ("in", "out", "out/sub"),
        "subfolder": ("in/sub", "out", "out"),
        "folder above": ("", "../above", "../above/in/sub"),
        "within": ("out", "in/sub", "out"),
    }[request.param]
    (base / path).mkdir(exist_ok=True)
    with bound(base / path, (base / to).resolve()):
        yield Loop(store, base, (base / results).resolve())


def test_no_image_is_replaced(loop: Loop) -> None:
    turn = loop.registry.acquire(loop.request, loop.host.submit())
    files = [str(loop.results / name) for name in ("a.png", "b.png")]
    for file in files:
        assert loop.registry.claim_outputs(turn, [file]) == {file: Owner.SOURCE}


def test_an_image_that_the_filter_leaves_out_is_not_replaced(loop: Loop) -> None:
    only = Selection(recursive=True, filter=Filter.CUSTOM, custom_pattern="a*")
    turn = loop.registry.acquire(replace(loop.request, selection=only), loop.host.submit())
    file = str(loop.results / "b.png")
    assert loop.registry.claim_outputs(turn, [file]) == {file: Owner.LEFT_OUT}


def test_a_file_that_an_image_links_to_is_not_replaced(loop: Loop) -> None:
    (loop.folder / "sub" / "real.dat").touch()
    (loop.folder / "sub" / "c.png").symlink_to(loop.folder / "sub" / "real.dat")
    turn = loop.registry.acquire(loop.request, loop.host.submit())
    file = str(loop.results / "real.dat")
    assert loop.registry.claim_outputs(turn, [file]) == {file: Owner.SOURCE}


@pytest.mark.parametrize("claims", [True, False])
def test_results_are_no_images(loop: Loop, claims: bool) -> None:  # noqa: FBT001
    for _ in range(2):
        assert loop.run_all(claims=claims) == IMAGES
        assert loop.listed() == IMAGES
        loop.registry.start_over(loop.request.key.id)


def test_results_are_known_to_the_next_server(loop: Loop) -> None:
    assert loop.run_all() == IMAGES
    loop.start(loop.store)
    assert loop.listed() == IMAGES
    loop.registry.acquire(loop.request, loop.host.submit())
    loop.registry.start_over(loop.request.key.id)
    turn = loop.registry.acquire(loop.request, loop.host.submit())
    own, others = (str(loop.results / name) for name in ("a_1.png", "b_1.png"))
    assert loop.registry.earlier_outputs(turn) == (own,)
    owners = loop.registry.claim_outputs(turn, [own], [own], result="1")
    owners |= loop.registry.claim_outputs(turn, [others], [others], result="2")
    assert owners == {own: Owner.SAME, others: Owner.OTHER}


def test_no_image_counts_as_its_own_result(loop: Loop) -> None:
    def skipping(suffix: str) -> Selection:
        name = saved_as(
            str(loop.results), prefix="", suffix=suffix, format=Format.PNG, keep_subfolders=False
        )
        return replace(EVERYTHING, finished=(name,))

    assert loop.run(selection=skipping("")) == IMAGES[0]
    assert loop.run(selection=skipping("")) == IMAGES[1]
    loop.registry.start_over(loop.request.key.id)
    # What was recorded counts, though it was empty.
    assert loop.run_all(selection=skipping("_1")) == []


def test_a_prompt_that_fails_gives_its_names_back(loop: Loop) -> None:
    turn = loop.registry.acquire(loop.request, loop.host.submit())
    file = str(loop.results / "new.png")
    loop.registry.claim_outputs(turn, [file])
    loop.host.finish(turn.prompt, Ending.ERROR)
    loop.registry.reconcile_all()
    Path(file).touch()
    assert "sub/new.png" in loop.listed()
