"""What results lack, and where texts went, is told on the card, in the panel and at the end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import expect

from batch_loop.tests.browser.batch import Batch
from batch_loop.tests.browser.comfy_page import ComfyPage
from batch_loop.tests.browser.side_panel import SidePanel
from batch_loop.tests.support.graphs import ITERATOR, SAVE, node, two_node_graph
from batch_loop.tools.graphs import filled_in

NOTE = "1 image was saved without its source's transparency."
RENAMED = "1 text went to another name, as a file of its name was there."


def test_the_page_tells_it(comfy: ComfyPage, new_batch: Callable[..., Batch]) -> None:
    folder = new_batch("glass.png", "wall.png")
    Image.new("RGBA", (8, 8), (9, 99, 199, 40)).save(folder.input / "glass.png")
    comfy.load(two_node_graph(folder.name, folder.name))
    comfy.run_instant()
    comfy.wait_until_off()
    expect(comfy.page.locator(".batch-loop-notice")).to_contain_text(NOTE)
    expect(comfy.card()).to_contain_text(NOTE)
    comfy.wait_until_card_fits("BatchLoopDirectoryIterator")
    panel = SidePanel(comfy)
    comfy.press_in_notice("Open report")
    expect(panel.root).to_contain_text(NOTE)
    panel.toggle()
    expect(panel.root).to_have_count(0)


@pytest.mark.one_frontend
def test_the_page_tells_which_texts_have_other_names(
    comfy: ComfyPage, new_batch: Callable[..., Batch]
) -> None:
    folder = new_batch("a.png", "b.png")
    (folder.input / "a.txt").write_text("mine")
    graph = two_node_graph(folder.name, folder.name)
    graph[SAVE] = node("BatchLoopSaveText", text=[ITERATOR, 3], loop=[ITERATOR, 0])
    comfy.load(filled_in(folder.client, graph))
    comfy.run_instant()
    comfy.wait_until_off()
    expect(comfy.page.locator(".batch-loop-notice")).to_contain_text(RENAMED)
    expect(comfy.card()).to_contain_text(RENAMED)
    assert (folder.input / "a.txt").read_text() == "mine"
