"""Notices at the end of a batch, in the page and outside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from batch_loop.tests.browser.batch import SEVEN, Batch
from batch_loop.tests.browser.comfy_page import ComfyPage
from batch_loop.tests.browser.side_panel import SidePanel

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, ViewportSize

    from batch_loop.tools.client import ComfyClient

TINY: ViewportSize = {"width": 1024, "height": 600}
SKIP = "Skip on error"
COMPLETE = "Batch complete"
NOTIFICATION = "BatchLoop.Notification"
SOUND = "BatchLoop.Sound"
TITLE = "BatchLoop.Title"
DEFAULTS = {NOTIFICATION: False, SOUND: False, TITLE: True}

RECORD = """() => {
    if (window.recorded) return;
    window.recorded = {notifications: [], notes: []};
    window.Notification = class extends Notification {
        constructor(title, options) {
            super(title, options);
            window.recorded.notifications.push({title, shown: this, ...options});
        }
    };
    window.OscillatorNode = class extends OscillatorNode {
        start(when) {
            window.recorded.notes.push(this.frequency.value);
            super.start(when);
        }
    };
}"""
"""Records the page's calls to the browser, and lets them through."""


@pytest.fixture
def settled(comfy: ComfyPage, client: ComfyClient) -> Iterator[Callable[[], None]]:
    """Wait until the batch has ended; restores the pack's default settings."""

    def settled() -> None:
        comfy.wait_until_off()
        client.wait_until_idle()
        comfy.settle()
        client.wait_until_idle()
        comfy.wait_until_heard()

    yield settled
    for name, value in DEFAULTS.items():
        comfy.set(name, value=value)
    comfy.page.context.clear_permissions()


def notice(comfy: ComfyPage) -> Locator:
    """The notice at the end of a batch; waits until it is there."""
    found = comfy.page.get_by_role("status").locator(".batch-loop-notice")
    expect(found).to_contain_text(COMPLETE)
    return found


def left_of(shown: Locator, in_window: ViewportSize) -> float:
    """Where an element begins in a window of this size, in px from the left."""
    before = shown.page.viewport_size
    shown.page.set_viewport_size(in_window)
    box = shown.bounding_box()
    assert before is not None
    assert box is not None
    shown.page.set_viewport_size(before)
    return box["x"]


def progress(images: str, batch: Batch) -> re.Pattern[str]:
    """The page's title while it shows how many images of a batch are done."""
    return re.compile(rf"^{images} \W {batch.name}$")


def test_the_report_is_one_click_away(
    comfy: ComfyPage, batch: Batch, settled: Callable[[], None]
) -> None:
    batch.fail_on("img3.png")
    comfy.load(batch.graph(error_handling=SKIP))
    comfy.run_instant()
    settled()
    comfy.close_dialogs()
    shown = notice(comfy)
    expect(shown).to_contain_text("6 done, 1 failed")
    expect(shown).to_contain_text("img3.png: asked to fail")
    assert left_of(shown, in_window=TINY) > TINY["width"] / 2  # where a workflow begins
    panel = SidePanel(comfy)
    shown.get_by_role("button", name="Open report").click()
    expect(shown).to_have_count(0)
    expect(panel.root.get_by_role("heading", name=batch.name)).to_be_visible()
    expect(panel.bar).to_have_attribute("aria-valuetext", "7 of 7, 1 failed")
    panel.toggle()
    expect(panel.root).to_have_count(0)


def test_no_message_of_comfyui_covers_it(
    comfy: ComfyPage, batch: Batch, settled: Callable[[], None]
) -> None:
    comfy.load(batch.graph(limit=1))
    comfy.run_instant()
    settled()
    shown = notice(comfy)
    before = comfy.page.viewport_size
    assert before is not None
    for number, size in enumerate((before, TINY)):
        comfy.page.set_viewport_size(size)
        comfy.call("addToast", f"Message {number}", "Its text has several lines. " * 8)
        comfy.toast(f"Message {number}")
        comfy.wait_until("isBelowToasts")
    comfy.page.set_viewport_size(before)
    expect(shown).to_be_visible()
    comfy.close_toasts()


@pytest.mark.one_frontend
def test_it_is_closed_by_the_keyboard_and_by_the_next_batch(
    comfy: ComfyPage, batch: Batch, settled: Callable[[], None]
) -> None:
    for key in ("Enter", "Escape"):
        comfy.load(batch.graph(limit=1, when_complete="Start over"))
        comfy.run_instant()
        settled()
        close = notice(comfy).get_by_role("button", name="Close")
        close.focus()
        comfy.page.keyboard.press(key)
        expect(close).to_have_count(0)


