"""Results are in the asset list of newer ComfyUI as soon as their node has run."""

from __future__ import annotations

import pytest

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.integration.test_file_systems import files
from batch_loop.tests.integration.test_names import unchanged
from batch_loop.tests.support.batches import run_until_stop
from batch_loop.tests.support.graphs import SAVE
from batch_loop.tests.support.images import write_images
from batch_loop.tools.client import ComfyClient

NAMES = ["a.png", "b.png", "c.png"]


@pytest.mark.with_assets
def test_each_result_is_an_asset_when_its_node_has_run(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, NAMES)
    results = run_until_stop(client, unchanged(workspace.name, workspace.name))
    entries = [entry for result in results for entry in result.outputs[SAVE]["images"]]
    assert [entry["filename"] for entry in entries] == files(workspace.output) == NAMES
    for entry in entries:
        asset = client.get_json(f"/api/assets/{entry['id']}")
        assert asset["name"] == entry["filename"]
        assert "output" in asset["tags"]
