"""The side panel Batches: loops, their images, and the actions on them."""

from __future__ import annotations

import re
import shutil
import uuid
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, expect

from batch_loop.tests.browser.batch import SEVEN, Batch
from batch_loop.tests.browser.comfy_page import ComfyPage
from batch_loop.tests.browser.side_panel import SidePanel
from batch_loop.tests.support.batches import run_until_stop
from batch_loop.tests.support.graphs import batch_graph
from batch_loop.tools.bench.folders import small_images

if TYPE_CHECKING:
    from collections.abc import Callable

    from batch_loop.tools.client import ComfyClient
    from batch_loop.tools.server import ComfyServer

SKIP = "Skip on error"
MANY = 100_000
ROW = 84
"""How high the row of an image is, in pixels of the page."""


@pytest.mark.one_frontend
def test_names_and_state_are_readable_in_the_narrowest_panel(
    panel: SidePanel, batch: Batch, client: ComfyClient
) -> None:
    batch.fail_on("img1.png")
    client.workflow = str(uuid.uuid4())  # no page has told its name
    run_until_stop(client, batch.graph(loop_name="Save captions", error_handling=SKIP))
    panel.open()
    entry = panel.entry(batch.name)
    expect(entry).to_contain_text("Complete, with failures")
    panel.root.evaluate("root => (root.style.width = '200px')")
    expect_to_be_readable(entry, batch.name)
    panel.choose(batch.name)
    expect_to_be_readable(panel.root.locator(".batch-loop-details header"), batch.name)
    panel.root.evaluate("root => (root.style.width = '')")


def expect_to_be_readable(place: Locator, name: str) -> None:
    """Each of a batch's names and its state is on one line, and in full."""
    for text in (name, "Save captions", "Complete, with failures"):
        found = place.get_by_text(text, exact=True)
        expect(found).to_have_count(1)
        width, scrolled, height = found.evaluate(
            "one => [one.clientWidth, one.scrollWidth, one.getBoundingClientRect().height]"
        )
        assert scrolled <= width
        assert height < 30


@pytest.mark.one_frontend
def test_a_low_and_narrow_panel_has_room_for_images_and_tells_them_apart(
    panel: SidePanel, new_batch: Callable[..., Batch], client: ComfyClient
) -> None:
    names = [f"a photograph of balloons {number:06}" for number in range(3)]
    batch = new_batch(*(f"{name}.png" for name in names))
    run_until_stop(client, batch.graph())
    before = panel.page.viewport_size
    panel.page.set_viewport_size({"width": 1024, "height": 640})
    panel.open()
    panel.root.evaluate("root => (root.style.width = '190px')")
    panel.choose(batch.name)
    expect(panel.grid.get_by_role("row").first).to_contain_text("Done")
    whole, images = panel.root.bounding_box(), panel.grid.bounding_box()
    assert whole is not None
    assert images is not None
    assert images["height"] >= 0.42 * whole["height"]
    for place in panel.root.locator(".batch-loop-details .batch-loop-path").all():
        end = place.locator(".batch-loop-cut-end").last
        assert end.bounding_box() is None or reach(end) <= reach(place) + 1
    for name, row in zip(names, panel.grid.get_by_role("row").all(), strict=True):
        # Its number is at the end, of which as much is seen as there is room for.
        end = row.locator(".batch-loop-item-name .batch-loop-cut-end")
        expect(end).to_have_text(f"{name}.png"[-12:])
        assert reach(end) <= reach(row) + 1
        assert (
            end.evaluate(
                "end => { const all = document.createRange(); all.selectNodeContents(end);"
                " const { right } = all.getBoundingClientRect();"
                " return Math.abs(right - end.getBoundingClientRect().right) }"
            )
            < 1
        )
    panel.root.evaluate("root => (root.style.width = '')")
    if before is not None:
        panel.page.set_viewport_size(before)


