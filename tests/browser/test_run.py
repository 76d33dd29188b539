"""Run, Pause and Continue in Directory Iterator's card and in the panel, and trying one image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from batch_loop.tests.browser.batch import SEVEN, Batch
from batch_loop.tests.browser.comfy_page import ComfyPage
from batch_loop.tests.browser.side_panel import SidePanel

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Route

ACTIONS = ["run", "tryOne", "choose", "startOver"]
"""The buttons of the card that have a fixed place."""


pytestmark = pytest.mark.usefixtures("renderer")


def pause_in_the_second_image(comfy: ComfyPage, batch: Batch) -> None:
    """Run, and press Pause while the second image is held by its gate."""
    batch.close_gate(SEVEN[1])
    comfy.load(batch.graph())
    comfy.press_button("Run")
    comfy.wait_until_in_image(batch, 2)
    comfy.press_button("Pause")
    comfy.wait_until_off()
    batch.wait_until_taken_back()


def action(comfy: ComfyPage, name: str) -> Locator:
    """A button of Directory Iterator's card."""
    return comfy.card().locator(f"[data-action={name}]")


def test_run_pause_and_continue_do_the_whole_folder(comfy: ComfyPage, batch: Batch) -> None:
    pause_in_the_second_image(comfy, batch)
    expect(action(comfy, "run")).to_have_text("Continue")
    expect(comfy.card()).to_contain_text("Pausing after this image…")
    panel = SidePanel(comfy)
    panel.open()
    panel.choose(batch.name)
    expect(panel.summary).to_contain_text("Pausing after this image…")
    batch.open_gate(SEVEN[1])
    expect(panel.summary).not_to_contain_text("Pausing")
    panel.toggle()
    batch.client.wait_until_idle()
    comfy.settle()
    batch.client.wait_until_idle()
    assert batch.ran == SEVEN[:2]
    expect(comfy.card()).to_contain_text("Paused: 5 images left")
    expect(comfy.card()).to_contain_text("Press Continue to go on.")
    expect(comfy.card()).not_to_contain_text("Pausing")
    comfy.press_button("Continue")
    comfy.toast("Batch complete: 7 done, 0 failed")
    comfy.wait_until_off()
    assert batch.saved == SEVEN
    assert batch.ran == SEVEN
    expect(action(comfy, "run")).to_have_text("Run")


def test_after_an_error_each_press_of_run_is_one_run_again(comfy: ComfyPage, batch: Batch) -> None:
    batch.fail_on(SEVEN[0])
    comfy.load(batch.graph())
    comfy.press_button("Run")
    comfy.wait_for_error()
    comfy.wait_until_off()
    expect(action(comfy, "run")).to_have_text("Continue")
    comfy.close_dialogs()
    batch.fail_on()
    comfy.press_button("Continue")
    comfy.toast("Batch complete: 7 done, 0 failed")
    comfy.wait_until_off()
    assert batch.ran == SEVEN


@pytest.mark.one_renderer
def test_after_an_error_run_instant_stays_chosen_where_a_person_has_chosen_it(
    comfy: ComfyPage, batch: Batch
) -> None:
    batch.close_gate("img1.png")
    batch.fail_on("img2.png")
    comfy.load(batch.graph())
    comfy.press_button("Run")
    comfy.wait_until_in_image(batch, 1)
    comfy.choose("Run")
    comfy.run_instant()
    batch.open_gate("img1.png")
    comfy.wait_for_error()
    comfy.settle()
    comfy.close_dialogs()
    comfy.page.wait_for_function(
        "() => ['instant', 'instant-idle'].includes(app.extensionManager.queueSettings.mode)"
    )


def test_trying_one_image_counts_nothing(comfy: ComfyPage, batch: Batch) -> None:
    comfy.load(batch.graph())
    for number in (1, 2):
        comfy.press_button("Try one image")
        comfy.wait_until_submitted(number)
        batch.client.wait_until_idle()
        expect(comfy.card()).to_contain_text(f"Tried: {SEVEN[0]}")
        expect(comfy.card()).to_contain_text("Nothing was counted or kept.")
    assert set(batch.ran) == {SEVEN[0]}
    assert batch.state() is None
    expect(action(comfy, "run")).to_have_text("Run")
    comfy.press_button("Run")
    comfy.toast("Batch complete: 7 done, 0 failed")
    comfy.wait_until_off()
    assert batch.ran[-len(SEVEN) :] == SEVEN


