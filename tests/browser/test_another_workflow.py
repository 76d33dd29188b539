"""A batch's Run (Instant) runs the batch's workflow, whichever workflow is on the screen."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Dialog, expect

from batch_loop.tests.browser.batch import ITERATOR, SEVEN, Batch
from batch_loop.tests.browser.comfy_page import TOASTS, ComfyPage
from batch_loop.tests.support.graphs import node
from batch_loop.tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Route

    from batch_loop.tools.client import ComfyClient

# In the way in which each frontend draws nodes by itself.
pytestmark = [pytest.mark.usefixtures("renderer"), pytest.mark.one_renderer]

GOES_ON = "The batch goes on"
COLOUR = 0x123456
SEED = "30"

OTHER = {
    ITERATOR: node("EmptyImage", width=16, height=16, batch_size=1, color=COLOUR),
    "2": node("PreviewImage", images=[ITERATOR, 0]),
}
"""A workflow without a batch, one of whose ids is Directory Iterator's in the other."""


@pytest.fixture
def third(comfy: ComfyPage, batch: Batch) -> Batch:
    """A batch that Run (Instant) has brought to its third image, where it waits."""
    batch.close_gate("img3.png")
    comfy.load(batch.graph())
    comfy.run_instant()
    comfy.wait_until_in_image(batch, 3)
    return batch


def finish(comfy: ComfyPage, batch: Batch) -> None:
    """Let the workflow go on, and wait for the end of the batch."""
    batch.open_gate("img3.png")
    comfy.toast("Batch complete: 7 done, 0 failed")
    batch.client.wait_until_idle()
    comfy.settle()
    batch.client.wait_until_idle()
    assert batch.saved == SEVEN
    assert batch.ran == SEVEN


def prompts(client: ComfyClient) -> list[dict[str, Any]]:
    """The prompts that have run, in order."""
    entries = client.get_json("/history").values()
    return [entry["prompt"][2] for entry in sorted(entries, key=lambda entry: entry["prompt"][0])]


def others(client: ComfyClient) -> int:
    """How many of the prompts that have run are of the other workflow."""
    kinds = [prompt.get(ITERATOR, {}).get("class_type") for prompt in prompts(client)]
    return len(kinds) - kinds.count("BatchLoopDirectoryIterator")


def test_another_workflow_is_opened(comfy: ComfyPage, third: Batch) -> None:
    comfy.load(OTHER, "other")
    comfy.toast(GOES_ON)
    finish(comfy, third)
    assert others(third.client) == 0
    assert comfy.toasts(GOES_ON) == 0


@pytest.mark.parametrize("leave", ["new", "closed", "dropped", "duplicate"])
def test_the_batch_s_workflow_is_left(comfy: ComfyPage, third: Batch, leave: str) -> None:
    comfy.leave_workflow(leave, OTHER)
    comfy.toast(GOES_ON)
    if leave == "closed":
        comfy.press_in_notice("Back to the batch's workflow")
        expect(comfy.page.get_by_text(GOES_ON)).to_have_count(0)
    finish(comfy, third)
    assert others(third.client) == 0


def test_a_workflow_that_is_left_while_it_is_sent_is_still_in_its_tab(
    comfy: ComfyPage, batch: Batch
) -> None:
    comfy.load(batch.graph())
    here = comfy.page.evaluate_handle("app.extensionManager.workflow.activeWorkflow")
    with comfy.run_instant_up_to(3):
        comfy.page.evaluate(
            "app.graph._nodes[0].title = 'changed just before';"
            "window.dispatchEvent(new MouseEvent('mouseup'));"
            "void app.extensionManager.command.execute('Comfy.NewBlankWorkflow')"
        )
        # Newer frontends look once more 50 ms after a change: this timer ends after theirs.
        comfy.page.evaluate("new Promise((done) => setTimeout(done, 100))")
    comfy.toast("Batch complete: 7 done, 0 failed")
    comfy.page.evaluate("app.extensionManager.command.execute('Workspace.PreviousOpenedWorkflow')")
    comfy.page.wait_for_function(
        "here => app.extensionManager.workflow.activeWorkflow === here", arg=here
    )
    titles = comfy.page.evaluate("app.graph._nodes.map(({ title }) => title)")
    assert len(titles) == len(batch.graph())
    assert titles[0] == "changed just before"
    expect(comfy.card()).to_contain_text("All 7 images done")


