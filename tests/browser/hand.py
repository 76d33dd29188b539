"""A person's hand on ComfyUI's canvas: nodes from the search, wires, what is typed into nodes."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from playwright.sync_api import expect

from batch_loop.tests.browser.search import LAST, picture_of, put_down, search
from batch_loop.tools.tab import CALL, CLICK_MS, TRIES, clicked

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from batch_loop.tests.browser.comfy_page import ComfyPage


class Hand:
    """Builds a workflow and runs it, as somebody with a mouse and a keyboard does.

    Nodes are named by their types, of which each workflow has one at most.
    """

    def __init__(self, comfy: ComfyPage) -> None:
        self.comfy = comfy
        self.page = comfy.page

    def clear(self) -> None:
        """Begin with an empty canvas."""
        self.comfy.close_workflow()

    def open_template(self, name: str, iterator: str) -> None:
        """Click on an example in the Templates window, and wait for its iterator."""
        self.clear()
        self.comfy.browse_templates()
        picture_of(self.comfy, name).click()
        self.page.wait_for_function(
            "type => app.graph._nodes.some((node) => node.type === type)", arg=iterator
        )
        expect(self.page.locator("[role=dialog], .p-dialog")).to_have_count(0)

    def add(self, node_type: str, shown: str = "") -> None:
        """Search for a node by its title, and add it right of all others.

        `shown` is what the search shows, where that is more than the title.
        """
        # ComfyUI's own nodes have other titles in other releases.
        title = self.page.evaluate("type => LiteGraph.registered_node_types[type].title", node_type)
        count = self.page.evaluate("app.graph._nodes.length")
        room = self.comfy.call("roomForNode")
        found = search(self.comfy, title, room)
        entry = found.filter(has=self.page.get_by_text(shown or title, exact=True)).first
        for _ in range(TRIES):
            entry.click()
            # On a busy machine, what is found may be listed once more, and the click lost.
            with suppress(AssertionError):
                expect(found).to_have_count(0, timeout=CLICK_MS)
                break
        self.page.wait_for_function("count => app.graph._nodes.length === count", arg=count + 1)
        put_down(self.comfy, room)
        assert self.page.evaluate(f"{LAST}.type") == node_type

    def wire(self, source: str, output: str, target: str, input_name: str) -> None:
        """Drag a wire from an output of a node to an input of another."""
        wire = (source, output, target, input_name)
        for _ in range(TRIES):
            begin, end = self.comfy.call("slotsOf", *wire)
            self.page.mouse.move(*begin)
            self.page.mouse.down()
            self.page.mouse.move(*end, steps=5)
            self.page.mouse.up()
            try:
                self.page.wait_for_function(CALL, arg=["areLinked", list(wire)], timeout=CLICK_MS)
            except PlaywrightTimeoutError:
                continue  # on a busy machine a node may have moved meanwhile
            return
        raise AssertionError(wire)

    def type_into(self, node_type: str, name: str, value: object) -> None:
        """Type a value into a node."""
        place = self.comfy.call("widgetAt", node_type, name)
        field = self.page.evaluate_handle(CALL, ["fieldOf", [node_type, name]]).as_element()
        self.page.mouse.click(*place)
        if field:
            # Not filled in: what scrubs a number lies over it until then, and 1.32 wants keys.
            self.page.keyboard.press("ControlOrMeta+a")
            self.page.keyboard.type(str(value))
            field.press("Tab")
        else:
            prompt = self.page.locator(".graphdialog")
            prompt.locator("input, textarea").fill(str(value))
            prompt.locator("input, textarea").press("Enter")
            expect(prompt).to_have_count(0)
        self.comfy.wait_until("hasValue", node_type, name, value)

    def choose(self, node_type: str, name: str, option: str) -> None:
        """Choose one of a widget's options from its list."""
        entry = self.page.locator(".litecontextmenu").get_by_text(option, exact=True)
        entry = entry.or_(self.page.get_by_role("option", name=option, exact=True)).first
        for _ in range(TRIES):
            self.page.mouse.click(*self.comfy.call("widgetAt", node_type, name))
            try:
                entry.click(timeout=CLICK_MS)
            except PlaywrightTimeoutError:
                self.page.keyboard.press("Escape")  # it may not be in the list yet
                continue
            break
        expect(entry).to_have_count(0)
        self.comfy.wait_until("hasValue", node_type, name, option)

    def switch(self, node_type: str, name: str, *, on: bool) -> None:
        """Click a switch, which then is on or off."""
        self.page.mouse.click(*self.comfy.call("widgetAt", node_type, name))
        self.comfy.wait_until("hasValue", node_type, name, "true" if on else "false")

    def card(self, node_type: str) -> Locator:
        """The card of a node, in the middle of the canvas."""
        self.page.evaluate("app.canvas.ds.scale = 1")
        self.comfy.wait_until("isCardInTheMiddle", node_type)
        self.comfy.call("markCard", node_type)
        return self.page.locator(f"[data-node-type='{node_type}']")

    def press(self, label: str, node_type: str) -> None:
        """Click a button of a node's card."""
        for _ in range(TRIES):
            button = self.card(node_type).get_by_role("button", name=label, exact=True)
            expect(button).to_be_visible()
            if clicked(button):
                return
        button.click(timeout=CLICK_MS)

    def choose_place(self, node_type: str, place: str) -> None:
        """Choose a folder below the input folder, or a file in one, on the card of an iterator."""
        folder, _, file = place.partition("/")
        chooser = self.card(node_type).locator("[data-action=choose]")
        chooser.click()
        window = self.page.get_by_role("dialog", name="Choose a")
        window.get_by_role("button", name="input", exact=True).click()
        window.get_by_role("button", name=folder).click()
        window.get_by_role("button", name=file or "Choose this folder").click()
        expect(window).to_have_count(0)
