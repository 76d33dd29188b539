"""Images that are each taken with each of some values: the card, and the grid of the panel."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from batch_loop.tests.browser.comfy_page import run_to_the_end
from batch_loop.tests.support.graphs import node
from batch_loop.tests.support.images import write_images
from batch_loop.tools.graphs import filled_in

if TYPE_CHECKING:
    from pathlib import Path

    from batch_loop.tests.browser.comfy_page import ComfyPage
    from batch_loop.tests.browser.side_panel import SidePanel
    from batch_loop.tools.client import ComfyClient
    from batch_loop.tools.server import ComfyServer

STRENGTHS, STYLES, ITERATOR, VALUE, INVERT, SAVE = "1", "2", "3", "4", "5", "6"
DIRECTORY = "BatchLoopDirectoryIterator"

pytestmark = pytest.mark.usefixtures("renderer")


class Sweep:
    """A workflow that takes each of three images with two strengths and two styles."""

    def __init__(self, client: ComfyClient, server: ComfyServer) -> None:
        self.client = client
        self.name = uuid.uuid4().hex[:12]
        self.input: Path = server.input / self.name
        self.output: Path = server.output / self.name
        write_images(self.input, ["a.png", "b.png", "c.png"])

    def graph(self, **settings: object) -> dict[str, Any]:
        """The workflow, with these settings of Directory Iterator."""
        given = {"directory": self.name, "variants": [STRENGTHS, 0], **settings}
        return filled_in(
            self.client,
            {
                STYLES: node("BatchLoopVariants", name="style", values="ink\noil"),
                STRENGTHS: node(
                    "BatchLoopVariants", name="strength", values="0.2\n0.8", variants=[STYLES, 0]
                ),
                ITERATOR: node(DIRECTORY, **given),
                VALUE: node("BatchLoopVariantValue", loop=[ITERATOR, 0], name="strength"),
                INVERT: node("ImageScaleBy", image=[ITERATOR, 1], scale_by=[VALUE, 2]),
                SAVE: node(
                    "BatchLoopSaveImage", image=[INVERT, 0], loop=[ITERATOR, 0], folder=self.name
                ),
            },
        )


@pytest.fixture
def sweep(client: ComfyClient, server: ComfyServer) -> Sweep:
    return Sweep(client, server)


def test_each_image_is_taken_with_each_value_and_the_panel_shows_a_grid(
    comfy: ComfyPage, panel: SidePanel, client: ComfyClient, sweep: Sweep
) -> None:
    comfy.load(sweep.graph(), workflow=str(uuid.uuid4()))
    card = comfy.card(DIRECTORY)
    expect(card).to_contain_text("3 images \N{MULTIPLICATION SIGN} 4 variants")
    comfy.set_widget(STRENGTHS, "values", "0.2\n0.5\n0.8")
    expect(card).to_contain_text("3 images \N{MULTIPLICATION SIGN} 6 variants")
    comfy.page.wait_for_function(
        "id => app.graph.getNodeById(id).widgets[0].options.values.join() === ',style,strength'",
        arg=VALUE,
    )
    comfy.press_button("Run", DIRECTORY)
    expect(card).to_contain_text("All 18 runs done")
    run_to_the_end(comfy, client)
    comfy.close_toasts()
    assert len(list(sweep.output.glob("*.png"))) == 18
    panel.open()
    panel.choose(sweep.name)
    grid = comfy.page.get_by_role("grid", name="Variants of each")
    expect(grid.get_by_role("columnheader", name="ink, 0.2")).to_be_visible()
    expect(grid.get_by_role("rowheader").first).to_contain_text("a.png")
    # Of a long name, what is cut is not its end.
    ends = grid.locator(".batch-loop-variant-entry .batch-loop-cut-end")
    expect(ends.first).to_have_text("a.png")
    cell = grid.get_by_role("gridcell", name="b · ink, 0.2.png")
    expect(cell.locator("img")).to_be_visible()
    cell.click()
    expect(panel.viewer.get_by_role("heading")).to_have_text("b · ink, 0.2.png")
    comfy.page.keyboard.press("Escape")
    grid.press("End")
    for _ in range(5):
        grid.press("ArrowRight")
    expect(grid.get_by_role("columnheader", name="oil, 0.8")).to_be_visible()
    # Names stay in sight.
    expect(grid.get_by_role("rowheader").last).to_contain_text("c.png")
    expect(grid.get_by_role("rowheader").last).to_be_in_viewport()
    grid.press("Enter")
    expect(panel.viewer.get_by_role("heading")).to_have_text("c · oil, 0.8.png")
    comfy.page.keyboard.press("Escape")


def test_the_grid_stays_a_grid_when_the_values_change_and_the_batch_goes_on(
    comfy: ComfyPage, panel: SidePanel, client: ComfyClient, sweep: Sweep
) -> None:
    comfy.load(sweep.graph(when_complete="Stop"), workflow=str(uuid.uuid4()))
    comfy.press_button("Run", DIRECTORY)
    card = comfy.card(DIRECTORY)
    expect(card).to_contain_text("All 12 runs done")
    run_to_the_end(comfy, client)
    panel.open()
    panel.choose(sweep.name)
    grid = comfy.page.get_by_role("grid", name="Variants of each")
    expect(grid.get_by_role("gridcell", name="c · ink, 0.8.png")).to_be_visible()
    comfy.set_widget(STRENGTHS, "values", "0.2\n0.5\n0.8")
    expect(card).to_contain_text("3 images \N{MULTIPLICATION SIGN} 6 variants")
    comfy.press_button("Run", DIRECTORY)
    expect(card).to_contain_text("All 18 runs done")
    run_to_the_end(comfy, client)
    expect(grid.get_by_role("columnheader", name="ink, 0.5")).to_be_visible()
    expect(grid.get_by_role("gridcell", name="a · ink, 0.5.png").locator("img")).to_be_visible()