def test_a_workflow_is_left_though_each_prompt_has_ended_before_its_answer(
    comfy: ComfyPage, batch: Batch
) -> None:
    batch.close_gate("img3.png")
    comfy.load(batch.graph())
    with comfy.answers_late(first=3):
        comfy.run_instant()
        batch.wait_until_in_image(3)
        comfy.page.evaluate("void app.extensionManager.command.execute('Comfy.NewBlankWorkflow')")
        batch.open_gate("img3.png")
        comfy.toast(GOES_ON)
        comfy.toast("Batch complete: 7 done, 0 failed")
        comfy.settle()
    assert (batch.ran, others(batch.client)) == (SEVEN, 0)


def test_the_seed_goes_on_and_the_way_back_is_a_click(comfy: ComfyPage, batch: Batch) -> None:
    for name in ("img3.png", "img10.png"):
        batch.close_gate(name)
    graph = batch.graph()
    graph[SEED] = node("PrimitiveInt", value=5)
    comfy.load(graph)
    comfy.call("setControl", SEED, "increment")
    comfy.run_instant()
    comfy.wait_until_in_image(batch, 3)
    # Of the same name, which newer frontends open in the same tab.
    comfy.load(OTHER, "batch")
    comfy.toast(GOES_ON)
    batch.open_gate("img3.png")
    comfy.wait_until_in_image(batch, 5)
    assert comfy.mode == "disabled"
    comfy.press_in_notice("Back to the batch's workflow")
    expect(comfy.page.get_by_text(GOES_ON)).to_have_count(0)
    comfy.page.wait_for_function("() => app.extensionManager.queueSettings.mode !== 'disabled'")
    expect(comfy.card()).to_contain_text("Image 5 of 7")
    batch.open_gate("img10.png")
    finish(comfy, batch)
    seeds = [prompt[SEED]["inputs"]["value"] for prompt in prompts(batch.client)]
    assert seeds == list(range(5, 5 + len(seeds)))


def test_somebody_runs_another_workflow_in_between(comfy: ComfyPage, third: Batch) -> None:
    comfy.load(OTHER, "other")
    comfy.toast(GOES_ON)
    comfy.press_run()
    comfy.wait_until_submitted(4)
    finish(comfy, third)
    assert others(third.client) == 1


def test_cancel_of_another_workflow_leaves_the_batch_alone(
    comfy: ComfyPage, third: Batch, new_batch: Callable[..., Batch]
) -> None:
    beside = new_batch("one.png")
    beside.close_gate("one.png")
    comfy.load(beside.graph(), "beside")
    comfy.toast(GOES_ON)
    comfy.press_run()
    comfy.wait_until_submitted(4)
    third.close_gate("img4.png")
    third.open_gate("img3.png")
    comfy.wait_until_in_image(beside, 1)
    comfy.press_interrupt()
    third.open_gate("img4.png")
    finish(comfy, third)
    assert beside.counts() == (0, 0)


def test_another_batch_runs_beside_it_and_pauses_by_itself(
    comfy: ComfyPage, third: Batch, new_batch: Callable[..., Batch]
) -> None:
    beside = new_batch(*SEVEN[:3])
    beside.close_gate(SEVEN[1])
    comfy.load(beside.graph(), "beside")
    comfy.toast(GOES_ON)
    comfy.press_button("Run")
    third.open_gate("img3.png")
    comfy.wait_until_in_image(beside, 2)
    comfy.press_button("Pause")
    comfy.wait_until_off()
    beside.wait_until_taken_back()
    beside.open_gate(SEVEN[1])
    comfy.toast("Batch complete: 7 done, 0 failed")
    third.client.wait_until_idle()
    assert (third.ran, beside.ran) == (SEVEN, SEVEN[:2])
    comfy.press_button("Continue")
    comfy.toast("Batch complete: 3 done, 0 failed")
    comfy.wait_until_off()
    assert beside.saved == SEVEN[:3]


