"""What has lost a result is done again, by Retry failed alone, and no batch loses it in silence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from batch_loop.core.common.errors import UnreadableImage
from batch_loop.core.engine import batches
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.folders import folder_contents
from batch_loop.core.model.if_exists import Owner
from batch_loop.core.model.policy import ErrorHandling, IterationMode, Policy
from batch_loop.core.model.prompt import Ending
from batch_loop.core.model.selection import Selection
from batch_loop.core.store.databases.sqlite_store import open_store
from batch_loop.tests.support.failing_rows import KEY, REQUEST, FailingRows
from batch_loop.tests.support.stores import EACH, new_store

RETRY = replace(REQUEST, mode=IterationMode.RETRY_FAILED)
STOP = replace(REQUEST, policy=Policy(ErrorHandling.STOP))


@pytest.fixture(params=EACH)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FailingRows]:
    store = new_store(request.param, tmp_path, request)
    yield FailingRows(store)
    store.close()


@pytest.fixture
def done(server: FailingRows) -> FailingRows:
    """Six rows are done, and the results of two are gone."""
    server.broken.clear()
    server.all()
    lose(server, "r00002", "r00004")
    return server


def lose(server: FailingRows, *paths: str) -> None:
    server.registry.results_gone(KEY, 1, paths, "9")


def reasons(server: FailingRows) -> list[tuple[str, str]]:
    failures = server.state.failures
    return [(item.path, item.failure.reason if item.failure else "") for item in failures]


def test_what_has_lost_its_result_is_retried_and_nothing_else(server: FailingRows) -> None:
    server.broken.clear()
    server.all()
    lose(server, "r00002", "r00004", "unknown")
    assert server.figures == (6, 4, 2)
    failure = server.state.failures[0].failure
    assert failure is not None
    told = failure.reason, failure.node_id, failure.node_type, failure.unreadable
    assert told == ("its result is gone", "9", "BatchLoopAssembleVideo", False)
    assert server.one() is None, "it is complete until somebody has it retried"
    server.registry.retry_failed(KEY.id)
    assert server.all() == ["r00002", "r00004"]
    assert server.figures == (6, 6, 0)


def test_the_reason_may_be_another_than_that_it_is_gone(server: FailingRows) -> None:
    server.broken.clear()
    server.all()
    server.registry.results_gone(KEY, 1, ["r00002"], "9", "it cannot be read")
    assert reasons(server) == [("r00002", "it cannot be read")]


def test_what_has_failed_already_keeps_its_reason(server: FailingRows) -> None:
    server.all()
    lose(server, "r00001")
    assert [reason for _, reason in reasons(server)] == ["broken"] * 2


def test_a_loss_of_the_batch_before_is_none_of_this_one(server: FailingRows) -> None:
    server.broken.clear()
    server.all()
    server.registry.start_over(KEY.id)
    server.all()
    lose(server, "r00002")
    assert server.figures == (6, 6, 0)


def test_it_stays_if_its_source_is_gone_too(done: FailingRows) -> None:
    done.remove("r00002")
    assert done.one() is None
    assert done.figures == (6, 4, 2)
    done.registry.retry_failed(KEY.id)
    assert done.all() == ["r00004"]
    assert done.figures == (6, 5, 1)
    ((path, reason),) = reasons(done)
    assert path == "r00002"
    assert reason.startswith("broken; the result that it had is gone, too: put one of the two back")
    # However often a run or Retry failed looks for what is gone.
    for request in (REQUEST, RETRY, REQUEST):
        assert done.all(request) == []
        assert (done.figures, len(done.listed)) == ((6, 5, 1), 6)


def test_it_is_done_again_once_its_source_is_back(done: FailingRows) -> None:
    done.remove("r00002")
    done.all(RETRY)
    done.source.rows.insert(0, "r00002")
    assert done.all(replace(RETRY, mode=IterationMode.CONTINUE)) == []
    done.registry.retry_failed(KEY.id)
    assert (done.all(), done.figures) == (["r00002"], (6, 6, 0))
    # Now it is like any other: done, wherever its source is.
    done.remove("r00002")
    done.one()
    assert done.figures == (6, 6, 0)


def test_start_over_goes_on_without_it(done: FailingRows) -> None:
    done.remove("r00002")
    done.registry.start_over(KEY.id)
    assert len(done.all()) == 5
    assert done.figures == (5, 5, 0)


def test_so_does_skip_where_a_run_has_stopped_on_it(done: FailingRows) -> None:
    done.remove("r00002")
    done.registry.retry_failed(KEY.id)
    prompt = done.host.submit()
    iteration = done.registry.acquire(STOP, prompt)
    with pytest.raises(UnreadableImage):
        done.fail(iteration)
    done.host.finish(prompt, Ending.ERROR)
    done.registry.skip(KEY.id, "r00002")
    done.registry.results_back(KEY, 1, ["r00002"])
    assert [path for path, _ in reasons(done)] == ["r00002"], "it was given up"
    done.all()
    assert (done.figures, "r00002" in done.listed) == ((5, 5, 0), False)


def stop(server: FailingRows, *, is_back: bool) -> str | None:
    """A run with Stop on error; what it has that is not done, if it stops on that."""
    prompt = server.host.submit()
    iteration = server.registry.acquire(STOP, prompt)
    while server.registry.is_done_before(iteration, lambda _path: is_back):
        iteration = server.registry.acquire(STOP, prompt)
    if iteration.item is not None:
        with pytest.raises(UnreadableImage):
            server.fail(iteration)
    server.host.finish(prompt, Ending.ERROR)
    server.registry.reconcile_all()
    return iteration.item and iteration.item.path


def test_what_a_run_has_stopped_on_may_be_back(done: FailingRows) -> None:
    done.remove("r00002", "r00004")
    done.registry.retry_failed(KEY.id)
    assert stop(done, is_back=False) == "r00002"
    done.registry.results_back(KEY, 1, ["r00002", "r00004"])
    assert (done.figures, done.state.complete, done.state.stopped_on) == ((6, 6, 0), True, None)


def test_a_row_that_cannot_be_read_is_done_if_its_results_are_back(server: FailingRows) -> None:
    server.broken.clear()
    for number in range(6):
        prompt = server.host.submit()
        iteration = server.registry.acquire(REQUEST, prompt)
        server.registry.claim_outputs(iteration, [os.path.abspath(f"{number}.png")], ())
        server.registry.end(iteration)
        server.host.finish(prompt)
    server.registry.reconcile_all()
    lose(server, "r00002", "r00004")
    server.remove("r00002", "r00004")
    server.registry.retry_failed(KEY.id)
    assert stop(server, is_back=False) == "r00002"
    assert stop(server, is_back=False) == "r00002", "it may be tried as often as one likes"
    assert stop(server, is_back=True) is None
    assert (server.figures, server.state.complete) == ((6, 6, 0), True)


def test_what_loses_its_result_while_the_source_is_read_stays(server: FailingRows) -> None:
    """It was pending as the source was read; since then it was done, and its result deleted."""
    server.broken = {"r00001"}
    server.one()
    server.one()
    server.remove("r00001", "r00003")
    server.meanwhile(lambda: (server.next_is_done(), lose(server, "r00003")))
    server.registry.retry_failed(KEY.id)
    assert server.listed == ["r00000", "r00002", "r00003", "r00004", "r00005"]
    assert server.all() == ["r00004", "r00005"]
    assert [path for path, _ in reasons(server)] == ["r00003"]


def test_other_settings_take_it_with_them_and_bring_it_back(done: FailingRows) -> None:
    done.all(replace(REQUEST, selection=Selection(start_index=3)))
    assert done.figures == (3, 2, 1)
    done.all()
    assert [path for path, _ in reasons(done)] == ["r00002", "r00004"]


def test_another_order_leaves_nothing_out(done: FailingRows) -> None:
    done.remove("r00002")
    backwards = Selection(descending=True)
    assert done.all(replace(RETRY, selection=backwards)) == ["r00004"]
    assert [path for path, _ in reasons(done)] == ["r00002"]
    done.all(replace(REQUEST, selection=replace(backwards, limit=3)))
    assert done.listed == ["r00005", "r00004", "r00003"], "in a range it does"


def test_a_typed_row_that_was_edited_stays_as_one_of_a_file_does(done: FailingRows) -> None:
    """Each text that is typed is another selection."""

    def typed(text: str, limit: int = 0) -> Request:
        return replace(RETRY, selection=Selection(limit=limit, options=(("text", text),)))

    done.all(replace(typed("a"), mode=IterationMode.CONTINUE))
    lose(done, "r00002", "r00003", "r00004")
    done.remove("r00002", "r00003")
    assert done.all(typed("b")) == ["r00004"]
    assert [path for path, _ in reasons(done)] == ["r00002", "r00003"]
    done.all(typed("b", limit=2))
    assert done.listed == ["r00000", "r00001"], "with other settings it leaves"


def test_it_stays_if_a_table_changes_that_is_listed_in_parts(
    server: FailingRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then all of it is listed anew."""
    monkeypatch.setattr(folder_contents, "IN_A_PART", 3)
    monkeypatch.setattr(batches, "FEW_LISTED", 1)
    server.broken.clear()
    assert [server.one() for _ in range(3)] == ["r00000", "r00001", "r00002"]
    lose(server, "r00001")
    server.remove("r00001", "r00002")
    assert server.all() == ["r00003", "r00004", "r00005"]
    assert [path for path, _ in reasons(server)] == ["r00001"]


