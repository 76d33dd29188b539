"""What every source promises the engine, for a folder of images and for tables."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from batch_loop.core.common.errors import FolderNotFound, NoImages
from batch_loop.core.engine import batches
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.folders import folder_contents
from batch_loop.core.files.allowed_paths import AllowedFolders
from batch_loop.core.files.listing import list_images, sight
from batch_loop.core.model.if_exists import Owner
from batch_loop.core.model.loop_key import IMAGES, ROWS, TYPED_TEXT, LoopKey
from batch_loop.core.model.policy import Policy, WhenComplete
from batch_loop.core.model.prompt import Ending
from batch_loop.core.model.selection import Selection, SortBy
from batch_loop.core.sources.by_kind import ByKind
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.sources.rows import TEXT, Rows
from batch_loop.core.sources.table_files import opened_table
from batch_loop.core.store.interface import Store
from batch_loop.tests.support.one_store import Server, World, opener
from batch_loop.tools.postgresql import Postgresql

NAMES = ["img10", "img2", "img1", "b", "img3", "a", "img20"]
FOLDER, CSV, TYPED = "folder", "CSV", "typed text"


class Kept:
    """Items of one kind, which the test changes and then writes down."""

    def __init__(self, kind: str, base: Path) -> None:
        self.kind = kind
        base = base.resolve()
        self.place = base / {FOLDER: "images", CSV: "table.csv", TYPED: "none"}[kind]
        allowed = AllowedFolders(str(base), str(base / "output"), str(base / "temp"))
        rows = Rows(partial(opened_table, allowed=allowed))
        self.source = ByKind({IMAGES: ImageFolder(list_images, sight), ROWS: rows})
        directory = TYPED_TEXT if kind == TYPED else str(self.place)
        self.key = LoopKey("", directory, source=IMAGES if kind == FOLDER else ROWS)
        self.names = list(NAMES)
        self.write()

    def write(self) -> None:
        """Have the source contain exactly `names`, in their order if it has one."""
        if self.kind == FOLDER:
            self.place.mkdir(exist_ok=True)
            for file in {path.name for path in self.place.iterdir()} - {*self._files()}:
                (self.place / file).unlink()
            for file in {*self._files()} - {path.name for path in self.place.iterdir()}:
                (self.place / file).touch()
        elif self.kind == CSV:
            # Under another name first, as editors do: so each version is another file.
            written = self.place.with_suffix(".new")
            written.write_text("".join(f"{name},7\n" for name in ["name", *self.names]))
            written.replace(self.place)

    def _files(self) -> list[str]:
        return [f"{name}.png" for name in self.names]

    def selection(self, **settings: Any) -> Selection:
        options = {CSV: (("header", "first row"),), TYPED: ((TEXT, "\n".join(self.names)),)}
        return Selection(options=options.get(self.kind, ()), **settings)

    def listed(self, seed: int = 1, **settings: Any) -> list[str]:
        return list(self.source.listed(self.key, self.selection(**settings), seed=seed))

    def names_of(self, paths: list[str]) -> list[str]:
        """The names in paths; a row's is followed by a digest."""
        return [path.rpartition(".")[0].partition(" ")[0] for path in paths]

    def lose(self) -> None:
        """Have the source vanish."""
        if self.kind == FOLDER:
            shutil.rmtree(self.place)
        else:
            self.place.unlink()


each_kind = pytest.mark.parametrize("kept", [FOLDER, CSV, TYPED], indirect=True)
each_on_disk = pytest.mark.parametrize("kept", [FOLDER, CSV], indirect=True)
each_table = pytest.mark.parametrize("kept", [CSV, TYPED], indirect=True)


@pytest.fixture
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    folder = tmp_path / "kept"
    folder.mkdir()
    return Kept(request.param, folder)


@each_kind
def test_items_come_in_order(kept: Kept) -> None:
    natural = ["a", "b", "img1", "img2", "img3", "img10", "img20"]
    expected = natural if kept.kind == FOLDER else NAMES
    assert kept.names_of(kept.listed()) == expected
    assert kept.names_of(kept.listed(descending=True)) == expected[::-1]
    assert len({*kept.listed()}) == len(NAMES)


