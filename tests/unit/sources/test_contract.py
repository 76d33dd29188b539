"""What every source promises the engine: folders, tables and films, alone and with variants."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batch_loop.core.common.errors import FolderNotFound, NoImages
from batch_loop.core.engine import batches
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.folders import folder_contents
from batch_loop.core.model.if_exists import Owner
from batch_loop.core.model.policy import Policy, WhenComplete
from batch_loop.core.model.prompt import Ending
from batch_loop.core.model.selection import SortBy
from batch_loop.core.sources.by_kind import ByKind
from batch_loop.core.store.interface import Store
from batch_loop.core.turn.iterator_kinds import KINDS
from batch_loop.tests.support.kept_items import (
    MAKERS,
    Film,
    Folder,
    Kept,
    Ranges,
    Table,
    TableFile,
    Windows,
    names_of,
)
from batch_loop.tests.support.one_store import Server, World, until_the_end
from batch_loop.tests.support.stores import HERE, MEMORY, POSTGRESQL, SQLITE, store_opener


def each(names: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("kept", names, indirect=True)


each_kind = each(list(MAKERS))
each_folder = each(names_of(Folder))
each_table = each(names_of(Table))
each_film = each(names_of(Film))
each_but_films = each(names_of(Folder, Table))
each_in_one_file = each(names_of(TableFile, Film))
each_on_disk = each(names_of(Folder, TableFile, Film))


@pytest.fixture
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    folder = tmp_path / "kept"
    folder.mkdir()
    return MAKERS[request.param](folder)


def test_each_kind_of_loop_is_among_them() -> None:
    assert {maker.made.kind for maker in MAKERS.values()} == {
        kind.source for kind in KINDS.values()
    }


# What there is.


@each_kind
def test_items_come_in_order(kept: Kept) -> None:
    listed = kept.listed()
    assert kept.told(listed) == kept.taken(kept.titles())
    assert len({*listed}) == len(listed)
    assert listed == kept.listed()


@each_folder
def test_files_come_in_natural_order(kept: Kept) -> None:
    stems = [title.partition(".")[0] for title, _ in kept.told(kept.listed())]
    assert [*dict.fromkeys(stems)] == ["a", "b", "img1", "img2", "img3", "img10", "img20"]


@each_but_films
def test_the_order_can_be_reversed(kept: Kept) -> None:
    assert kept.told(kept.listed(descending=True)) == kept.taken(kept.titles()[::-1])


@each_but_films
def test_a_shuffle_depends_on_its_seed_alone(kept: Kept) -> None:
    orders = [kept.listed(seed, sort_by=SortBy.SHUFFLE) for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2]) == sorted(kept.listed())


@each_kind
@pytest.mark.parametrize("order", [{}, {"descending": True}, {"sort_by": SortBy.SHUFFLE}])
def test_a_range_is_one_of_the_order(kept: Kept, order: dict[str, Any]) -> None:
    everything = kept.listed(**order)
    entries = kept.entries(everything)

    def within(first: int, end: int | None = None) -> list[str]:
        return [path for path in everything if kept.key.entry(path) in entries[first:end]]

    assert kept.listed(start_index=1, limit=2, **order) == within(1, 3)
    assert kept.listed(start_index=2, **order) == within(2)
    assert kept.listed(limit=100, **order) == everything
    assert kept.listed(start_index=100, **order) == []
    in_range = kept.source.in_range(kept.key, kept.selection(start_index=1, limit=2), everything)
    assert list(in_range) == within(1, 3)


@each_kind
@pytest.mark.parametrize(
    "of_range", [{}, {"start_index": 2}, {"limit": 4}, {"start_index": 1, "limit": 3}]
)
def test_parts_are_those_of_the_listing_wherever_it_is_cut(
    kept: Kept, of_range: dict[str, int]
) -> None:
    everything, selection = kept.listed(**of_range), kept.selection(**of_range)
    for first in range(len(everything) + 2):
        for most in range(1, len(everything) + 2):
            part = kept.source.part(kept.key, selection, first, most)
            if part is None:
                assert isinstance(kept, Folder) or kept.by_value
                continue
            assert list(part.paths) == everything[first : first + most]
            assert part.behind == len(everything[first + most :])


@each_table
def test_whether_any_is_behind_a_part_is_certain_in_long_tables(kept: Kept) -> None:
    kept.names = [f"r{number}" for number in range(4_096)]
    kept.write()
    everything, selection = kept.listed(), kept.selection()
    total = len(everything)
    chance = random.Random(5)  # noqa: S311 - no secret
    cuts = [(chance.randrange(total + 4), chance.randrange(1, total // 2)) for _ in range(15)]
    edges = [(0, 1_024), (0, 2_048), (0, total - 1), (0, total), (total // 2, total // 2)]
    for first, most in [*edges, *cuts]:
        again = type(kept)(kept.place.parent, kept.values) if chance.random() < 0.1 else kept
        again.names = kept.names
        again.write()
        part = again.source.part(again.key, selection, first, most)
        assert part is not None
        assert list(part.paths) == everything[first : first + most]
        assert (part.behind > 0) is (first + most < total)


@each_but_films
@pytest.mark.parametrize("order", [{"descending": True}, {"sort_by": SortBy.SHUFFLE}])
def test_an_order_that_begins_anywhere_has_no_parts(kept: Kept, order: dict[str, Any]) -> None:
    assert kept.source.part(kept.key, kept.selection(**order), 0, 2) is None


@each_kind
@pytest.mark.parametrize("opened", [MEMORY], indirect=True)
def test_each_item_opens_to_its_own_content(kept: Kept, opened: Callable[[], Store]) -> None:
    world = World(opened, kept.source, Request(kept.key, kept.selection()))
    registry, paths = world.start().registry, kept.listed()
    wanted = dict(zip(kept.entries(paths), kept.contents(), strict=True))
    # In another order than that of the listing: none depends on the one before.
    for path in random.Random(2).sample(paths, len(paths)):  # noqa: S311 - no secret
        assert kept.opened(registry, path) == wanted[kept.key.entry(path)]


@each_on_disk
def test_each_item_has_a_file_that_is_there(kept: Kept) -> None:
    paths = kept.listed()
    files = [kept.source.file(kept.key, path) for path in paths]
    assert all(map(os.path.isfile, files))
    assert kept.source.is_one_file_each(kept.key) is kept.is_one_file_each
    items = [kept.source.item(kept.key, file) for file in files]
    if isinstance(kept, Folder):
        assert items == [kept.key.entry(path) for path in paths]
        assert len({*files}) == len(kept.names)
    else:
        assert {*items} == {None}
        assert {*files} == {str(kept.place)}


@each_kind
def test_only_what_may_be_an_item_may_be_listed(kept: Kept) -> None:
    for path in kept.listed():
        may_be = kept.source.may_list(kept.key, kept.selection(), path)
        assert may_be is isinstance(kept, Folder)
    assert list(kept.source.links(kept.key, kept.selection(), lambda: None)) == []
    assert kept.source.item(kept.key, os.path.abspath("elsewhere.png")) is None


@each_but_films
def test_what_stays_looks_the_same_and_is_the_same_item(kept: Kept) -> None:
    def sights() -> dict[str, object]:
        return {path: kept.source.sight(kept.key, path) for path in kept.listed()}

    before = sights()
    kept.names.insert(2, "one more")
    kept.write()
    more = sights()
    assert before.items() <= more.items()
    kept.names.remove("one more")
    kept.names.remove("b")
    kept.write()
    less = sights()
    assert less.items() < before.items()
    each_name = len(before) // (len(kept.names) + 1)
    assert len(more) - len(before) == len(before) - len(less) == each_name


@each_film
def test_another_film_has_the_same_items_and_they_look_different(kept: Kept) -> None:
    before = {path: kept.source.sight(kept.key, path) for path in kept.listed()}
    kept.names.reverse()
    kept.write()
    after = {path: kept.source.sight(kept.key, path) for path in kept.listed()}
    assert list(before) == list(after)
    assert {*before.values()}.isdisjoint(after.values())
    kept.names += ["one more"] * 4
    kept.write()
    assert kept.listed()[: len(before)] == list(before) or kept.values
    assert {*before} < {*kept.listed()}


@each_kind
def test_an_item_that_is_edited_shows_it(kept: Kept) -> None:
    before = {path: kept.source.sight(kept.key, path) for path in kept.listed()}
    kept.edit()
    after = kept.listed()
    gone = {*before} - {*after}
    if isinstance(kept, Table):
        assert len(gone) == len({*after} - {*before}) == len(before) // len(kept.names)
    else:
        assert gone == set()
        differ = [path for path in after if kept.source.sight(kept.key, path) != before[path]]
        of_b = [path for path in after if path.startswith("b")]
        assert differ == (of_b if isinstance(kept, Folder) else after)


@each_on_disk
def test_a_source_that_is_gone_is_told(kept: Kept) -> None:
    path = kept.listed()[0]
    before = kept.source.sight(kept.key, path)
    kept.lose()
    assert kept.source.sight(kept.key, path) != before
    with pytest.raises(FolderNotFound, match=kept.place.name):
        kept.listed()
    if not isinstance(kept, Folder):
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
    assert kept.place_told in message


@each(names_of(Table, but=(Ranges,)))
def test_equal_rows_are_items_of_their_own(kept: Kept) -> None:
    kept.names = ["a", "b", "a", "a"]
    kept.write()
    before = kept.entries(kept.listed())
    assert len({*before}) == 4
    kept.names = ["new", "a", "a", "b"]
    kept.write()
    after = kept.entries(kept.listed())
    assert {*after} - {*before} == {after[0]}
    assert {*before} - {*after} == {before[3]}


# Changes while a batch runs.


@pytest.fixture
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    (tmp_path / "store").mkdir()
    with until_the_end(store_opener(request.param, tmp_path / "store", request)) as one_more:
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
        kept.names = [f"n{number}" for number in range(10 if kept.values else 30)]
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
    if kept.values and chance.random() < 0.3:
        _edit(kept.values, chance, number, 1)
    elif isinstance(kept, Windows) and chance.random() < 0.3:
        kept.frames, kept.overlap = chance.choice([(1, 0), (2, 1), (3, 0), (3, 1), (4, 2)])
    else:
        _edit(kept.names, chance, f"n{number}", 5)
        kept.write()


def _edit(each: list[Any], chance: random.Random, new: object, least: int) -> None:
    """Change a list once, to `new` if anything is added; at `least` so many are left."""
    place = chance.randrange(len(each))
    match chance.choice(["before", "after", "anywhere", "remove", "edit", "move"]):
        case "before":
            each.insert(0, new)
        case "after":
            each.append(new)
        case "anywhere":
            each.insert(place, new)
        case "remove" if len(each) > least:
            del each[place]
        case "edit":
            each[place] = new
        case "move":
            each.insert(chance.randrange(len(each)), each.pop(place))


@each_kind
@pytest.mark.parametrize(
    ("opened", "servers", "seed"),
    [
        *[(MEMORY, 1, seed) for seed in range(4)],
        *[(SQLITE, 1, 20), (SQLITE, 2, 30), (POSTGRESQL, 2, 50)],
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


@each_kind
@pytest.mark.parametrize("opened", HERE, indirect=True)
def test_a_batch_goes_on_in_its_order_after_a_restart(
    kept: Kept, opened: Callable[[], Store]
) -> None:
    world = World(opened, kept.source, Request(kept.key, kept.selection()))
    server = world.start()
    before = server.runs(2)
    server.registry.reconcile_all()
    # Another process reads the source afresh, and knows its items by the same paths.
    again = type(kept)(kept.place.parent, kept.values, by_value=kept.by_value)
    world.source = again.source
    assert again.listed() == kept.listed()
    assert before + world.restarted(server).run_all() == kept.listed()


@each_film
@pytest.mark.parametrize("opened", [MEMORY], indirect=True)
@pytest.mark.parametrize("frames", [20, 30, 45])
def test_of_a_film_that_is_replaced_in_mid_batch_the_frames_left_are_done(
    kept: Kept, opened: Callable[[], Store], frames: int
) -> None:
    """A frame is known by its number: what was done of the film before stays done."""
    batch = Batch(kept, opened, 1)
    (server,) = batch.servers
    done = [batch.run(server) for _ in range(4)]
    kept.names = [f"of another film {number}" for number in range(frames)]
    kept.write()
    batch.finish()
    assert {*kept.listed()} <= batch.done.keys()
    assert {*done} <= batch.done.keys()
    assert max(batch.done.values()) == 1
    assert server.complete


@each_on_disk
@pytest.mark.parametrize("opened", HERE, indirect=True)
def test_a_source_that_vanishes_costs_no_item(kept: Kept, opened: Callable[[], Store]) -> None:
    batch = Batch(kept, opened, 1)
    server = batch.servers[0]
    for _ in range(4):
        batch.run(server)
    kept.lose()
    if not isinstance(kept, Folder):
        with pytest.raises(FolderNotFound):
            batch.finish()
    kept.write()
    batch.finish()
    assert server.counts.done == len(kept.listed())
    assert max(batch.done.values()) == 1


@each_on_disk
@pytest.mark.parametrize("opened", [MEMORY], indirect=True)
@pytest.mark.parametrize("then", ["a run", "start over"])
def test_what_arrives_in_a_watched_source_is_taken_by_whoever_runs_at_once(
    kept: Kept, opened: Callable[[], Store], then: str
) -> None:
    watch = Policy(when_complete=WhenComplete.WATCH)
    request = Request(kept.key, kept.selection(), policy=watch)
    server = World(opened, kept.source, request).start()
    before = server.run_all()
    server.registry.reconcile_all()
    kept.names.append("one more")
    kept.write()
    total = len(kept.listed())
    if then == "start over":
        over = server.registry.start_over(kept.key.id)
        assert over.counts.total == total
    else:
        assert {*server.run_all()} == {*kept.listed()} - {*before}
    assert len(server.reported()) == total > len(before)


@each_in_one_file
@pytest.mark.parametrize("opened", [MEMORY], indirect=True)
def test_no_result_takes_the_place_of_the_file_that_items_are_in(
    kept: Kept, opened: Callable[[], Store]
) -> None:
    server = World(opened, kept.source, Request(kept.key, kept.selection())).start()
    iteration, file = server.take(), str(kept.place)
    beside = str(kept.place.with_stem("another"))
    owners = server.registry.claim_outputs(iteration, [file, beside])
    assert owners == {file: Owner.SOURCE, beside: Owner.NEW}


@each(names_of(Folder, TableFile))
@pytest.mark.parametrize("opened", [MEMORY], indirect=True)
def test_an_empty_source_begins_no_batch(kept: Kept, opened: Callable[[], Store]) -> None:
    kept.names = []
    kept.write()
    world = World(opened, kept.source, Request(kept.key, kept.selection()))
    with pytest.raises(NoImages, match=kept.place.name):
        world.start().take()
