"""A batch whose Run was pressed, and whose prompt waits in ComfyUI's queue behind others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from batch_loop.tests.browser.batch import SEVEN, Batch
from batch_loop.tests.browser.comfy_page import ComfyPage
from batch_loop.tests.browser.side_panel import SidePanel
from batch_loop.tests.support.graphs import node
from batch_loop.tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator

pytestmark = pytest.mark.usefixtures("renderer")

NAMES = SEVEN[:4]
WAITING = "Waiting in ComfyUI's queue"


COUNTED = """
count => {
    let told = null;
    const done = new Promise((resolve) => (told = resolve));
    const on = ({ detail }) => {
        if (detail?.exec_info?.queue_remaining !== count) return;
        app.api.removeEventListener("status", on);
        told();
    };
    app.api.addEventListener("status", on);
    return { done };
}
"""
"""Waits until the page is told that so many prompts are in the queue."""


def block(comfy: ComfyPage, batch: Batch, until: Path, count: int = 1) -> str:
    """Put another workflow into the queue, which runs until a file exists; returns its id.

    The page then knows of this many prompts.
    """
    counted = comfy.page.evaluate_handle(COUNTED, count)
    empty = node("EmptyImage", width=16, height=16, batch_size=1, color=len(until.name))
    wait = node("TestWait", image=["1", 0], until=str(until))
    graph = {"1": empty, "2": wait, "3": node("PreviewImage", images=["2", 0])}
    prompt = batch.client.submit(graph)
    counted.evaluate("({ done }) => done")
    return prompt


REPORTED = """
() => {
    let told = null;
    const done = new Promise((resolve) => (told = resolve));
    const on = ({ detail }) => {
        if (!detail.output?.batch_loop?.some(({ kind }) => kind === "iteration")) return;
        app.api.removeEventListener("executed", on);
        told();
    };
    app.api.addEventListener("executed", on);
    return { done };
}
"""
"""Waits until a Directory Iterator has reported an image."""


def wait_until_queued(batch: Batch, number: int) -> None:
    """Wait until the batch's prompt is the one of this number among those that wait.

    The page says so from the moment in which it is to be sent.
    """
    wait_for(lambda: len(batch.client.queue().pending) == number, "the batch's prompt to be queued")


def press(comfy: ComfyPage, label: str, batch: Batch, number: int) -> None:
    """Press Run or Continue, and wait until the batch's prompt waits as the one of this number."""
    comfy.press_button(label)
    expect(comfy.card()).to_contain_text(WAITING)
    wait_until_queued(batch, number)


def run_button(comfy: ComfyPage) -> Locator:
    return comfy.card().locator("[data-action=run]")


def test_a_batch_that_waits_behind_other_prompts_says_so_and_can_be_paused(
    comfy: ComfyPage, new_batch: Callable[..., Batch], panel: SidePanel, tmp_path: Path
) -> None:
    batch = new_batch(*NAMES)
    first, second = tmp_path / "first", tmp_path / "second"
    comfy.load(batch.graph())
    expect(comfy.card()).to_have_attribute("data-phase", "ready")
    block(comfy, batch, first)
    block(comfy, batch, second, 2)
    press(comfy, "Run", batch, 2)
    expect(comfy.card()).to_contain_text("2 other runs come first.")
    first.touch()
    expect(comfy.card()).to_contain_text("1 other run comes first.")
    comfy.press_button("Pause")
    expect(comfy.card()).to_have_attribute("data-phase", "ready")
    batch.wait_until_taken_back()
    press(comfy, "Run", batch, 1)
    batch.close_gate(NAMES[1])
    second.touch()
    comfy.wait_until_in_image(batch, 2)
    expect(comfy.card()).to_have_attribute("data-phase", "running")

    comfy.press_button("Pause")
    comfy.wait_until_off()
    batch.wait_until_taken_back()
    batch.open_gate(NAMES[1])
    batch.client.wait_until_idle()
    expect(comfy.card()).to_contain_text("Paused: 2 images left")
    third = tmp_path / "third"
    block(comfy, batch, third)
    press(comfy, "Continue", batch, 1)
    expect(run_button(comfy)).to_have_text("Pause")
    panel.open()
    expect(panel.entry(batch.name)).to_contain_text("Queued")
    panel.choose(batch.name)
    expect(panel.root).to_contain_text("Queued")
    expect(panel.root).to_contain_text("1 other run comes first.")
    panel.press("Pause")
    expect(panel.root).to_contain_text("Paused")
    expect(comfy.card()).to_contain_text("Paused: 2 images left")
    batch.wait_until_taken_back()
    panel.press("Continue")
    expect(panel.root).to_contain_text("Queued")
    wait_until_queued(batch, 1)
    comfy.load({"1": node("EmptyImage", width=16, height=16, batch_size=1, color=0)}, "other")
    panel.back()
    expect(panel.entry(batch.name)).to_contain_text("Queued")
    third.touch()
    comfy.toast("Batch complete: 4 done, 0 failed")
    batch.client.wait_until_idle()
    assert batch.ran == NAMES