@pytest.mark.one_frontend
def test_names_and_reasons_have_room_in_the_narrowest_panel(
    panel: SidePanel, batch: Batch, client: ComfyClient
) -> None:
    batch.fail_on("img1.png")
    run_until_stop(client, batch.graph(error_handling=SKIP))
    before = panel.page.viewport_size
    panel.page.set_viewport_size({"width": 800, "height": 600})
    panel.open()
    panel.root.evaluate("root => (root.style.width = '146px')")  # as in 1.32 at that size
    panel.choose(batch.name)
    row = panel.row("img1.png")
    expect(row).to_contain_text("Failed")
    row.scroll_into_view_if_needed()
    rows = panel.grid.bounding_box()
    assert rows is not None
    assert rows["height"] >= 2 * ROW
    for name in ("name", "reason"):
        words = row.locator(f".batch-loop-item-{name}")
        box, whole = words.bounding_box(), row.bounding_box()
        assert box is not None
        assert whole is not None
        assert box["width"] > 0.8 * whole["width"]
        assert box["y"] >= whole["y"]
        assert box["y"] + box["height"] <= whole["y"] + whole["height"] < 601
    panel.root.evaluate("root => (root.style.width = '')")
    if before is not None:
        panel.page.set_viewport_size(before)


def reach(place: Locator) -> float:
    """Where an element ends, on the right."""
    box = place.bounding_box()
    assert box is not None
    return box["x"] + box["width"]


def test_without_a_batch_it_says_how_to_start_one(panel: SidePanel) -> None:
    panel.open()
    expect(panel.without_loops).to_contain_text("No batches yet")
    expect(panel.without_loops).to_contain_text("Run a workflow with Directory Iterator")
    expect(panel.without_loops).to_be_visible()
    expect(panel.root.get_by_role("listitem")).to_have_count(0)


def test_a_running_batch_is_followed_to_its_end(
    comfy: ComfyPage, panel: SidePanel, batch: Batch
) -> None:
    batch.close_gate("img3.png")
    panel.open()
    comfy.load(batch.graph())
    comfy.run_instant()
    entry = panel.entry(batch.name)
    expect(entry).to_contain_text("2 of 7")
    expect(entry).to_contain_text("Running")
    expect(entry).to_contain_text("this minute")
    expect(entry.get_by_role("button")).to_have_attribute("title", str(batch.input.resolve()))
    panel.choose(batch.name)
    expect(panel.bar).to_have_attribute("aria-valuenow", "2")
    expect(panel.bar).to_have_attribute("aria-valuemax", "7")
    expect(panel.row("img3.png")).to_contain_text("Running")
    panel.wait_for_pictures(panel.row("img2.png"), 2)
    panel.wait_for_pictures(panel.row("img4.png"), 1)
    expect(panel.root.get_by_role("button", name="Forget")).to_be_disabled()
    batch.open_gate("img3.png")
    expect(panel.standing).to_have_text("Complete")
    expect(panel.bar).to_have_attribute("aria-valuetext", "7 of 7")
    expect(panel.root.get_by_role("status").filter(has_text="Batch complete")).to_have_count(1)
    for name in SEVEN:
        expect(panel.row(name)).to_contain_text("Done")
        panel.wait_for_pictures(panel.row(name), 2)
    comfy.wait_until_off()


@pytest.mark.one_frontend
def test_a_batch_that_another_client_runs_is_followed_too(
    panel: SidePanel, batch: Batch, client: ComfyClient
) -> None:
    panel.open()
    expect(panel.without_loops).to_be_visible()
    client.run(batch.graph())
    expect(panel.entry(batch.name)).to_contain_text("1 of 7")


