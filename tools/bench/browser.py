"""In ComfyUI's page: the gap between two prompts, and the side panel with a large batch."""

from __future__ import annotations

from playwright.sync_api import Browser

from ...tests.browser.comfy_page import ComfyPage
from ...tests.browser.side_panel import SidePanel
from .. import graphs
from ..client import ComfyClient
from ..graphs import filled_in, node
from ..tab import LARGE, SETTINGS, chromium
from .folders import small_images
from .prompts import gaps, median_ms, timings_of
from .rows import Measured, Row, Target
from .setting import Setting

FOLDER = "images"
WORK_SECONDS = 0.05
MOST_LEFT_OUT = 2
"""Prompts at the end that do not count, as the page may send more than are needed."""
TIMES = 5
STEPS = 300
FIRST_PAINT_MS = 300


def measure_gap(setting: Setting) -> Measured:
    """Run a batch in a real page, and equally many prompts of a workflow without our nodes."""
    count = setting.of(40, 10)
    server = setting.server("browser")
    small_images(server.input / FOLDER, count)
    loop = graphs.loop(FOLDER, node("BenchSleep", image=graphs.IMAGE, seconds=WORK_SECONDS))
    plain = graphs.plain(f"{FOLDER}/img1.png")
    plain[graphs.WORK] = node("BenchSleep", image=[graphs.LOAD, 0], seconds=WORK_SECONDS)
    with server, server.client() as client, chromium() as browser:
        client.post("/settings", SETTINGS)
        setting.say("browser: Run (Instant) with our nodes")
        ours = _gap(client, browser, loop, None)
        setting.say("browser: Run (Instant) without them")
        own = _gap(client, browser, plain, count)
    what = "from the end of a prompt to the beginning of the next, in the browser, Run (Instant)"
    return Measured([Row(what, "ms", ours, own, "a workflow without Batch Loop")])


def _gap(client: ComfyClient, browser: Browser, graph: graphs.Graph, count: int | None) -> float:
    """The median gap in ms, in a new page; with `count` None, until the batch is complete."""
    client.post("/history", {"clear": True})
    context = browser.new_context(viewport=LARGE)
    comfy = ComfyPage(context.new_page(), client.url)
    comfy.open()
    comfy.load(filled_in(client, graph))
    comfy.run_instant()
    if count is not None:
        comfy.wait_until_submitted(count)
        comfy.page.evaluate("app.extensionManager.queueSettings.mode = 'disabled'")
    comfy.wait_until_off()
    comfy.settle()
    client.wait_until_idle()
    context.close()
    return median_ms(gaps(timings_of(client))[:-MOST_LEFT_OUT])


def measure_panel(setting: Setting) -> Measured:
    """Open a large batch a few times, and scroll through it."""
    count = setting.of(100_000, 10_000)
    server = setting.server("panel")
    small_images(server.input / FOLDER, count)
    with server, server.client() as client, chromium() as browser:
        client.post("/settings", SETTINGS)
        client.run(filled_in(client, graphs.loop(FOLDER)))
        setting.say(f"panel: a batch of {count:,} images")
        comfy = ComfyPage(browser.new_page(viewport=LARGE), server.url)
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
        blank = len(panel.rows_seen()["gaps"])
    opened = f"from a click on a batch of {count:,} images in the panel to the first of them"
    opened += f" on the screen, slowest of {TIMES}"
    scrolled = f"frames with a blank row while the panel scrolls through {count:,} images"
    return Measured(
        [
            Row(opened, "ms", max(painted), target=Target(FIRST_PAINT_MS)),
            Row(scrolled, "frames", blank, target=Target(0)),
        ]
    )
