"""Servers that share a store, and what a server says if its database cannot be used."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from batch_loop.core.files.leftovers import TEMPORARY_SUFFIX
from batch_loop.tests.integration.test_command import batch_loop
from batch_loop.tests.support.batches import recorded, records, run_until_stop, written
from batch_loop.tests.support.graphs import ITERATOR, Graph, batch_graph, node
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.graphs import FILENAME, IMAGE
from batch_loop.tools.layout import HELPERS
from batch_loop.tools.machines import Cards, Machines
from batch_loop.tools.pgbouncer import PgBouncer
from batch_loop.tools.postgresql import Postgresql
from batch_loop.tools.server import ComfyServer, running

MOST_PROMPTS = 1000
"""A server asks again until the lease of the other has ended."""


@pytest.mark.one_release
def test_each_image_is_done_once_whatever_is_killed(tmp_path: Path, postgresql: Postgresql) -> None:
    """Like `python -m tools.machines`, with fewer images and kills."""
    # It is restarted, so no other test may use it at the same time.
    machines = Machines(tmp_path, postgresql, postgresql.new_database(), images=36, seed=5)
    assert machines.run(kills=2).faults == {}


@pytest.mark.one_release
def test_each_image_is_done_once_by_way_of_a_pooler(tmp_path: Path, postgresql: Postgresql) -> None:
    """Which gives each transaction another connection."""
    with PgBouncer(postgresql) as pooler:
        address = pooler.through(postgresql.new_database())
        machines = Machines(tmp_path, postgresql, address, images=36, seed=7)
        assert machines.run(kills=1).faults == {}


@pytest.mark.one_release
def test_each_image_is_done_once_on_one_machine_with_a_file(tmp_path: Path) -> None:
    assert Cards(tmp_path, images=24, seed=5).run(kills=2).faults == {}


@pytest.mark.one_release
def test_a_halted_servers_image_is_done_again_if_its_result_was_on_its_way(
    tmp_path: Path, postgresql: Postgresql
) -> None:
    """Nobody else can know that its prompt has succeeded; the one before is done, and stays so."""
    named, go = tmp_path / "named", tmp_path / "go"
    first, second = pair_of_which_one_holds(tmp_path, postgresql, "b.png", named)
    names = ["a.png", "b.png", "c.png"]
    write_images(first.input / "batch", names)
    hold = node("TestHold", image=IMAGE, filename=FILENAME, held="c.png", until=str(go))
    graph = recorded(batch_graph("batch", "batch", hold), tmp_path / "record")
    result = first.output / "batch" / "b.png"
    with running([first, second]), first.client() as one, second.client() as other:
        prompts = [one.submit(graph) for _ in names]
        # The prompt of b.png has ended by then.
        wait_for(Path(f"{go}.held").exists, "the last image to be begun")
        wait_for(Path(f"{named}.held").exists, "the result before to be whole")
        assert first.pid is not None
        os.killpg(first.pid, signal.SIGSTOP)
        try:
            named.touch()
            go.touch()
            run_until_stop(other, graph, MOST_PROMPTS)
            of_the_other = result.stat()
        finally:
            os.killpg(first.pid, signal.SIGCONT)
        ended = [one.wait(prompt) for prompt in prompts]
        assert [each.status for each in ended] == ["success"] * 3
        assert records(tmp_path / "record") == ["a.png", "b.png", "b.png", "c.png"]
        for client in (one, other):
            loop = wait_for(partial(settled, client), "the last image to be settled")
            assert (loop["complete"], written(loop), loop["failed"]) == (True, 3, 0)
    assert sorted(path.name for path in result.parent.iterdir()) == names
    assert os.path.samestat(result.stat(), of_the_other)


def settled(client: ComfyClient) -> dict[str, Any] | None:
    """The only loop's state once no prompt has an image: an outcome is heard of afterwards."""
    (loop,) = client.get_json("/batch_loop/loops")["loops"]
    return None if loop["running"] or loop["finishing"] else loop


@pytest.mark.one_release
def test_a_halted_server_replaces_nothing_once_its_image_was_done_again(
    tmp_path: Path, postgresql: Postgresql
) -> None:
    """Nothing was on the disk yet that another server could have deleted."""
    made, go = tmp_path / "made", tmp_path / "go"
    first, second = pair_of_which_one_holds(tmp_path, postgresql, TEMPORARY_SUFFIX, made)
    names = ["a.png", "b.png", "c.png"]
    write_images(first.input / "batch", names)
    hold = node("TestHold", image=IMAGE, filename=FILENAME, held="b.png", until=str(go))
    graph = recorded(batch_graph("batch", "batch", hold), tmp_path / "record")
    before = batch_graph("batch", "batch")
    result = first.output / "batch" / "a.png"
    with running([first, second]), first.client() as one, second.client() as other:
        run_until_stop(other, before, MOST_PROMPTS)
        start_over(other)
        prompts = [one.submit(graph) for _ in names]
        # The prompt of a.png has ended by then.
        wait_for(Path(f"{go}.held").exists, "the second image to be begun")
        wait_for(Path(f"{made}.held").exists, "the result before to be encoded")
        assert first.pid is not None
        os.killpg(first.pid, signal.SIGSTOP)
        try:
            made.touch()
            go.touch()
            run_until_stop(other, graph, MOST_PROMPTS)
            of_the_other = result.stat()
        finally:
            os.killpg(first.pid, signal.SIGCONT)
        ended = [one.wait(prompt) for prompt in prompts]
        assert [each.status for each in ended] == ["success"] * 3
        assert sorted(records(tmp_path / "record")) == ["a.png", "a.png", "b.png", "c.png"]
        one.wait_until_idle()
        assert os.path.samestat(result.stat(), of_the_other)
        assert "'a.png' was given to another server" in first.log()
        # What it does now replaces the results: they are still those that the store knows.
        start_over(other)
        run_until_stop(one, before, MOST_PROMPTS)
    assert sorted(path.name for path in result.parent.iterdir()) == names


