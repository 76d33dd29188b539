"""The diagram of a prompt's way in docs/design.md, compared with the calls of a real prompt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from batch_loop.tests.support.graphs import batch_graph
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.house import WAY, steps
from batch_loop.tools.layout import HELPERS
from batch_loop.tools.server import ComfyServer

TRACER = HELPERS.parent / "batch_loop_calls.py"


@pytest.fixture
def traced(tmp_path: Path) -> Iterator[ComfyServer]:
    with ComfyServer(tmp_path, custom_nodes=[TRACER]) as server:
        yield server


def calls(server: ComfyServer) -> set[tuple[str, str]]:
    """The calls so far, direct or not: from which file to which."""
    found = requests.post(f"{server.url}/calls", timeout=60).json()
    return {(caller, called) for caller, all_called in found.items() for called in all_called}


def test_a_prompt_takes_the_way_in_the_diagram(traced: ComfyServer) -> None:
    drawn = {
        (f"{caller}.py", f"{called}.py")
        for part in WAY.values()
        for caller, called, _what in steps(part)
    }
    write_images(traced.input / "folder", ["a.png", "b.png"], (64, 64))
    with traced.client() as client:
        for _ in range(2):
            assert client.run(batch_graph("folder", "results")).status == "success"

    # The last calls are made by threads after the end of the prompt.
    wait_for(lambda: drawn <= calls(traced), f"the calls {sorted(drawn)}")
