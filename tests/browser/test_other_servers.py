"""Two servers share a batch: one server's page waits while the other has the last image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from batch_loop.tests.browser.batch import Batch
from batch_loop.tests.browser.comfy_page import TOASTS, WORKFLOW, ComfyPage
from batch_loop.tests.browser.side_panel import SidePanel
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.server import ComfyServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from batch_loop.tools.client import ComfyClient

# The page does the same on every frontend; `test_watch.py` tests it on all of them.
pytestmark = pytest.mark.one_frontend

WAITING = "Waiting for other servers: they are finishing the batch"
NAMES = ["img1.png", "img2.png", "img3.png"]
LOOKS = 4
"""Requests of the page for the loop; some are from its cards, which ask just as often."""


@pytest.fixture
def other_server(server: ComfyServer, tmp_path: Path) -> Iterator[ComfyServer]:
    """A second server on the first one's folders."""
    with server.beside(tmp_path / "other") as other:
        yield other


@pytest.fixture
def other(other_server: ComfyServer) -> Iterator[ComfyClient]:
    with other_server.client() as client:
        client.workflow = WORKFLOW
        yield client


@pytest.fixture
def held(
    comfy: ComfyPage, new_batch: Callable[..., Batch], other: ComfyClient
) -> Iterator[tuple[Batch, str]]:
    """A batch whose first image the other server holds, and the id of the prompt that holds it.

    The page has processed the other images with one click, and waits.
    """
    batch = new_batch(*NAMES)
    batch.close_gate(NAMES[0])
    prompt = other.submit(batch.graph())
    batch.wait_until_in_image(1)
    comfy.load(batch.graph())
    comfy.run_instant()
    comfy.toast(WAITING)
    comfy.wait_until_off()
    batch.client.wait_until_idle()
    comfy.settle()
    assert batch.ran == NAMES[1:]
    yield batch, prompt
    batch.open_gate(NAMES[0])


def wait_for_looks(comfy: ComfyPage) -> None:
    """Wait until the page has asked several times how the loop stands."""
    for _ in range(LOOKS):
        comfy.page.wait_for_event("response", lambda answer: "/batch_loop/loops?" in answer.url)


def wait_for_end(comfy: ComfyPage, batch: Batch) -> None:
    """Wait for the notice of a batch in which every image is done."""
    comfy.toast("Batch complete: 3 done, 0 failed")
    comfy.wait_until_off()
    batch.client.wait_until_idle()
    comfy.settle()
    assert batch.counts() == (3, 0)
    assert batch.ran == [*NAMES[1:], NAMES[0]]
    waiting = comfy.page.locator(TOASTS).filter(has_text=WAITING)
    expect(waiting).to_have_count(0)  # it takes a moment to fade out
    assert comfy.toasts("Nothing to do") == 0


def test_the_page_waits_until_the_other_server_is_done(
    comfy: ComfyPage, other: ComfyClient, held: tuple[Batch, str]
) -> None:
    batch, prompt = held
    submitted = comfy.submitted
    wait_for_looks(comfy)
    assert comfy.submitted == submitted
    expect(comfy.card("BatchLoopBatchComplete")).to_contain_text("2 of 3 finished")
    expect(comfy.card()).to_have_attribute("data-phase", "running")
    expect(comfy.card()).to_contain_text(WAITING)
    panel = SidePanel(comfy)
    panel.open()
    panel.choose(batch.name)
    expect(panel.root).to_contain_text(WAITING)
    panel.toggle()
    batch.open_gate(NAMES[0])
    assert other.wait(prompt).status == "success"
    wait_for_end(comfy, batch)
    # One finds the end, and at most one more was on its way by then.
    assert comfy.submitted - submitted in (1, 2)


def test_a_dead_server_s_image_is_done_without_a_click(
    comfy: ComfyPage, other_server: ComfyServer, held: tuple[Batch, str]
) -> None:
    batch, _ = held
    other_server.kill()
    wait_for(lambda: batch.client.queue().running, "the page to take the image", timeout=60)
    batch.open_gate(NAMES[0])
    wait_for_end(comfy, batch)


def test_pause_ends_the_waiting(
    comfy: ComfyPage, other: ComfyClient, held: tuple[Batch, str]
) -> None:
    batch, prompt = held
    submitted = comfy.submitted
    comfy.press_button("Pause")
    expect(comfy.card().locator("[data-action=run]")).to_have_text("Continue")
    expect(comfy.page.locator(TOASTS).filter(has_text=WAITING)).to_have_count(0)
    batch.open_gate(NAMES[0])
    assert other.wait(prompt).status == "success"
    expect(comfy.card()).to_have_attribute("data-phase", "complete")
    assert comfy.submitted == submitted
    assert batch.counts() == (3, 0)
