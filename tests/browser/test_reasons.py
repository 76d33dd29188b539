"""Why a node failed or was refused, on pages that show it themselves and on those that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from batch_loop.tests.browser.films import ITERATOR, SAVE
from batch_loop.tests.support.films import make_film
from batch_loop.tests.support.graphs import node
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.graphs import filled_in

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from batch_loop.tests.browser.batch import Batch
    from batch_loop.tests.browser.comfy_page import ComfyPage
    from batch_loop.tests.browser.films import Films

FRAMES = "BatchLoopFrameIterator"
ERRORS_TAB = "Comfy.RightSidePanel.ShowErrorsTab"
PANEL_OPEN = "Comfy.RightSidePanel.IsOpen"


def place_of_reason(comfy: ComfyPage) -> Locator:
    """Where a person reads why: a notice of the pack where ComfyUI's own window does not open."""
    notice = comfy.page.locator(".batch-loop-notice-error")
    return notice if comfy.get(ERRORS_TAB) else comfy.page.locator("[role=dialog], .p-dialog")


def test_a_film_that_is_refused_as_it_runs_says_why(comfy: ComfyPage, films: Films) -> None:
    make_film(films.input / "film.mp4", frames=1)
    given = {"film": f"{films.name}/film.mp4", "frames": 1, "overlap": 0}
    graph = films.graph(FRAMES, 1, "BatchLoopSaveImage", **given)
    del graph[SAVE]
    graph["end"] = node("BatchLoopLoopEnd", loop=[ITERATOR, 0], after=[ITERATOR, 1])
    graph["complete"] = node("BatchLoopBatchComplete", loop=["end", 0])
    to = {"complete": ["complete", 0], "loop": ["end", 0], "folder": films.name}
    graph["film"] = node("BatchLoopAssembleVideo", **to)
    films.open(comfy, filled_in(films.client, graph))
    comfy.press_button("Run", FRAMES)
    reason = place_of_reason(comfy).filter(has_text="No video was made")
    expect(reason).to_have_count(1)
    if comfy.get(ERRORS_TAB):
        colours = "one => (({ borderLeftColor, color }) => [borderLeftColor, color])"
        border, text = reason.evaluate(f"{colours}(getComputedStyle(one))")
        assert border != text, "an error is not told in the colour of other messages"
        comfy.wait_until("isBelowToasts")
    comfy.wait_until_off()
    films.client.wait_until_idle()
    comfy.close_dialogs()


def test_a_run_that_is_refused_says_why_until_it_is_accepted(
    comfy: ComfyPage, batch: Batch
) -> None:
    comfy.load(batch.graph(directory="no such folder"))
    comfy.press_run()
    reason = place_of_reason(comfy).filter(has_text="does not exist")
    expect(reason).to_have_count(1)
    comfy.close_dialogs()
    comfy.faults.clear()  # ComfyUI logs refused prompts there
    comfy.set_directory(batch.name)
    comfy.press_run()
    comfy.wait_until_submitted(1)
    expect(reason).to_have_count(0)


def test_a_batch_that_is_refused_in_the_middle_is_told_to_have_stopped(
    comfy: ComfyPage, batch: Batch
) -> None:
    batch.close_gate("img2.png")
    comfy.load(batch.graph())
    comfy.press_button("Run")
    wait_for(lambda: len(batch.saved) == 1, "no image was done")
    away = batch.input.with_name(f"{batch.name} away")
    batch.input.rename(away)
    batch.open_gate("img2.png")
    reason = place_of_reason(comfy).filter(has_text="does not exist")
    expect(reason).to_have_count(1)
    comfy.wait_until_off()
    if comfy.get(ERRORS_TAB):
        expect(reason).to_contain_text("Batch stopped: ComfyUI refuses its workflow")
        expect(reason).not_to_contain_text("Nothing was run")
    comfy.close_dialogs()
    comfy.faults.clear()  # ComfyUI logs refused prompts there
    away.rename(batch.input)


def test_the_side_panel_of_the_page_lists_no_card(comfy: ComfyPage, batch: Batch) -> None:
    comfy.load(batch.graph())
    expect(comfy.card()).to_contain_text("7 images")
    comfy.page.evaluate("app.canvas.selectNode(app.graph.nodes[0])")
    if comfy.get(PANEL_OPEN) is not None:
        comfy.set(PANEL_OPEN, value=True)
        panel = comfy.page.get_by_test_id("properties-panel")
        expect(panel).to_contain_text("sort_by")
        expect(panel).not_to_contain_text("batch_loop_")
        comfy.set(PANEL_OPEN, value=False)
    expect(comfy.card()).to_be_visible()
