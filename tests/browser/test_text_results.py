"""A text beside an image, looked at over the whole page, and pictures of another shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from batch_loop.tests.support.batches import run_until_stop
from batch_loop.tests.support.graphs import ITERATOR, SAVE, node, two_node_graph
from batch_loop.tools.graphs import filled_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from batch_loop.tests.browser.batch import Batch
    from batch_loop.tests.browser.side_panel import SidePanel


def opened(panel: SidePanel, batch: Batch, name: str) -> Locator:
    panel.open()
    panel.choose(batch.name)
    panel.row(name).click()
    return panel.viewer


@pytest.mark.one_frontend
def test_a_text_is_beside_its_source(panel: SidePanel, new_batch: Callable[..., Batch]) -> None:
    batch = new_batch("a.png")
    graph = two_node_graph(batch.name, batch.name)
    graph[SAVE] = node("BatchLoopSaveText", text=[ITERATOR, 3], loop=[ITERATOR, 0])
    run_until_stop(batch.client, filled_in(batch.client, graph))
    viewer = opened(panel, batch, "a.png")
    text, stage = (viewer.locator(f".batch-loop-viewer-{name}") for name in ("text", "stage"))
    expect(text).to_have_text("a.png")
    panel.wait_for_views(1)
    compare = viewer.get_by_role("button", name="Compare")
    expect(compare).to_have_attribute("aria-pressed", "true")
    zoom = viewer.locator(".batch-loop-viewer-zoom")
    expect(zoom).to_have_text("100%")
    left, right = stage.bounding_box(), text.bounding_box()
    assert left is not None
    assert right is not None
    assert left["width"] > 300
    assert left["x"] + left["width"] <= right["x"] + 1
    # Alone, it has nothing to zoom.
    viewer.get_by_role("button", name="Result", exact=True).click()
    expect(zoom).to_be_hidden()
    expect(viewer.get_by_role("button", name="Zoom in")).to_be_hidden()
    expect(text).to_have_text("a.png")
    viewer.get_by_role("button", name="Source", exact=True).click()
    expect(text).to_be_hidden()
    expect(zoom).to_be_visible()
    panel.page.keyboard.press("Escape")


@pytest.mark.one_frontend
def test_the_divider_is_within_the_next_picture(
    panel: SidePanel, new_batch: Callable[..., Batch]
) -> None:
    batch = new_batch()
    Image.new("RGB", (900, 300), "red").save(batch.input / "a wide.png")
    Image.new("RGB", (60, 300), "blue").save(batch.input / "b narrow.png")
    run_until_stop(batch.client, two_node_graph(batch.name, batch.name))
    viewer = opened(panel, batch, "a wide.png")
    panel.wait_for_views(2)
    divider = viewer.get_by_role("slider")
    divider.press("Home")
    expect(divider).to_have_attribute("aria-valuenow", "0")
    viewer.get_by_role("button", name="Next image").click()
    expect(viewer).to_contain_text("b narrow.png")
    panel.wait_for_views(2)
    expect(divider).to_have_attribute("aria-valuenow", "50")
    panel.page.keyboard.press("Escape")