@each_kind
def test_a_shuffle_depends_on_its_seed_alone(kept: Kept) -> None:
    orders = [kept.listed(seed, sort_by=SortBy.SHUFFLE) for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2]) == sorted(kept.listed())


@each_kind
@pytest.mark.parametrize("order", [{}, {"descending": True}, {"sort_by": SortBy.SHUFFLE}])
def test_a_range_is_one_of_the_order(kept: Kept, order: dict[str, Any]) -> None:
    everything = kept.listed(**order)
    assert kept.listed(start_index=2, limit=3, **order) == everything[2:5]
    assert kept.listed(start_index=5, **order) == everything[5:]
    assert kept.listed(limit=100, **order) == everything
    assert kept.listed(start_index=100, **order) == []


@each_kind
@pytest.mark.parametrize(
    "of_range", [{}, {"start_index": 2}, {"limit": 4}, {"start_index": 1, "limit": 3}]
)
def test_parts_are_those_of_the_listing_wherever_it_is_cut(
    kept: Kept, of_range: dict[str, int]
) -> None:
    everything, selection = kept.listed(**of_range), kept.selection(**of_range)
    for first in range(len(NAMES) + 2):
        for most in range(1, len(NAMES) + 2):
            part = kept.source.part(kept.key, selection, first, most)
            if part is None:
                assert kept.kind == FOLDER
                continue
            assert list(part.paths) == everything[first : first + most]
            assert part.behind == len(everything[first + most :])


@each_table
def test_whether_any_is_behind_a_part_is_certain_in_long_tables(kept: Kept) -> None:
    kept.names = [f"r{number}" for number in range(4_096)]
    kept.write()
    everything, selection = kept.listed(), kept.selection()
    chance = random.Random(5)  # noqa: S311 - no secret
    cuts = [(chance.randrange(4_100), chance.randrange(1, 2_000)) for _ in range(15)]
    for first, most in [(0, 1_024), (0, 2_048), (0, 4_095), (0, 4_096), (2_048, 2_048), *cuts]:
        again = Kept(kept.kind, kept.place.parent) if chance.random() < 0.1 else kept
        again.names = kept.names
        again.write()
        part = again.source.part(again.key, selection, first, most)
        assert part is not None
        assert list(part.paths) == everything[first : first + most]
        assert (part.behind > 0) is (first + most < 4_096)


@each_kind
@pytest.mark.parametrize("order", [{"descending": True}, {"sort_by": SortBy.SHUFFLE}])
def test_an_order_that_begins_anywhere_has_no_parts(kept: Kept, order: dict[str, Any]) -> None:
    assert kept.source.part(kept.key, kept.selection(**order), 0, 2) is None


@each_on_disk
def test_each_item_has_a_file_that_is_there(kept: Kept) -> None:
    one_each = kept.source.is_one_file_each(kept.key)
    files = [kept.source.file(kept.key, path) for path in kept.listed()]
    assert all(map(os.path.isfile, files))
    assert len({*files}) == (len(NAMES) if one_each else 1)
    items = [kept.source.item(kept.key, file) for file in files]
    assert items == (kept.listed() if one_each else [None] * len(NAMES))


@each_kind
def test_only_what_may_be_an_item_may_be_listed(kept: Kept) -> None:
    for path in kept.listed():
        may_be = kept.source.may_list(kept.key, kept.selection(), path)
        assert may_be is kept.source.is_one_file_each(kept.key)
    assert list(kept.source.links(kept.key, kept.selection(), lambda: None)) == []
    assert kept.source.item(kept.key, os.path.abspath("elsewhere.png")) is None


@each_kind
def test_what_stays_looks_the_same_and_is_the_same_item(kept: Kept) -> None:
    before = {path: kept.source.sight(kept.key, path) for path in kept.listed()}
    kept.names.insert(2, "one more")
    kept.names.remove("b")
    kept.write()
    after = {path: kept.source.sight(kept.key, path) for path in kept.listed()}
    same = before.keys() & after.keys()
    assert len(same) == len(NAMES) - 1
    assert {path: before[path] for path in same} == {path: after[path] for path in same}


