"""Masks and captions beside the images, in the page: what the card counts, and what is saved."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

from batch_loop.tests.browser.comfy_page import run_to_the_end
from batch_loop.tests.support.graphs import node
from batch_loop.tests.support.images import write_images
from batch_loop.tools.graphs import filled_in

if TYPE_CHECKING:
    from batch_loop.tests.browser.comfy_page import ComfyPage
    from batch_loop.tests.browser.side_panel import SidePanel
    from batch_loop.tools.client import ComfyClient
    from batch_loop.tools.server import ComfyServer

ITERATOR, MASK, SHOWN, SAVE, CAPTION, TEXTS = "1", "2", "3", "4", "5", "6"

pytestmark = pytest.mark.usefixtures("renderer")


def test_each_image_goes_with_its_mask_and_its_caption(
    comfy: ComfyPage, panel: SidePanel, client: ComfyClient, server: ComfyServer
) -> None:
    name, loop = uuid.uuid4().hex[:12], [ITERATOR, 0]
    folder, output = server.input / name, server.output / name
    write_images(folder, ["a.png", "b.png", "c.png"])
    for stem, grey in (("a", 40), ("b", 80)):
        Image.new("L", (64, 64), grey).save(folder / f"{stem}_mask.png")
        (folder / f"{stem}.txt").write_text(f"caption of {stem}", encoding="utf-8")
    graph = {
        ITERATOR: node("BatchLoopDirectoryIterator", directory=""),
        MASK: node("BatchLoopCompanionImage", loop=loop, pattern="{stem}_mask.png"),
        SHOWN: node("MaskToImage", mask=[MASK, 1]),
        SAVE: node("BatchLoopSaveImage", image=[SHOWN, 0], loop=loop, folder=name),
        CAPTION: node("BatchLoopCompanionText", loop=loop, pattern="{stem}.txt"),
        TEXTS: node(
            "BatchLoopSaveText", text=[CAPTION, 0], loop=loop, folder=name, save_to="folder"
        ),
    }
    comfy.load(filled_in(client, graph), workflow=str(uuid.uuid4()))
    comfy.press_button("Choose folder")
    window = comfy.page.get_by_role("dialog", name="Choose a folder")
    window.get_by_role("button", name="input", exact=True).click()
    window.get_by_role("button", name=name).click()
    window.get_by_role("button", name="Choose this folder").click()
    card = comfy.card()
    # Masks among the images are none.
    expect(card).to_contain_text("3 images")
    comfy.set_widget(CAPTION, "when_missing", "Leave the image out")
    expect(card).to_contain_text("2 images")
    comfy.press_button("Run")
    expect(card).to_contain_text("All 2 images done")
    run_to_the_end(comfy, client)
    comfy.close_toasts()
    greys = {}
    for path in output.glob("*.png"):
        with Image.open(path) as image:
            greys[path.stem] = image.getpixel((0, 0))
    assert greys == {"a": (40, 40, 40), "b": (80, 80, 80)}
    texts = {path.stem: path.read_text(encoding="utf-8") for path in output.glob("*.txt")}
    assert texts == {"a": "caption of a", "b": "caption of b"}
    panel.open()
    panel.choose(name)
    expect(panel.row("b.png")).to_contain_text("Done")
    expect(panel.row("c.png")).to_have_count(0)
