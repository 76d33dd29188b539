"""One press of Run (Instant) processes a whole folder, whatever happens along the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from batch_loop.tests.browser.batch import DIRECTORY, ITERATOR, SAVE, SEVEN, Batch
from batch_loop.tests.browser.comfy_page import ComfyPage
from batch_loop.tests.support.graphs import node
from batch_loop.tests.support.pairs import NAMES, OTHER, met, pairs, write_both

if TYPE_CHECKING:
    from collections.abc import Callable

    from batch_loop.tools.client import ComfyClient

    Ends = Callable[..., None]

SKIP = "Skip on error"
WITHOUT_THE_THIRD = [name for name in SEVEN if name != "img3.png"]


@pytest.fixture
def ends(client: ComfyClient) -> Ends:
    """Wait until Auto Queue is off in all these tabs, and nothing is running or queued."""

    def ends(*tabs: ComfyPage) -> None:
        for comfy in tabs:
            comfy.wait_until_off()
        client.wait_until_idle()
        for comfy in tabs:
            comfy.settle()
        client.wait_until_idle()
        for comfy in tabs:
            comfy.wait_until_heard()

    return ends


def test_seven_images_are_processed_once_in_natural_order(
    comfy: ComfyPage, batch: Batch, ends: Ends
) -> None:
    comfy.load(batch.graph())
    comfy.run_instant()
    ends(comfy)
    assert batch.saved == SEVEN
    assert batch.ran == SEVEN
    assert batch.counts() == (7, 0)
    # At most one more, which the frontend had already sent and which ran nothing.
    assert comfy.submitted in (7, 8)
    comfy.toast("Batch complete: 7 done, 0 failed")
    assert comfy.toasts("Nothing to do") == 0


@pytest.mark.one_frontend
def test_pairs_of_images_end_with_the_shorter_folder(
    comfy: ComfyPage, new_batch: Callable[..., Batch], ends: Ends
) -> None:
    batch = new_batch()
    write_both(batch.input, NAMES, NAMES[:2])
    graph = pairs(batch.name)
    # As one node feeds both, the first iterator has its input before the other one runs.
    graph["20"] = node("PrimitiveString", value="pairs")
    for iterator in (ITERATOR, OTHER):
        graph[iterator]["inputs"]["loop_name"] = ["20", 0]
    comfy.load(graph)
    comfy.run_instant()
    ends(comfy)
    assert met(batch.output) == [(name, name) for name in NAMES[:2]]
    assert comfy.submitted in (2, 3)
    comfy.toast("Batch complete: 2 done, 0 failed")
    card = comfy.card()
    expect(card).to_contain_text("2 images have no partner in the other folder", timeout=20_000)
    loops = batch.client.get_json("/batch_loop/loops")["loops"]
    own = [loop for loop in loops if loop["directory"].startswith(str(batch.input))]
    counted = [(loop["name"], loop["done"], loop["pending"], loop["complete"]) for loop in own]
    assert sorted(counted) == [("pairs", 2, 0, True), ("pairs", 2, 2, True)]


def test_a_batch_count_of_three_processes_each_image_once(
    comfy: ComfyPage, batch: Batch, ends: Ends
) -> None:
    comfy.load(batch.graph())
    comfy.set_batch_count(3)
    comfy.run_instant()
    ends(comfy)
    assert batch.saved == SEVEN
    assert batch.ran == SEVEN
    comfy.toast("Batch complete: 7 done, 0 failed")
    assert comfy.toasts("Nothing to do") == 0


def test_run_may_be_pressed_for_each_image(comfy: ComfyPage, batch: Batch, ends: Ends) -> None:
    comfy.load(batch.graph(limit=2))
    for pressed in (1, 2):
        comfy.press_run()
        comfy.wait_until_submitted(pressed)
        ends(comfy)
        assert comfy.submitted == pressed
        assert batch.ran == SEVEN[:pressed]
    assert batch.saved == SEVEN[:2]
    comfy.toast("Batch complete: 2 done, 0 failed")


def test_the_old_menu_s_auto_queue_is_switched_off_too(
    comfy: ComfyPage, batch: Batch, ends: Ends
) -> None:
    batch.fail_on("img3.png")
    comfy.load(batch.graph(error_handling=SKIP))
    comfy.open_old_menu()
    comfy.run_by_old_menu()
    ends(comfy)
    assert batch.saved == WITHOUT_THE_THIRD
    assert not comfy.page.locator("#autoQueueCheckbox").is_checked()
    comfy.close_dialogs()
    comfy.open_new_menu()


def test_an_error_is_skipped(comfy: ComfyPage, batch: Batch, ends: Ends) -> None:
    batch.fail_on("img3.png")
    comfy.load(batch.graph(error_handling=SKIP))
    comfy.run_instant()
    ends(comfy)
    assert batch.saved == WITHOUT_THE_THIRD
    assert batch.counts() == (6, 1)
    comfy.toast("Batch complete: 6 done, 1 failed")
    comfy.toast("img3.png: asked to fail")
    assert comfy.submitted in (7, 8)
    # However many images fail, there is only one dialog to close.
    assert comfy.close_dialogs() <= 1


@pytest.mark.one_frontend
def test_errors_in_the_first_and_the_last_image_are_skipped(
    comfy: ComfyPage, batch: Batch, ends: Ends
) -> None:
    batch.fail_on(SEVEN[0], SEVEN[-1])
    comfy.load(batch.graph(error_handling=SKIP))
    comfy.run_instant()
    ends(comfy)
    assert batch.saved == SEVEN[1:-1]
    assert batch.counts() == (5, 2)
    comfy.toast("Batch complete: 5 done, 2 failed")


def test_errors_are_skipped_with_a_batch_count_of_three(
    comfy: ComfyPage, batch: Batch, ends: Ends
) -> None:
    batch.fail_on("img2.png", "img3.png", "img20.png")
    comfy.load(batch.graph(error_handling=SKIP))
    comfy.set_batch_count(3)
    comfy.run_instant()
    ends(comfy)
    assert batch.saved == ["img1.png", "img4.png", "img10.png", "img100.png"]
    assert batch.counts() == (4, 3)
    comfy.toast("Batch complete: 4 done, 3 failed")


def test_an_error_stops_and_run_resumes(comfy: ComfyPage, batch: Batch, ends: Ends) -> None:
    batch.fail_on("img3.png")
    comfy.load(batch.graph())
    comfy.run_instant()
    comfy.wait_for_error()
    comfy.settle()
    batch.client.wait_until_idle()
    assert batch.ran == SEVEN[:2]
    assert comfy.submitted == 3
    comfy.close_dialogs()
    batch.fail_on()
    comfy.press_run()
    ends(comfy)
    assert batch.saved == SEVEN
    assert batch.ran == SEVEN
    assert batch.counts() == (7, 0)


def test_a_refused_folder_is_corrected_and_run_pressed_once(
    comfy: ComfyPage, batch: Batch, ends: Ends
) -> None:
    comfy.load(batch.graph(directory="no such folder"))
    comfy.run_instant()
    comfy.page.wait_for_function(
        "() => app.lastNodeErrors && app.extensionManager.queueSettings.mode !== 'instant-running'"
    )
    comfy.close_dialogs()
    expect(comfy.card()).to_contain_text("does not exist")  # it asks for itself
    comfy.faults.clear()  # ComfyUI logs refused prompts there
    comfy.set_widget(ITERATOR, "directory", batch.name)
    comfy.press_run()
    comfy.wait_until_submitted(1)
    ends(comfy)
    assert batch.saved == SEVEN


def test_a_folder_that_goes_away_stops_and_run_resumes(
    open_tab: Callable[[], ComfyPage],
    batch: Batch,
    new_batch: Callable[..., Batch],
    client: ComfyClient,
    ends: Ends,
) -> None:
    comfy, other = open_tab(), open_tab()
    away = batch.input.with_name(f"{batch.name} away")
    batch.close_gate("img2.png")
    comfy.load(batch.graph())
    comfy.run_instant()
    comfy.wait_until_in_image(batch, 2)
    batch.input.rename(away)
    batch.open_gate("img2.png")
    card = comfy.card()
    expect(card).to_contain_text("The folder is gone")
    expect(card).to_contain_text("2 of 7 done. Put the folder back")
    comfy.settle()
    client.wait_until_idle()
    comfy.close_dialogs()
    comfy.faults.clear()  # ComfyUI logs refused prompts there
    away.rename(batch.input)
    comfy.choose("Run")
    # What somebody else runs has nothing to do with it.
    beside = new_batch("one.png")
    other.load(beside.graph())
    other.press_run()
    other.wait_until_submitted(1)
    ends(other)
    assert beside.saved == ["one.png"]
    assert comfy.toasts("ComfyUI left Loop End out") == 0
    comfy.run_instant()
    ends(comfy)
    assert batch.saved == SEVEN
    expect(card).to_contain_text("All 7 images done")


def test_interrupt_stops_and_run_resumes(comfy: ComfyPage, batch: Batch, ends: Ends) -> None:
    batch.close_gate("img4.png")
    comfy.load(batch.graph())
    comfy.run_instant()
    comfy.wait_until_in_image(batch, 4)
    comfy.press_interrupt()
    ends(comfy)
    assert batch.ran == SEVEN[:3]
    assert comfy.submitted == 4
    comfy.toast("Batch paused")
    batch.open_gate("img4.png")
    comfy.run_instant()
    ends(comfy)
    assert batch.saved == SEVEN
    assert batch.ran == SEVEN


@pytest.mark.parametrize("by", ["pointer", "key"])
def test_cancel_between_two_prompts_stops(
    comfy: ComfyPage, batch: Batch, ends: Ends, by: str
) -> None:
    comfy.load(batch.graph())
    with comfy.run_instant_up_to(3):
        # Nothing is running or queued, so ComfyUI has nothing to interrupt.
        batch.client.wait_until_idle()
        comfy.interrupt_by(by)
        comfy.toast("Press Continue to go on with what is left")
    ends(comfy)
    # Prompts that were on their way to the server run, but nothing after them.
    assert batch.ran == SEVEN[:3]
    assert comfy.submitted == 3
    comfy.run_instant()
    ends(comfy)
    assert batch.saved == SEVEN


def test_run_on_a_complete_batch_says_that_there_is_nothing_to_do(
    comfy: ComfyPage, batch: Batch, ends: Ends
) -> None:
    comfy.load(batch.graph())
    comfy.run_instant()
    ends(comfy)
    comfy.toast("Batch complete")
    for _ in range(2):
        before = comfy.submitted
        comfy.close_toasts()
        comfy.run_instant()
        comfy.toast("Nothing to do")
        comfy.toast("Complete: 7 of 7 done")
        ends(comfy)
        assert comfy.submitted in (before + 1, before + 2)
    assert batch.saved == SEVEN
    assert batch.ran == SEVEN


@pytest.mark.one_frontend
def test_start_over_processes_every_image_again(comfy: ComfyPage, batch: Batch, ends: Ends) -> None:
    comfy.load(batch.graph(limit=2))
    comfy.run_instant()
    ends(comfy)
    comfy.toast("Batch complete")  # what is said next takes its place
    comfy.start_over()
    comfy.toast("Press Run to begin with the first image")
    assert batch.ran == SEVEN[:2]
    comfy.run_instant()
    ends(comfy)
    assert batch.saved == SEVEN[:2] * 2
    assert batch.ran == SEVEN[:2] * 2


@pytest.mark.one_frontend
def test_start_over_works_in_a_tab_that_has_not_run_the_batch(
    open_tab: Callable[[], ComfyPage], batch: Batch, ends: Ends
) -> None:
    first, second = open_tab(), open_tab()
    first.load(batch.graph(limit=2))
    second.load(batch.graph(limit=2))
    expect(second.card().get_by_role("button", name="Start over")).to_be_disabled()
    first.run_instant()
    ends(first)
    second.start_over()
    second.toast("Press Run to begin with the first image")
    second.run_instant()
    ends(second)
    assert batch.saved == SEVEN[:2] * 2


@pytest.mark.one_frontend
def test_reset_starts_over_at_the_next_run_and_after_each_end(
    comfy: ComfyPage, batch: Batch, ends: Ends
) -> None:
    comfy.load(batch.graph(limit=2))
    comfy.run_instant()
    ends(comfy)
    comfy.set_widget(ITERATOR, "iteration_mode", "Reset")
    for runs in (2, 3):
        comfy.run_instant()
        ends(comfy)
        assert batch.saved == SEVEN[:2] * runs
        assert batch.ran == SEVEN[:2] * runs


def another_folder(batch: Batch, new_batch: Callable[..., Batch]) -> Batch:
    """A second folder, for the workflow of the first."""
    other = new_batch("a.png", "b.png")
    for name in ("a.png", "b.png"):
        # The workflow's gates are in the scratch folder of the first batch.
        batch.open_gate(name)
    return other


@pytest.mark.one_frontend
def test_each_folder_keeps_its_own_progress(
    comfy: ComfyPage, batch: Batch, new_batch: Callable[..., Batch], ends: Ends
) -> None:
    other = another_folder(batch, new_batch)
    batch.close_gate("img3.png")
    comfy.load(batch.graph())
    comfy.run_instant()
    comfy.wait_until_in_image(batch, 3)
    comfy.press_interrupt()
    ends(comfy)
    comfy.set_widget(ITERATOR, "directory", other.name)
    comfy.run_instant()
    ends(comfy)
    assert other.counts() == (2, 0)
    comfy.set_widget(ITERATOR, "directory", batch.name)
    batch.open_gate("img3.png")
    comfy.run_instant()
    ends(comfy)
    assert batch.counts() == (7, 0)
    assert batch.ran == [*SEVEN[:2], "a.png", "b.png", *SEVEN[2:]]


def test_run_on_another_folder_goes_on_after_the_end_of_the_first(
    comfy: ComfyPage, batch: Batch, new_batch: Callable[..., Batch], ends: Ends
) -> None:
    other = another_folder(batch, new_batch)
    batch.close_gate("img2.png")
    comfy.load(batch.graph(limit=2))
    comfy.run_instant()
    comfy.wait_until_in_image(batch, 2)
    comfy.wait_until_submitted(2)
    expect(comfy.card()).to_contain_text("Image 2 of 2")
    comfy.set_widget(ITERATOR, "directory", other.name)
    expect(comfy.card()).to_contain_text("2 images")
    comfy.run_instant()
    comfy.wait_until_submitted(3)
    batch.open_gate("img2.png")
    ends(comfy)
    assert batch.counts() == (2, 0)
    assert other.counts() == (2, 0)


@pytest.mark.one_frontend
def test_start_over_applies_to_the_folder_that_the_node_shows(
    comfy: ComfyPage, batch: Batch, new_batch: Callable[..., Batch], ends: Ends
) -> None:
    other = new_batch("a.png")
    batch.open_gate("a.png")
    comfy.load(batch.graph(limit=2))
    comfy.run_instant()
    ends(comfy)
    comfy.set_widget(ITERATOR, "directory", other.name)
    comfy.run_instant()
    ends(comfy)
    comfy.set_widget(ITERATOR, "directory", batch.name)
    expect(comfy.card()).to_contain_text("All 2 images done")
    comfy.toast("Batch complete")
    comfy.start_over()
    comfy.toast("Press Run to begin with the first image")
    assert batch.counts() == (0, 0)
    assert other.counts() == (1, 0)


def test_two_tabs_share_a_folder(
    open_tab: Callable[[], ComfyPage], batch: Batch, ends: Ends
) -> None:
    tabs = open_tab(), open_tab()
    batch.close_gate("img1.png")
    batch.close_gate("img3.png")
    for comfy in tabs:
        comfy.load(batch.graph())
        comfy.run_instant()
        comfy.wait_until_submitted(1)
    batch.open_gate("img1.png")
    for comfy in tabs:
        comfy.wait_until_submitted(2)
    batch.open_gate("img3.png")
    ends(*tabs)
    assert batch.saved == SEVEN
    assert batch.ran == SEVEN


@pytest.mark.one_frontend
def test_two_tabs_with_two_loop_names_each_process_every_image(
    open_tab: Callable[[], ComfyPage], batch: Batch, ends: Ends
) -> None:
    tabs = {"one": open_tab(), "two": open_tab()}
    batch.close_gate("img1.png")
    for name, comfy in tabs.items():
        comfy.load(batch.graph(loop_name=name, limit=3))
        comfy.run_instant()
        comfy.wait_until_submitted(1)
    batch.open_gate("img1.png")
    ends(*tabs.values())
    assert sorted(batch.saved) == sorted(SEVEN[:3] * 2)
    assert sorted(batch.ran) == sorted(SEVEN[:3] * 2)
    for name, comfy in tabs.items():
        assert batch.counts(name) == (3, 0)
        comfy.toast("Batch complete: 3 done, 0 failed")


def test_the_nodes_work_inside_a_subgraph(comfy: ComfyPage, batch: Batch, ends: Ends) -> None:
    batch.fail_on("img3.png")
    graph = batch.graph(error_handling=SKIP)
    comfy.load(graph)
    comfy.convert_to_subgraph(list(graph))
    comfy.run_instant()
    ends(comfy)
    assert batch.saved == WITHOUT_THE_THIRD
    comfy.toast("Batch complete: 6 done, 1 failed")
    comfy.close_dialogs()
    batch.fail_on()
    comfy.enter_subgraph()
    comfy.start_over()
    comfy.toast("Press Run to begin with the first image")
    comfy.run_instant()
    ends(comfy)
    assert batch.saved == WITHOUT_THE_THIRD + SEVEN


@pytest.mark.one_frontend
def test_the_directory_may_come_from_another_node(
    comfy: ComfyPage, batch: Batch, new_batch: Callable[..., Batch], ends: Ends
) -> None:
    other = new_batch("a.png", "b.png")
    for name in ("a.png", "b.png"):
        batch.open_gate(name)
    comfy.load(batch.graph(linked=True, limit=2))
    comfy.press_button("Start over")
    comfy.toast("Run the workflow once first")
    comfy.run_instant()
    ends(comfy)
    assert batch.saved == SEVEN[:2]
    comfy.toast("Batch complete")
    comfy.start_over()
    comfy.toast("Press Run to begin with the first image")
    comfy.run_instant()
    ends(comfy)
    assert batch.saved == SEVEN[:2] * 2
    comfy.set_widget(DIRECTORY, "value", other.name)
    comfy.run_instant()
    ends(comfy)
    assert batch.saved == [*SEVEN[:2], *SEVEN[:2], "a.png", "b.png"]


@pytest.mark.one_frontend
def test_files_may_come_and_go_during_a_run(comfy: ComfyPage, batch: Batch, ends: Ends) -> None:
    batch.close_gate("img4.png")
    comfy.load(batch.graph())
    comfy.run_instant()
    comfy.wait_until_in_image(batch, 4)
    batch.add("img0.png")
    (batch.input / "img1.png").unlink()
    batch.open_gate("img4.png")
    ends(comfy)
    # Images that came late are last: the order was fixed when the batch began.
    assert batch.saved == [*SEVEN, "img0.png"]
    assert batch.ran == [*SEVEN, "img0.png"]


@pytest.mark.one_frontend
def test_an_image_whose_save_fails_after_loop_end_is_not_done(
    comfy: ComfyPage, batch: Batch, ends: Ends
) -> None:
    graph = batch.graph()
    graph[SAVE] = {
        "class_type": "BatchLoopSaveImage",
        "inputs": {
            "image": ["5", 0],
            "loop": ["8", 0],
            "folder": batch.name,
            "prefix": "",
            "suffix": "",
            "format": "PNG",
            "quality": 95,
            "if_exists": "overwrite",
            "keep_subfolders": True,
            "embed_workflow": True,
            "keep_metadata": True,
        },
    }
    # A folder where the result should go.
    in_the_way = batch.output / "img3.png"
    in_the_way.mkdir()
    comfy.load(graph)
    comfy.run_instant()
    comfy.wait_for_error()
    comfy.settle()
    batch.client.wait_until_idle()
    assert batch.counts() == (2, 0)
    comfy.close_dialogs()
    in_the_way.rmdir()
    comfy.press_run()
    ends(comfy)
    assert batch.counts() == (7, 0)
    assert sorted(path.name for path in batch.output.iterdir()) == sorted(SEVEN)


def test_the_button_is_not_saved_with_the_workflow(comfy: ComfyPage, batch: Batch) -> None:
    graph = batch.graph(start_index=1, limit=2, loop_name="mine")
    comfy.load(graph)
    saved = comfy.saved_widgets("BatchLoopDirectoryIterator")
    assert "Start over" not in saved
    assert None not in saved
    comfy.reload_workflow()
    assert comfy.saved_widgets("BatchLoopDirectoryIterator") == saved
    prompt = comfy.page.evaluate("app.graphToPrompt().then(({output}) => output)")
    assert prompt[ITERATOR]["inputs"] == graph[ITERATOR]["inputs"]


def test_a_part_of_the_workflow_finishes_no_image(
    comfy: ComfyPage, batch: Batch, ends: Ends
) -> None:
    graph = batch.graph(error_handling=SKIP)
    # An output that ComfyUI drops.
    two = {"class_type": "ImageBatch", "inputs": {"image1": ["5", 0]}}
    other = {"class_type": "SaveImage", "inputs": {"images": ["11", 0], "filename_prefix": "no"}}
    comfy.load({**graph, "11": two, "12": other})
    comfy.run_instant()
    comfy.wait_for_error()
    said = comfy.page.evaluate("app.lastExecutionError.exception_message")
    assert "outputs that need the image from this run: Save Image #12. " in said
    assert "#11: Required input is missing: image2" in said
    comfy.settle()
    batch.client.wait_until_idle()
    assert comfy.submitted <= 2
    comfy.close_dialogs()
    # Loop End is dropped too, and something else runs.
    none = {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "color": 0}}
    beside = {"class_type": "PreviewImage", "inputs": {"images": ["11", 0]}}
    without_image = {**graph, "11": none, "12": beside}
    without_image["3"] = {**graph["3"], "inputs": {"filename": [ITERATOR, 3], "fail_list": ""}}
    comfy.load(without_image)
    comfy.run_instant()
    comfy.toast("ComfyUI left Loop End out")
    comfy.toast("#3: Required input is missing: image")
    ends(comfy)
    comfy.close_dialogs()
    # The user runs only a part.
    assert batch.state() is None
    comfy.load(graph)
    comfy.page.evaluate("id => app.queuePrompt(0, 1, [id])", SAVE)
    comfy.toast("Only a part of the workflow ran")
    comfy.toast("img1.png is still to be done")
    ends(comfy)
    assert batch.saved == SEVEN[:1]
    assert batch.counts() == (0, 0)
