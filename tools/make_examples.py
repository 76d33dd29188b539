"""Makes the example workflows, their API copies and their pictures, in ComfyUI's own page.

Run it as `python -m tools.make_examples`; the results are committed, and so is the README's
picture of the Run button's menu, which is taken on the way.

A workflow file holds much that only the page knows: slots, sizes, the order of the widgets. So
each example is built in a real page, saved by it, run in it to the end, and photographed there.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import FloatRect, Locator, Page, ViewportSize

from .comfy_page import ComfyPage, chromium
from .errors import run_command
from .example_graphs import EXAMPLES
from .example_parts import Example
from .examples import EXAMPLES as FOLDER
from .examples import NATIVE_LOOPS
from .layout import NEWEST_FRONTEND, ROOT
from .server import ComfyServer

MENU_PICTURE = ROOT / "docs" / "images" / "run_instant.png"
IN_PAGE = Path(__file__).with_suffix(".js")
SETTINGS = {
    # The Templates window covers a page that is opened for the first time.
    "Comfy.TutorialCompleted": True,
    # Nothing but the workflow belongs in its picture.
    "Comfy.Graph.CanvasInfo": False,
    "Comfy.Minimap.Visible": False,
    "Comfy.NodeBadge.NodeSourceBadgeMode": "None",
    "Comfy.NodeBadge.NodeIdBadgeMode": "None",
    "Comfy.NodeBadge.NodeLifeCycleBadgeMode": "None",
    # A picture is smaller than the page, and its notes are to be read.
    "Comfy.TextareaWidget.FontSize": 13,
}
SIZE = ViewportSize(width=1800, height=1100)
SHARPNESS = 2
"""Device pixels for each of the page's, so that the pictures can be drawn smaller."""
MARGIN = 24
"""Around the workflow, in the canvas's units."""
PICTURE_WIDTH = 1400
QUALITY = 88
ONLY_THE_WORKFLOW = (
    ".p-toast, .batch-loop-notice, .graph-canvas-panel, .comfy-menu-hamburger, .no-drag"
    " { visibility: hidden }"
)


def main() -> int:
    """Make every example anew."""
    with tempfile.TemporaryDirectory() as base:
        with _page_of(ComfyServer(Path(base, "usual"))) as (page, server):
            MENU_PICTURE.parent.mkdir(parents=True, exist_ok=True)
            _photograph_menu(page).save(MENU_PICTURE, optimize=True)
            _make_all(page, server, native_loops=False)
        # Older frontends do not know the kinds of inputs that ComfyUI's own loops have.
        newer = ComfyServer(
            Path(base, "newer"), frontend=NEWEST_FRONTEND, custom_nodes=[NATIVE_LOOPS]
        )
        with _page_of(newer) as (page, server):
            _make_all(page, server, native_loops=True)
    return 0


def _make_all(page: Page, server: ComfyServer, *, native_loops: bool) -> None:
    for example in EXAMPLES:
        if example.native_loops == native_loops:
            make(example, page, server)
            sys.stdout.write(f"{example.name}\n")


def make(example: Example, page: Page, server: ComfyServer) -> None:
    """Build, save, run and photograph one example."""
    _open(page, server.url)
    page.evaluate("example => batchLoopExamples.build(example)", asdict(example))
    workflow = json.loads(page.evaluate("JSON.stringify(app.graph.serialize())"))
    prompt = json.loads(page.evaluate("batchLoopExamples.prompt()"))
    # The page makes up an id, and notes which part of the canvas it showed and which frontend it
    # was. Without the part, newer frontends show the whole workflow.
    workflow["id"] = str(uuid.uuid5(uuid.NAMESPACE_URL, f"batch-loop/{example.name}"))
    workflow["extra"] = {}
    _write(FOLDER / f"{example.name}.json", workflow)
    _write(FOLDER / "api" / f"{example.name}.json", prompt)
    _run_to_the_end(page, server)
    _photograph(page).save(FOLDER / f"{example.name}.jpg", quality=QUALITY, optimize=True)


@contextmanager
def _page_of(server: ComfyServer) -> Iterator[tuple[Page, ComfyServer]]:
    with server, chromium() as browser:
        with server.client() as client:
            client.post("/settings", SETTINGS)
        page = browser.new_page(viewport=SIZE, device_scale_factor=SHARPNESS)
        page.add_init_script(path=IN_PAGE)
        _open(page, server.url)
        yield page, server


def _open(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_function(
        "() => window.app?.graph && window.app.extensionManager"
        " && window.LiteGraph?.registered_node_types?.BatchLoopDirectoryIterator"
    )


def _run_to_the_end(page: Page, server: ComfyServer) -> None:
    """Choose Run (Instant), press Run once, and wait until End Queue has switched it off."""
    comfy = ComfyPage(page, server.url)
    comfy.run_instant()
    comfy.wait_until_off()
    with server.client() as client:
        client.wait_until_idle()


def _open_run_menu(page: Page) -> Locator:
    """Open the menu beside Run; returns its entry Run (Instant)."""
    page.locator(".p-splitbutton-dropdown").first.click()
    return page.locator(".p-tieredmenu-item").filter(has_text="Run (Instant)").first


def _photograph_menu(page: Page) -> Image.Image:
    """The Run button with its menu open, at Run (Instant)."""
    page.evaluate("app.graph.clear()")
    _open_run_menu(page).hover()
    return _shot(page, page.evaluate("batchLoopExamples.frameMenu()"))


def _photograph(page: Page) -> Image.Image:
    """The workflow, with nothing of the page around it."""
    page.evaluate("app.extensionManager.command.execute('Workspace.ToggleFocusMode')")
    page.add_style_tag(content=ONLY_THE_WORKFLOW)
    picture = _shot(page, page.evaluate("m => batchLoopExamples.frameWorkflow(m)", MARGIN))
    height = round(picture.height * PICTURE_WIDTH / picture.width)
    return picture.resize((PICTURE_WIDTH, height), Image.Resampling.LANCZOS)


def _shot(page: Page, clip: FloatRect) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    text = json.dumps(content, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_command(main)
