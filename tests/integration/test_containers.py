"""Two ComfyUI servers with one name that cannot see each other's processes, like containers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from batch_loop.tests.support.batches import (
    loop_state,
    recorded,
    records,
    run_until_stop,
    written,
)
from batch_loop.tests.support.containers import own_ids
from batch_loop.tests.support.graphs import ITERATOR, Graph, batch_graph, node
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.layout import HELPERS
from batch_loop.tools.postgresql import Postgresql
from batch_loop.tools.server import ComfyServer, running

pytestmark = pytest.mark.one_release

NAMES = [f"img{number}.png" for number in range(1, 13)]
MOST_PROMPTS = 2000
"""A server without images left asks again until the other is done, or its lease has ended."""


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_each_image_is_done_once_and_a_dead_servers_image_is_not_lost(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    env = {"BATCH_LOOP_LEASE_SECONDS": "4"}
    if database == "postgresql":
        postgresql: Postgresql = request.getfixturevalue("postgresql")
        env["BATCH_LOOP_DATABASE"] = postgresql.new_database()
    first = ComfyServer(tmp_path / "first", env=env, custom_nodes=[HELPERS], inside=own_ids())
    second = first.beside(tmp_path / "second", env=env)
    record = tmp_path / "record"
    write_images(first.input / "batch", NAMES)

    slow = node("TestSlow", value=[ITERATOR, 1], seconds=0.1)
    held = node("TestWait", image=[ITERATOR, 1], until=str(tmp_path / "never"))

    def graph(loop_name: str, work: dict[str, Any]) -> Graph:
        return recorded(batch_graph("batch", "batch", work, loop_name=loop_name), record)

    with running([first, second]), first.client() as one, second.client() as other:
        with ThreadPoolExecutor() as both:
            runs = [
                both.submit(run_until_stop, client, graph("first", slow), MOST_PROMPTS)
                for client in (one, other)
            ]
            results = [run.result() for run in runs]
        assert sorted(records(record)) == sorted(NAMES)
        assert {result.status for ended in results for result in ended} == {"success"}
        for client, ended in zip((one, other), results, strict=True):
            wait_for(lambda: written(loop_state(client, ended[-1])) == len(NAMES), "the last image")  # noqa: B023

        record.unlink()
        prompt = one.submit(graph("second", held))

        def has_begun() -> bool:
            ended = one.history(prompt)
            assert ended is None, ended
            loops = one.get_json("/batch_loop/loops")["loops"]
            return any(loop["running"] for loop in loops if loop["name"] == "second")

        wait_for(has_begun, "the first image")
        first.kill()
        run_until_stop(other, graph("second", slow), MOST_PROMPTS)
        # Not at once, as nobody can see that it died; how many come first depends on the lease.
        assert records(record)[0] == NAMES[1]
        assert sorted(records(record)) == sorted(NAMES)
        second.kill()
