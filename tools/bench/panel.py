"""The side panel in a real page: how soon a large batch is on the screen, and how it scrolls."""

from __future__ import annotations

from playwright.sync_api import Page

from ..comfy_page import SETTINGS, SIZE, ComfyPage, chromium
from ..defaults import filled_in
from ..side_panel import SidePanel
from . import graphs
from .folders import small_images
from .rows import Measured, Row, Target
from .setting import Setting

FOLDER = "images"
TIMES = 5
STEPS = 300
FIRST_PAINT_MS = 300


def measure(setting: Setting) -> Measured:
    """Open a large batch some times, and scroll through it."""
    count = setting.of(100_000, 10_000)
    server = setting.server("panel")
    small_images(server.input / FOLDER, count)
    with server, server.client() as client, chromium() as browser:
        client.post("/settings", SETTINGS)
        client.run(filled_in(client, graphs.loop(FOLDER)))
        page = browser.new_context(viewport=SIZE).new_page()
        setting.say(f"panel: a batch of {count:,} images")
        painted, gaps = _look(page, server.url)
    opened = (
        f"from a click on a batch of {count:,} images in the panel to the first of them"
        f" on the screen, slowest of {TIMES}"
    )
    scrolled = f"frames with a blank row while the panel scrolls through {count:,} images"
    return Measured(
        [
            Row(opened, "ms", max(painted), target=Target(FIRST_PAINT_MS)),
            Row(scrolled, "frames", gaps, target=Target(0)),
        ]
    )


def _look(page: Page, url: str) -> tuple[list[float], int]:
    """The ms of each opening, and the frames with a gap in one scroll to the end."""
    comfy = ComfyPage(page, url)
    comfy.open()
    panel = SidePanel(comfy)
    panel.open()
    painted = []
    for _ in range(TIMES):
        painted.append(panel.first_frame_ms(FOLDER))
        panel.back()
    panel.choose(FOLDER)
    panel.watch_rows()
    panel.scroll_to_the_end(STEPS)
    return painted, len(panel.rows_seen()["gaps"])