@each_kind
def test_an_item_that_is_edited_shows_it(kept: Kept) -> None:
    if kept.kind == FOLDER:
        before = kept.source.sight(kept.key, "b.png")
        (kept.place / "b.png").write_bytes(b"other content")
        assert kept.source.sight(kept.key, "b.png") != before
    else:
        before_all = kept.listed()
        kept.names[3] = "bb"
        kept.write()
        (gone,) = {*before_all} - {*kept.listed()}
        assert kept.names_of([gone]) == ["b"]


@each_on_disk
def test_a_source_that_is_gone_is_told(kept: Kept) -> None:
    path = kept.listed()[0]
    before = kept.source.sight(kept.key, path)
    kept.lose()
    assert kept.source.sight(kept.key, path) != before
    with pytest.raises(FolderNotFound, match=kept.place.name):
        kept.listed()
    if kept.kind == CSV:
        with pytest.raises(FolderNotFound, match=kept.place.name):
            kept.source.part(kept.key, kept.selection(), 0, 2)


@each_kind
def test_a_listing_ends_where_somebody_asks_for_it(kept: Kept) -> None:
    def cancelled() -> None:
        raise KeyError("cancelled")

    for order in ({}, {"sort_by": SortBy.SHUFFLE}):
        with pytest.raises(KeyError, match="cancelled"):
            kept.source.listed(kept.key, kept.selection(**order), seed=1, going_on=cancelled)


@each_kind
def test_a_message_for_no_items_names_the_place_and_the_range(kept: Kept) -> None:
    message = kept.source.nothing(kept.key, kept.selection(start_index=9, limit=2), 0)
    assert "start_index 9" in message
    assert "limit 2" in message
    assert (kept.place.name if kept.kind != TYPED else "the text") in message


@each_table
def test_equal_rows_are_items_of_their_own(kept: Kept) -> None:
    kept.names = ["a", "b", "a", "a"]
    kept.write()
    before = kept.listed()
    assert len({*before}) == 4
    kept.names = ["new", "a", "a", "b"]
    kept.write()
    assert Counter(kept.listed()).keys() - {*before} == {kept.listed()[0]}
    assert {*before} - {*kept.listed()} == {before[3]}


# Changes while a batch runs.


@pytest.fixture
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    server: Postgresql | None = None
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql")
    (tmp_path / "store").mkdir()
    with opener(request.param, tmp_path / "store", server) as one_more:
        yield one_more


@pytest.fixture(autouse=True)
def _small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "opened" in request.fixturenames:
        monkeypatch.setattr(folder_contents, "IN_A_PART", 8)
        monkeypatch.setattr(batches, "FEW_LISTED", 3)


class Batch:
    """Servers that work on what is kept, and what is known to be done."""

    def __init__(self, kept: Kept, opened: Callable[[], Store], servers: int) -> None:
        self.kept = kept
        kept.names = [f"n{number}" for number in range(30)]
        kept.write()
        self.world: World[ByKind] = World(opened, kept.source, Request(kept.key, kept.selection()))
        self.servers = [self.world.start() for _ in range(servers)]
        self.done: Counter[str] = Counter()

    def run(self, server: Server[ByKind], ending: Ending = Ending.SUCCESS) -> str:
        request = replace(server.request, selection=self.kept.selection())
        iteration = server.registry.acquire(request, server.host.submit())
        server.finish(iteration, ending)
        server.registry.reconcile_all()
        path = iteration.item.path if iteration.item else ""
        self.done.update([path] if path and ending is Ending.SUCCESS else [])
        return path

    def die(self, place: int, moment: int) -> None:
        """End a server at one of three moments, before anybody knows of its last prompt's end."""
        server = self.servers[place]
        request = replace(server.request, selection=self.kept.selection())
        iteration = server.registry.acquire(request, server.host.submit())
        if moment > 0:
            server.registry.end(iteration)
        if moment > 1:
            server.host.finish(iteration.prompt)
        self.servers[place] = self.world.restarted(server)

    def finish(self) -> None:
        """Run until nothing is left; twice, as a run after the end looks for what is new."""
        for _ in range(2):
            while any(self.run(server) for server in self.servers):
                pass


