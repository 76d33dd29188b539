"""Workflows that earlier versions have saved run as they did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from batch_loop.batch_loop_cli.page_format.prompt import as_prompt
from batch_loop.tests.support.batches import run_until_stop, told
from batch_loop.tests.support.earlier_workflows import EARLIER, Earlier, filled_in
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.server import ComfyServer

EACH = pytest.mark.parametrize("earlier", EARLIER, ids=str)
BROKEN = "broken.png"
MOST_TURNS = 60


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComfyServer]:
    """A server on which no example has run yet."""
    with ComfyServer(tmp_path_factory.mktemp("earlier")) as server:
        yield server


@pytest.fixture
def fresh_client(fresh: ComfyServer) -> Iterator[ComfyClient]:
    with fresh.client() as client:
        yield client


@pytest.fixture(scope="module")
def types(fresh: ComfyServer) -> dict[str, Any]:
    with fresh.client() as client:
        found: dict[str, Any] = client.get_json("/object_info")
    return found


@EACH
def test_its_prompt_runs_to_the_end(
    fresh: ComfyServer, fresh_client: ComfyClient, earlier: Earlier
) -> None:
    (iterator,) = (
        key for key, node in earlier.prompt.items() if node["class_type"].endswith("Iterator")
    )
    results = run_until_stop(fresh_client, earlier.prompt, MOST_TURNS)
    assert {result.status for result in results} == {"success"}
    loop = told(results[0], iterator)["loop"]

    def settled() -> dict[str, Any]:
        state: dict[str, Any] = fresh_client.get_json(f"/batch_loop/loops/{loop}")
        return {} if state["running"] or state["finishing"] else state

    state = wait_for(settled, "the last item")
    assert state["complete"]
    failed = [failure["path"].partition(" · ")[0] for failure in state["failures"]]
    assert {path.removesuffix(".png") for path in failed} <= {BROKEN.removesuffix(".png")}
    assert state["done"] == state["total"] - state["failed"] > 0
    listed = fresh_client.get_json(f"/batch_loop/loops/{loop}/items")["items"]
    saved = [path for item in listed for path in item["outputs"]]
    assert len(saved) == len(set(saved)) >= state["done"]
    assert all(path.startswith(str(fresh.output)) for path in saved)


@EACH
def test_the_command_converts_it_to_what_it_meant(earlier: Earlier, types: dict[str, Any]) -> None:
    made = as_prompt(earlier.workflow, types)
    # Without one that is optional, the node takes its default.
    assert filled_in(made, types, "optional") == earlier.meant(types)
