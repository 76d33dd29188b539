"""What its source no longer has leaves a batch, unless it is done, and comes back with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from batch_loop.core.engine import batches
from batch_loop.core.engine.folders import folder_contents, leaving
from batch_loop.core.engine.folders.due_listings import Due, Listing, Why
from batch_loop.core.model.items import ItemState
from batch_loop.core.model.loop_key import IMAGES, VARIANTS, LoopKey
from batch_loop.core.model.policy import IterationMode
from batch_loop.core.model.prompt import Ending
from batch_loop.core.model.selection import Selection
from batch_loop.core.store.databases.sqlite_store import open_store
from batch_loop.core.store.records import Standing
from batch_loop.tests.support.failing_rows import FAILS, KEY, REQUEST, FailingRows
from batch_loop.tests.support.numbered_rows import NumberedRows, numbered
from batch_loop.tests.support.one_store import World, until_the_end
from batch_loop.tests.support.statements import asked_of
from batch_loop.tests.support.stores import DATABASES, HERE, new_store, store_opener


@pytest.fixture(params=HERE)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> FailingRows:
    return FailingRows(new_store(request.param, tmp_path, request))


def test_a_failed_row_that_was_corrected_leaves_with_the_next_run(server: FailingRows) -> None:
    server.all()
    assert server.figures == (6, 4, 2)
    server.source.rows[1] = "corrected"
    assert server.all() == ["corrected"]
    assert server.figures == (6, 5, 1)
    assert server.listed == ["r00000", "r00002", "r00003", "r00004", "r00005", "corrected"]
    assert [item.path for item in server.state.failures] == ["r00003"]


def test_a_failed_row_that_was_removed_leaves_with_retry_failed(server: FailingRows) -> None:
    server.all()
    server.remove(*FAILS)
    state = server.registry.retry_failed(KEY.id)
    assert (state.complete, server.figures) == (True, (4, 4, 0))
    assert server.one() is None


def test_retry_failed_tries_what_is_there(server: FailingRows) -> None:
    server.all()
    server.remove("r00001")
    assert server.registry.retry_failed(KEY.id).counts.pending == 1
    server.all()
    assert server.figures == (5, 4, 1)


def test_so_does_the_mode_retry_failed(server: FailingRows) -> None:
    server.all()
    server.remove("r00001")
    server.all(replace(REQUEST, mode=IterationMode.RETRY_FAILED))
    assert server.figures == (5, 4, 1)


RANGE = replace(REQUEST, selection=Selection(start_index=1, limit=3))


def test_in_a_range_the_next_one_joins_for_each_that_leaves(server: FailingRows) -> None:
    server.all(RANGE)
    assert server.figures == (3, 1, 2)
    # What is done is moved away: nothing joins for that, and it is not done again.
    server.remove("r00001", "r00002")
    assert server.all(RANGE) == ["r00004"]
    assert server.figures == (3, 2, 1)
    assert server.listed == ["r00002", "r00003", "r00004"]
    server.remove("r00003", "r00005", "r00004")
    server.registry.retry_failed(KEY.id)
    # The range has nothing any more, which takes nothing with it.
    assert (server.all(RANGE), server.figures) == ([], (3, 2, 1))


def test_in_a_range_without_a_next_one_nothing_joins(server: FailingRows) -> None:
    request = replace(REQUEST, selection=Selection(start_index=3))
    server.all(request)
    server.remove("r00003")
    assert server.registry.retry_failed(KEY.id).complete
    assert (server.listed, server.figures) == (["r00004", "r00005"], (2, 2, 0))


def test_a_range_that_is_yet_to_be_listed_is_left_as_it_is(
    server: FailingRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_contents, "IN_A_PART", 3)
    monkeypatch.setattr(batches, "FEW_LISTED", 1)
    request = replace(REQUEST, selection=Selection(limit=5))
    server.one(request)
    server.one(request)
    assert (server.figures, server.state.counts.to_list) == ((5, 2, 1), 2)
    server.remove("r00001")
    server.registry.retry_failed(KEY.id)
    assert server.figures == (5, 2, 0)


def test_what_is_done_stays(server: FailingRows) -> None:
    server.all()
    server.remove("r00000", "r00001")
    assert server.one() is None
    assert server.figures == (5, 4, 1)
    assert "r00000" in server.listed


def test_what_comes_back_is_tried_again(server: FailingRows) -> None:
    server.all()
    server.remove("r00001")
    server.one()
    server.source.rows.append("r00001")
    server.broken.remove("r00001")
    assert server.all() == ["r00001"]
    assert server.figures == (6, 5, 1)


@pytest.mark.parametrize("large", [False, True])
def test_what_comes_back_to_a_table_that_is_listed_in_parts_is_tried_again(
    server: FailingRows,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    *,
    large: bool,
) -> None:
    """It leaves where the table is listed anew, as it has changed."""
    if large:
        request.getfixturevalue("few_are_many")
    monkeypatch.setattr(folder_contents, "IN_A_PART", 3)
    monkeypatch.setattr(batches, "FEW_LISTED", 1)
    assert server.one() == "r00000"
    removed = server.source.rows[2:]
    server.remove(*removed)
    server.all()
    assert server.listed == ["r00000", "r00001"]
    assert [item.path for item in server.state.failures] == ["r00001"]
    server.source.rows += removed
    assert server.all() == ["r00002", "r00004", "r00005"]


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(Selection(descending=True), id="in_another_order"),
        pytest.param(Selection(options=(("text", "edited"),)), id="as_typed_anew"),
    ],
)
def test_so_is_what_left_as_the_table_was_listed_anew(
    server: FailingRows, given: Selection
) -> None:
    server.all()
    server.remove("r00001")
    server.all(replace(REQUEST, selection=given))
    assert server.figures == (5, 4, 1)
    server.source.rows.append("r00001")
    server.broken.clear()
    assert server.all() == ["r00001"]


def test_so_is_what_other_settings_left_out_if_its_source_brings_it_back(
    server: FailingRows,
) -> None:
    other = replace(REQUEST, selection=Selection(options=(("header", "none"),)))
    server.all()
    server.remove("r00001")
    server.all(other)
    assert server.figures == (5, 4, 1)
    server.source.rows.append("r00001")
    server.broken.clear()
    assert server.all(other) == ["r00001"]


def test_what_a_range_leaves_out_keeps_its_state(server: FailingRows) -> None:
    server.all()
    server.all(replace(REQUEST, selection=Selection(limit=1)))
    assert server.figures == (1, 1, 0)
    server.broken.clear()
    assert server.all() == []
    assert server.figures == (6, 4, 2)


def test_of_what_has_failed_only_what_leaves_is_looked_up(tmp_path: Path) -> None:
    server = FailingRows(open_store(str(tmp_path)))
    server.all()
    server.remove("r00001")
    with asked_of(server.store) as asked:
        server.all(replace(REQUEST, selection=Selection(descending=True)))
    tried_again = [given for text, given in asked.statements if "position IS NULL" in text]
    paths = [bytes(given[-1]).decode() for given in tried_again]
    assert paths == ["r00001"]


def test_a_table_that_is_empty_or_away_takes_nothing_with_it(server: FailingRows) -> None:
    server.all()
    server.source.rows.clear()
    assert server.registry.retry_failed(KEY.id).counts.pending == 2


def test_a_row_that_is_removed_before_its_turn_fails_and_is_told(server: FailingRows) -> None:
    server.one()
    server.remove("r00004")
    assert [server.one(), server.one()] == ["r00002", "r00005"]
    assert server.figures == (6, 3, 3)
    server.one()
    assert server.figures == (5, 3, 2)


def test_an_item_that_lost_its_companion_is_left_out_at_once(server: FailingRows) -> None:
    prompt = server.host.submit()
    iteration = server.registry.acquire(REQUEST, prompt)
    assert iteration.item is not None
    assert not server.registry.leave_out(iteration)  # it is there
    server.remove(iteration.item.path, "r00002")
    assert server.registry.leave_out(iteration)
    assert server.figures == (4, 0, 0)
    assert not server.state.current
    following = server.registry.acquire(REQUEST, prompt)
    assert following.item is not None
    assert following.item.path == "r00001"
    server.fail(following)
    server.host.finish(prompt)
    server.all()
    server.source.rows[:0] = ["r00000"]
    assert server.all() == ["r00000"]


def test_its_share_of_the_time_leaves_with_what_leaves(server: FailingRows) -> None:
    server.all()
    before = server.state.took
    server.remove(*FAILS)
    took = server.registry.retry_failed(KEY.id).took
    assert server.figures == (4, 4, 0)
    assert took.seconds == pytest.approx(before.seconds * 4 / 6)


def test_what_a_batch_took_stays_with_other_settings(server: FailingRows) -> None:
    server.broken.clear()
    for _ in range(3):
        server.one()
    before = server.state.took
    # None of the rows that are listed then has ended.
    narrow = replace(REQUEST, selection=Selection(start_index=4))
    for request in (narrow, REQUEST, narrow, REQUEST):
        prompt = server.host.submit()
        assert server.registry.acquire(request, prompt).item is not None
        server.host.finish(prompt, Ending.STOPPED)
        server.registry.reconcile_all()
    assert server.figures == (6, 3, 0)
    assert before.per_minute is not None
    assert server.state.took.per_minute == pytest.approx(before.per_minute)
    assert server.state.took.seconds >= before.seconds


def test_what_was_done_meanwhile_stays_in_its_place(server: FailingRows) -> None:
    server.broken.remove("r00003")
    server.one()
    server.one()
    server.remove("r00001", "r00004")
    server.meanwhile(lambda: (server.next_is_done(), server.next_is_done()))
    server.registry.retry_failed(KEY.id)
    assert server.figures == (5, 4, 0)
    assert server.listed == ["r00000", "r00002", "r00003", "r00004", "r00005"]


def test_what_joins_while_another_leaves_stays(server: FailingRows) -> None:
    server.all()
    server.remove("r00001")
    others = [path for path in server.listed if path != "r00003"]

    def meanwhile() -> None:
        with server.store.transaction():
            server.store.relist(KEY, others)
            server.store.append(KEY, "new")

    server.meanwhile(meanwhile)
    server.registry.retry_failed(KEY.id)
    assert server.listed == [*others, "new"]


def test_many_that_are_gone_take_few_statements(tmp_path: Path) -> None:
    told = []
    for number in (10, 400):
        store = open_store(str(tmp_path / str(number)))
        server = FailingRows(store)
        server.source.rows = numbered(number)
        server.broken = set(server.source.rows[: number // 2])
        server.one()
        done = server.source.rows[number // 2]
        server.source.rows = ["r00000", done]
        with asked_of(store) as asked:
            server.registry.retry_failed(KEY.id)
        assert server.listed == ["r00000", done]
        told.append(len(asked.statements))
    assert told[0] == told[1]


@pytest.mark.usefixtures("few_are_many")
def test_out_of_a_large_batch_they_leave_in_parts(tmp_path: Path) -> None:
    server = FailingRows(open_store(str(tmp_path)))
    server.all()
    server.remove("r00001")
    server.source.rows.append("new")
    assert server.all() == ["new"]
    assert server.figures == (6, 5, 1)
    assert server.listed == ["r00000", "r00002", "r00003", "r00004", "r00005", "new"]


@pytest.mark.usefixtures("few_are_many")
def test_nothing_leaves_a_large_batch_if_some_of_that_was_done_meanwhile(tmp_path: Path) -> None:
    server = FailingRows(open_store(str(tmp_path)))
    server.broken.remove("r00003")
    server.one()
    server.one()
    listed = server.listed
    server.remove("r00001", "r00003")
    server.meanwhile(server.next_is_done)
    server.registry.retry_failed(KEY.id)
    assert (server.figures, server.listed) == ((6, 3, 0), listed)


def test_in_a_range_of_images_with_variants_a_whole_image_joins_for_one_that_left_whole() -> None:
    key = LoopKey("", "/in", source=IMAGES + VARIANTS)
    due = Due(Why.LEAVE, key, Selection(limit=2), 1, leaves=True)
    images = [f"{name} · {label}.png" for name in "abcd" for label in ("ink", "oil")]
    a, b, following = images[:2], images[2:4], images[4:]
    states = dict.fromkeys([*a, *b], ItemState.FAILED)
    for gone, joins in (((*a, *b), following), (a, following[:2]), ((*a, b[0]), following[:2])):
        listing = Listing(due, 0.0, following, gone=set(gone), before=Standing("x", states))
        assert leaving._following(listing, listing.gone, following) == joins
    # Of one that is done with a value something is left: its place is taken.
    listing = Listing(due, 0.0, following, gone={a[0]}, before=Standing("x", states))
    assert leaving._following(listing, listing.gone, following) == []


@pytest.mark.parametrize("large", [False, True])
def test_in_another_order_what_is_done_stays_and_is_in_front(
    server: FailingRows, request: pytest.FixtureRequest, *, large: bool
) -> None:
    if large:
        request.getfixturevalue("few_are_many")
    server.broken.clear()
    assert [server.one() for _ in range(2)] == ["r00000", "r00001"]
    server.remove("r00001", "r00003")
    other = replace(REQUEST, selection=Selection(descending=True))
    assert server.all(other) == ["r00005", "r00004", "r00002"]
    assert server.listed == ["r00001", "r00005", "r00004", "r00002", "r00000"]
    assert server.figures == (5, 5, 0)


@pytest.mark.parametrize(
    "other", [Selection(limit=4), Selection(options=(("text", "typed anew"),))]
)
def test_with_other_settings_it_leaves(server: FailingRows, other: Selection) -> None:
    server.broken.clear()
    server.one()
    server.remove("r00000")
    server.all(replace(REQUEST, selection=other))
    assert "r00000" not in server.listed


@pytest.mark.parametrize("kind", DATABASES)
def test_two_servers_that_find_theirs_gone_at_once_have_both_leave(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with until_the_end(store_opener(kind, tmp_path, request)) as one_more:
        world = World(one_more, NumberedRows(4), REQUEST)
        a, b = world.start(), world.start()
        a.run()
        a.run()
        of_a, of_b = a.take(), b.take()
        del world.source.rows[2:]
        read, left = a.store.outside.standing, list[bool]()

        def standing(key: LoopKey) -> Standing:
            found = read(key)
            if not left:
                left.append(b.registry.leave_out(of_b))
            return found

        a.store.outside.standing = standing  # type: ignore[method-assign]
        assert (a.registry.leave_out(of_a), left) == (True, [True])
        assert (a.counts.total, a.counts.done) == (2, 2)
