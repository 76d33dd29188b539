"""From an empty canvas to a batch: the node search, the next node, and how few actions it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from batch_loop.tests.browser.search import FOUND, own, search
from batch_loop.tools.layout import NEWEST

if TYPE_CHECKING:
    from batch_loop.tests.browser.comfy_page import ComfyPage
    from batch_loop.tools.server import ComfyServer

ITERATOR = "BatchLoopDirectoryIterator"
SAVER = "BatchLoopSaveImage"

TERMS = ["folder", "batch", "load images", "loop", "for each", "upscale folder"]
"""What a person may search for who does not know the pack."""

FIRST = 3


pytestmark = pytest.mark.usefixtures("renderer")


@pytest.mark.one_renderer
def test_a_search_by_purpose_finds_the_pack_among_the_first(
    comfy: ComfyPage, server: ComfyServer
) -> None:
    comfy.close_workflow()
    for term in TERMS:
        # ComfyUI 0.33's own puts its three nodes called "Batch ..." first.
        is_after_its_own = server.frontend == NEWEST.frontend and term == "batch"
        check(comfy, term, FIRST + is_after_its_own)


def check(comfy: ComfyPage, term: str, first: int) -> None:
    """The pack must be among the first that this term finds."""
    found = search(comfy, term)
    expect(own(found).first).to_be_visible()
    comfy.page.wait_for_function(
        "([selector, words, first]) => {"
        " const all = [...document.querySelectorAll(selector)].filter((each) => each.offsetHeight);"
        " return all.slice(0, first).some((each) => new RegExp(words).test(each.innerText));"
        "}",
        arg=[
            FOUND,
            "batch.loop",
            first,
        ],
    )
    comfy.page.keyboard.press("Escape")
    expect(found).to_have_count(0)


def links(comfy: ComfyPage) -> list[list[str]]:
    """The inputs with a link, by node type."""
    found: list[list[str]] = comfy.page.evaluate(
        """() => app.graph._nodes.map(({ type, inputs }) =>
            [type, ...inputs.filter(({ link }) => link != null).map(({ name }) => name)]).sort()"""
    )
    return found


@pytest.mark.one_renderer
def test_a_lone_iterator_adds_the_next_node_and_one_undo_takes_it_back(comfy: ComfyPage) -> None:
    comfy.call("newNodes", [ITERATOR])
    card = comfy.card()
    expect(card).to_contain_text("Next: Save Image (Batch)")
    comfy.press_button("Add")
    expect(card.get_by_role("button", name="Add", exact=True)).to_have_count(0)
    assert links(comfy) == [[ITERATOR], [SAVER, "image", "loop"]]
    comfy.page.evaluate("app.extensionManager.command.execute('Comfy.Undo')")
    comfy.page.wait_for_function("() => app.graph._nodes.length === 1")
    assert links(comfy) == [[ITERATOR]]


@pytest.mark.one_renderer
def test_the_next_node_comes_after_the_work(comfy: ComfyPage) -> None:
    comfy.call("newNodes", [ITERATOR, "ImageInvert"])
    comfy.call("link", ITERATOR, "ImageInvert", "image", 1)
    comfy.press_button("Add")
    expect(comfy.card().get_by_role("button", name="Add", exact=True)).to_have_count(0)
    source = comfy.page.evaluate(
        "type => app.graph._nodes.find((node) => node.type === type).getInputNode(0).type", SAVER
    )
    assert source == "ImageInvert"


@pytest.mark.one_renderer
def test_a_dropped_wire_offers_the_pack_s_nodes(comfy: ComfyPage) -> None:
    after, before = comfy.page.evaluate(
        "[LiteGraph.slot_types_default_out, LiteGraph.slot_types_default_in]"
    )
    assert SAVER in after["BATCH_LOOP"][:2]
    assert "BatchLoopEndQueue" in after["BOOLEAN"][:2]
    assert ITERATOR in before["BATCH_LOOP"][:2]