@pytest.mark.one_frontend
def test_it_stays_until_the_batch_continues(
    comfy: ComfyPage, batch: Batch, settled: Callable[[], None]
) -> None:
    comfy.load(batch.graph())
    comfy.run_instant()
    settled()
    shown = notice(comfy)
    batch.add("new.png")
    comfy.page.evaluate("app.queuePrompt(0)")
    settled()
    expect(shown).to_contain_text("8 done")
    expect(shown).to_have_count(1)


@pytest.mark.one_frontend
def test_images_that_fail_again_are_named(
    comfy: ComfyPage, batch: Batch, settled: Callable[[], None]
) -> None:
    (batch.input / "img2.png").write_bytes(b"no image")
    comfy.load(batch.graph(limit=2, error_handling=SKIP))
    comfy.run_instant()
    settled()
    shown = notice(comfy)
    expect(shown).not_to_contain_text("tried")
    shown.get_by_role("button", name="Close").click()
    comfy.press_button("Retry failed (1)")
    comfy.toast("Press Continue to retry the failed images")
    comfy.run_instant()
    settled()
    expect(shown).to_contain_text("1 done, 1 failed")
    expect(shown).to_contain_text("1 image was tried, but could not be read")
    expect(shown).to_contain_text("img2.png: ")
    assert comfy.toasts("Nothing to do") == 0
    comfy.run_instant()
    comfy.toast("Press Retry failed to run only those that failed")
    settled()


def test_settings_switch_on_a_notification_and_a_sound(
    comfy: ComfyPage, batch: Batch, settled: Callable[[], None]
) -> None:
    comfy.page.context.grant_permissions(["notifications"])
    comfy.page.evaluate(RECORD)
    comfy.load(batch.graph(limit=1, when_complete="Start over"))
    comfy.run_instant()
    settled()
    notice(comfy)
    assert comfy.page.evaluate("recorded.notifications.length + recorded.notes.length") == 0
    comfy.press_switch("Browser notification at the end of a batch")
    comfy.press_switch("Sound at the end of a batch")
    comfy.page.wait_for_function("() => recorded.notes.length === 2")
    assert comfy.get(NOTIFICATION) is True
    comfy.run_instant()
    settled()
    comfy.page.wait_for_function("() => recorded.notes.length === 4")
    shown = comfy.page.evaluate("recorded.notifications.map(({title, body}) => [title, body])")
    assert [title.startswith("Batch complete: 1 done") for title, _ in shown] == [True]
    assert str(batch.input.resolve()) in shown[0][1]


@pytest.mark.usefixtures("settled")
def test_a_browser_that_allows_no_notification_is_reported(comfy: ComfyPage) -> None:
    comfy.page.context.clear_permissions()
    comfy.press_switch("Browser notification at the end of a batch")
    comfy.toast("Allow notifications in the browser's settings")
    assert comfy.get(NOTIFICATION) is False


def test_the_title_of_a_page_in_the_background_shows_progress(
    comfy: ComfyPage, batch: Batch, settled: Callable[[], None]
) -> None:
    batch.close_gate("img2.png")
    batch.close_gate("img3.png")
    comfy.load(batch.graph(limit=3))
    comfy.run_instant()
    comfy.wait_until_in_image(batch, 2)
    page = comfy.page
    assert re.search("%|ComfyUI", page.title())
    with comfy.in_background():
        expect(page).to_have_title(progress("1 of 3", batch))
        batch.open_gate("img2.png")
        comfy.wait_until_in_image(batch, 3)
        expect(page).to_have_title(progress("2 of 3", batch))
    expect(page).not_to_have_title(re.compile("of 3"))
    with comfy.in_background():
        expect(page).to_have_title(progress("2 of 3", batch))
        batch.open_gate("img3.png")
        settled()
        expect(page).to_have_title(re.compile("ComfyUI$"))
    assert batch.ran == SEVEN[:3]


@pytest.mark.one_frontend
def test_the_title_is_left_alone_if_the_setting_says_so(
    comfy: ComfyPage, batch: Batch, settled: Callable[[], None]
) -> None:
    comfy.set(TITLE, value=False)
    batch.close_gate("img2.png")
    comfy.load(batch.graph(limit=2))
    comfy.run_instant()
    comfy.wait_until_in_image(batch, 2)
    with comfy.in_background():
        assert "of 2" not in comfy.page.title()
        batch.open_gate("img2.png")
        settled()
        assert "of 2" not in comfy.page.title()
