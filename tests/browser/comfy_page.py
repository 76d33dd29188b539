"""ComfyUI's page as a person uses it: by the Run button, its menu, and a node's own button."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    ConsoleMessage,
    Locator,
    Page,
    Response,
    Route,
    ViewportSize,
    expect,
)

from ...tools.client import Prompt
from ...tools.tab import CLICK_MS, NODES_2, TRIES, Tab, clicked

SIZE = ViewportSize(width=1600, height=1000)

TOASTS = ".p-toast-message, [data-testid=toast], .batch-loop-notice"

CARDS = {
    "BatchLoopDirectoryIterator": "Batch",
    "BatchLoopBatchComplete": "Result of the batch",
}
"""What the card of a node is called, by the node's type."""

IN_PAGE = Path(__file__).with_name("in_page.js")

NOT_OURS = {
    r"404 .*/(user\.css|favicon\.ico|api/userdata\b.*)$": "files that no user has made yet",
    r"404 .*/templates/index_logo\.json$": "a frontend newer than the server's own templates",
    r"404 .*/api/jobs\?|\[Jobs API\]|Failed to fetch queue: JobsApiError": (
        "a frontend newer than the server asks for a route that is not there yet"
    ),
    r"violates the (following|document's) Content Security Policy": (
        "the page asks for things outside, which --disable-api-nodes forbids it"
    ),
    r"^Attempted to cleanup event listeners for graph that was never set up": "1.25, at its start",
    r"^ComfyApp graph accessed before initialization": "1.49, at its start",
    r"^Link not found \d+ ": "1.25, when a subgraph is made inside of another",
    r"^TypeError: Cannot read properties of undefined \(reading 'id'\)\s+at onChange \(": (
        "1.32, when it reads its settings"
    ),
}
"""What ComfyUI's own pages write to the console as errors without this pack, and why."""


