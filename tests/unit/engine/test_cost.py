"""What one prompt asks of the database: little, and the same in a folder of any size."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event

from batch_loop.core.common.errors import UnknownLoop
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.changes import transactions
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.if_exists import Owner
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.policy import ErrorHandling, Policy
from batch_loop.core.model.prompt import Ending
from batch_loop.core.model.records import ReportedItem
from batch_loop.core.model.selection import Selection
from batch_loop.core.routes.export import overview_as_json
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.databases import state_file
from batch_loop.core.store.databases.sqlite_store import open_store
from batch_loop.core.store.sql.sql_store import SqlStore
from batch_loop.tests.support.failed_loops import write_failed_loops
from batch_loop.tests.support.fake_host import ByHand, FakeHost
from batch_loop.tests.support.statements import Asked, asked_of

MOST_STATEMENTS = 8
"""To claim the image and see the one after it, its result's name and owner, Loop End and the
outcome; and the loop's row with two of them."""
MOST_TRANSACTIONS = 4
"""Directory Iterator, Save, and the outcome with Loop End; and Batch Complete after a failure. What
it and validation need is otherwise known already."""


class Server:
    """A registry on a file, and prompts that are all alike."""

    def __init__(self, folder: Path, number: int = 0) -> None:
        store = open_store(str(folder))
        assert isinstance(store, SqlStore)
        self.store = store
        self.host = FakeHost()
        self.names = [f"img{at}.png" for at in range(number)]
        self.registry = LoopRegistry(
            store,
            self.host,
            ImageFolder(lambda *_args, **_seed: self.names, lambda _path: 0.0),
            poll_outcomes=ByHand,
        )
        key = LoopKey("", "/folder")
        policy = Policy(ErrorHandling.SKIP)
        self.request = Request(key, Selection(), policy=policy)

    def prompt(self, ending: Ending = Ending.SUCCESS) -> None:
        """A prompt from its validation to its outcome."""
        self.registry.has_listing(self.request)
        prompt = self.host.submit("tab")
        iteration = self.registry.acquire(self.request, prompt)
        assert iteration.item is not None
        target = f"/out/{iteration.item.path}"
        assert self.registry.claim_outputs(iteration, [target]) == {target: Owner.NEW}
        self.registry.end(iteration)
        self.registry.snapshot(self.request.key.id)
        self.host.finish(prompt, ending, target)
        self.registry.reconcile_all()


def asked_by_prompts(folder: Path, number: int) -> tuple[Server, list[Asked]]:
    """What each of some prompts asks, in the middle of a batch of `number` items."""
    server = Server(folder / str(number), number)
    server.prompt()
    found = []
    for ending in [Ending.SUCCESS] * 3 + [Ending.ERROR] + [Ending.SUCCESS] * 3:
        with asked_of(server.store) as asked:
            server.prompt(ending)
        found.append(asked)
    return server, found


def test_each_prompt_asks_the_same_in_folders_of_any_size(tmp_path: Path) -> None:
    _, few = asked_by_prompts(tmp_path, 10)
    _, many = asked_by_prompts(tmp_path, 10_000)
    for one, other in zip(few, many, strict=True):
        assert [text for text, _ in one.statements] == [text for text, _ in other.statements]
        assert one.transactions == other.transactions <= MOST_TRANSACTIONS
    usual = [len(asked.statements) for asked in (*few[:3], *few[5:])]
    assert max(usual) <= MOST_STATEMENTS
    # The first snapshot after a failure reads the failures, and writes Loop End down by itself.
    assert len(few[4].statements) <= MOST_STATEMENTS + 2


def goes_through(step: str) -> bool:
    """Whether a step of a plan reads a whole table, or all its rows of one loop or listing."""
    return "SCAN" in step or step.endswith(("PRIMARY KEY (loop=?)", "PRIMARY KEY (listing=?)"))