@pytest.mark.one_frontend
def test_a_folder_that_is_gone_is_told_with_its_path(
    panel: SidePanel, batch: Batch, client: ComfyClient
) -> None:
    client.run(batch.graph())
    away = batch.input.with_name(f"{batch.name} away")
    batch.input.rename(away)
    panel.open()
    panel.choose(batch.name)
    told = panel.root.get_by_role("status").filter(has_text="The folder is gone")
    expect(told).to_contain_text(str(batch.input))
    expect(told).to_contain_text("1 of 7 done. Put the folder back, then press Continue.")
    away.rename(batch.input)
    panel.back()
    panel.choose(batch.name)
    panel.wait_for_pictures(panel.row("img2.png"), 1)
    expect(told).to_have_count(0)


@pytest.mark.one_frontend
def test_failed_images_have_reasons_and_are_retried(
    panel: SidePanel, batch: Batch, run: Callable[..., None]
) -> None:
    batch.fail_on("img3.png", "img20.png")
    run(batch, error_handling=SKIP)
    panel.open()
    expect(panel.entry(batch.name)).to_contain_text("7 of 7, 2 failed")
    panel.choose(batch.name)
    expect(panel.standing).to_have_text("Complete, with failures")
    # The text beside it leaves room for the folder's name.
    title = panel.root.get_by_role("heading", name=batch.name).bounding_box()
    assert title is not None
    assert title["width"] > 80
    panel.root.get_by_role("tab", name="Failed (2)").click()
    expect(panel.grid.get_by_role("row")).to_have_count(2)
    nothing = panel.root.get_by_text("Nothing has failed.")
    expect(nothing).to_be_hidden()
    for name in ("img3.png", "img20.png"):
        expect(panel.row(name)).to_contain_text("asked to fail")
        expect(panel.row(name)).to_contain_text("Failed at TestRaise (3)")
        panel.wait_for_pictures(panel.row(name), 1)
    batch.fail_on()
    panel.press("Retry failed (2)")
    expect(panel.page.get_by_text("Failed images will be retried")).to_be_visible()
    expect(nothing).to_be_visible()
    expect(panel.figures).to_contain_text("2 left")
    expect(panel.root.get_by_role("button", name="Retry failed")).to_have_count(0)
    run(batch)
    expect(panel.figures).to_have_text("7 done")
    expect(panel.root.get_by_role("tab", name="Failed (0)")).to_be_visible()
    assert batch.counts() == (7, 0)
    # A tab with nothing in it is left after Start over.
    panel.press("Start over")
    panel.comfy.answer_start_over()
    expect(panel.row("img1.png")).to_contain_text("To do")
    expect(nothing).to_be_hidden()


@pytest.mark.one_frontend
def test_start_over_makes_every_image_pending(
    panel: SidePanel, batch: Batch, run: Callable[..., None]
) -> None:
    run(batch)
    panel.open()
    panel.choose(batch.name)
    expect(panel.figures).to_have_text("7 done")
    panel.press("Start over")
    panel.comfy.answer_start_over()
    expect(panel.figures).to_contain_text("7 left")
    expect(panel.row("img1.png")).to_contain_text("To do")
    state = batch.state()
    assert state is not None
    assert (state["batch"], state["pending"]) == (2, 7)


@pytest.mark.one_frontend
def test_an_image_that_a_run_stopped_on_is_skipped(
    comfy: ComfyPage, panel: SidePanel, batch: Batch, client: ComfyClient
) -> None:
    batch.fail_on("img1.png")
    comfy.load(batch.graph())
    comfy.press_run()
    comfy.wait_for_error()
    client.wait_until_idle()
    comfy.close_dialogs()
    panel.open()
    panel.choose(batch.name)
    expect(panel.root).to_contain_text("Stopped on img1.png: asked to fail")
    panel.press("Skip this one")
    expect(panel.figures).to_contain_text("1 failed")
    assert batch.counts() == (0, 1)