def pair_of_which_one_holds(
    folder: Path, postgresql: Postgresql, at: str, until: Path
) -> tuple[ComfyServer, ComfyServer]:
    """Servers of two machines; the first waits at files so named, until another exists."""
    env = {"BATCH_LOOP_DATABASE": postgresql.new_database(), "BATCH_LOOP_LEASE_SECONDS": "2"}
    holds = {"BATCH_LOOP_TESTS_HOLD_AT": at, "BATCH_LOOP_TESTS_HOLD_UNTIL": str(until)}
    machines = [env | {"BATCH_LOOP_SERVER": name} for name in ("first", "second")]
    first = ComfyServer(folder / "first", env=machines[0] | holds, custom_nodes=[HELPERS])
    return first, first.beside(folder / "second", env=machines[1], shares_state=False)


def start_over(client: ComfyClient) -> None:
    """Begin the next batch of the only loop, once all of it is noted."""
    client.wait_until_idle()
    (loop,) = client.get_json("/batch_loop/loops")["loops"]
    client.post_json("/batch_loop/loops/reset", {"loop": loop["id"]})


def told_by(server: ComfyServer, graph: Graph) -> str:
    """Everything that a server says about its loops, about a prompt, and in its log."""
    asked = {"/prompt": {"prompt": graph}}
    asked |= {f"/batch_loop/loops/{to}": {"loop": "0" * 16} for to in ("reset", "watch", "forget")}
    said = [requests.post(server.url + to, json=body, timeout=60) for to, body in asked.items()]
    for of in ("batch_loop/loops", "batch_loop/store", "system_stats", "history", "queue"):
        said += [requests.get(f"{server.url}/{of}", timeout=60)]
    return "\n".join([*(answer.text for answer in said), server.log()])


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (
            "postgresql://some1:s3cr@t:w0rd@127.0.0.1:9/batch",
            "cannot use BATCH_LOOP_DATABASE: it has more than one @",
        ),
        (
            "postgresql://127.0.0.1:9/batch?user=some1&password=s3cr&sslrootcert=/w0rd/t:w",
            "cannot use its database postgresql+psycopg://127.0.0.1/batch: ",
        ),
    ],
    ids=["malformed", "behind the ?"],
)
def test_of_the_address_only_machine_and_database_are_told(
    start_server: Callable[..., ComfyServer], address: str, told: str
) -> None:
    server = start_server(env={"BATCH_LOOP_DATABASE": address})
    write_images(server.input / "batch", ["a.png"])
    said = told_by(server, batch_graph("batch", "batch"))
    assert told in said
    assert [part for part in ("some1", "s3cr", "w0rd", "t:w") if part in said] == []
    answer = requests.get(f"{server.url}/object_info/BatchLoopDirectoryIterator", timeout=60)
    assert "BatchLoopDirectoryIterator" in answer.json()


def test_a_wrong_password_is_reported_before_anything_runs(
    start_server: Callable[..., ComfyServer], tmp_path: Path, postgresql: Postgresql
) -> None:
    address = postgresql.address_of("wr0ng-word")
    server = start_server(env={"BATCH_LOOP_DATABASE": address})
    write_images(server.input / "batch", ["a.png"])
    graph = batch_graph("batch", "batch")
    workflow = tmp_path / "workflow.json"
    workflow.write_text(json.dumps(graph), encoding="utf-8")

    answer = requests.post(f"{server.url}/prompt", json={"prompt": graph}, timeout=60)
    assert answer.status_code == requests.codes.bad_request
    (error,) = answer.json()["node_errors"][ITERATOR]["errors"]
    assert "password authentication failed" in error["details"]

    code, out, err = batch_loop(server.url, "run", workflow)
    assert (code, out) == (9, "")
    (line,) = err.splitlines()
    assert "password authentication failed" in line
    assert "Correct the name or the password in BATCH_LOOP_DATABASE" in line

    # ComfyUI's own nodes may have said something similar.
    assert "core/store" not in server.log()
    assert "Batch Loop cannot use its database" in server.log()
    assert "wr0ng" not in server.log()
    assert not (server.output / "batch").exists()
    assert not (server.user / "batch_loop" / "state.sqlite3").exists()