class ComfyPage(Tab):
    """A tab with all that the tests do in it.

    `faults` collects what went wrong in the page: errors thrown, and errors written to the
    console that are not known to be ComfyUI's own.
    """

    def __init__(self, page: Page, url: str) -> None:
        super().__init__(page, url)
        self.faults: list[str] = []
        self.submitted = 0
        """How many prompts this tab has sent, and the server has taken."""
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        page.on("response", self._on_response)
        page.add_init_script(path=IN_PAGE)

    def get(self, setting: str) -> object:
        """The value of one of ComfyUI's settings, or of an extension's."""
        return self.page.evaluate("name => app.extensionManager.setting.get(name)", setting)

    def set(self, setting: str, value: object) -> None:
        """Change a setting."""
        self.page.evaluate(
            "([name, value]) => app.extensionManager.setting.set(name, value)", [setting, value]
        )

    def open_old_menu(self) -> None:
        """Choose the menu that ComfyUI had before, with an Auto Queue of its own."""
        self.set("Comfy.UseNewMenu", "Disabled")
        expect(self.page.locator("#queue-button")).to_be_visible()

    def open_new_menu(self) -> None:
        """Choose the menu of today again."""
        self.set("Comfy.UseNewMenu", "Top")
        expect(self.run_button).to_be_visible()

    def run_by_old_menu(self) -> None:
        """Tick Auto Queue in the old menu, and press Queue Prompt."""
        self.page.get_by_label("Extra options").check()
        self.page.locator("#autoQueueCheckbox").check()
        self.page.locator("#queue-button").click()

    def press_switch(self, label: str) -> None:
        """Press a switch in ComfyUI's settings window."""
        self.page.evaluate("app.extensionManager.command.execute('Comfy.ShowSettingsDialog')")
        self.page.get_by_placeholder("Search").last.fill(label)
        switch = self.page.get_by_role("switch", name=label)
        switch.click()
        self.page.keyboard.press("Escape")
        expect(switch).to_have_count(0)

    @contextmanager
    def in_background(self) -> Iterator[None]:
        """Tell the page that another one is in front of it: without a screen none ever is."""
        self.call("setHidden", True)  # noqa: FBT003 - whether it is
        try:
            yield
        finally:
            self.call("setHidden", False)  # noqa: FBT003 - as above

    def set_batch_count(self, count: int) -> None:
        """Type a number into the field beside Run."""
        field = self.page.locator(".batch-count input").first
        # Typed, as some frontends only listen to the keys.
        field.press("ControlOrMeta+a")
        field.press_sequentially(str(count))
        field.press("Enter")
        self.page.wait_for_function(
            "count => app.extensionManager.queueSettings.batchCount === count", arg=count
        )

    @property
    def interrupt_button(self) -> Locator:
        """The cross that cancels the running prompt."""
        return self.page.get_by_role("button", name=re.compile("^(Cancel current run|Interrupt)$"))

    def press_interrupt(self) -> None:
        """Press the cross that cancels the running prompt, while one runs."""
        self.interrupt_button.click()

    def interrupt_by(self, means: str) -> None:
        """Press the cross, switched off or not, with the "pointer", or the "key" for the same."""
        if means == "key":
            self.page.keyboard.press("Control+Alt+Enter")
            return
        # Without waiting until it is switched on, as a person does.
        self.interrupt_button.hover(force=True)
        self.page.mouse.down()
        self.page.mouse.up()

    @contextmanager
    def run_instant_up_to(self, number: int) -> Iterator[None]:
        """Press Run (Instant); the so-manieth prompt reaches the server when the block ends."""
        kept: list[Route] = []
        submissions = 0

        def keep(route: Route) -> None:
            nonlocal submissions
            submissions += route.request.method == "POST"
            if submissions == number:
                kept.append(route)
            else:
                route.continue_()

        self.page.route("**/prompt", keep)
        self.run_instant()
        while not kept:
            self.page.evaluate("new Promise(requestAnimationFrame)")
        yield
        kept[0].continue_()
        self.page.unroute("**/prompt", keep)

    def settle(self) -> None:
        """Wait until the prompts that this tab was about to send have been sent."""
        self.call("settle")

    def toast(self, text: str) -> Locator:
        """The message that holds this text; waits until it is on the screen."""
        found = self.page.locator(TOASTS).filter(has_text=text).first
        expect(found).to_be_visible()
        return found

    def toasts(self, text: str) -> int:
        """How many messages on the screen hold this text."""
        return self.page.locator(TOASTS).filter(has_text=text).count()

    def wait_until_submitted(self, count: int) -> None:
        """Wait until this tab has sent that many prompts."""
        while self.submitted < count:
            self.page.wait_for_event("response", _is_prompt)

    def wait_for_error(self) -> None:
        """Wait until ComfyUI shows an error in the workflow."""
        self.page.wait_for_function("() => app.lastExecutionError")

    def browse_templates(self, pack: str) -> None:
        """Open the Templates window, and in it the examples of a node pack."""
        self.page.evaluate("app.extensionManager.command.execute('Comfy.BrowseTemplates')")
        self.page.get_by_text(pack, exact=True).first.click()

    def load(self, graph: Prompt) -> None:
        """Open a workflow."""
        self.page.evaluate("graph => app.loadApiJson(graph, 'batch')", graph)
        self.page.wait_for_function("count => app.graph._nodes.length === count", arg=len(graph))
        self.call("spread")

    def set_widget(self, node: str, name: str, value: object) -> None:
        """Enter a value on a node of the workflow's first level."""
        self.call("setWidget", node, name, value)

    def card(
        self, node_type: str = "BatchLoopDirectoryIterator", label: str | None = None
    ) -> Locator:
        """The card in a node of the graph on screen, brought into the middle.

        `label` is what the card is called where the page is not in English.
        """
        self.page.evaluate("app.canvas.ds.scale = 1")
        self.wait_until("isCardInTheMiddle", node_type)
        name = label or CARDS[node_type]
        card = self.page.get_by_role("group", name=name, exact=True).first
        expect(card).to_be_visible()
        return card

    @contextmanager
    def nodes_2(self, *, enabled: bool) -> Iterator[None]:
        """Have nodes drawn by Nodes 2.0, or not; some frontends know neither it nor its setting."""
        before = bool(self.get(NODES_2))
        if before != enabled:
            self.set(NODES_2, enabled)
            # Some frontends draw no node at all when it was switched in the midst of work.
            self.open()
        yield
        if before != enabled:
            self.set(NODES_2, before)
            self.open()

    def wait_for_colour_on_title(self, node: str, colour: str) -> None:
        """Wait until there is something in this colour on a node's title."""
        self.wait_until("isColourOnTitle", node, colour)

    def wait_until_card_fits(self, node_type: str) -> None:
        """Wait until a node's card is whole, inside of it, and covers no widget or output."""
        self.card(node_type)
        self.wait_until("doesCardFit", node_type)

    def press_button(self, label: str) -> None:
        """Click a button of Directory Iterator's card."""
        for _ in range(TRIES):
            button = self.card().get_by_role("button", name=label)
            expect(button).to_be_visible()
            if clicked(button):
                return
            # ComfyUI has moved the canvas, or shows something over it.
        button.click(timeout=CLICK_MS)

    def wait_until_no_button(self, label: str) -> None:
        """Wait until Directory Iterator's card has no such button."""
        expect(self.card().get_by_role("button", name=label)).to_have_count(0)

    def convert_to_subgraph(self, nodes: list[str]) -> None:
        """Select nodes, and make a subgraph of them."""
        self.call("convertToSubgraph", nodes)
        self.page.wait_for_function("() => app.graph._nodes.some((node) => node.subgraph)")

    def enter_subgraph(self) -> None:
        """Open the workflow's subgraph."""
        self.page.evaluate(
            "() => app.canvas.setGraph(app.graph._nodes.find((node) => node.subgraph).subgraph)"
        )

    def saved_widgets(self, node_type: str) -> list[Any]:
        """What the saved workflow holds for a node's widgets."""
        values: list[Any] = self.call("savedWidgets", node_type)
        return values

    def reload_workflow(self) -> None:
        """Save the workflow and open what was saved."""
        self.page.evaluate(
            "async () => app.loadGraphData(JSON.parse(JSON.stringify(app.graph.serialize())))"
        )

    def tidy(self) -> None:
        """Bring a tab that another test has used back to how it was opened."""
        self.close_dialogs()
        self.close_toasts()
        if self.page.evaluate("app.canvas.graph !== app.graph"):
            # Some frontends draw no node of the workflow that is opened after a subgraph was.
            self.open()
        self.call("tidy")
        self.submitted = 0
        self.faults.clear()

    def _on_console(self, message: ConsoleMessage) -> None:
        text = f"{message.text} {message.location.get('url', '')}"
        ours = "[Batch Loop]" in text or "Uncaught error in" in text
        if message.type != "error" and not ours:
            return
        if ours or not any(re.search(known, text) for known in NOT_OURS):
            self.faults.append(text)

    def _on_response(self, response: Response) -> None:
        if _is_prompt(response):
            self.submitted += 1


def _is_prompt(response: Response) -> bool:
    return bool(
        response.ok and response.request.method == "POST" and response.url.endswith("/prompt")
    )