def test_a_fault_in_another_workflow_stops_nothing(
    comfy: ComfyPage, third: Batch, new_batch: Callable[..., Batch]
) -> None:
    graph = new_batch("one.png").graph()
    end = next(each for each in graph.values() if each["class_type"] == "BatchLoopLoopEnd")
    scale = {"upscale_method": "no such", "width": 8, "height": 8, "crop": "disabled"}
    graph["77"] = node("ImageScale", image=[ITERATOR, 1], **scale)
    end["inputs"]["after"] = ["77", 0]
    comfy.load(graph, "other")
    comfy.toast(GOES_ON)
    comfy.press_run()
    comfy.toast("ComfyUI left Loop End out")
    comfy.close_dialogs()
    finish(comfy, third)
    comfy.faults.clear()


def test_a_prompt_that_does_not_get_through_is_sent_again(comfy: ComfyPage, third: Batch) -> None:
    comfy.load(OTHER, "other")
    comfy.toast(GOES_ON)

    def lose(route: Route) -> None:
        route.fulfill(status=502, content_type="text/html", body="<html>Bad gateway</html>")

    comfy.page.route("**/prompt", lose)
    third.open_gate("img3.png")
    comfy.toast("Batch: sending again")
    comfy.page.unroute("**/prompt", lose)
    finish(comfy, third)
    comfy.faults.clear()  # the browser logs what did not get through there


def test_a_workflow_that_the_page_cannot_send_waits(comfy: ComfyPage, batch: Batch) -> None:
    batch.close_gate("img3.png")
    comfy.load(batch.graph())
    # As if it worked for the user's account only: a page has no access to that.
    with comfy.needs_account("TestRecord"):
        comfy.run_instant()
        comfy.wait_until_in_image(batch, 3)
        comfy.load(OTHER, "other")
        comfy.toast("The batch waits")
        batch.open_gate("img3.png")
        batch.client.wait_until_idle()
        comfy.settle()
        batch.client.wait_until_idle()
        assert batch.ran == SEVEN[:3]
        comfy.press_in_notice("Back to the batch's workflow")
        finish(comfy, batch)
    assert others(batch.client) == 0


def test_what_comfyui_refuses_meanwhile_is_said(comfy: ComfyPage, third: Batch) -> None:
    comfy.load(OTHER, "other")
    comfy.toast(GOES_ON)
    third.input.rename(third.input.with_name(f"{third.name} away"))
    third.open_gate("img3.png")
    comfy.toast("ComfyUI refuses its workflow")
    comfy.toast("does not exist")
    third.client.wait_until_idle()
    assert others(third.client) == 0
    comfy.faults.clear()  # the browser logs refused prompts there


def test_a_subgraph_and_an_edit_are_no_other_workflow(comfy: ComfyPage, batch: Batch) -> None:
    batch.close_gate("img3.png")
    graph = batch.graph()
    comfy.load(graph)
    comfy.convert_to_subgraph([*graph][1:-3])
    comfy.run_instant()
    comfy.wait_until_in_image(batch, 3)
    comfy.enter_subgraph()
    comfy.page.evaluate(
        "app.canvas.graph.nodes.find(({ type }) => type === 'TestRecord').title = 'x'"
    )
    finish(comfy, batch)
    assert comfy.toasts(GOES_ON) == 0


def test_the_page_says_so_before_it_is_closed_in_a_batch(comfy: ComfyPage, batch: Batch) -> None:
    asks = "() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    comfy.set("Comfy.Window.UnloadConfirmation", value=False)
    batch.close_gate("img3.png")
    comfy.load(batch.graph())
    assert not comfy.page.evaluate(asks)
    comfy.run_instant()
    comfy.wait_until_in_image(batch, 3)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    comfy.page.once("dialog", stay)
    comfy.page.evaluate("void setTimeout(() => location.reload())")
    notice = comfy.toast("A batch runs from this page")
    assert asked == ["beforeunload"]
    expect(notice).to_contain_text(re.compile(r'batch-loop run "?batch.*\.json"? --server'))
    finish(comfy, batch)
    assert not comfy.page.evaluate(asks)
    assert comfy.toasts("A batch runs from this page") == 0
    comfy.set("Comfy.Window.UnloadConfirmation", value=True)


