"""Batches that are listed in parts: nothing is handed out twice, and nothing is lost."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batch_loop.core.common.errors import NoImages, NotNow, StoreAway, UnknownLoop
from batch_loop.core.engine import batches
from batch_loop.core.engine.batches import FEW_LISTED, Request
from batch_loop.core.engine.changes import transactions
from batch_loop.core.engine.folders import folder_contents
from batch_loop.core.engine.folders.folder_contents import IN_A_PART
from batch_loop.core.model.items import Counts, ItemState
from batch_loop.core.model.loop_key import ROWS, LoopKey
from batch_loop.core.model.policy import ErrorHandling, IterationMode, Policy, WhenComplete
from batch_loop.core.model.prompt import Ending
from batch_loop.core.model.result_names import ResultName
from batch_loop.core.model.selection import Selection
from batch_loop.core.store.interface import NeedsItsTurn, Store
from batch_loop.core.store.memory import MemoryStore
from batch_loop.core.store.sql.known_loop import KnownLoop
from batch_loop.core.store.sql.session import SqlSession
from batch_loop.tests.support.numbered_rows import NumberedRows, numbered
from batch_loop.tests.support.one_store import Server as AnyServer
from batch_loop.tests.support.one_store import World as AnyWorld
from batch_loop.tests.support.one_store import until_the_end
from batch_loop.tests.support.stores import (
    DATABASES,
    EACH,
    MEMORY,
    POSTGRESQL,
    SQLITE,
    store_opener,
)

Server = AnyServer[NumberedRows]
World = AnyWorld[NumberedRows]

PART, FEW = 20, 5
ROWS_OF_ALL = 100
SKIP = Policy(ErrorHandling.SKIP)
WATCH = Policy(when_complete=WhenComplete.WATCH)
TABLE = os.path.abspath("table.csv")
REQUEST = Request(LoopKey("", TABLE, source=ROWS), Selection())


@pytest.fixture
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens one database repeatedly; in memory it is one store for all."""
    kind = getattr(request, "param", MEMORY)
    with until_the_end(store_opener(kind, tmp_path, request)) as one_more:
        yield one_more


