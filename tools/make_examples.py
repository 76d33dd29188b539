"""Updates the example workflows in ComfyUI's own page.

Run `python -m tools.make_examples` after a change to a node or an example. It opens each
`examples/*.json` in a real page, saves it again, runs it, and makes its API copy and its picture,
which shows what it does to images. It also takes the README's pictures of a workflow and of the Run
button's menu. The results are committed. To add an example, build it in ComfyUI and save it to that
folder.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import ViewportSize

from .before_and_after import before_and_after
from .errors import run_command, say
from .layout import EXAMPLES, NATIVE_LOOPS, NEWEST_FRONTEND, ROOT, SIX_NODES
from .server import ComfyServer
from .tab import Tab, opened

IN_THE_README = SIX_NODES
ITERATORS = {"BatchLoopDirectoryIterator", "BatchLoopFrameIterator", "BatchLoopRowIterator"}
WORKFLOW_PICTURE = ROOT / "docs" / "images" / "six_nodes.jpg"
MENU_PICTURE = ROOT / "docs" / "images" / "run_instant.png"
FOR_PICTURES = {
    # Nothing but the workflow belongs in its picture.
    "Comfy.Graph.CanvasInfo": False,
    "Comfy.Minimap.Visible": False,
    "Comfy.NodeBadge.NodeSourceBadgeMode": "None",
    "Comfy.NodeBadge.NodeIdBadgeMode": "None",
    "Comfy.NodeBadge.NodeLifeCycleBadgeMode": "None",
    # Pictures are smaller than the page, and the notes in them must be legible.
    "Comfy.TextareaWidget.FontSize": 13,
}
SIZE = ViewportSize(width=1800, height=1100)
SHARPNESS = 2
"""Device pixels per pixel of the page, as the pictures are scaled down."""
MARGIN = 24
"""Around the workflow, in the canvas's units."""
PICTURE_WIDTH = 1400
VIEW = {"scale": 0.73, "offset": [75, 165]}
"""What is seen of a workflow on a screen of 1280x720: all of it, its note first, legible."""
ROOM = 120
"""In groups, below the iterator: once its batch runs, it is higher than when it is saved."""
WITH_RESULT = 514
"""Height of Save Image (Batch) while it shows a result, as Nodes 2.0 draws it."""
BELOW = 10
"""In groups, below any other node."""
QUALITY = 88
ONLY_THE_WORKFLOW = (
    ".p-toast, .batch-loop-notice, .graph-canvas-panel, .comfy-menu-hamburger, .no-drag"
    " { visibility: hidden }"
)


def main() -> None:
    """Update every example."""
    paths = sorted(EXAMPLES.glob("*.json"))
    workflows = {path: json.loads(path.read_text(encoding="utf-8")) for path in paths}
    with tempfile.TemporaryDirectory() as base:
        usual = ComfyServer(Path(base, "usual"))
        # Older frontends do not know the kinds of inputs of ComfyUI's own loops.
        newer = ComfyServer(
            Path(base, "newer"), frontend=NEWEST_FRONTEND, custom_nodes=[NATIVE_LOOPS]
        )
        for server, has_native_loops in ((usual, False), (newer, True)):
            page = {"viewport": SIZE, "device_scale_factor": SHARPNESS}
            with opened(server, FOR_PICTURES, **page) as comfy:
                if server is usual:
                    _photograph_menu(comfy).save(MENU_PICTURE, optimize=True)
                for path, workflow in workflows.items():
                    if _has_native_loops(workflow) is has_native_loops:
                        make(path, workflow, comfy, server)


def make(path: Path, workflow: dict[str, Any], comfy: Tab, server: ComfyServer) -> None:
    """Open, save, run and photograph one example."""
    comfy.open()
    comfy.call("openExample", workflow)
    # As text, as Playwright would turn what is undefined into null.
    saved = json.loads(comfy.page.evaluate("JSON.stringify(app.graph.serialize())"))
    prompt = comfy.call("prompt")
    _make_room(saved)
    # In place of the frontend's version and what is seen of the canvas here. Newer frontends show
    # the whole workflow, which must not be too large for that.
    saved["extra"] = {"ds": VIEW, "batch_loop": "template"}
    _write(path, saved)
    _write(EXAMPLES / "api" / path.name, prompt)
    comfy.run_instant()
    comfy.wait_until_off()
    with server.client() as client:
        client.wait_until_idle()
    before_and_after(path.stem, server.output / path.stem).save(
        path.with_suffix(".jpg"), quality=QUALITY, optimize=True
    )
    if path.stem == IN_THE_README:
        _photograph(comfy).save(WORKFLOW_PICTURE, quality=QUALITY, optimize=True)
    say(f"{path.stem}\n")


def _make_room(saved: dict[str, Any]) -> None:
    """Make the groups as high as their nodes need in the midst of a batch."""
    end = max(map(_end_of, saved["nodes"]))
    for group in saved["groups"]:
        _, top, _, height = group["bounding"]
        group["bounding"][3] = max(height, end - top)


def _end_of(node: dict[str, Any]) -> float:
    top, height = float(node["pos"][1]), float(node["size"][1])
    if node["type"] in ITERATORS:
        return top + height + ROOM
    if node["type"] == "BatchLoopSaveImage":
        height = max(height, WITH_RESULT)
    return top + height + BELOW


def _has_native_loops(workflow: dict[str, Any]) -> bool:
    return any(node["type"] == "StartLoop" for node in workflow["nodes"])


def _photograph_menu(comfy: Tab) -> Image.Image:
    """The Run button with its menu open, at Run (Instant)."""
    comfy.close_workflow()
    comfy.page.locator(".p-splitbutton-dropdown").first.click()
    comfy.page.locator(".p-tieredmenu-item").filter(has_text="Run (Instant)").first.hover()
    return comfy.photograph(clip=comfy.call("frameMenu"))


def _photograph(comfy: Tab) -> Image.Image:
    """The workflow, without the page around it."""
    page = comfy.page
    page.evaluate("app.extensionManager.command.execute('Workspace.ToggleFocusMode')")
    page.add_style_tag(content=ONLY_THE_WORKFLOW)
    clip = comfy.call("frameWorkflow", MARGIN)
    return comfy.photograph(clip=clip, width=PICTURE_WIDTH)


def _write(path: Path, content: Any) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_command(main)
