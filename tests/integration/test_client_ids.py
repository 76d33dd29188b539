"""A client may have any id, on a real server."""

from __future__ import annotations

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.graphs import batch_graph
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient

IDS = [7, "7", 1.5, True]
"""ComfyUI itself fails with an id that is a list or an object."""


def test_a_client_with_any_id_gets_one_image_after_the_other(
    client: ComfyClient, workspace: Workspace
) -> None:
    names = [f"img{number}.png" for number, _ in enumerate(IDS)]
    write_images(workspace.input, names)
    graph = batch_graph(workspace.name, workspace.name)
    for client_id in IDS:
        client.post("/prompt", {"prompt": graph, "client_id": client_id})
    client.wait_until_idle()

    def saved() -> list[str]:
        return sorted(path.name for path in workspace.output.iterdir())

    wait_for(lambda: saved() == names, "each image to be saved once")