@pytest.mark.one_renderer
def test_trying_one_image_runs_no_more_where_run_instant_is_chosen(
    comfy: ComfyPage, batch: Batch
) -> None:
    comfy.load(batch.graph())
    comfy.choose("Run (Instant)")
    chosen = comfy.mode
    comfy.press_button("Try one image")
    expect(comfy.card()).to_contain_text(f"Tried: {SEVEN[0]}")
    comfy.page.wait_for_function(
        "mode => app.extensionManager.queueSettings.mode === mode", arg=chosen
    )
    comfy.settle()
    batch.client.wait_until_idle()
    assert (comfy.submitted, batch.ran, batch.state()) == (1, SEVEN[:1], None)
    comfy.press_button("Run")
    comfy.toast("Batch complete: 7 done, 0 failed")
    comfy.wait_until_off()
    assert batch.ran == [SEVEN[0], *SEVEN]


@pytest.mark.one_renderer
def test_trying_one_image_runs_no_more_where_the_old_menu_s_checkbox_is_set(
    comfy: ComfyPage, batch: Batch
) -> None:
    comfy.load(batch.graph())
    comfy.open_old_menu()
    comfy.page.get_by_label("Extra options").check()
    checkbox = comfy.page.locator("#autoQueueCheckbox")
    checkbox.check()
    comfy.press_button("Try one image")
    expect(comfy.card()).to_contain_text(f"Tried: {SEVEN[0]}")
    expect(checkbox).to_be_checked()
    comfy.settle()
    batch.client.wait_until_idle()
    assert (comfy.submitted, batch.ran, batch.state()) == (1, SEVEN[:1], None)
    comfy.press_button("Run")
    comfy.toast("Batch complete: 7 done, 0 failed")
    comfy.wait_until_off()
    assert batch.ran == [SEVEN[0], *SEVEN]
    comfy.open_new_menu()


def test_the_image_to_try_is_chosen_by_its_name_and_by_keyboard(
    comfy: ComfyPage, batch: Batch
) -> None:
    comfy.load(batch.graph())
    comfy.press_button("Choose the image to try")
    window = comfy.page.get_by_role("dialog", name="Choose the image to try")
    images = window.get_by_role("listitem")
    expect(images).to_have_count(len(SEVEN))
    comfy.page.wait_for_function(
        "window => [...window.querySelectorAll('img')].every((each) => each.naturalWidth > 0)",
        arg=window.element_handle(),
    )
    comfy.page.keyboard.type("MG4")
    expect(images).to_have_count(1)
    comfy.page.keyboard.press("ArrowDown")
    expect(images.get_by_role("button")).to_be_focused()
    comfy.page.keyboard.press("Enter")
    expect(window).to_have_count(0)
    comfy.wait_until_submitted(1)
    batch.client.wait_until_idle()
    assert batch.ran == ["img4.png"]
    assert batch.state() is None


def test_run_on_change_uses_up_no_image(comfy: ComfyPage, batch: Batch) -> None:
    comfy.load(batch.graph())
    comfy.choose("Run (On Change)")
    expect(comfy.card()).to_contain_text("Run (On Change) tries each change on one image")
    comfy.press_run()
    comfy.wait_until_submitted(1)
    batch.client.wait_until_idle()
    assert batch.ran == SEVEN[:1]
    assert batch.state() is None
    comfy.press_button("Run")
    comfy.toast("Batch complete: 7 done, 0 failed")
    comfy.wait_until_off()
    assert batch.ran == [SEVEN[0], *SEVEN]


def test_what_is_sent_after_pause_is_kept(comfy: ComfyPage, batch: Batch) -> None:
    pause_in_the_second_image(comfy, batch)
    submitted = comfy.submitted
    comfy.press_button("Try one image")
    comfy.wait_until_submitted(submitted + 1)
    comfy.choose("Run")
    comfy.press_run()
    comfy.wait_until_submitted(submitted + 2)
    comfy.settle()
    batch.open_gate(SEVEN[1])
    batch.client.wait_until_idle()
    assert batch.ran == [*SEVEN[:2], SEVEN[2], SEVEN[2]]
    assert batch.counts() == (3, 0)


def test_a_run_that_is_pressed_while_a_trial_is_being_sent_is_a_run(
    comfy: ComfyPage, batch: Batch
) -> None:
    comfy.load(batch.graph())
    comfy.choose("Run")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    comfy.page.route("**/prompt", hold)
    with comfy.page.expect_request("**/prompt"):
        comfy.press_button("Try one image")
    comfy.press_run()
    comfy.page.unroute("**/prompt", hold)
    held[0].fallback()
    comfy.wait_until_submitted(2)
    batch.client.wait_until_idle()
    assert batch.ran == [SEVEN[0], SEVEN[0]]
    assert batch.counts() == (1, 0)


