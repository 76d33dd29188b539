"""ComfyUI's page in a browser tab, for the tools; the tests extend it in `tests/browser/`."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import (
    Browser,
    FloatRect,
    Locator,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from .chromium import find_chromium
from .server import ComfyServer

LARGE = ViewportSize(width=1600, height=1000)
SMALL = ViewportSize(width=1280, height=720)
"""Sizes of a page, in its pixels."""

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic"]

SETTINGS = {
    # The Templates window covers the page when it is opened for the first time.
    "Comfy.TutorialCompleted": True,
}
"""ComfyUI's settings before a page is opened."""

ON = ("instant", "instant-running", "change")
"""The modes in which ComfyUI queues prompts by itself."""

CLICK_MS = 2_000
WAIT_MS = 120_000
"""How long anything in the page may take, on a busy machine."""
TRIES = 20
MENU_MS = 500
"""How long a menu that closes by itself takes for it, at most."""

TOAST_CLOSE = ".p-toast-close-button, [data-testid=toast-close], .batch-loop-notice-close"
DIALOG_CLOSE = ".p-dialog-close-button, [data-testid=error-overlay-dismiss]"

NODES_2 = "Comfy.VueNodes.Enabled"

IN_PAGE = Path(__file__).with_name("in_page.js")
CALL = "([name, given]) => batchLoopTools[name](...given)"


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser, closed at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def opened(server: ComfyServer, settings: Mapping[str, object], **page: Any) -> Iterator[Tab]:
    """A tab on a server that runs as long as the block, with these settings of ComfyUI.

    `page` are arguments for `Browser.new_page`.
    """
    with server, server.client() as client, chromium() as browser:
        client.post("/settings", {**SETTINGS, **settings})
        tab = Tab(browser.new_page(**page), server.url)
        tab.open()
        tab.close_banner()
        yield tab