def test_forgetting_is_asked_about_first(
    panel: SidePanel, batch: Batch, run: Callable[..., None]
) -> None:
    run(batch, limit=1)
    panel.open()
    panel.choose(batch.name)
    expect(panel.standing).to_have_text("Complete")
    panel.press("Forget")
    question = panel.page.get_by_role("dialog", name="Forget this batch?")
    # It says which batch; only one that is paired with another names that.
    expect(question).to_contain_text("1 done, 0 failed. This, and why anything failed")
    expect(question).to_contain_text(f"{batch.input}")
    expect(question).not_to_contain_text("paired")
    panel.answer("Cancel")
    assert batch.state() is not None
    # Its card would ask for a loop that no longer exists.
    panel.comfy.close_workflow()
    panel.press("Forget")
    panel.answer("Forget")
    expect(panel.without_loops).to_be_visible()
    assert batch.state() is None
    assert len(list(batch.input.iterdir())) == len(SEVEN)


@pytest.mark.one_frontend
def test_the_report_is_downloaded(panel: SidePanel, batch: Batch, run: Callable[..., None]) -> None:
    run(batch, limit=2)
    panel.open()
    panel.choose(batch.name)
    for kind in ("JSON", "CSV"):
        with panel.page.expect_download() as download:
            panel.root.get_by_role("link", name=f"Report as {kind}").click()
        assert download.value.suggested_filename.endswith(f".{kind.lower()}")
        assert "img2.png" in download.value.path().read_text(encoding="utf-8")


def test_it_can_be_used_by_keyboard_alone(
    panel: SidePanel, batch: Batch, run: Callable[..., None]
) -> None:
    run(batch, limit=3)
    panel.open()
    keyboard = panel.page.keyboard
    panel.entry(batch.name).get_by_role("button").focus()
    keyboard.press("Enter")
    expect(panel.root.get_by_role("heading", name=batch.name)).to_be_focused()
    results = panel.root.locator(".batch-loop-path", has_text="Results: ")
    expect(results).to_contain_text(batch.name)
    for label in (
        "Run",
        "Try one image",
        "Start over",
        "Forget",
        "Report as JSON",
        "Report as CSV",
    ):
        keyboard.press("Tab")
        expect(panel.root.locator(":focus")).to_have_accessible_name(label)
    keyboard.press("Tab")
    expect(panel.root.get_by_role("tab", name="All (3)")).to_be_focused()
    keyboard.press("ArrowRight")
    expect(panel.root.get_by_role("tab", name="Failed (0)")).to_be_focused()
    keyboard.press("ArrowLeft")
    expect(panel.row("img3.png")).to_contain_text("Done")
    keyboard.press("Tab")
    expect(panel.grid).to_be_focused()
    keyboard.press("End")
    last = panel.row("img3.png").get_attribute("id")
    expect(panel.grid).to_have_attribute("aria-activedescendant", last or "the last row")
    keyboard.press("ArrowUp")
    keyboard.press("Enter")
    expect(panel.viewer).to_contain_text("img2.png")
    keyboard.press("ArrowRight")
    expect(panel.viewer).to_contain_text("3 of 3")
    keyboard.press("Escape")
    expect(panel.viewer).to_have_count(0)
    expect(panel.grid).to_be_focused()
    keyboard.press("Escape")
    expect(panel.entry(batch.name).get_by_role("button")).to_be_focused()


