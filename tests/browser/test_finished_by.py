"""Run on a batch that something else has finished: the notice says what, and starts it over."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from batch_loop.tests.browser.batch import Batch
from batch_loop.tests.browser.comfy_page import ComfyPage
from batch_loop.tests.support.graphs import two_node_graph
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.layout import ROOT

TWO = ["img1.png", "img2.png"]
SECONDS = 60


@pytest.fixture
def folder(new_batch: Callable[..., Batch], comfy: ComfyPage) -> Batch:
    """Two images, and their workflow on the page."""
    folder = new_batch(*TWO)
    comfy.load(two_node_graph(folder.name, folder.name))
    return folder


def by_command(comfy: ComfyPage, folder: Batch) -> None:
    """Run the page's workflow as it would be saved."""
    file = folder.scratch / "workflow.json"
    saved = comfy.page.evaluate("JSON.stringify(app.graph.serialize())")
    file.write_text(saved, encoding="utf-8")
    command = [sys.executable, "-m", "batch_loop_cli", "run", str(file)]
    command += ["--server", folder.client.url]
    subprocess.run(command, cwd=ROOT, check=True, timeout=SECONDS, capture_output=True)


def by_script(comfy: ComfyPage, folder: Batch) -> None:
    graph = comfy.page.evaluate("app.graphToPrompt().then(({ output }) => output)")
    for _ in TWO:
        assert folder.client.run(graph).status == "success"


@pytest.mark.parametrize(
    ("finish", "told"),
    [(by_command, "the command batch-loop run"), (by_script, "a script, through ComfyUI's API")],
    ids=["command", "script"],
)
def test_the_notice_says_what_has_finished_it_and_starts_it_over(
    comfy: ComfyPage,
    folder: Batch,
    finish: Callable[[ComfyPage, Batch], None],
    told: str,
) -> None:
    finish(comfy, folder)
    assert folder.counts() == (2, 0)
    comfy.run_instant()
    comfy.wait_until_off()
    notice = comfy.page.locator(".batch-loop-notice")
    expect(notice).to_contain_text("Nothing to do")
    expect(notice).to_contain_text(f"Complete: 2 of 2 done. Finished by {told}, ")
    comfy.press_in_notice("Start over")
    comfy.answer_start_over()
    # As elsewhere, it can be undone.
    expect(notice).to_contain_text("Press Run to begin with the first image.")
    assert folder.counts() == (0, 0)
    comfy.press_in_notice("Undo")
    wait_for(lambda: folder.counts() == (2, 0), "the batch before")
