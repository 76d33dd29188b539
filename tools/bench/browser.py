"""In ComfyUI's page: the gap between two prompts, and the side panel with a large batch."""

from __future__ import annotations

import itertools

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
OURS, OWN = "ours", "own"
WORK_SECONDS = 0.05
MOST_LEFT_OUT = 2
"""Prompts at the end that do not count, as the page may send more than are needed."""
TIMES = 5
STEPS = 300
FIRST_PAINT_MS = 300


def measure_gap(setting: Setting) -> Measured:
    """Run batches in a real page, and by turns as many prompts of a workflow without our nodes."""
    count, rounds = setting.of(20, 10), setting.of(4, 1)
    server = setting.server("browser")
    small_images(server.input / FOLDER, count)
    work = node("BenchSleep", image=graphs.IMAGE, seconds=WORK_SECONDS)
    loops = (graphs.loop(FOLDER, work, loop_name=str(number)) for number in itertools.count())
    plain = graphs.plain(f"{FOLDER}/img1.png")
    plain[graphs.WORK] = node("BenchSleep", image=[graphs.LOAD, 0], seconds=WORK_SECONDS)
    with server, server.client() as client, chromium() as browser:
        client.post("/settings", SETTINGS)
        contenders = {
            OURS: lambda: _gaps(client, browser, next(loops), None),
            OWN: lambda: _gaps(client, browser, plain, count),
        }
        seconds = setting.by_turns("browser", contenders, rounds)
    found = {name: median_ms([*itertools.chain(*each)]) for name, each in seconds.items()}
    what = "from the end of a prompt to the beginning of the next, in the browser, Run (Instant)"
    return Measured([Row(what, "ms", found[OURS], found[OWN], "a workflow without Batch Loop")])


def _gaps(
    client: ComfyClient, browser: Browser, graph: graphs.Graph, count: int | None
) -> list[float]:
    """The gaps in a new page; with `count` None, until the batch is complete."""
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
    return gaps(timings_of(client))[:-MOST_LEFT_OUT]


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
