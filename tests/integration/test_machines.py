"""Servers that share a store, and what a server says if its database cannot be used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from batch_loop.tests.integration.test_command import batch_loop
from batch_loop.tests.support.graphs import ITERATOR, Graph, batch_graph
from batch_loop.tests.support.images import write_images
from batch_loop.tools.machines import Cards, Machines
from batch_loop.tools.pgbouncer import PgBouncer
from batch_loop.tools.postgresql import Postgresql
from batch_loop.tools.server import ComfyServer


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