def _change(kept: Kept, chance: random.Random, number: int) -> None:
    names, place = kept.names, chance.randrange(len(kept.names))
    match chance.choice(["before", "after", "anywhere", "remove", "edit", "move"]):
        case "before":
            names.insert(0, f"m{number}")
        case "after":
            names.append(f"z{number}")
        case "anywhere":
            names.insert(place, f"n{place}_{number}")
        case "remove" if len(names) > 5:
            del names[place]
        case "edit":
            names[place] = f"e{number}"
        case "move":
            names.insert(chance.randrange(len(names)), names.pop(place))
    kept.write()


@pytest.mark.parametrize("kept", [FOLDER, CSV, TYPED], indirect=True)
@pytest.mark.parametrize(
    ("opened", "servers", "seed"),
    [
        *[("memory", 1, seed) for seed in range(6)],
        *[("sqlite", 1, 20), ("sqlite", 2, 30), ("sqlite", 2, 31), ("postgresql", 2, 50)],
    ],
    indirect=["opened"],
)
def test_whatever_changes_and_dies_each_item_that_is_there_is_done_once(
    kept: Kept, opened: Callable[[], Store], servers: int, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    batch = Batch(kept, opened, servers)
    for number in range(60):
        match chance.choice(["run"] * 6 + ["change", "die"]):
            case "run":
                ending = chance.choice([Ending.SUCCESS, Ending.SUCCESS, Ending.STOPPED])
                batch.run(chance.choice(batch.servers), ending)
            case "change":
                _change(kept, chance, number)
            case "die":
                batch.die(chance.randrange(servers), chance.randrange(3))
    batch.finish()
    assert not {*kept.listed()} - batch.done.keys()
    assert max(batch.done.values()) == 1
    server = batch.servers[0]
    assert server.complete
    states = {item.path: item.state.value for item, _ in server.registry.report(kept.key.id)[1]}
    assert {states[path] for path in kept.listed()} == {"done"}


@pytest.mark.parametrize("kept", [FOLDER, CSV], indirect=True)
@pytest.mark.parametrize("opened", ["memory", "sqlite"], indirect=True)
def test_a_source_that_vanishes_costs_no_item(kept: Kept, opened: Callable[[], Store]) -> None:
    batch = Batch(kept, opened, 1)
    server = batch.servers[0]
    for _ in range(4):
        batch.run(server)
    kept.lose()
    if kept.kind == CSV:
        with pytest.raises(FolderNotFound):
            batch.finish()
    kept.write()
    batch.finish()
    assert server.counts.done == 30
    assert max(batch.done.values()) == 1


@pytest.mark.parametrize("kept", [FOLDER, CSV], indirect=True)
@pytest.mark.parametrize("opened", ["memory"], indirect=True)
@pytest.mark.parametrize("then", ["a run", "start over"])
def test_what_arrives_in_a_watched_source_is_taken_by_whoever_runs_at_once(
    kept: Kept, opened: Callable[[], Store], then: str
) -> None:
    watch = Policy(when_complete=WhenComplete.WATCH)
    request = Request(kept.key, kept.selection(), policy=watch)
    server = World(opened, kept.source, request).start()
    server.run_all()
    server.registry.reconcile_all()
    kept.names.append("one more")
    kept.write()
    if then == "start over":
        over = server.registry.start_over(kept.key.id)
        assert over.counts.total == len(NAMES) + 1
    else:
        assert kept.names_of(server.run_all()) == kept.names_of([server.reported()[-1]])
    assert len(server.reported()) == len(NAMES) + 1


@pytest.mark.parametrize("kept", [CSV], indirect=True)
@pytest.mark.parametrize("opened", ["memory"], indirect=True)
def test_no_result_takes_the_place_of_a_table(kept: Kept, opened: Callable[[], Store]) -> None:
    server = World(opened, kept.source, Request(kept.key, kept.selection())).start()
    iteration, table = server.take(), str(kept.place)
    beside = str(kept.place.with_name("another.csv"))
    owners = server.registry.claim_outputs(iteration, [table, beside])
    assert owners == {table: Owner.SOURCE, beside: Owner.NEW}


@each_on_disk
@pytest.mark.parametrize("opened", ["memory"], indirect=True)
def test_an_empty_source_begins_no_batch(kept: Kept, opened: Callable[[], Store]) -> None:
    kept.names = []
    kept.write()
    world = World(opened, kept.source, Request(kept.key, kept.selection()))
    with pytest.raises(NoImages, match=kept.place.name):
        world.start().take()