class Tab:
    """One browser tab with ComfyUI in it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        page.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        page.add_init_script(path=IN_PAGE)

    def call(self, function: str, *given: object) -> Any:
        """The result of a function of `in_page.js`."""
        return self.page.evaluate(CALL, [function, list(given)])

    def wait_until(self, function: str, *given: object) -> None:
        """Wait until a function of `in_page.js` returns true."""
        self.page.wait_for_function(CALL, arg=[function, list(given)])

    def photograph(self, *, clip: FloatRect | None = None, width: int = 0) -> Image.Image:
        """A picture of the page, or of a part of it, scaled down to `width` if that is given."""
        taken = Image.open(io.BytesIO(self.page.screenshot(clip=clip))).convert("RGB")
        if not width:
            return taken
        height = round(taken.height * width / taken.width)
        return taken.resize((width, height), Image.Resampling.LANCZOS)

    def open(self) -> None:
        """Load ComfyUI, and wait until it can be used."""
        self.page.goto(self.url)
        self.page.wait_for_function(
            "() => window.app?.graph && window.app.extensionManager"
            " && window.LiteGraph?.registered_node_types?.BatchLoopDirectoryIterator"
            # ComfyUI reopens the last workflow, which would replace that of a test.
            " && app.extensionManager.workflow.activeWorkflow && !app.extensionManager.spinner",
        )
        expect(self.run_button).to_be_visible()

    @property
    def run_button(self) -> Locator:
        """The Run button, without the arrow that opens its menu."""
        group = self.page.get_by_test_id("queue-button")
        split = group.locator(".p-splitbutton-button")
        return split.or_(group.and_(self.page.locator("button"))).first

    @property
    def mode(self) -> str:
        """ComfyUI's name for how it queues."""
        return str(self.page.evaluate("app.extensionManager.queueSettings.mode"))

    def choose(self, label: str) -> None:
        """Choose an entry of the Run button's menu, such as `Run (Instant)`."""
        opener = self.page.locator(".p-splitbutton-dropdown, [data-testid=queue-mode-menu-trigger]")
        # In frontends 1.25 and 1.32, 1.58, and 1.49.
        entry = self.page.locator(
            ".p-tieredmenu-item, [role=menuitemradio], [data-reka-menu-content] [role=menuitem]"
        )
        wanted = entry.filter(has_text=re.compile(f"^\\s*{re.escape(label)}\\s*$"))
        for _ in range(TRIES):
            self._click(opener)
            try:
                wanted.first.click(timeout=CLICK_MS)
            except PlaywrightTimeoutError:
                continue  # something has just come up and closed the menu
            break
        else:
            raise AssertionError(f"no entry {label!r} in the Run button's menu")
        self._close_menu(opener, entry)

    def _close_menu(self, opener: Locator, entry: Locator) -> None:
        """Close the Run button's menu, which older frontends do by themselves.

        Newer ones leave it open, and 1.49 does not close it for Escape either. It takes a while to
        close, and a click on what opens it would open it again.
        """
        self.page.keyboard.press("Escape")
        for _ in range(TRIES):
            try:
                expect(entry).to_have_count(0, timeout=MENU_MS)
            except AssertionError:
                self._click(opener)
            else:
                return
        expect(entry).to_have_count(0)

    def press_run(self) -> None:
        """Press Run."""
        self._click(self.run_button)

    def run_instant(self) -> None:
        """Choose Run (Instant), and press it once."""
        self.choose("Run (Instant)")
        self.press_run()

    def wait_until_off(self) -> None:
        """Wait until ComfyUI no longer queues prompts by itself."""
        self.page.wait_for_function(
            "on => !on.includes(app.extensionManager.queueSettings.mode)"
            " && !app.ui.autoQueueEnabled",
            arg=list(ON),
        )

    def close_banner(self) -> None:
        """Close the advertisement that some frontends have at the top of the page."""
        advertised = self.page.get_by_role("button", name="Try it out")
        if advertised.count():
            advertised.locator("xpath=following::button[1]").click()
            expect(advertised).to_have_count(0)

    def close_toasts(self) -> None:
        """Close every message on the screen."""
        self._close_all(TOAST_CLOSE)

    def close_workflow(self) -> None:
        """Remove every node from the canvas."""
        self.page.evaluate("app.graph.clear()")

    def close_dialogs(self) -> int:
        """Close the dialogs that ComfyUI has opened; returns how many there were."""
        return self._close_all(DIALOG_CLOSE)

    def _click(self, target: Locator) -> None:
        """Click a target, closing what some frontends show on top of it."""
        for _ in range(TRIES):
            self.close_dialogs()
            self.close_toasts()
            if clicked(target.first):
                return
        target.first.click(timeout=CLICK_MS)

    def _close_all(self, selector: str) -> int:
        """Click all of these close buttons; returns how many there were."""
        closed = 0
        buttons = self.page.locator(selector)
        # The dialog on top is the last one; the last message may be below the page's lower edge.
        next_one = buttons.first if selector == TOAST_CLOSE else buttons.last
        for _ in range(TRIES):
            if not buttons.count():
                return closed
            try:
                button = next_one.element_handle(timeout=CLICK_MS)
                button.click(timeout=CLICK_MS)
            except PlaywrightError:
                # It has gone by itself, or a message covers it, whose button the dialog may cover.
                if selector != TOAST_CLOSE:
                    self.page.keyboard.press("Escape")
                    self.close_toasts()
                continue
            button.wait_for_element_state("hidden")
            closed += 1
        expect(buttons).to_have_count(0)
        return closed


def clicked(target: Locator) -> bool:
    """Click, and return whether the target received the click.

    On a busy machine it may do so after Playwright's timeout, and another click would press Run
    twice.
    """
    clicks = target.evaluate_handle("target => batchLoopTools.countClicks(target)")
    try:
        target.click(timeout=CLICK_MS)
    except PlaywrightTimeoutError:
        return bool(clicks.evaluate("({ count }) => count > 0"))
    return True
