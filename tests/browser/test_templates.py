"""The example workflows as a new user runs them: from the Templates window, with Run (Instant)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from batch_loop.core.comfy.templates import WITH_NATIVE_LOOPS
from batch_loop.tools.layout import EXAMPLES, NEWEST_FRONTEND

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from batch_loop.tests.browser.comfy_page import ComfyPage
    from batch_loop.tools.client import ComfyClient
    from batch_loop.tools.server import ComfyServer

ALL = {path.stem for path in EXAMPLES.glob("*.json")}
STEMS = {path.stem for path in (EXAMPLES / "images").glob("*.*")} - {"broken"}
"""Names, without extension, of the intact images that these examples read."""


def picture_of(comfy: ComfyPage, name: str) -> Locator:
    """An example's picture in the window, scrolled into view so that it is loaded."""
    comfy.page.get_by_text(name, exact=True).first.scroll_into_view_if_needed()
    picture = comfy.page.locator(f"img[alt={name}]").first
    expect(picture).to_be_visible()
    return picture


def test_the_window_shows_the_picture_of_each_example(
    comfy: ComfyPage, server: ComfyServer
) -> None:
    comfy.browse_templates()
    # Only the server of the newest frontend has nodes for them.
    left_out = set() if server.frontend == NEWEST_FRONTEND else WITH_NATIVE_LOOPS
    for name in sorted(ALL - left_out):
        picture = picture_of(comfy, name)
        comfy.page.wait_for_function(
            "picture => picture.complete && picture.naturalWidth > 0",
            arg=picture.element_handle(),
        )
    for name in left_out:
        expect(comfy.page.locator(f"img[alt={name}]")).to_have_count(0)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("captions", marks=pytest.mark.one_frontend),
        "watch_a_folder",
        *WITH_NATIVE_LOOPS,
    ],
)
def test_an_example_opened_by_a_click_runs(
    comfy: ComfyPage, client: ComfyClient, server: ComfyServer, name: str
) -> None:
    comfy.browse_templates()
    picture_of(comfy, name).click()
    nodes = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))["nodes"]
    comfy.page.wait_for_function(
        "types => JSON.stringify(app.graph._nodes.map((node) => node.type).sort()) === types",
        arg=json.dumps(sorted(node["type"] for node in nodes), separators=(",", ":")),
    )
    comfy.run_instant()
    comfy.wait_until_off()
    if name == "watch_a_folder":
        comfy.press_button("Stop watching")
        comfy.wait_until_no_button("Stop watching")
    client.wait_until_idle()
    saved = {path.name for path in (server.output / name).rglob("*") if path.is_file()}
    assert saved >= {f"{stem}.png" for stem in STEMS}
    assert saved.isdisjoint({"broken.png"})