def test_no_statement_of_a_prompt_scans_a_table(tmp_path: Path) -> None:
    server, found = asked_by_prompts(tmp_path, 10)
    other = Server(tmp_path / "10", 10)
    with other.store.transaction():
        other.store.id()
    # A server that knows nothing yet, but has the file open.
    with asked_of(other.store) as cold:
        other.prompt()
    with server.store._connections.engine.begin() as connection:
        for asked in (*found, cold):
            for text, given in asked.statements:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given)
                assert [row[3] for row in plan if goes_through(row[3])] == [], text


def test_a_page_asks_the_same_anywhere_and_scans_no_table(tmp_path: Path) -> None:
    texts = []
    for number in (300, 10_000):
        server = Server(tmp_path / str(number), number)
        server.prompt(Ending.ERROR)
        server.prompt()
        loop_id = server.request.key.id
        for start in (0, number - 100):
            for failed in (False, True):
                with asked_of(server.store) as asked:
                    server.registry.page(loop_id, start, 100, failed=failed)
                    server.registry.full_snapshot(loop_id)
                    server.registry.file_of(loop_id, "img1.png", 0)
                texts.append([text for text, _ in asked.statements])
                with server.store._connections.engine.begin() as connection:
                    for text, given in asked.statements:
                        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given)
                        assert [row[3] for row in plan if goes_through(row[3])] == [], text
    assert texts[:4] == texts[4:]


def test_what_has_lost_its_result_is_found_by_an_index(tmp_path: Path) -> None:
    server = Server(tmp_path, 10)
    server.prompt()
    with asked_of(server.store) as asked, server.store.transaction():
        assert server.store.lost(server.request.key) == []
    text, given = asked.statements[-1]
    with server.store._connections.engine.begin() as connection:
        (plan,) = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given)
    assert "items_undone" in plan[3]


def test_what_is_known_is_not_asked_again(tmp_path: Path) -> None:
    server = Server(tmp_path, 3)
    server.prompt()
    with asked_of(server.store) as asked:
        server.registry.has_listing(server.request)
        server.registry.snapshot(server.request.key.id)
    assert (asked.statements, asked.transactions) == ([], 0)


def test_another_server_s_changes_are_seen(tmp_path: Path) -> None:
    one, two = Server(tmp_path, 4), Server(tmp_path, 4)
    loop_id = one.request.key.id
    one.prompt()
    assert two.registry.snapshot(loop_id).counts.done == 1
    two.prompt(Ending.ERROR)
    seen = one.registry.snapshot(loop_id)
    assert (seen.counts.done, seen.counts.failed) == (1, 1)
    assert [item.path for item in seen.failures] == ["img1.png"]
    one.prompt()
    two.registry.retry_failed(loop_id)
    assert one.registry.snapshot(loop_id).failures == ()
    again = one.registry.acquire(one.request, one.host.submit()).item
    assert again is not None
    assert again.path == "img1.png"


def test_a_change_that_was_not_kept_is_not_known(tmp_path: Path) -> None:
    server = Server(tmp_path, 3)
    server.prompt()
    before = server.registry.snapshot(server.request.key.id)

    def refuse() -> None:
        raise ZeroDivisionError

    server.store._write_loops = refuse  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        server.prompt()
    del server.store._write_loops
    assert server.registry.snapshot(server.request.key.id) == before
    assert server.store._loops


def test_the_poller_leaves_the_store_alone_while_prompts_run(tmp_path: Path) -> None:
    server = Server(tmp_path, 3)
    prompt = server.host.submit()
    server.registry.end(server.registry.acquire(server.request, prompt))
    with asked_of(server.store) as asked:
        assert server.registry.reconcile_all()
    assert asked.transactions == 0
    server.host.finish(prompt)
    with asked_of(server.store) as asked:
        assert not server.registry.reconcile_all()
        assert not server.registry.reconcile_all()
    assert asked.transactions == 1
    assert server.registry.snapshot(server.request.key.id).counts.done == 1


