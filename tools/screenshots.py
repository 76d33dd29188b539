"""Takes the documentation's pictures of the page, on the tour of a new user's first minutes.

Run it as `python -m tools.screenshots` after a change of what the page shows; the results are
committed. Nothing in them is put together by hand.
"""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import ViewportSize, sync_playwright

from .chromium import find_chromium
from .comfy_page import FLAGS, ON, SETTINGS, ComfyPage
from .errors import run_command
from .layout import ROOT
from .server import ComfyServer
from .tour import Tour

if TYPE_CHECKING:
    from playwright.sync_api import Page

PICTURES = ROOT / "docs" / "images" / "tour"
FILM = PICTURES / "film.webp"
MADE_FROM = PICTURES / "made_from.json"
SHAPING = (
    "examples/save_batch.json",
    "locales/en/main.json",
    "locales/en/nodes.json",
    "web/batch_loop.css",
)
"""Files that decide what the pictures show."""

SIZE = ViewportSize(width=1500, height=940)
WIDTH = 1200
FILM_WIDTH = 900
QUALITY = 84
MS_A_FRAME = 160
MS_AT_THE_END = 2000


def main() -> int:
    """Walk the tour, and keep a picture of each step and a film of the last run."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as base, ComfyServer(Path(base) / "ComfyUI") as server:
        with server.client() as client:
            client.post("/settings", {**SETTINGS, "Comfy.Minimap.Visible": False})
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
            comfy = ComfyPage(browser.new_page(viewport=SIZE), server.url)
            comfy.open()
            Tour(comfy, server.input, lambda step: _keep(comfy.page, step)).walk()
            _film(comfy)
            browser.close()
    MADE_FROM.write_text(json.dumps({"sha256": digest()}) + "\n", encoding="utf-8")
    return 0


def digest() -> str:
    """Of the files that decide what the pictures show."""
    found = hashlib.sha256()
    for name in SHAPING:
        found.update((ROOT / name).read_bytes())
    return found.hexdigest()


def _keep(page: Page, step: str) -> None:
    _drawn(page, WIDTH).save(PICTURES / f"{step}.jpg", quality=QUALITY, optimize=True)


def _film(comfy: ComfyPage) -> None:
    """A whole run, from Run to the notice at its end."""
    comfy.page.keyboard.press("Escape")
    comfy.run_instant()
    frames = [_drawn(comfy.page, FILM_WIDTH)]
    while comfy.mode in ON:
        frames.append(_drawn(comfy.page, FILM_WIDTH))
    comfy.page.get_by_role("status").get_by_role("button", name="Open report").first.wait_for()
    frames.append(_drawn(comfy.page, FILM_WIDTH))
    times = [MS_A_FRAME] * (len(frames) - 1) + [MS_AT_THE_END]
    frames[0].save(
        FILM, save_all=True, append_images=frames[1:], duration=times, loop=0, quality=QUALITY
    )


def _drawn(page: Page, width: int) -> Image.Image:
    taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    height = round(taken.height * width / taken.width)
    return taken.resize((width, height), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    run_command(main)
