"""A real server answers while a folder hangs, as a network drive can."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import loop_state, told, written
from batch_loop.tests.support.graphs import ITERATOR, Graph, batch_graph, node
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.results import RunResult

LOOPS = "/batch_loop/loops"
SECONDS = 30


class SlowFolder:
    """A folder that hangs while the test wants it to."""

    def __init__(self, client: ComfyClient, workspace: Workspace) -> None:
        self.path = workspace.input / "slow"
        write_images(self.path, ["img1.png", "img2.png"])
        self._gate = workspace.scratch / "gate"
        client.run({"1": node("TestSlowFolder", folder=str(self.path), gate=str(self._gate))})
        self.graph: Graph = batch_graph(f"{workspace.name}/slow", f"{workspace.name}/slow")
        self._held = Path(f"{self._gate}.held")

    def hang(self) -> None:
        self._held.unlink(missing_ok=True)
        self._gate.touch()

    def wait_until_it_hangs(self) -> None:
        wait_for(self._held.exists, "somebody to list the folder")

    def go_on(self) -> None:
        self._gate.unlink(missing_ok=True)


@pytest.fixture
def slow(client: ComfyClient, workspace: Workspace) -> Iterator[SlowFolder]:
    folder = SlowFolder(client, workspace)
    yield folder
    folder.go_on()


@pytest.fixture
def quick(workspace: Workspace) -> Graph:
    write_images(workspace.input / "quick", [f"img{number}.png" for number in range(1, 6)])
    return batch_graph(f"{workspace.name}/quick", f"{workspace.name}/quick")


def assert_done(client: ComfyClient, result: RunResult, number: int) -> None:
    """The prompt succeeded, and the list of loops has so many images done."""
    assert result.status == "success"
    loop_id = told(result, ITERATOR)["loop"]

    def is_done() -> bool:
        (loop,) = (loop for loop in client.get_json(LOOPS)["loops"] if loop["id"] == loop_id)
        return bool(written(loop) == number)

    # Its result is written in the background.
    wait_for(is_done, f"image {number} to be done")


def test_a_hanging_folder_stops_neither_the_server_nor_another_loop(
    client: ComfyClient, workspace: Workspace, slow: SlowFolder, quick: Graph
) -> None:
    with ThreadPoolExecutor(8) as others:
        # Submit a prompt.
        slow.hang()
        submission = others.submit(client.submit, slow.graph)
        slow.wait_until_it_hangs()
        assert client.queue().pending == ()
        assert_done(client, client.run(quick), 1)
        assert not submission.done()
        slow.go_on()
        run = client.wait(submission.result(SECONDS))
        loop_id = told(run, ITERATOR)["loop"]
        # One page starts a loop over, and others ask what is in the folder: more than there are
        # threads for this.
        slow.hang()
        reset = others.submit(client.post_json, f"{LOOPS}/reset", {"loop": loop_id})
        looks = [
            others.submit(client.post_json, "/batch_loop/folder", {"directory": str(slow.path)})
            for _ in range(6)
        ]
        slow.wait_until_it_hangs()
        assert_done(client, client.run(quick), 2)
        assert loop_state(client, run)["batch"] == 1
        assert client.get_json(f"{LOOPS}/{loop_id}/items")["total"] == 2
        assert not reset.done()
        slow.go_on()
        assert reset.result(SECONDS)["batch"] == 2
        assert {look.result(SECONDS)["total"] for look in looks} == {2}
        # Cancel ends the first prompt of a batch, of which nothing has begun.
        gate = workspace.scratch / "until"
        slow.graph[ITERATOR]["inputs"]["loop_name"] = "another"
        held = client.submit(
            {
                "1": node("EmptyImage", width=8, height=8, batch_size=1, color=0),
                "2": node("TestWait", image=["1", 0], until=str(gate)),
                "3": node("PreviewImage", images=["2", 0]),
            }
        )
        first = client.submit(slow.graph)
        slow.hang()
        gate.touch()
        client.wait(held)
        slow.wait_until_it_hangs()
        following = client.submit(quick)
        assert client.queue().pending == (following,)
        assert loop_state(client, run)["batch"] == 2
        client.interrupt()
        slow.go_on()
        assert client.wait(first).status == "interrupted"
        assert_done(client, client.wait(following), 3)
        names = {loop["name"] for loop in client.get_json(LOOPS)["loops"]}
        assert "another" not in names