def with_failures(folder: Path, number: int, failures: int) -> Server:
    """A server with this many loops, each stopped on the last of this many failures."""
    server = Server(folder)
    write_failed_loops(server.store, server.host, number, failures)
    return server


def test_a_list_of_loops_takes_the_same_statements_however_long_and_little_text(
    tmp_path: Path,
) -> None:
    texts = []
    for number, failures in ((2, 1), (30, 20)):
        server = with_failures(tmp_path / str(number), number, failures)
        with asked_of(server.store) as asked:
            listed = server.registry.overviews()
        assert len(listed) == number
        assert all(loop.stopped for loop in listed)
        # Few enough for each that 300 fit into 100 KB.
        text = json.dumps(list(map(overview_as_json, listed)), separators=(",", ":"))
        assert len(text) <= number * 100_000 / 300
        texts.append([text for text, _ in asked.statements])
        with server.store._connections.engine.begin() as connection:
            for text, given in asked.statements:
                plan = [
                    row[3]
                    for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given)
                ]
                # All rows of loops are needed; of the images, only what an index holds.
                assert not [step for step in plan if "items_listed" in step], text
                scans = [step for step in plan if "SCAN" in step and "INDEX" not in step]
                assert scans in ([], ["SCAN batch_loop_loops"]), text
    assert texts[0] == texts[1]


def test_a_list_of_loops_waits_for_nobody(tmp_path: Path) -> None:
    server = with_failures(tmp_path, 2, 1)
    other = Server(tmp_path)
    with other.store.transaction(), ThreadPoolExecutor() as pool:
        # While one writes, and another holds the registry's lock.
        with server.registry._transactions.lock:
            assert len(pool.submit(server.store.outside.listed_loops).result(20)) == 2
        assert len(pool.submit(server.registry.overviews).result(20)) == 2


def test_a_report_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_file, "BUSY_SECONDS", 0.01)
    monkeypatch.setattr(transactions, "PATIENCE_SECONDS", -1.0)
    server, other = Server(tmp_path, 5), Server(tmp_path, 5)
    server.prompt()
    other.prompt()
    work = [server.prompt, other.prompt]

    def work_meanwhile(_c: object, _cursor: object, text: str, *_given: object) -> None:
        if text.startswith("SELECT batch_loop_outputs"):
            prompts = [*work]
            work.clear()
            for prompt in prompts:
                threads.submit(prompt).result(10)

    for engine in (server.store._connections.engine, server.store._connections.outside_engine):
        event.listen(engine, "after_cursor_execute", work_meanwhile)
    with ThreadPoolExecutor() as threads:
        _, items = server.registry.report(server.request.key.id)
    assert work == []
    assert len(items) == 5


def test_a_report_counts_the_items_that_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(tmp_path, 5)
    server.prompt()
    report = server.store.outside.report

    def work_before(key: LoopKey) -> list[ReportedItem]:
        server.registry.acquire(server.request, server.host.submit())
        return report(key)

    monkeypatch.setattr(server.store.outside, "report", work_before)
    snapshot, items = server.registry.report(server.request.key.id)
    assert [item.state.value for item, _ in items] == ["done", "running", *["pending"] * 3]
    counts = snapshot.counts
    assert (counts.done, counts.running, counts.pending) == (1, 1, 3)


def test_a_report_is_of_one_batch_though_another_begins_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, key = Server(tmp_path, 5), LoopKey("", "/folder")
    server.prompt()
    report, meanwhile = server.store.outside.report, [server.registry.start_over]

    def start_over_before(key: LoopKey) -> list[ReportedItem]:
        if meanwhile:
            meanwhile.pop()(key.id)
        return report(key)

    monkeypatch.setattr(server.store.outside, "report", start_over_before)
    snapshot, items = server.registry.report(key.id)
    assert (snapshot.batch, snapshot.counts.pending) == (2, 5)
    assert {(item.state.value, files) for item, files in items} == {("pending", ())}
    meanwhile.append(server.registry.forget)
    with pytest.raises(UnknownLoop):
        server.registry.report(key.id)