def test_the_machine_stays_awake_until_the_end(comfy: ComfyPage, batch: Batch) -> None:
    batch.close_gate("img3.png")
    comfy.load(batch.graph())
    comfy.call("watchWakeLock")
    comfy.run_instant()
    comfy.wait_until_in_image(batch, 3)
    wait_for_wake_locks(comfy, held=1, page=1)
    comfy.load(OTHER, "other")
    comfy.toast(GOES_ON)
    wait_for_wake_locks(comfy, held=1, page=1)
    finish(comfy, batch)
    wait_for_wake_locks(comfy, held=0, page=0)


def wait_for_wake_locks(comfy: ComfyPage, *, held: int, page: int) -> None:
    """Wait until so many locks are held, of the screen and of the page; asked for but once."""
    comfy.page.wait_for_function(
        "async (expected) => JSON.stringify(await batchLoopTools.wakeLocks()) === expected",
        arg=json.dumps({"asked": 1, "held": held, "page": page}, separators=(",", ":")),
    )


@pytest.mark.one_frontend
def test_only_one_tab_of_a_browser_runs_a_batch(comfy: ComfyPage, third: Batch) -> None:
    other = ComfyPage(comfy.page.context.new_page(), comfy.url)
    other.open()
    other.load(third.graph())
    expect(other.card()).to_contain_text("img3.png")
    expect(other.card()).to_contain_text("Runs in another tab.")
    expect(comfy.card()).not_to_contain_text("Runs in another tab.")
    other.press_button("Continue")
    other.toast("This batch already runs in another tab")
    assert other.submitted == 0
    other.close_toasts()
    other.run_instant()
    other.wait_until_submitted(1)
    third.close_gate("img4.png")
    third.open_gate("img3.png")
    other.toast("This batch already runs in another tab")
    other.wait_until_off()
    third.open_gate("img4.png")
    finish(comfy, third)
    assert other.submitted == 1
    expect(other.card()).to_contain_text("All 7 images done")
    expect(other.card()).not_to_contain_text("Runs in another tab.")
    untrue = other.page.locator(".batch-loop-notice").filter(has_text="already runs in another tab")
    expect(untrue).to_have_count(0)
    assert other.faults == []
    other.page.close()


def test_continue_of_a_folder_that_was_left_runs_no_other_workflow(
    comfy: ComfyPage, third: Batch, new_batch: Callable[..., Batch]
) -> None:
    other = new_batch("a.png")
    third.open_gate("a.png")  # the workflow's gates are the first folder's
    comfy.press_interrupt()
    comfy.toast("Batch paused")
    third.client.wait_until_idle()
    third.open_gate("img3.png")
    comfy.set_directory(other.name)
    expect(comfy.card()).to_contain_text("1 image")
    comfy.press_button("Run")
    comfy.toast("Batch complete: 1 done, 0 failed")
    comfy.load(OTHER, "other")
    for _ in range(2):
        comfy.press_in_notice("Continue")
        comfy.toast("Open the workflow of this batch, with its folder, first.")
    comfy.settle()
    third.client.wait_until_idle()
    assert others(third.client) == 0
    assert third.ran == [*SEVEN[:2], "a.png"]


def test_run_on_change_chosen_in_mid_batch_ends_the_batch(comfy: ComfyPage, third: Batch) -> None:
    comfy.choose("Run (On Change)")
    third.open_gate("img3.png")
    third.client.wait_until_idle()
    comfy.load(OTHER, "other")
    comfy.settle()
    third.client.wait_until_idle()
    assert third.ran == SEVEN[:3]
    assert comfy.toasts(GOES_ON) == 0


def test_a_watched_folder_goes_on_too(comfy: ComfyPage, new_batch: Callable[..., Batch]) -> None:
    batch = new_batch("one.png")
    comfy.load(batch.graph(when_complete="Watch"))
    comfy.run_instant()
    comfy.toast("Watching")
    comfy.wait_until_off()
    comfy.settle()
    batch.client.wait_until_idle()
    comfy.load(OTHER, "other")
    batch.add("two.png")
    wait_for(lambda: batch.ran == ["one.png", "two.png"], "the new image to be processed", 60)
    # It watches again, and there is nothing to go back for.
    expect(comfy.page.get_by_text(GOES_ON)).to_have_count(0)
    batch.client.wait_until_idle()
    assert others(batch.client) == 0
    comfy.interrupt_by("key")
    expect(comfy.page.locator(TOASTS).filter(has_text="Watching")).to_have_count(0)
