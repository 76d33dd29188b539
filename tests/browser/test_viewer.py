"""An image and its results, looked at over the whole page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import FloatRect, Locator, Route, ViewportSize, expect

from batch_loop.tests.browser.conftest import SIZES
from batch_loop.tests.support.batches import run_until_stop
from batch_loop.tests.support.graphs import ITERATOR, batch_graph, node
from batch_loop.tools.tab import SMALL

if TYPE_CHECKING:
    from collections.abc import Callable

    from batch_loop.tests.browser.batch import Batch
    from batch_loop.tests.browser.side_panel import SidePanel
    from batch_loop.tools.client import ComfyClient

WIDTH, HEIGHT = 1500, 1000
NAMES = ("a.jpg", "b.jpg")
BROKEN = "c.png"


@pytest.fixture
def done(panel: SidePanel, new_batch: Callable[..., Batch], client: ComfyClient) -> Batch:
    """A batch of two large images with four results each, and a broken file; it is open."""
    batch = new_batch()
    for name in NAMES:
        picture().save(batch.input / name)
    (batch.input / BROKEN).write_bytes(b"no image")
    graph = batch_graph(batch.name, batch.name, error_handling="Skip on error")
    graph["half"] = node("ImageScaleBy", image=[ITERATOR, 1], upscale_method="area", scale_by=0.5)
    for number, image in enumerate((["half", 0], [ITERATOR, 1], [ITERATOR, 1])):
        graph[f"more{number}"] = node(
            "SaveImage", images=image, filename_prefix=f"{batch.name}/z{number}"
        )
    run_until_stop(client, graph)
    assert batch.counts() == (2, 1)
    panel.page.set_viewport_size(SMALL)
    panel.open()
    panel.choose(batch.name)
    expect(panel.row(NAMES[0])).to_contain_text("Done")
    return batch


def picture() -> Image.Image:
    small = np.random.default_rng(1).integers(0, 256, (HEIGHT // 50, WIDTH // 50, 3), np.uint8)
    return Image.fromarray(small).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)


def open_on(panel: SidePanel, name: str) -> None:
    panel.row(name).click()
    panel.wait_for_views(2)


def percent(panel: SidePanel) -> int:
    text = panel.viewer.locator(".batch-loop-viewer-zoom").text_content() or ""
    return int(text.removesuffix("%"))


def box_of(found: Locator) -> FloatRect:
    box = found.bounding_box()
    assert box is not None
    return box


def stage(panel: SidePanel) -> Locator:
    return panel.viewer.locator(".batch-loop-viewer-stage")


def middle(panel: SidePanel) -> tuple[float, float]:
    box = box_of(stage(panel))
    return box["x"] + box["width"] / 4, box["y"] + box["height"] / 2


def test_the_row_of_an_image_shows_all_four_results(panel: SidePanel, done: Batch) -> None:
    panel.wait_for_pictures(panel.row("b.jpg"), 5)
    expect(panel.row("b.jpg").locator(".batch-loop-panel-more")).to_have_count(0)
    box, around = box_of(panel.row("b.jpg").locator("img").last), box_of(panel.row("b.jpg"))
    assert box["width"] > 15
    assert box["y"] + box["height"] <= around["y"] + around["height"]
    assert done.name in (panel.root.text_content() or "")


@pytest.mark.parametrize("shown", SIZES.values(), ids=SIZES)
@pytest.mark.usefixtures("done")
def test_source_and_results_are_compared(panel: SidePanel, shown: ViewportSize) -> None:
    panel.page.set_viewport_size(shown)
    open_on(panel, "b.jpg")
    # Over the whole page, most of which is the picture.
    whole = box_of(panel.viewer)
    assert (whole["x"], whole["y"], whole["width"], whole["height"]) == (0, 0, *shown.values())
    assert box_of(stage(panel))["height"] > 0.7 * shown["height"]
    foot = box_of(panel.viewer.locator(".batch-loop-viewer-foot"))
    assert foot["y"] + foot["height"] <= shown["height"]
    expect(panel.viewer).to_contain_text("b.jpg")
    expect(panel.viewer).to_contain_text("2 of 3")
    facts = panel.viewer.locator(".batch-loop-viewer-file")
    expect(facts.first).to_contain_text(re.compile(r"Source.*b\.jpg.*1,500 . 1,000 · \d.*kB"))
    expect(facts.last).to_contain_text(re.compile(r"Result.*b\.png.*1,500 . 1,000 · \d.*[kM]B"))
    # The divider says which part of each is seen.
    divider = panel.viewer.get_by_role("slider")
    assert cuts(panel) == pytest.approx([0.5, 0.5], abs=0.01)
    divider.focus()
    panel.page.keyboard.press("Home")
    assert cuts(panel)[1] <= 0
    panel.page.keyboard.press("End")
    assert cuts(panel)[0] <= 0
    box, place = box_of(divider), box_of(stage(panel))
    y = box["y"] + box["height"] / 3
    panel.page.mouse.move(box["x"] + box["width"] / 2 - 2, y)
    panel.page.mouse.down()
    panel.page.mouse.move(place["x"] + place["width"] / 2, y, steps=4)
    panel.page.mouse.up()
    expect(divider).to_have_attribute("aria-valuenow", "50")
    assert cuts(panel) == pytest.approx([0.5, 0.5], abs=0.01)
    # All results, and each of the two alone.
    results = panel.viewer.get_by_role("button", name=re.compile("^Result [1-4]: "))
    expect(results).to_have_count(4)
    results.nth(1).click()
    expect(facts.last).to_contain_text(re.compile("750 . 500"))
    panel.wait_for_views(2)
    panel.viewer.get_by_role("button", name="Source", exact=True).click()
    panel.wait_for_views(1)
    expect(panel.views.locator("img")).to_have_attribute("alt", "Source b.jpg")
    panel.viewer.get_by_role("button", name="Result", exact=True).click()
    expect(panel.views.locator("img")).to_have_attribute("alt", "Result of b.jpg")


def cuts(panel: SidePanel) -> list[float]:
    """The parts of the image that are cut off: of the source at its right, of the result left."""
    found: list[float] = panel.viewer.evaluate(
        """viewer => ["source", "result"].map((name, place) => {
          const layer = viewer.querySelector(`.batch-loop-viewer-${name}`);
          const sides = layer.style.clipPath.match(/[\\d.]+/g) ?? [0, 0, 0, 0];
          return sides[place ? 3 : 1] / layer.offsetWidth;
        })"""
    )
    return found


@pytest.mark.usefixtures("done")
def test_a_picture_that_is_waited_for_is_seen_to_load(panel: SidePanel) -> None:
    held: list[Route] = []
    results = re.compile(r"/picture\?.*output=")
    panel.page.route(results, lambda route: held.append(route))  # noqa: PLW0108 playwright marks it
    panel.row("a.jpg").click()
    layer = panel.viewer.locator(".batch-loop-viewer-result")
    expect(layer).to_have_attribute("data-state", "loading")
    expect(layer).to_have_css("animation-name", "batch-loop-breathe")
    panel.page.unroute(results)
    for route in held:
        route.continue_()
    panel.wait_for_views(2)
    expect(layer).to_have_css("animation-name", "none")


@pytest.mark.usefixtures("done")
def test_it_is_zoomed_and_moved_by_mouse(panel: SidePanel) -> None:
    open_on(panel, "a.jpg")
    mouse = panel.page.mouse
    fitted = percent(panel)
    assert fitted < 70
    place = middle(panel)
    mouse.move(*place)
    mouse.wheel(0, -400)
    expect(panel.viewer.locator(".batch-loop-viewer-zoom")).not_to_have_text(f"{fitted}%")
    before = box_of(panel.views.first)
    mouse.down()
    mouse.move(place[0] - 40, place[1] - 30, steps=4)
    mouse.up()
    after = box_of(panel.views.first)
    assert (after["x"] - before["x"], after["y"] - before["y"]) == pytest.approx((-40, -30), abs=1)
    for expected in (fitted, 100, fitted):
        mouse.dblclick(*place)
        expect(panel.viewer.locator(".batch-loop-viewer-zoom")).to_have_text(f"{expected}%")
    # The divider and its handle lie over the pictures, and are only dragged instead.
    divider = panel.viewer.get_by_role("slider")
    box = box_of(divider)
    zoom = panel.viewer.locator(".batch-loop-viewer-zoom")
    for away, part in ((15, 4), (0, 2)):
        at = (box["x"] + box["width"] / 2 + away, box["y"] + box["height"] / part)
        mouse.move(*at)
        mouse.wheel(0, -400)
        expect(zoom).not_to_have_text(f"{fitted}%")
        mouse.wheel(0, 4000)
        for expected in (fitted, 100, fitted):
            expect(zoom).to_have_text(f"{expected}%")
            mouse.dblclick(*at)
        expect(zoom).to_have_text("100%")
        mouse.dblclick(*at)
        expect(divider).to_have_attribute("aria-valuenow", "50")


@pytest.mark.usefixtures("done")
def test_it_is_used_by_keyboard_alone(panel: SidePanel) -> None:
    panel.grid.focus()
    keyboard = panel.page.keyboard
    keyboard.press("Home")
    keyboard.press("Enter")
    panel.wait_for_views(2)
    expect(stage(panel)).to_be_focused()
    fitted = percent(panel)
    keyboard.press("1")
    assert percent(panel) == 100
    before = box_of(panel.views.first)
    keyboard.press("Shift+ArrowRight")
    assert box_of(panel.views.first)["x"] < before["x"]
    keyboard.press("0")
    assert percent(panel) == fitted
    keyboard.press("+")
    assert percent(panel) > fitted
    keyboard.press("-")
    keyboard.press("ArrowDown")
    marked = panel.viewer.locator(".batch-loop-viewer-thumbnail[aria-pressed=true]")
    expect(marked).to_have_accessible_name(re.compile("^Result 2: "))
    # What failed says why, and has no result; the focus stays where it is of use.
    panel.viewer.get_by_role("button", name="Result", exact=True).focus()
    keyboard.press("End")
    expect(panel.viewer).to_contain_text("3 of 3")
    expect(panel.viewer.locator(".batch-loop-viewer-none")).to_contain_text("it is not an image")
    expect(panel.views).to_have_count(0)
    keyboard.press("ArrowLeft")
    expect(panel.viewer).to_contain_text("2 of 3")
    panel.wait_for_views(2)
    # Nothing behind it can have the focus.
    named: set[str] = set()
    for _ in range(40):
        keyboard.press("Tab")
        focused = panel.viewer.locator(":focus")
        expect(focused).to_have_count(1)
        named.add(focused.get_attribute("aria-label") or focused.text_content() or "")
    assert {"Compare", "Open in a new tab", "Close", "Next image", "Zoom in"} <= named
    keyboard.press("Escape")
    expect(panel.viewer).to_have_count(0)
    expect(panel.grid).to_be_focused()


def touch(panel: SidePanel, *moves: list[tuple[float, float]]) -> None:
    """Put fingers on the page, move them through these places, and lift them."""
    session = panel.page.context.new_cdp_session(panel.page)

    def send(kind: str, points: list[tuple[float, float]]) -> None:
        named = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        given: dict[str, Any] = {"type": kind, "touchPoints": named}
        session.send("Input.dispatchTouchEvent", given)

    send("touchStart", moves[0])
    for points in moves[1:]:
        send("touchMove", points)
    send("touchEnd", [])
    session.detach()


@pytest.mark.usefixtures("done")
def test_it_is_used_by_touch(panel: SidePanel) -> None:
    open_on(panel, "a.jpg")
    x, y = middle(panel)
    touch(panel, [(x, y)], [(x - 40, y)], [(x - 120, y + 10)])
    expect(panel.viewer).to_contain_text("2 of 3")
    panel.wait_for_views(2)
    touch(panel, [(x, y)], [(x + 60, y)], [(x + 120, y)])
    expect(panel.viewer).to_contain_text("1 of 3")
    panel.wait_for_views(2)
    fitted = percent(panel)
    touch(
        panel,
        [(x - 40, y), (x + 40, y)],
        [(x - 80, y), (x + 80, y)],
        [(x - 120, y), (x + 120, y)],
    )
    zoom = panel.viewer.locator(".batch-loop-viewer-zoom")
    expect(zoom).not_to_have_text(f"{fitted}%")
    assert percent(panel) == pytest.approx(3 * fitted, rel=0.1)
    # A larger picture is moved, and no other takes its place.
    before = box_of(panel.views.first)
    touch(panel, [(x, y)], [(x - 60, y)], [(x - 120, y)])
    assert box_of(panel.views.first)["x"] < before["x"]
    expect(panel.viewer).to_contain_text("1 of 3")


@pytest.mark.one_frontend
def test_files_are_opened_copied_and_missed(panel: SidePanel, done: Batch) -> None:
    panel.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    result = done.output / "b.png"
    open_on(panel, "b.jpg")
    panel.viewer.get_by_role("button", name="Copy the path of b.png").click()
    expect(panel.viewer.get_by_role("status")).to_have_text("Path copied")
    expect(panel.viewer.locator(".batch-loop-viewer-file .pi-check")).to_be_visible()
    assert panel.page.evaluate("navigator.clipboard.readText()") == str(result.resolve())
    with panel.page.context.expect_page() as opened:
        panel.viewer.get_by_role("link", name="Open in a new tab").click()
    opened.value.wait_for_load_state()
    assert opened.value.locator("img").evaluate("image => image.naturalWidth") == WIDTH
    opened.value.close()
    panel.page.keyboard.press("Escape")
    result.unlink()
    panel.row("b.jpg").click()
    expect(panel.viewer.locator(".batch-loop-viewer-none")).to_contain_text("the file is gone")
    panel.viewer.get_by_role("button", name="Source", exact=True).click()
    panel.wait_for_views(1)