def test_so_it_does_if_it_is_to_be_retried_by_then(
    server: FailingRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_contents, "IN_A_PART", 1)
    monkeypatch.setattr(batches, "FEW_LISTED", 2)
    server.broken.clear()
    assert server.one() == "r00000"
    lose(server, "r00000")
    server.registry.retry_failed(KEY.id)
    server.remove("r00000")
    assert server.all() == ["r00001", "r00002", "r00003", "r00004", "r00005"]
    assert [path for path, _ in reasons(server)] == ["r00000"]


@pytest.mark.usefixtures("few_are_many")
def test_in_a_large_batch_it_stays_while_others_leave(tmp_path: Path) -> None:
    server = FailingRows(open_store(str(tmp_path)))
    server.all()
    lose(server, "r00002")
    server.remove("r00001", "r00002")
    server.one()
    assert server.listed == ["r00000", "r00002", "r00003", "r00004", "r00005"]
    server.all(RETRY)
    assert [path for path, _ in reasons(server)] == ["r00002", "r00003"]
    assert server.figures == (5, 3, 2)


def test_what_is_back_is_done_as_before(done: FailingRows) -> None:
    done.registry.results_back(KEY, 1, ["r00002", "r00003", "unknown"])
    assert (done.figures, reasons(done)) == ((6, 5, 1), [("r00004", "its result is gone")])
    done.registry.retry_failed(KEY.id)
    assert (done.all(), done.figures) == (["r00004"], (6, 6, 0))


