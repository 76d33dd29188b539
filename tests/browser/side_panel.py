"""The side panel Batches, as a person uses it."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Request, expect

from ...tools.layout import NODE_MODULES
from .comfy_page import ComfyPage

AXE = NODE_MODULES / "axe-core" / "axe.min.js"


class SidePanel:
    """The panel in a tab; `asked` collects the tab's requests to the pack's routes."""

    def __init__(self, comfy: ComfyPage) -> None:
        self.comfy = comfy
        self.page = comfy.page
        self.root = comfy.page.locator(".batch-loop-panel")
        self.asked: list[str] = []
        self.page.on("request", self._on_request)

    def toggle(self) -> None:
        """Click the panel's icon in ComfyUI's side bar."""
        self.page.get_by_role("button", name=re.compile("^Batches")).first.click()

    def open(self) -> None:
        """Open the panel with the list."""
        self.toggle()
        expect(self.root).to_be_visible()

    @property
    def without_loops(self) -> Locator:
        """The element shown instead of the list while there are no loops.

        It is always in the page, so check its visibility, not its text.
        """
        return self.root.locator(".batch-loop-empty")

    def entry(self, name: str) -> Locator:
        """The list's entry for the loop with this folder."""
        return self.root.get_by_role("listitem").filter(has_text=name)

    def choose(self, name: str) -> None:
        """Open a loop from the list."""
        self.entry(name).get_by_role("button").click()
        expect(self.root.get_by_role("heading", name=name)).to_be_visible()

    def first_frame_ms(self, name: str) -> float:
        """Open a loop from the list; return the ms until its first images are on screen."""
        entry = self.entry(name).get_by_role("button").element_handle()
        return float(self.comfy.call("firstFrameMs", entry))

    def back(self) -> None:
        """Go back to the list."""
        self.press("All batches")
        expect(self.grid).to_have_count(0)

    def scroll_to_the_end(self, steps: int) -> None:
        """Scroll from the first image to the last in this many steps, one per frame."""
        self.comfy.call("scroll", self.grid.element_handle(), steps)

    def press(self, label: str) -> None:
        """Press a button of the panel."""
        self.root.get_by_role("button", name=label).click()

    def answer(self, label: str) -> None:
        """Answer the question whether to forget a batch."""
        dialog = self.page.get_by_role("dialog").filter(has_text="Forget this batch?")
        dialog.get_by_role("button", name=label).click()
        expect(dialog).to_have_count(0)

    @property
    def figures(self) -> Locator:
        """The numbers of done, failed and remaining images."""
        return self.root.locator(".batch-loop-figures")

    @property
    def summary(self) -> Locator:
        """The numbers, the times and what is worth knowing of the open loop."""
        return self.root.locator(".batch-loop-summary")

    @property
    def standing(self) -> Locator:
        """How the open loop stands, in one word."""
        return self.root.locator(".batch-loop-details .batch-loop-standing")

    @property
    def bar(self) -> Locator:
        """The open loop's progress bar."""
        return self.root.get_by_role("progressbar")

    @property
    def grid(self) -> Locator:
        """The grid of images."""
        return self.root.get_by_role("grid")

    def row(self, name: str) -> Locator:
        """The row of one image."""
        return self.grid.get_by_role("row").filter(has_text=name)

    def wait_for_pictures(self, row: Locator, count: int) -> None:
        """Wait until this many pictures of a row are fully loaded."""
        pictures = row.locator("img")
        expect(pictures).to_have_count(count)
        for number in range(count):
            # One that is out of view is not loaded.
            pictures.nth(number).scroll_into_view_if_needed()
            handle = pictures.nth(number).element_handle()
            self.page.wait_for_function("image => image.naturalWidth > 0", arg=handle)

    def watch_rows(self) -> None:
        """Start checking in each frame whether rows cover the whole view."""
        self.comfy.call("watchRows", self.grid.element_handle())

    def rows_seen(self) -> dict[str, Any]:
        """Stop checking; return `frames`, `mostRows` and the `gaps`."""
        seen: dict[str, Any] = self.comfy.call("rowsSeen")
        return seen

    @property
    def viewer(self) -> Locator:
        """The window in which an image and its results are looked at."""
        return self.page.locator(".batch-loop-viewer")

    @property
    def views(self) -> Locator:
        """The pictures in that window: the source, the result, or both."""
        return self.viewer.locator(".batch-loop-viewer-layer:visible")

    def player(self, name: str) -> Locator:
        """The film or sound that is played in that window as the source or the result."""
        return self.viewer.locator("video, audio").and_(self.page.get_by_label(name, exact=True))

    def wait_until_it_can_play(self, player: Locator) -> None:
        """Wait until a film or sound can be seen, and its beginning has been loaded."""
        expect(player).to_be_visible()
        self.page.wait_for_function("media => media.readyState > 1", arg=player.element_handle())

    def wait_until_it_plays(self, player: Locator, beyond: float = 0) -> None:
        """Wait until a film or sound plays, and has got beyond so many seconds."""
        self.page.wait_for_function(
            "([media, beyond]) => media.readyState > 1 && media.currentTime > beyond + 0.1",
            arg=[player.element_handle(), beyond],
        )

    def wait_for_views(self, count: int) -> None:
        """Wait until that window shows this many pictures, in full."""
        expect(self.viewer.locator(".batch-loop-viewer-layer[data-state=there]")).to_have_count(
            count
        )
        expect(self.views).to_have_count(count)

    def serious_violations(self, part: str = ".batch-loop-panel") -> list[str]:
        """Current violations in a part of the page that axe-core rates as serious or critical."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("part => axe.run(part)", part)["violations"]
        return [
            f"{each['id']}: {each['help']}: {[node['html'] for node in each['nodes']]}"
            for each in found
            if each["impact"] in ("serious", "critical")
        ]

    def _on_request(self, request: Request) -> None:
        if "/batch_loop/" in request.url:
            self.asked.append(request.url.split("/batch_loop/")[1])
