"""Takes the documentation's pictures of the page, on the tours of a new user.

Run `python -m tools.screenshots` after a change to what the page shows; the results are committed.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from playwright.sync_api import ViewportSize

from .errors import run_command
from .film_tour import FilmTour
from .layout import DEFAULT, NEWEST_FRONTEND, OLDEST, ROOT, SIX_NODES
from .server import ComfyServer
from .tab import NODES_2, ON, Tab, opened
from .tour import Tour

PICTURES = ROOT / "docs" / "images" / "tour"
FILM = PICTURES / "film.webp"
MADE_FROM = PICTURES / "made_from.json"
SHAPING = (
    f"examples/{SIX_NODES}.json",
    "locales/en/main.json",
    "locales/en/nodes.json",
    "web/batch_loop.css",
)
"""Files that decide what the pictures show."""

SIZE = ViewportSize(width=1500, height=940)
TALL = ViewportSize(width=1500, height=1300)
"""For nodes with many inputs."""
WIDTH = 1200
SMALL_WIDTH = 800
FILM_WIDTH = 900
NODE_MARGIN = 12
QUALITY = 84
MS_A_FRAME = 160
MS_AT_THE_END = 2000

NODES = ROOT / "web" / "docs"

_ADD_NODE = """async (type) => {
    const node = LiteGraph.createNode(type);
    node.pos = [0, 3000 * app.graph._nodes.length];  // each for itself
    app.graph.add(node);
    node.updateArea?.();  // else it has one only once it is drawn
}"""


@dataclass(frozen=True)
class Look:
    """One way the page can look."""

    name: str
    version: str
    frontend: str
    settings: Mapping[str, object] = field(default_factory=dict)


USUAL = Look("usual", DEFAULT.version, DEFAULT.frontend)
OTHERS = (
    Look("nodes_2", DEFAULT.version, NEWEST_FRONTEND, {NODES_2: True}),
    Look("light", OLDEST.version, OLDEST.frontend, {"Comfy.ColorPalette": "light"}),
)
"""The other frontends, one with Nodes 2.0 and one with a light theme."""


def main() -> None:
    """Walk the tour in each look, in the usual one also with films and a picture of each node."""
    for look in (USUAL, *OTHERS):
        folder, width = (PICTURES, WIDTH) if look == USUAL else (PICTURES / look.name, SMALL_WIDTH)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as base:
            server = ComfyServer(Path(base), version=look.version, frontend=look.frontend)
            settings = {"Comfy.Minimap.Visible": False, **look.settings}
            with opened(server, settings, viewport=SIZE) as comfy:
                keep = partial(_keep, comfy, folder, width=width)
                Tour(comfy, server.input, keep).walk()
                if look == USUAL:
                    _film(comfy)
                    _take_nodes(comfy)
                    comfy.page.set_viewport_size(SIZE)
                    comfy.open()
                    FilmTour(comfy, server, keep).walk()
    MADE_FROM.write_text(json.dumps({"sha256": digest()}) + "\n", encoding="utf-8")


def digest() -> str:
    """The SHA-256 of the files that decide what the pictures show."""
    found = hashlib.sha256()
    for name in SHAPING:
        found.update((ROOT / name).read_bytes())
    return found.hexdigest()


def _keep(comfy: Tab, folder: Path, step: str, width: int) -> None:
    path = folder / f"{step}.jpg"
    if step == "template":
        comfy.wait_until("areTemplatesDrawn")
    comfy.photograph(width=width).save(path, quality=QUALITY, optimize=True)


def _film(comfy: Tab) -> None:
    """Film a run, from Run to the notice at its end."""
    comfy.page.keyboard.press("Escape")
    comfy.run_instant()
    frames = [comfy.photograph(width=FILM_WIDTH)]
    while comfy.mode in ON:
        frames.append(comfy.photograph(width=FILM_WIDTH))
    comfy.page.get_by_role("status").get_by_role("button", name="Open report").first.wait_for()
    frames.append(comfy.photograph(width=FILM_WIDTH))
    times = [MS_A_FRAME] * (len(frames) - 1) + [MS_AT_THE_END]
    frames[0].save(
        FILM, save_all=True, append_images=frames[1:], duration=times, loop=0, quality=QUALITY
    )


def _take_nodes(comfy: Tab) -> None:
    """Keep a picture of each node of this pack: in the workflow on screen, or else below it."""
    comfy.page.keyboard.press("Escape")
    comfy.close_toasts()
    comfy.page.set_viewport_size(TALL)
    shown = comfy.call("nodeTypes", "BatchLoop")
    for node_type in sorted(page.stem for page in NODES.glob("*.md")):
        if node_type not in shown:
            comfy.page.evaluate(_ADD_NODE, node_type)
        taken = comfy.photograph(clip=comfy.call("frameNode", node_type, NODE_MARGIN))
        taken.save(NODES / node_type / "node.webp", quality=QUALITY)


if __name__ == "__main__":
    run_command(main)