def test_so_it_is_if_only_its_source_could_not_be_read(done: FailingRows) -> None:
    done.remove("r00002")
    done.all(RETRY)
    done.registry.results_back(KEY, 1, ["r00002"])
    assert done.figures == (6, 6, 0)
    assert done.state.complete


def results_of(server: FailingRows, path: str) -> list[str]:
    _, found = server.registry.files_of(KEY.id, path)
    return [os.path.basename(file) for file in found]


@pytest.mark.parametrize("is_known_at_the_end", [False, True])
def test_what_is_done_anew_has_the_results_of_that_prompt_alone(
    server: FailingRows, *, is_known_at_the_end: bool
) -> None:
    """What it had before may be behind links by now, so that the new ones have other names."""
    server.broken.clear()
    server.source.rows = ["r00000"]
    one_with(server, ["a.png", "b.png"], is_known_at_the_end=False)
    lose(server, "r00000")
    server.registry.retry_failed(KEY.id)
    one_with(server, ["b.png", "c.png"], is_known_at_the_end=is_known_at_the_end)
    assert results_of(server, "r00000") == ["b.png", "c.png"]
    lose(server, "r00000")
    server.registry.retry_failed(KEY.id)
    one_with(server, [], is_known_at_the_end=is_known_at_the_end)
    assert results_of(server, "r00000") == ["b.png", "c.png"], "by a saver that tells nothing"


def test_a_saver_that_has_yet_to_run_at_the_end_has_its_file_again(server: FailingRows) -> None:
    server.broken.clear()
    server.source.rows = ["r00000"]
    one_with(server, ["a.png", "b.png"])
    lose(server, "r00000")
    server.registry.retry_failed(KEY.id)
    prompt = server.host.submit()
    iteration = server.registry.acquire(REQUEST, prompt)
    a, b = map(os.path.abspath, ("a.png", "b.png"))
    server.registry.claim_outputs(iteration, [a], result="a.png")
    server.registry.end(iteration)
    assert server.registry.finish(iteration).complete
    owners = server.registry.claim_outputs(iteration, [b], [b], result="b.png", replaces_own=False)
    assert owners == {b: Owner.SAME}
    server.host.finish(prompt)
    server.registry.reconcile_all()
    assert results_of(server, "r00000") == ["a.png", "b.png"]


def one_with(
    server: FailingRows,
    results: list[str],
    *,
    is_known_at_the_end: bool = False,
) -> None:
    """Work on the next row; its results are known to who asks at the end of the batch, or later."""
    prompt = server.host.submit()
    iteration = server.registry.acquire(REQUEST, prompt)
    for result in results:
        server.registry.claim_outputs(iteration, [os.path.abspath(result)], result=result)
        server.registry.note_written(iteration, os.path.abspath(result))
    server.registry.end(iteration)
    if is_known_at_the_end:
        assert server.registry.finish(iteration).complete
        ((_, shown),) = server.registry.page(KEY.id, 0, 1).items
        assert [os.path.basename(file) for file in shown] == (results or ["b.png", "c.png"])
    server.host.finish(prompt)
    server.registry.reconcile_all()


def test_results_that_a_prompt_has_touched_since_are_not_back(done: FailingRows) -> None:
    done.registry.retry_failed(KEY.id)
    prompt = done.host.submit()
    assert done.registry.acquire(REQUEST, prompt).item is not None
    done.host.finish(prompt, Ending.ERROR)
    done.registry.reconcile_all()
    done.all()
    before = done.figures
    assert [path for path, _ in reasons(done)] == ["r00002"]
    done.registry.results_back(KEY, 1, ["r00002"])
    assert done.figures == before == (6, 5, 1)


def test_what_is_back_in_the_batch_before_is_none_of_this_one(done: FailingRows) -> None:
    done.broken = {"r00002"}
    done.registry.start_over(KEY.id)
    done.all()
    lose(done, "r00004")
    done.registry.results_back(KEY, 1, ["r00002", "r00004"])
    assert [path for path, _ in reasons(done)] == ["r00002"]