@pytest.mark.one_frontend
def test_the_selected_row_shows_the_whole_reason_to_who_uses_the_keyboard(
    panel: SidePanel, batch: Batch, client: ComfyClient
) -> None:
    batch.fail_on("img1.png")
    graph = batch.graph(error_handling=SKIP)
    graph["3"]["inputs"]["message"] = "the model wants another size; " * 10
    run_until_stop(client, graph)
    panel.open()
    panel.choose(batch.name)
    row = panel.row("img1.png")
    reason = row.locator(".batch-loop-item-reason")
    hidden = "one => one.scrollHeight - one.clientHeight"
    expect(reason).to_be_visible()
    assert reason.evaluate(hidden) > 0
    panel.root.get_by_role("tab", name="All (7)").focus()
    panel.page.keyboard.press("Tab")
    panel.page.keyboard.press("Home")
    expect(row).to_have_class(re.compile("batch-loop-row-active"))
    assert reason.evaluate(hidden) == 0
    shown, below = reason.bounding_box(), row.bounding_box()
    assert shown is not None
    assert below is not None
    assert shown["y"] + shown["height"] <= below["y"] + below["height"]
    panel.page.keyboard.press("End")
    expect(row).not_to_have_class(re.compile("batch-loop-row-active"))
    assert reason.evaluate(hidden) > 0


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_it_is_accessible(
    comfy: ComfyPage, panel: SidePanel, batch: Batch, run: Callable[..., None], theme: str
) -> None:
    batch.fail_on("img2.png")
    (batch.input / "img3.png").write_bytes(b"no image")
    comfy.set("Comfy.ColorPalette", theme)
    try:
        panel.open()
        assert panel.serious_violations() == []
        run(batch, error_handling=SKIP, limit=4)
        expect(panel.entry(batch.name)).to_contain_text("4 of 4, 2 failed")
        assert panel.serious_violations() == []
        panel.choose(batch.name)
        panel.wait_for_pictures(panel.row("img4.png"), 2)
        assert panel.serious_violations() == []
        panel.row("img4.png").click()
        panel.wait_for_views(2)
        assert panel.serious_violations(".batch-loop-viewer") == []
        panel.page.keyboard.press("Escape")
        panel.root.get_by_role("tab", name="Failed (2)").click()
        expect(panel.grid.get_by_role("row")).to_have_count(2)
        assert panel.serious_violations() == []
    finally:
        comfy.set("Comfy.ColorPalette", "dark")


def test_nothing_is_requested_while_nobody_is_looking(
    comfy: ComfyPage, panel: SidePanel, batch: Batch, run: Callable[..., None]
) -> None:
    panel.open()
    expect(panel.without_loops).to_be_visible()
    panel.toggle()
    expect(panel.root).to_have_count(0)
    panel.asked.clear()
    run(batch, limit=1)
    assert "loops" not in panel.asked
    panel.open()
    expect(panel.entry(batch.name)).to_contain_text("1 of 1")
    with comfy.in_background():
        panel.asked.clear()
        batch.client.run(batch.graph(limit=2))
        assert panel.asked == []
    expect(panel.entry(batch.name)).to_contain_text("2 of 2")


@pytest.mark.one_frontend
def test_of_a_hundred_thousand_images_only_those_in_view_are_requested(
    server: ComfyServer, client: ComfyClient, panel: SidePanel, batch: Batch
) -> None:
    folder = server.input / f"many-{batch.name}"
    names = small_images(folder, MANY)
    try:
        client.run(batch_graph(folder.name, folder.name))
        panel.open()
        panel.asked.clear()
        panel.choose(folder.name)
        expect(panel.grid.get_by_role("row").first).to_contain_text(names[0])
        panel.wait_for_pictures(panel.grid.get_by_role("row").first, 2)
        # Only what is in view is requested.
        rows = panel.grid.get_by_role("row").count()
        assert rows <= 40
        assert sum("/items?" in asked for asked in panel.asked) <= 2
        assert sum("/thumbnail?" in asked for asked in panel.asked) <= 2 * rows
        panel.watch_rows()
        panel.grid.hover()
        for _ in range(40):
            panel.page.mouse.wheel(0, 900)
        panel.scroll_to_the_end(60)
        expect(panel.row(names[-1])).to_be_in_viewport()
        panel.wait_for_pictures(panel.row(names[-1]), 1)
        seen = panel.rows_seen()
        assert seen["gaps"] == []
        assert seen["frames"] >= 60
        assert seen["mostRows"] <= 40
        assert sum("/items?" in asked for asked in panel.asked) <= 110
        panel.grid.focus()
        panel.page.keyboard.press("Home")
        expect(panel.grid).to_have_attribute("aria-activedescendant", "batch-loop-row-0")
        panel.page.keyboard.press("End")
        expect(panel.row(names[-1])).to_be_in_viewport()
    finally:
        shutil.rmtree(folder)
