"""A batch in PostgreSQL: text that it cannot hold, and Cancel while it is unreachable."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_loop.tests.support.batches import loop_state, run_until_stop, told, written
from batch_loop.tests.support.graphs import ITERATOR, batch_graph, node
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient, UnexpectedAnswer
from batch_loop.tools.layout import HELPERS
from batch_loop.tools.postgresql import Postgresql
from batch_loop.tools.server import ComfyServer

NAMES = ["a.png", "b.png"]


@pytest.fixture(scope="module")
def server(
    postgresql: Postgresql, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ComfyServer]:
    base = tmp_path_factory.mktemp("database")
    env = {"BATCH_LOOP_DATABASE": postgresql.new_database()}
    with ComfyServer(base, env=env, custom_nodes=[HELPERS]) as server:
        yield server


def test_an_error_that_a_database_cannot_hold_stops_nothing(
    client: ComfyClient, server: ComfyServer, tmp_path: Path
) -> None:
    write_images(server.input / "odd", NAMES)
    fail_list = tmp_path / "fail"
    fail_list.write_text(NAMES[0], encoding="utf-8")
    inputs = {"image": [ITERATOR, 1], "filename": [ITERATOR, 3], "fail_list": str(fail_list)}
    work = node("TestRaise", **inputs, message="nul \0 in it")
    graph = batch_graph("odd", "odd", work, error_handling="Skip on error")
    first = client.run(graph)
    assert first.status == "error"
    # It is reconciled though nothing runs.
    loop = told(first, ITERATOR)["loop"]
    state = wait_for(
        lambda: (state := client.get_json(f"/batch_loop/loops/{loop}"))["failed"] and state,
        "the failure to be noted",
    )
    assert [failure["reason"] for failure in state["failures"]] == ["nul \0 in it"]
    results = run_until_stop(client, graph)
    assert written(loop_state(client, results[-1])) == 1


def test_requests_while_the_database_is_unreachable_do_not_lose_a_cancel(
    client: ComfyClient, server: ComfyServer, postgresql: Postgresql, tmp_path: Path
) -> None:
    write_images(server.input / "away", NAMES)
    until = tmp_path / "until"
    inputs = {"image": [ITERATOR, 1], "filename": [ITERATOR, 3]}
    work = node("TestHold", **inputs, held=NAMES[1], until=str(until), deaf=True)
    graph = batch_graph("away", "away", work)
    loop = told(client.run(graph), ITERATOR)["loop"]
    prompt = client.submit(graph)
    wait_for(Path(f"{until}.held").exists, "the second image to be worked on")
    postgresql.stop()
    try:
        client.interrupt()
        with pytest.raises(UnexpectedAnswer, match="answered 503"):
            client.post("/batch_loop/loops/watch", {"loop": loop})
    finally:
        postgresql.start()
    until.touch()
    assert client.wait(prompt).status == "interrupted"
    results = run_until_stop(client, graph)
    assert written(loop_state(client, results[-1])) == len(NAMES)