@pytest.mark.one_renderer
def test_an_image_of_the_folder_before_is_not_shown_for_the_one_that_was_chosen_meanwhile(
    comfy: ComfyPage, new_batch: Callable[..., Batch], tmp_path: Path
) -> None:
    batch, other = new_batch(*NAMES), new_batch("a.png", "b.png")
    comfy.load(batch.graph())
    expect(comfy.card()).to_contain_text("4 images")
    block(comfy, batch, tmp_path / "first")
    press(comfy, "Run", batch, 1)
    comfy.set_directory(other.name)
    expect(comfy.card()).to_contain_text(WAITING)
    batch.close_gate(NAMES[0])
    reported = comfy.page.evaluate_handle(REPORTED)
    (tmp_path / "first").touch()
    reported.evaluate("({ done }) => done")
    with (
        comfy.page.expect_response(lambda response: response.url.endswith("/folder")),
        comfy.page.expect_response(lambda response: "/batch_loop/loops" in response.url),
    ):
        comfy.look_again()
    expect(comfy.card()).to_contain_text("2 images")
    expect(comfy.card()).not_to_contain_text(NAMES[0])
    comfy.press_button("Pause")
    comfy.wait_until_off()
    batch.wait_until_taken_back()
    batch.open_gate(NAMES[0])
    batch.client.wait_until_idle()
    expect(comfy.card()).to_contain_text("2 images")
    assert batch.ran == NAMES[:1]


@pytest.mark.one_renderer
def test_after_a_reload_what_still_waits_in_the_queue_is_not_paused(
    comfy: ComfyPage, new_batch: Callable[..., Batch], panel: SidePanel, tmp_path: Path
) -> None:
    batch = new_batch(*NAMES)
    batch.close_gate(NAMES[1])
    comfy.load(batch.graph())
    comfy.press_button("Run")
    comfy.wait_until_in_image(batch, 2)
    comfy.press_button("Pause")
    comfy.wait_until_off()
    batch.wait_until_taken_back()
    batch.open_gate(NAMES[1])
    batch.client.wait_until_idle()
    expect(comfy.card()).to_contain_text("Paused: 2 images left")
    block(comfy, batch, tmp_path / "first")
    press(comfy, "Continue", batch, 1)
    comfy.settle()
    comfy.open()
    comfy.load(batch.graph())
    expect(comfy.card()).to_contain_text(WAITING)
    expect(comfy.card()).to_contain_text("1 other run comes first.")
    panel.open()
    expect(panel.entry(batch.name)).to_contain_text("Queued")
    (tmp_path / "first").touch()
    expect(comfy.card()).to_contain_text("Paused: 1 image left")
    batch.client.wait_until_idle()
    assert batch.ran == NAMES[:3]


@pytest.mark.one_renderer
def test_cancel_stops_the_batch_whose_prompt_has_yet_to_report_though_one_behind_it_was_deleted(
    comfy: ComfyPage, new_batch: Callable[..., Batch], tmp_path: Path
) -> None:
    batch = new_batch(*NAMES)
    ready = tmp_path / "ready"
    ready.touch()
    batch.close_gate(NAMES[0])
    # Before each image, the workflow waits in a node that comes first.
    first = {
        "30": node("PrimitiveInt", value=5),
        "31": node("EmptyImage", width=16, height=16, batch_size=1, color=["30", 0]),
        "32": node("TestWait", image=["31", 0], until=str(ready)),
        "33": node("GetImageSize", image=["32", 0]),
    }
    comfy.load({**first, **batch.graph(limit=["33", 0])})
    comfy.call("setControl", "30", "increment")
    comfy.run_instant()
    comfy.wait_until_in_image(batch, 1)
    before = batch.client.queue().running
    ready.unlink()
    batch.open_gate(NAMES[0])
    (prompt,) = wait_for(
        lambda: {*batch.client.queue().running} - {*before}, "the second image's prompt to begin"
    )
    comfy.wait_until("hasHeardOfStart", prompt)
    comfy.settle()
    behind = block(comfy, batch, tmp_path / "behind", 2)
    counted = comfy.page.evaluate_handle(COUNTED, 1)
    batch.client.delete(behind)
    counted.evaluate("({ done }) => done")
    comfy.press_interrupt()
    comfy.wait_until_off()
    batch.client.wait_until_idle()  # Cancel has arrived
    ready.touch()
    comfy.settle()
    batch.client.wait_until_idle()
    assert batch.ran == NAMES[:1]
    assert comfy.submitted == 2
