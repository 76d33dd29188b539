"""What a person finds in ComfyUI's page: nodes in its search, examples in its Templates window."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from playwright.sync_api import Locator, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from batch_loop.tools.tab import CLICK_MS, TRIES

if TYPE_CHECKING:
    from batch_loop.tests.browser.comfy_page import ComfyPage

FOUND = ".p-autocomplete-option, [data-testid=result-item], #results-list > *"
MIDDLE = (700, 500)
"""A place in the canvas, in pixels of the page."""

LAST = "app.graph._nodes.at(-1)"
"""The node that was added last."""


def search(comfy: ComfyPage, term: str, at: Sequence[float] = MIDDLE) -> Locator:
    """Double-click on the canvas and type; returns what is found, from the top."""
    # Nodes 2.0 have boxes of that role, too, but no field to type into.
    field = comfy.page.get_by_role("combobox").and_(comfy.page.locator("input")).last
    found = comfy.page.locator(FOUND)
    for _ in range(TRIES):
        comfy.page.mouse.dblclick(*at)
        # On a busy machine, ComfyUI may take it for two clicks; or show the search so late that the
        # next one closes it.
        with suppress(AssertionError):
            expect(field).to_be_focused(timeout=CLICK_MS)
            break
    expect(field).to_be_focused()
    field.press_sequentially(term)
    return found


def own(found: Locator) -> Locator:
    """The pack's nodes among those that are found."""
    return found.filter(has_text=re.compile("batch.loop"))


def put_down(comfy: ComfyPage, at: Sequence[float] = (500, 400)) -> bool:
    """Put the node that was added last down with a click; returns whether that was needed.

    In newer frontends it follows the pointer until then. Once it does: a click before is of no use,
    and a second one would be on the node.
    """
    if not comfy.page.evaluate(f"Boolean({LAST}.flags.ghost)"):
        return False
    place = f"String([...{LAST}.pos])"
    before = comfy.page.evaluate(place)
    x, y = at
    for step in range(TRIES):
        comfy.page.mouse.move(x + step, y)
        try:
            comfy.page.wait_for_function(
                f"before => {place} !== before", arg=before, timeout=CLICK_MS
            )
        except PlaywrightTimeoutError:
            continue
        break
    comfy.page.mouse.click(x + TRIES, y)
    comfy.page.wait_for_function(f"() => !{LAST}.flags.ghost")
    return True


def picture_of(comfy: ComfyPage, name: str) -> Locator:
    """An example's picture in the window, scrolled into view so that it is loaded."""
    # Its name is below it, so the name goes to the view's lower edge.
    card = comfy.page.get_by_test_id(f"template-workflow-{name}").first
    named = card.get_by_text(name, exact=True).first
    named.evaluate("named => named.scrollIntoView({ block: 'end' })")
    picture = comfy.page.locator(f"img[alt='{name}']").first
    expect(picture).to_be_visible()
    return picture