def test_buttons_stay_in_their_places_during_a_run(comfy: ComfyPage, batch: Batch) -> None:
    batch.fail_on("img2.png", "img4.png")
    batch.close_gate("img1.png")
    comfy.load(batch.graph(error_handling="Skip on error"))
    expect(action(comfy, "run")).to_be_enabled()
    card = comfy.card().element_handle()
    comfy.call("watchPlaces", card, ACTIONS)
    comfy.press_button("Run")
    comfy.wait_until_in_image(batch, 1)
    batch.open_gate("img1.png")
    comfy.toast("Batch complete: 5 done, 2 failed")
    expect(action(comfy, "retry")).to_have_text("Retry failed (2)")
    seen = comfy.call("placesSeen")
    assert seen["frames"] > 1
    assert seen["places"] == dict.fromkeys(ACTIONS, 1)


def test_start_over_asks_once_and_can_be_undone_by_keyboard_too(
    comfy: ComfyPage, batch: Batch
) -> None:
    comfy.load(batch.graph(limit=2))
    comfy.press_button("Run")
    comfy.toast("Batch complete: 2 done, 0 failed")
    comfy.wait_until_off()
    batch.client.wait_until_idle()
    card, keyboard = comfy.card(), comfy.page.keyboard
    question = comfy.page.get_by_role("dialog", name="Start over?")
    comfy.press_button("Start over")
    expect(question).to_contain_text("2 done, 0 failed")
    keyboard.press("Escape")
    expect(question).to_have_count(0)
    expect(card).to_contain_text("All 2 images done")
    for by_card in (True, False):
        comfy.press_button("Start over")
        expect(question).to_be_visible()
        keyboard.press("Enter")
        expect(question).to_have_count(0)
        expect(card).to_contain_text("first: img1.png last: img2.png")
        notice = comfy.toast("Press Run to begin with the first image")
        undo = action(comfy, "startOver") if by_card else notice.get_by_role("button").first
        expect(undo).to_have_text("Undo Start over")
        undo.focus()
        keyboard.press("Enter")
        expect(card).to_contain_text("All 2 images done")
        assert batch.counts() == (2, 0)


def test_after_cancel_a_plain_run_does_one_image_and_continue_is_offered(
    comfy: ComfyPage, batch: Batch
) -> None:
    batch.close_gate("img2.png")
    comfy.load(batch.graph())
    comfy.press_button("Run")
    comfy.wait_until_in_image(batch, 2)
    comfy.press_interrupt()
    comfy.wait_until_off()
    batch.client.wait_until_idle()
    batch.open_gate("img2.png")
    comfy.toast("Batch paused")
    comfy.page.evaluate("app.queuePrompt(0)")  # to press Run, a test closes what covers it
    offer = comfy.page.locator(".batch-loop-notice").get_by_role("button", name="Continue")
    expect(comfy.card()).to_contain_text("5 images left")
    expect(offer).to_be_visible()
    assert batch.ran == SEVEN[:2]
    offer.click()
    comfy.toast("Batch complete: 7 done, 0 failed")
    assert batch.ran == SEVEN


def test_the_panel_runs_pauses_and_tries_the_chosen_image(comfy: ComfyPage, batch: Batch) -> None:
    batch.close_gate("img2.png")
    comfy.load(batch.graph())
    comfy.press_button("Run")
    comfy.wait_until_in_image(batch, 2)
    panel = SidePanel(comfy)
    panel.open()
    panel.choose(batch.name)
    panel.press("Pause")
    comfy.wait_until_off()
    batch.wait_until_taken_back()
    batch.open_gate("img2.png")
    batch.client.wait_until_idle()
    expect(panel.root.get_by_role("button", name="Continue")).to_be_enabled()
    expect(panel.row(SEVEN[1])).to_contain_text("Done")
    panel.grid.press("End")
    submitted = comfy.submitted
    panel.press("Try one image")
    comfy.wait_until_submitted(submitted + 1)
    batch.client.wait_until_idle()
    assert batch.ran == [*SEVEN[:2], SEVEN[-1]]
    panel.row(SEVEN[3]).click()
    panel.viewer.get_by_role("button", name="Try this image").click()
    expect(panel.viewer).to_have_count(0)
    comfy.wait_until_submitted(submitted + 2)
    batch.client.wait_until_idle()
    tried = [*SEVEN[:2], SEVEN[-1], SEVEN[3]]
    assert batch.ran == tried
    panel.press("Continue")
    comfy.toast("Batch complete: 7 done, 0 failed")
    assert batch.ran == [*tried, *SEVEN[2:]]
    panel.toggle()


def test_run_instant_that_is_only_chosen_does_not_run(comfy: ComfyPage, batch: Batch) -> None:
    comfy.load(batch.graph())
    comfy.choose("Run (Instant)")
    expect(action(comfy, "tryOne")).to_be_enabled()
    expect(action(comfy, "run")).to_have_text("Run")
    comfy.press_button("Run")
    comfy.toast("Batch complete: 7 done, 0 failed")
    comfy.wait_until_off()
    assert batch.ran == SEVEN
