"""Batches whose images have companions, and what is told of those without."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from batch_loop.core.common.errors import InvalidSetting, NoImages
from batch_loop.core.companions.listed_companions import beside
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.files.allowed_paths import AllowedFolders
from batch_loop.core.files.listing import list_images, sight
from batch_loop.core.model.loop_key import IMAGES, VARIANTS, LoopKey
from batch_loop.core.model.records import Iteration
from batch_loop.core.model.selection import Companion, CompanionKind, Selection, WhenMissing
from batch_loop.core.sources.by_kind import ByKind
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.sources.variants import OPTION, Axis, VariantLists
from batch_loop.core.store.interface import Store
from batch_loop.tests.support.fake_host import ByHand, FakeHost
from batch_loop.tests.support.stores import HERE, new_store

NEEDED = Companion("{stem}_m.png", WhenMissing.LEAVE_OUT, CompanionKind.IMAGE)
WANTED = Companion("{stem}_m.png", WhenMissing.FAIL, CompanionKind.IMAGE)


class Server:
    """A registry on a folder."""

    def __init__(self, store: Store, folder: Path) -> None:
        root = str(folder)
        allowed = AllowedFolders(root, root, root)
        self.host = FakeHost()
        self.registry = LoopRegistry(
            store,
            self.host,
            ByKind({IMAGES: ImageFolder(list_images, sight)}),
            find_beside=lambda companions, directory, paths, going_on: beside(
                companions, directory, paths, allowed, going_on
            ),
            poll_outcomes=ByHand,
        )
        self.key = LoopKey("", root)

    def request(self, *companions: Companion, **selection: int) -> Request:
        return Request(self.key, Selection(companions=companions, **selection))  # type: ignore[arg-type]

    def one(self, request: Request) -> Iteration:
        """Work on the next image."""
        iteration = self.registry.acquire(request, self.host.submit())
        if iteration.item is not None:
            self.registry.end(iteration)
        self.host.finish(iteration.prompt)
        return iteration

    def all(self, request: Request) -> list[str]:
        """Work on what is left."""
        done = []
        while (iteration := self.one(request)).item is not None:
            done.append(iteration.item.path)
        return done


@pytest.fixture(params=HERE)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Server:
    folder = tmp_path / "folder"
    folder.mkdir()
    store = new_store(request.param, tmp_path / "state", request)
    return Server(store, Path(os.path.realpath(folder)))


def write(server: Server, *names: str) -> None:
    for name in names:
        Path(server.key.directory, name).touch()


def test_images_that_lack_a_companion_are_left_out_and_counted(server: Server) -> None:
    write(server, "a.png", "a_m.png", "b.png", "c.png", "c_m.png", "d.png")
    request = server.request(NEEDED)
    first = server.one(request)
    assert (first.counts.total, first.lacking) == (2, 2)
    assert server.all(request) == ["c.png"]
    assert server.registry.snapshot(server.key.id).lacking == 2


def test_an_image_with_variants_has_the_companions_of_its_file(server: Server) -> None:
    write(server, "a.png", "a_m.png", "b.png")
    lists = VariantLists((Axis.of("value", ["1", "2"]),))
    selection = Selection(companions=(NEEDED,), options=((OPTION, lists.text()),))
    key = replace(server.key, source=IMAGES + VARIANTS)
    assert server.all(Request(key, selection)) == ["a · 1.png", "a · 2.png"]
    assert server.registry.snapshot(key.id).lacking == 1


def test_an_image_joins_once_its_companion_is_there(server: Server) -> None:
    write(server, "a.png", "a_m.png", "b.png", "c.png")
    request = server.request(NEEDED)
    assert server.all(request) == ["a.png"]
    write(server, "c_m.png")
    assert server.all(request) == ["c.png"]
    assert server.registry.snapshot(server.key.id).lacking == 1


def test_a_companion_that_arrives_during_the_last_image_is_no_image(server: Server) -> None:
    write(server, "a.png", "a_m.png", "b.png")
    request = server.request(NEEDED)
    iteration = server.registry.acquire(request, server.host.submit())
    write(server, "c.png", "c_m.png")
    server.registry.end(iteration)
    server.host.finish(iteration.prompt)
    assert server.all(request) == ["c.png"]
    assert server.registry.snapshot(server.key.id).lacking == 1


def test_the_range_counts_neither_companions_nor_what_is_left_out(server: Server) -> None:
    write(server, "a.png", "a_m.png", "b.png", "c.png", "c_m.png", "d.png", "d_m.png")
    assert server.all(server.request(NEEDED, start_index=1, limit=1)) == ["c.png"]


def test_another_pattern_lists_the_folder_anew_and_keeps_what_is_done(server: Server) -> None:
    write(server, "a.png", "a_m.png", "b.png")
    assert server.one(server.request()).counts.total == 3
    iteration = server.one(server.request(NEEDED))
    assert (iteration.item, iteration.counts.total, iteration.lacking) == (None, 1, 1)
    iteration = server.one(server.request(WANTED))
    assert iteration.item is not None
    assert (iteration.item.path, iteration.counts.total, iteration.lacking) == ("b.png", 2, 0)


def test_a_batch_that_is_put_back_has_its_own_count(server: Server) -> None:
    write(server, "a.png", "a_m.png", "b.png")
    request = server.request(NEEDED)
    server.all(request)
    write(server, "b_m.png")
    assert server.registry.start_over(server.key.id).lacking == 0
    assert server.registry.undo_start_over(server.key.id).lacking == 1


def test_a_folder_in_which_every_image_lacks_one_is_refused_with_the_reason(
    server: Server,
) -> None:
    write(server, "a.png", "b.png")
    with pytest.raises(NoImages, match=r"left out \(2 here\)"):
        server.one(server.request(NEEDED))


def test_images_of_a_pair_are_not_left_out(server: Server) -> None:
    write(server, "a.png", "a_m.png")
    other = Request(LoopKey("other", server.key.directory), Selection(companions=(NEEDED,)))
    prompt = server.host.submit()
    with pytest.raises(InvalidSetting, match="Choose Fail or Empty"):
        server.registry.acquire(server.request(WANTED), prompt, [other])
    # Two iterators of one loop with different patterns would list it differently.
    with pytest.raises(InvalidSetting, match="patterns of Companion Image"):
        server.registry.acquire(server.request(WANTED), prompt, [server.request()])


def test_in_another_order_what_is_done_and_lacks_its_companion_is_not_left_out(
    server: Server,
) -> None:
    for name in "abcd":
        write(server, f"{name}.png", f"{name}_m.png")
    assert server.one(server.request(NEEDED)).item is not None
    os.unlink(os.path.join(server.key.directory, "a_m.png"))
    server.all(server.request(NEEDED, descending=True))
    state = server.registry.full_snapshot(server.key.id)
    assert (state.counts.total, state.counts.done, state.lacking) == (4, 4, 0)