each_store = pytest.mark.parametrize("opened", EACH, indirect=True)
each_database = pytest.mark.parametrize("opened", DATABASES, indirect=True)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts are small."""
    monkeypatch.setattr(folder_contents, "IN_A_PART", PART)
    monkeypatch.setattr(batches, "FEW_LISTED", FEW)


@pytest.fixture
def world(opened: Callable[[], Store], small: None) -> World:  # noqa: ARG001
    return World(opened, NumberedRows(ROWS_OF_ALL), REQUEST)


@pytest.fixture
def server(world: World) -> Server:
    return world.start()


@each_store
def test_the_first_run_lists_one_part_of_many(opened: Callable[[], Store]) -> None:
    world = World(opened, NumberedRows(10_000), REQUEST)
    server = world.start()
    first = server.take()
    assert first.item is not None
    assert (first.item.path, first.following) == ("r00000", "r00001")
    assert (world.source.parts, world.source.listings) == ([(0, IN_A_PART)], 0)
    expected = Counts(pending=IN_A_PART - 1, running=1, to_list=10_000 - IN_A_PART)
    assert server.counts == first.counts == expected
    assert (expected.total, expected.listed, expected.complete) == (10_000, IN_A_PART, False)
    snapshot, items = server.registry.report(server.request.key.id)
    assert (snapshot.counts.total, len(items)) == (10_000, IN_A_PART)
    page = server.registry.page(server.request.key.id, IN_A_PART - 2, 100)
    assert (page.total, len(page.items)) == (IN_A_PART, 2)
    (overview,) = server.registry.overviews()
    assert overview.counts == expected


def test_the_next_part_is_listed_when_few_are_left(opened: Callable[[], Store]) -> None:
    world = World(opened, NumberedRows(10_000), REQUEST)
    server = world.start()
    server.runs(IN_A_PART - FEW_LISTED + 1)
    assert len(world.source.parts) == 1
    server.run()
    assert world.source.parts[1:] == [(IN_A_PART - 1, IN_A_PART + 1)]
    assert (server.counts.total, server.counts.listed) == (10_000, 2 * IN_A_PART)
    assert world.source.listings == 0


@each_store
def test_all_are_done_once_and_in_order(server: Server) -> None:
    done = []
    for path in numbered(ROWS_OF_ALL):
        assert not done or not server.complete
        assert server.run() == path
        done.append(path)
        assert (server.counts.total, server.counts.done) == (ROWS_OF_ALL, len(done))
    assert server.complete
    assert server.run() == ""
    # One look at all that are there before the last, and one by the run after the end.
    assert server.source.listings == 2
    assert server.reported() == done


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(lambda behind: max(1, behind // 3), id="fewer"),
        pytest.param(lambda behind: 3 * behind, id="more"),
        pytest.param(lambda _behind: 1, id="that there is one more"),
    ],
)
@pytest.mark.parametrize("admits_its_end", [True, False])
def test_a_source_that_says_otherwise_than_it_has(
    server: Server, said: Callable[[int], int], *, admits_its_end: bool
) -> None:
    server.source.said = lambda behind: said(behind) or 7
    server.source.admits_its_end = admits_its_end
    assert server.run_all() == numbered(ROWS_OF_ALL)
    assert server.complete
    assert server.counts == Counts(done=ROWS_OF_ALL)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("number", [1, PART - 1, PART, PART + 1, 2 * PART])
def test_a_table_that_ends_with_a_part(opened: Callable[[], Store], number: int) -> None:
    server = World(opened, NumberedRows(number), REQUEST).start()
    assert server.run_all() == numbered(number)
    assert server.counts == Counts(done=number)


def test_an_empty_table_is_refused(opened: Callable[[], Store]) -> None:
    server = World(opened, NumberedRows(0), REQUEST).start()
    with pytest.raises(NoImages, match="there are no rows"):
        server.take()
    with pytest.raises(UnknownLoop):
        server.registry.snapshot(server.request.key.id)


INSERTED = ["new 1", "new 2", "new 3"]


@pytest.mark.parametrize("place", [0, 3, PART, 50, ROWS_OF_ALL])
def test_rows_that_were_inserted_are_done_too(server: Server, place: int) -> None:
    done = server.runs(10)
    server.source.rows[place:place] = INSERTED
    done += server.run_all()
    assert Counter(done) == Counter([*numbered(ROWS_OF_ALL), *INSERTED])
    assert server.counts == Counts(done=ROWS_OF_ALL + len(INSERTED))


@pytest.mark.parametrize("place", [0, 8, PART, 50, ROWS_OF_ALL - 3])
def test_behind_rows_that_were_removed_none_is_left_out(server: Server, place: int) -> None:
    done = server.runs(10)
    gone = server.source.rows[place : place + 3]
    del server.source.rows[place : place + 3]
    done += server.run_all()
    assert Counter(done).keys() >= {*server.source.rows}
    assert max(Counter(done).values()) == 1
    assert server.complete
    # Those that were listed already are handed out: reading them tells that they are gone.
    assert {*done} - {*server.source.rows} <= {*gone}


def test_a_row_that_was_edited_is_done_again_and_no_other(server: Server) -> None:
    done = server.runs(10)
    server.source.rows[2] = "edited"
    done += server.run_all()
    assert Counter(done) == Counter([*numbered(ROWS_OF_ALL), "edited"])


def test_a_table_in_another_order_goes_on_with_what_is_left(server: Server) -> None:
    done = server.runs(10)
    random.Random(1).shuffle(server.source.rows)  # noqa: S311 - no secret
    done += server.run_all()
    assert Counter(done) == Counter(numbered(ROWS_OF_ALL))


def test_a_table_that_has_become_short_ends_there(server: Server) -> None:
    server.runs(10)
    del server.source.rows[30:]
    server.run_all()
    assert server.complete
    assert server.counts == Counts(done=30)


def test_a_table_that_has_become_empty_is_told(server: Server) -> None:
    server.runs(10)
    server.source.rows.clear()
    with pytest.raises(NoImages, match="there are no rows"):
        server.run_all()
    server.source.rows += numbered(ROWS_OF_ALL)
    server.run_all()
    assert server.counts == Counts(done=ROWS_OF_ALL)


@pytest.mark.parametrize(
    ("opened", "seed"),
    [
        *[(MEMORY, seed) for seed in range(20)],
        *[(SQLITE, seed) for seed in range(100, 104)],
        *[(POSTGRESQL, seed) for seed in range(200, 202)],
    ],
    indirect=["opened"],
)
def test_whatever_happens_each_row_that_is_there_is_done_once(world: World, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    rows, servers, done = world.source.rows, [world.start()], Counter[str]()
    number = 0
    for _ in range(160):
        place = chance.randrange(len(rows))
        match chance.choice(["run"] * 12 + ["insert", "remove", "edit", "move", "end"]):
            case "run":
                ending = chance.choice([Ending.SUCCESS, Ending.SUCCESS, Ending.STOPPED])
                path = servers[0].run(ending)
                done.update([path] if path and ending is Ending.SUCCESS else [])
            case "insert":
                number += 1
                rows.insert(place, f"new {number}")
            case "remove" if len(rows) > PART:
                del rows[place]
            case "edit":
                number += 1
                rows[place] = f"edited {number}"
            case "move":
                rows.insert(chance.randrange(len(rows)), rows.pop(place))
            case "end":
                servers[0].registry.reconcile_all()  # what has succeeded is known
                servers[0] = world.restarted(servers[0])
    for _ in range(2):  # the second time as a run after the end, which looks for new rows
        done.update(servers[0].run_all())
    assert max(done.values()) == 1
    assert not {*rows} - done.keys()
    assert servers[0].complete
    assert servers[0].counts.done == servers[0].counts.total


@each_store
def test_start_over_begins_with_one_part_and_its_undo_brings_the_others_back(
    world: World, server: Server
) -> None:
    server.runs(30)
    before = server.counts
    assert before.to_list > 0
    server.source.parts.clear()
    over = server.registry.start_over(server.request.key.id)
    assert over.counts == Counts(pending=PART, to_list=ROWS_OF_ALL - PART)
    assert (server.source.parts, server.source.listings) == ([(0, PART)], 0)
    server.take()
    server = world.restarted(server)
    back = server.registry.undo_start_over(server.request.key.id)
    assert back.counts == server.counts == before
    assert server.run_all() == numbered(ROWS_OF_ALL)[30:]
    assert server.counts == Counts(done=ROWS_OF_ALL)


@each_store
def test_a_new_batch_that_has_begun_is_not_taken_back(server: Server) -> None:
    server.runs(30)
    server.registry.start_over(server.request.key.id)
    server.runs(2)
    with pytest.raises(NotNow):
        server.registry.undo_start_over(server.request.key.id)
    assert server.run_all() == numbered(ROWS_OF_ALL)[2:]


@each_store
def test_reset_and_start_over_at_the_end_begin_with_one_part(server: Server) -> None:
    server.runs(30)
    server.source.parts.clear()
    assert server.run(mode=IterationMode.RESET) == "r00000"
    assert server.source.parts == [(0, PART)]
    assert server.counts.total == ROWS_OF_ALL
    over = Policy(when_complete=WhenComplete.START_OVER)
    rest = numbered(ROWS_OF_ALL)[1:]
    assert server.runs(len(rest), mode=IterationMode.RESET, policy=over) == rest
    assert server.run(mode=IterationMode.RESET, policy=over) == "r00000"
    assert (server.counts.total, server.counts.listed) == (ROWS_OF_ALL, PART)


@each_store
@pytest.mark.parametrize("by", ["the card", "the mode"])
def test_what_has_failed_is_retried_in_the_midst(server: Server, by: str) -> None:
    failed = [server.run(Ending.ERROR, policy=SKIP) for _ in range(3)]
    server.runs(7, policy=SKIP)
    assert (server.counts.failed, server.counts.total) == (3, ROWS_OF_ALL)
    mode = IterationMode.CONTINUE
    if by == "the card":
        told = server.registry.retry_failed(server.request.key.id).counts
        assert (told.failed, told.total) == (0, ROWS_OF_ALL)
    else:
        mode = IterationMode.RETRY_FAILED
    assert server.runs(4, policy=SKIP, mode=mode) == [*failed, "r00010"]
    assert server.run_all(policy=SKIP, mode=mode) == numbered(ROWS_OF_ALL)[11:]
    assert server.counts == Counts(done=ROWS_OF_ALL)


@each_store
def test_a_row_that_a_run_has_stopped_on_is_skipped(server: Server) -> None:
    stopped = server.run(Ending.ERROR)
    server.registry.reconcile_all()
    told = server.registry.skip(server.request.key.id, stopped)
    assert (told.counts.failed, told.counts.total) == (1, ROWS_OF_ALL)
    assert server.run_all() == numbered(ROWS_OF_ALL)[1:]
    assert server.counts == Counts(done=ROWS_OF_ALL - 1, failed=1)


@each_store
def test_a_forgotten_loop_begins_with_one_part(server: Server) -> None:
    server.runs(30)
    server.registry.reconcile_all()
    server.registry.forget(server.request.key.id)
    with pytest.raises(UnknownLoop):
        server.registry.snapshot(server.request.key.id)
    assert server.run() == "r00000"
    assert server.counts.to_list == ROWS_OF_ALL - PART


@each_store
def test_with_other_settings_all_are_listed_and_keep_their_states(server: Server) -> None:
    server.runs(30)
    backwards = Selection(descending=True)
    assert server.run(selection=backwards) == numbered(ROWS_OF_ALL)[-1]
    assert server.counts.listed == server.counts.total == ROWS_OF_ALL
    assert server.runs(20) == numbered(ROWS_OF_ALL)[30:50]
    assert server.run_all(selection=backwards) == numbered(ROWS_OF_ALL)[50:-1][::-1]
    assert server.counts == Counts(done=ROWS_OF_ALL)


@each_store
def test_a_range_is_listed_in_parts(server: Server) -> None:
    of_range = Selection(start_index=10, limit=50)
    done = server.runs(12, selection=of_range)
    assert (server.counts.total, server.counts.listed) == (50, PART)
    done += server.run_all(selection=of_range)
    assert done == numbered(ROWS_OF_ALL)[10:60]
    assert server.counts == Counts(done=50)
    assert server.source.listings == 0


def test_a_range_has_no_row_twice_though_others_were_inserted_before_it(server: Server) -> None:
    of_range = Selection(start_index=10, limit=50)
    done = server.runs(12, selection=of_range)
    server.source.rows[:0] = INSERTED
    done += server.run_all(selection=of_range)
    assert max(Counter(done).values()) == 1
    assert {*done} >= {*numbered(ROWS_OF_ALL)[7:57]}
    assert server.counts == Counts(done=50)


@each_store
def test_a_batch_that_is_watched_from_its_midst_on_has_all_rows(server: Server) -> None:
    done = server.runs(10)
    done += server.run_all(policy=WATCH)
    assert done == numbered(ROWS_OF_ALL)
    assert server.counts == Counts(done=ROWS_OF_ALL)
    server.source.rows.append("one more")
    assert server.registry.watch(server.request.key.id).ready == 1
    assert server.run_all(policy=WATCH) == ["one more"]


@each_store
def test_a_batch_that_becomes_one_of_a_pair_goes_on_at_its_place(server: Server) -> None:
    done = server.runs(10)
    beside = replace(server.request, key=LoopKey("beside", TABLE, source=ROWS))
    paired = []
    while True:
        prompt = server.host.submit()
        pair = [
            server.registry.acquire(server.request, prompt, [beside]),
            server.registry.acquire(beside, prompt, [server.request]),
        ]
        for one in pair:
            server.registry.end(one)
        server.host.finish(prompt)
        if pair[0].item is None or pair[1].item is None:
            assert pair[0].item is pair[1].item is None
            break
        assert pair[0].item.path == pair[1].item.path
        paired.append(pair[0].item.path)
    assert done + paired == numbered(ROWS_OF_ALL)
    assert server.counts == Counts(done=ROWS_OF_ALL)
    assert server.registry.snapshot(beside.key.id).counts == Counts(
        pending=10, done=ROWS_OF_ALL - 10, unpaired=10
    )
    # Alone it goes on with those that had no partner.
    server.request = beside
    assert server.run_all() == numbered(ROWS_OF_ALL)[:10]


@each_store
def test_finished_rows_are_left_out_though_a_part_is_listed(server: Server, tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    done = server.runs(10)
    for path in ["r00050", "r00051", "r00099"]:
        (results / path).write_text("a result")
    selection = Selection(finished=(ResultName(str(results), ("", "filename")),))
    done += server.run_all(selection=selection)
    left = [path for path in numbered(ROWS_OF_ALL) if not (results / path).exists()]
    assert done == left
    assert server.registry.snapshot(server.request.key.id).finished == 3


@each_store
def test_a_restart_goes_on_with_the_next_part(world: World, server: Server) -> None:
    done = []
    while len(done) < ROWS_OF_ALL:
        taken = min(7, ROWS_OF_ALL - len(done))
        done += server.runs(taken)
        server.registry.reconcile_all()
        if len(done) < ROWS_OF_ALL:
            server.take()  # it dies with this
            server = world.restarted(server)
        assert server.counts.total == ROWS_OF_ALL
    assert done == numbered(ROWS_OF_ALL)
    assert server.complete


@each_database
def test_servers_that_need_the_next_part_at_once_list_it_once(world: World) -> None:
    one, two = world.start(), world.start()
    done = [server.run() for server in [one, two] * 8]
    assert one.counts.pending == FEW - 1
    between: list[str] = []

    def meanwhile() -> None:
        world.source.while_listing = lambda: None
        between.append(two.run())

    world.source.while_listing = meanwhile
    done += [one.run(), *between]
    assert len(between) == 1
    done += [server.run() for server in [one, two] * 41]
    assert sorted(done) == numbered(ROWS_OF_ALL)
    for server in (one, two):
        server.registry.reconcile_all()
    assert one.counts == two.counts == Counts(done=ROWS_OF_ALL)


@pytest.mark.parametrize("opened", [POSTGRESQL], indirect=True)
def test_a_part_is_listed_alone_while_servers_work_beside_each_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[LoopKey] = []
    alone = SqlSession._alone

    def alone_or_note(self: SqlSession, key: LoopKey) -> KnownLoop:
        try:
            return alone(self, key)
        except NeedsItsTurn:
            refused.append(key)
            raise

    monkeypatch.setattr(SqlSession, "_alone", alone_or_note)
    servers = [world.start() for _ in range(3)]
    done, held = [], [server.take() for server in servers]
    while any(iteration.item for iteration in held):
        for place, server in enumerate(servers):
            iteration = held[place]
            if iteration.item is not None:
                server.finish(iteration)
                done.append(iteration.item.path)
                held[place] = server.take()
                assert server.counts.total == ROWS_OF_ALL
    assert sorted(done) == numbered(ROWS_OF_ALL)
    for server in servers:
        server.registry.reconcile_all()
    assert servers[0].counts == Counts(done=ROWS_OF_ALL)
    assert refused


class Away(MemoryStore):
    """A store whose database is away this many times."""

    times = 0

    def transaction(self, *, beside: str | None = None) -> Any:
        if self.times:
            self.times -= 1
            raise StoreAway("away")
        return super().transaction(beside=beside)


@pytest.mark.usefixtures("small")
def test_a_database_that_is_away_while_a_part_is_read_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transactions, "RETRY_SECONDS", 0.0)
    store = Away()
    server = World(lambda: store, NumberedRows(ROWS_OF_ALL), REQUEST).start()

    def go_away() -> None:
        store.times = 3

    server.source.while_listing = go_away
    assert server.run_all() == numbered(ROWS_OF_ALL)
    assert server.counts == Counts(done=ROWS_OF_ALL)
    assert len(server.source.parts) > ROWS_OF_ALL // PART - 1


@each_store
def test_a_report_counts_each_row_once_though_more_are_listed_meanwhile(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.runs(PART - FEW + 1)
    outside = server.store.outside
    report = outside.report

    def report_later(key: LoopKey) -> Any:
        monkeypatch.setattr(outside, "report", report)
        server.run()
        return report(key)

    monkeypatch.setattr(outside, "report", report_later)
    snapshot, items = server.registry.report(server.request.key.id)
    assert snapshot.counts.total == ROWS_OF_ALL
    assert len(items) == snapshot.counts.listed == 2 * PART
    done = sum(item.state is ItemState.DONE for item, _ in items)
    assert snapshot.counts.done == done
