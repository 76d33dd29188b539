"""A batch belongs to a folder and to a workflow: what the page shows of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from batch_loop.tests.browser.comfy_page import WORKFLOW

if TYPE_CHECKING:
    from batch_loop.tests.browser.batch import Batch
    from batch_loop.tests.browser.comfy_page import ComfyPage

# In the way in which each frontend draws nodes by itself.
pytestmark = [pytest.mark.usefixtures("renderer"), pytest.mark.one_renderer]

OTHER = "0d7f1c9e-5a54-4c0e-9a3b-0d6f6a3c2b12"


def run_to_the_end(comfy: ComfyPage, batch: Batch) -> None:
    comfy.run_instant()
    comfy.wait_until_off()
    comfy.settle()
    batch.client.wait_until_idle()
    comfy.wait_until_heard()


def test_another_workflow_on_the_folder_has_its_own_position(
    comfy: ComfyPage, batch: Batch
) -> None:
    comfy.load(batch.graph(limit=2))
    run_to_the_end(comfy, batch)
    expect(comfy.card()).to_contain_text("All 2 images done")
    comfy.load(batch.graph(limit=2), workflow=OTHER)
    expect(comfy.card()).to_contain_text("first: img1.png")
    run_to_the_end(comfy, batch)
    expect(comfy.card()).to_contain_text("All 2 images done")
    loops = batch.client.get_json("/batch_loop/loops")["loops"]
    own = [loop for loop in loops if loop["directory"] == str(batch.input.resolve())]
    assert [loop["done"] for loop in own] == [2, 2]
    assert all(loop["title"].startswith("batch") for loop in own)


@pytest.mark.one_frontend
def test_start_over_is_of_the_workflow_on_screen(comfy: ComfyPage, batch: Batch) -> None:
    for workflow in (WORKFLOW, OTHER):
        comfy.load(batch.graph(limit=2), workflow=workflow)
        run_to_the_end(comfy, batch)
        expect(comfy.card()).to_contain_text("All 2 images done")
    comfy.start_over()
    expect(comfy.card()).to_contain_text("first: img1.png")
    comfy.load(batch.graph(limit=2))
    expect(comfy.card()).to_contain_text("All 2 images done")
