"""A new user's first minutes in ComfyUI's page, click by click.

The browser tests do it on every frontend, and the documentation's pictures are taken on the way.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, expect

from .layout import EXAMPLE_IMAGES, SIX_NODES
from .tab import Tab

FOLDER = "holiday"
IMAGES = 24
"""Enough to see the bar move."""
PICTURES = ("img1.png", "img2.png", "img3.webp", "img10.png", "more/img1.jpg", "more/img2.png")
"""The example images that are repeated."""
BROKEN = "img4.png"
PACK = "batch-loop"

Shoot = Callable[[str], object]
"""Takes the picture of the step of that name."""


class Tour:
    """One walk through the first minutes; `shoot` is called at the end of each step."""

    def __init__(self, comfy: Tab, input_dir: Path, shoot: Shoot) -> None:
        """`input_dir` is the server's input folder, where the tour makes its images."""
        self._comfy = comfy
        self._page = comfy.page
        self._folder = input_dir / FOLDER
        self._shoot = shoot

    def walk(self) -> None:
        """Every step, in order."""
        self.make_images()
        self.open_a_template()
        self.choose_a_folder()
        self.run()
        self.see_what_failed()
        self.retry_it()
        self.read_the_report()
        self.start_over()

    def make_images(self) -> None:
        """Make a folder of images, one of them broken."""
        self._folder.mkdir(exist_ok=True)
        for number in range(1, IMAGES + 1):
            self._make_image(number)
        broken = self._folder / BROKEN
        data = broken.read_bytes()
        broken.write_bytes(data[: len(data) // 2])

    def open_a_template(self) -> None:
        """Click Templates, the pack, and one of its workflows."""
        self._page.get_by_role("button", name=re.compile("^Templates")).first.click()
        # Nodes in the workflow behind it may have badges with that text.
        window = self._page.locator("[role=dialog], .p-dialog")
        window.get_by_text(PACK, exact=True).first.click()
        template = self._page.get_by_text(SIX_NODES, exact=True).first
        expect(template).to_be_visible()
        self._shoot("template")
        template.click()
        expect(self._card).to_contain_text("images")

    def choose_a_folder(self) -> None:
        """Press Choose folder…, and choose the folder."""
        self._press("Choose folder…")
        window = self._page.get_by_role("dialog", name="Choose a folder of images")
        window.get_by_role("button", name=FOLDER).click()
        expect(window).to_contain_text(f"{IMAGES} images")
        self._shoot("folder")
        window.get_by_role("button", name="Choose this folder").click()
        expect(self._card).to_contain_text(f"{IMAGES} images")

    def run(self) -> None:
        """Choose Run (Instant), press Run once, and watch the bar."""
        # It is hidden until there is something to show.
        bar = self._card.get_by_role("progressbar", include_hidden=True)
        self._comfy.call("watchBar", bar.element_handle())
        self._comfy.run_instant()
        self._comfy.wait_until("hasBarShown", 2, IMAGES - 1)
        self._shoot("run")
        self._comfy.wait_until_off()

    def see_what_failed(self) -> None:
        """Read the notice, and Batch Complete's list."""
        expect(self._card).to_contain_text("1 failed")
        expect(self._page.get_by_role("group", name="Result of the batch")).to_contain_text(BROKEN)
        self._shoot("failed")

    def retry_it(self) -> None:
        """Repair the image, press Retry failed, and run again."""
        self._make_image(IMAGES, BROKEN)
        self._press("Retry failed (1)")
        expect(self._card).to_contain_text("1 left")
        self._comfy.run_instant()
        self._comfy.wait_until_off()
        expect(self._card).to_contain_text(f"All {IMAGES} images done")
        self._shoot("retried")

    def read_the_report(self) -> None:
        """Press Open report: the side panel shows each image beside its result."""
        self._press("Open report")
        expect(self._page.get_by_text(BROKEN).first).to_be_visible()
        self._comfy.wait_until("arePicturesThere")
        self._shoot("report")

    def start_over(self) -> None:
        """Press Start over in the panel, and confirm: the next run begins with the first image."""
        self._comfy.close_toasts()
        panel = self._page.locator(".batch-loop-panel")
        panel.get_by_role("button", name="Start over").click()
        question = self._page.get_by_role("dialog", name="Start over?")
        question.get_by_role("button", name="Start over").click()
        expect(self._card).to_contain_text("Press Run for all images")
        expect(panel.get_by_role("row").first).to_contain_text("To do")
        expect(panel).not_to_contain_text("Running")
        self._shoot("over")

    @property
    def bar_values(self) -> list[int]:
        """The values that the bar has shown, in order."""
        values: list[int] = self._page.evaluate("window.batchLoopSeen")
        return values

    @property
    def _card(self) -> Locator:
        return self._page.get_by_role("group", name="Batch", exact=True).first

    def _press(self, label: str) -> None:
        self._comfy.close_toasts()
        self._card.get_by_role("button", name=label).click()

    def _make_image(self, number: int, name: str = "") -> None:
        with Image.open(EXAMPLE_IMAGES / PICTURES[number % len(PICTURES)]) as picture:
            picture.save(self._folder / (name or f"img{number}.png"))
