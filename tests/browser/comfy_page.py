"""ComfyUI's page as a person uses it: the Run button, its menu, and nodes' own buttons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import (
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    Route,
    expect,
)
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from ...tools.client import Prompt
from ...tools.tab import CLICK_MS, NODES_2, TRIES, WAIT_MS, Tab, clicked
from .slow_page import slow_down, slow_url

if TYPE_CHECKING:
    from ...tools.client import ComfyClient
    from .batch import Batch

PACK = "batch-loop"
EXAMPLE = "Save a caption for each image"
"""The pack's folder, and one of its examples, as the Templates window names them."""

TOASTS = ".p-toast-message, [data-testid=toast], .batch-loop-notice"

CARDS = {
    "BatchLoopDirectoryIterator": "Batch",
    "BatchLoopRowIterator": "Batch",
    "BatchLoopVideoIterator": "Batch",
    "BatchLoopAudioIterator": "Batch",
    "BatchLoopFrameIterator": "Batch",
    "BatchLoopBatchComplete": "Result of the batch",
}
"""The accessible names of cards, by node type."""

IN_PAGE = tuple(Path(__file__).with_name(name) for name in ("in_page.js", "hand.js"))

NOT_OURS = {
    r"404 .*/(user\.css|favicon\.ico|api/userdata\b.*)$": "files that no user has made yet",
    r"404 .*/templates/index_logo\.json$": "a frontend newer than the server's own templates",
    r"404 .*/api/jobs\?|\[Jobs API\]|Failed to fetch queue: JobsApiError": (
        "a frontend newer than the server asks for a route that is not there yet"
    ),
    r"violates the (following|document's) Content Security Policy": (
        "the page asks for things outside, which --disable-api-nodes forbids it"
    ),
    r"^TypeError: Cannot set properties of null \(setting 'value'\)\s+at Proxy.onChange": (
        "1.25 and 1.32, when the node search is closed with words in it"
    ),
    r"^Attempted to cleanup event listeners for graph that was never set up": "1.25, at its start",
    r"^ComfyApp graph accessed before initialization": "1.49, at its start",
    r"^Link not found \d+ ": "1.25, when a subgraph is made inside of another",
    r"^TypeError: Cannot read properties of undefined \(reading 'id'\)\s+at onChange \(": (
        "1.32, when it reads its settings"
    ),
}
"""Console errors of ComfyUI's page itself, even without this pack, and their reasons."""


WORKFLOW = "0d7f1c9e-5a54-4c0e-9a3b-0d6f6a3c2b11"
"""The id of the workflows that tests open, unless they name one: each has folders of its own."""


def run_to_the_end(comfy: ComfyPage, client: ComfyClient) -> None:
    """Wait until a run has ended by itself, and the page has heard of all of it."""
    comfy.wait_until_off()
    client.wait_until_idle()
    comfy.settle()
    client.wait_until_idle()
    comfy.wait_until_heard()


class ComfyPage(Tab):
    """A browser tab, with everything that the tests do in it.

    `faults` collects the page's errors: those thrown, and those written to the console that are
    not known to be ComfyUI's own.
    """

    def __init__(self, page: Page, url: str) -> None:
        super().__init__(page, slow_url(url))
        slow_down(page)
        self.faults: list[str] = []
        self.submitted = 0
        """How many prompts of this tab the server has accepted."""
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        page.on("response", self._on_response)
        self._unanswered: set[Request] = set()
        page.on("request", self._on_request)
        page.on("requestfinished", self._on_answer)
        page.on("requestfailed", self._on_answer)
        for script in IN_PAGE:
            page.add_init_script(path=script)

    def open(self) -> None:
        super().open()
        self.call("noteProgress")

    def get(self, setting: str) -> object:
        """The value of a setting of ComfyUI or of an extension."""
        return self.page.evaluate("name => app.extensionManager.setting.get(name)", setting)

    def set(self, setting: str, value: object) -> None:
        """Change a setting."""
        self.page.evaluate(
            "([name, value]) => app.extensionManager.setting.set(name, value)", [setting, value]
        )

    def open_old_menu(self) -> None:
        """Switch to ComfyUI's old menu, which has its own Auto Queue."""
        self.set("Comfy.UseNewMenu", "Disabled")
        expect(self.page.locator("#queue-button")).to_be_visible()

    def open_new_menu(self) -> None:
        """Switch back to the current menu."""
        self.set("Comfy.UseNewMenu", "Top")
        expect(self.run_button).to_be_visible()

    def run_by_old_menu(self) -> None:
        """Tick Auto Queue in the old menu, and press Queue Prompt."""
        self.page.get_by_label("Extra options").check()
        self.page.locator("#autoQueueCheckbox").check()
        self.page.locator("#queue-button").click()

    def press_switch(self, label: str) -> None:
        """Click a switch in ComfyUI's settings window."""
        self.page.evaluate("app.extensionManager.command.execute('Comfy.ShowSettingsDialog')")
        self.page.get_by_placeholder("Search").last.fill(label)
        switch = self.page.get_by_role("switch", name=label)
        switch.click()
        self.page.keyboard.press("Escape")
        expect(switch).to_have_count(0)

    @contextmanager
    def in_background(self) -> Iterator[None]:
        """Make the page believe that it is in the background: without a screen it never is."""
        self.call("setHidden", True)  # noqa: FBT003 - whether it is
        try:
            yield
        finally:
            self.call("setHidden", False)  # noqa: FBT003 - as above

    def set_batch_count(self, count: int) -> None:
        """Type a number into the field next to Run."""
        field = self.page.locator(".batch-count input").first
        # Typed, as some frontends only react to key presses.
        field.press("ControlOrMeta+a")
        field.press_sequentially(str(count))
        field.press("Enter")
        self.page.wait_for_function(
            "count => app.extensionManager.queueSettings.batchCount === count", arg=count
        )

    @property
    def interrupt_button(self) -> Locator:
        """The button with a cross that cancels the running prompt."""
        return self.page.get_by_role("button", name=re.compile("^(Cancel current run|Interrupt)$"))

    def press_interrupt(self) -> None:
        """Press the cross while a prompt is running."""
        self.interrupt_button.click()

    def interrupt_by(self, means: str) -> None:
        """Cancel by the cross ("pointer"), even if it is disabled, or by the shortcut ("key")."""
        if means == "key":
            self.page.keyboard.press("Control+Alt+Enter")
            return
        # Without waiting until it is enabled, like a person.
        self.interrupt_button.hover(force=True)
        self.page.mouse.down()
        self.page.mouse.up()

    @contextmanager
    def run_instant_up_to(self, number: int) -> Iterator[None]:
        """Press Run (Instant); the prompt of this number reaches the server when the block ends."""
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
        self.page.unroute_all(behavior="wait")

    @contextmanager
    def answers_late(self, first: int) -> Iterator[None]:
        """Each prompt that the page sends has ended before the page hears that it is accepted.

        After the first few, it also hears that only once the prompt's workflow has left the screen.
        """
        late = self.page.evaluate_handle("first => batchLoopTools.answerLate(first)", first)
        yield
        late.evaluate("late => void late.end()")

    def settle(self) -> None:
        """Wait until the prompts that this tab was about to send have been sent."""
        try:
            self.call("settle", WAIT_MS)
        except PlaywrightError as error:
            unanswered = ", ".join(f"{one.method} {one.url}" for one in self._unanswered)
            raise AssertionError(f"{error}\nwithout an answer: {unanswered or None}") from error

    def toast(self, text: str) -> Locator:
        """The message with this text; waits until it is on screen."""
        found = self.page.locator(TOASTS).filter(has_text=text).first
        expect(found).to_be_visible()
        return found

    def toasts(self, text: str) -> int:
        """The number of messages on screen with this text."""
        return self.page.locator(TOASTS).filter(has_text=text).count()

    def wait_until_submitted(self, count: int) -> None:
        """Wait until this tab has sent this many prompts."""
        while self.submitted < count:
            self.page.wait_for_event("response", _is_prompt)

    def wait_until_in_image(self, batch: Batch, number: int) -> None:
        """Wait until the workflow is in the middle of an image that this tab has sent.

        The tab then knows it, and sends nothing.
        """
        batch.wait_until_in_image(number)
        (prompt,) = batch.client.queue().running
        self.wait_until("hasHeardOfStart", prompt)
        self.settle()
        self.wait_until_answered()

    def wait_until_heard(self) -> None:
        """Wait until this tab has heard of the end of each of its prompts that has ended.

        Until then, it may take what it hears for something that is on the screen only now.
        """
        self.wait_until("hasHeardAll")

    def wait_until_answered(self, route: str = "/prompt") -> None:
        """Wait until the server has answered all that this tab has sent to a route."""
        while any(route in request.url for request in self._unanswered):
            self.page.evaluate("new Promise((turn) => setTimeout(turn))")

    def wait_for_error(self) -> None:
        """Wait until ComfyUI shows an error in the workflow."""
        self.page.wait_for_function("() => app.lastExecutionError")

    def browse_templates(self) -> None:
        """Open the Templates window with the examples of this node pack."""
        self.page.evaluate("app.extensionManager.command.execute('Comfy.BrowseTemplates')")
        for _ in range(TRIES):
            # Nodes in the workflow behind it may have badges with that text.
            window = self.page.locator("[role=dialog], .p-dialog")
            window.get_by_text(PACK, exact=True).first.click()
            try:
                self.page.get_by_test_id(f"template-workflow-{EXAMPLE}").first.wait_for(
                    timeout=CLICK_MS
                )
            except PlaywrightTimeoutError:
                continue  # when its own templates arrive, 1.25 shows those again
            return
        self.page.get_by_test_id(f"template-workflow-{EXAMPLE}").first.wait_for()

    def load(self, graph: Prompt, name: str = "batch", workflow: str = WORKFLOW) -> None:
        """Open a workflow of this name, with this id."""
        # No hook of ComfyUI's tells the page's extensions of it before.
        self.wait_until_answered()
        self.wait_until_heard()
        self.page.evaluate("([graph, name]) => app.loadApiJson(graph, name)", [graph, name])
        self.call("giveId", workflow)
        self.page.wait_for_function("count => app.graph._nodes.length === count", arg=len(graph))

    def leave_workflow(self, how: str, other: Prompt) -> None:
        """Leave the workflow as a person does; `other` is what is dropped onto the page."""
        if how == "dropped":
            self.call("drop", other, "other.json")
            return
        command = {
            "new": "Comfy.NewBlankWorkflow",
            "closed": "Workspace.CloseWorkflow",
            "duplicate": "Comfy.DuplicateWorkflow",
        }[how]
        left = self.page.evaluate_handle("app.extensionManager.workflow.activeWorkflow")
        self.page.evaluate("command => void app.extensionManager.command.execute(command)", command)
        if how == "closed":
            # Newer frontends ask only if there is something to save.
            without_saving = re.compile(r"\b(No|Close anyway)$", re.IGNORECASE)
            button = self.page.get_by_role("button", name=without_saving)
            notice = self.page.locator(".batch-loop-notice")
            expect(button.or_(notice).first).to_be_visible()
            if button.count():
                button.click()
            self.page.wait_for_function(
                "left => !app.extensionManager.workflow.openWorkflows.includes(left)", arg=left
            )

    def press_in_notice(self, label: str) -> None:
        """Click a button of one of this pack's notices."""
        self.page.locator(".batch-loop-notice").get_by_role("button", name=label).click()

    @contextmanager
    def needs_account(self, node_type: str) -> Iterator[None]:
        """Make the page believe that a kind of node works for the user's account only."""
        self.call("setNeedsAccount", node_type, True)  # noqa: FBT003 - whether it does
        yield
        self.call("setNeedsAccount", node_type, False)  # noqa: FBT003 - as above

    def set_widget(self, node: str, name: str, value: object) -> None:
        """Set a widget's value on a node at the workflow's top level."""
        self.call("setWidget", node, name, value)

    def set_node_widget(self, node_type: str, name: str, value: object) -> None:
        """Set a widget's value on the first node of a type."""
        self.call("setNodeWidget", node_type, name, value)

    def set_directory(self, directory: str) -> None:
        """Type a folder into Directory Iterator."""
        self.set_node_widget("BatchLoopDirectoryIterator", "directory", directory)

    def look_again(self) -> None:
        """Come back to the page, as somebody who was in another window."""
        self.page.evaluate("window.dispatchEvent(new Event('focus'))")

    def card(
        self, node_type: str = "BatchLoopDirectoryIterator", label: str | None = None
    ) -> Locator:
        """The card of a node in the graph on screen, which is centered.

        `label` is the card's name if the page is not in English.
        """
        self.page.evaluate("app.canvas.ds.scale = 1")
        self.wait_until("isCardInTheMiddle", node_type)
        name = label or CARDS[node_type]
        card = self.page.get_by_role("group", name=name, exact=True).first
        expect(card).to_be_visible()
        return card

    @contextmanager
    def nodes_2(self, *, enabled: bool) -> Iterator[None]:
        """Turn Nodes 2.0 on or off; some frontends do not have it or its setting."""
        before = bool(self.get(NODES_2))
        if before != enabled:
            self._draw_anew(in_nodes_2=enabled)
        yield
        if before != enabled:
            self._draw_anew(in_nodes_2=before)

    def _draw_anew(self, *, in_nodes_2: bool) -> None:
        # Not that of a test whose folder has gone: ComfyUI reopens what was open.
        self.page.evaluate("app.extensionManager.command.execute('Comfy.NewBlankWorkflow')")
        self.call("tidy")
        self.set(NODES_2, in_nodes_2)
        # Some frontends draw no nodes at all after it was switched during use.
        self.open()

    def wait_for_colour_on_title(self, node: str, colour: str) -> None:
        """Wait until this colour appears on a node's title."""
        self.wait_until("isColourOnTitle", node, colour)

    def wait_until_card_fits(self, node_type: str) -> None:
        """Wait until a node's card is complete, inside the node, and covers no widget or output."""
        self.card(node_type)
        self.wait_until("doesCardFit", node_type)

    def press_button(self, label: str, node_type: str = "BatchLoopDirectoryIterator") -> None:
        """Click a button of an iterator's card."""
        for _ in range(TRIES):
            button = self.card(node_type).get_by_role("button", name=label)
            expect(button).to_be_visible()
            if clicked(button):
                return
            # ComfyUI has moved the canvas, or something covers it.
        button.click(timeout=CLICK_MS)

    def start_over(self) -> None:
        """Press Start over on a card of which something is done, and answer the question."""
        self.press_button("Start over")
        self.answer_start_over()

    def answer_start_over(self) -> None:
        """Say that the batch is to be started over."""
        question = self.page.get_by_role("dialog", name="Start over?")
        question.get_by_role("button", name="Start over").click()
        expect(question).to_have_count(0)

    def wait_until_no_button(self, label: str) -> None:
        """Wait until Directory Iterator's card has no such button."""
        expect(self.card().get_by_role("button", name=label)).to_have_count(0)

    def convert_to_subgraph(self, nodes: list[str]) -> None:
        """Select nodes and convert them to a subgraph."""
        self.call("convertToSubgraph", nodes)
        self.page.wait_for_function("() => app.graph._nodes.some((node) => node.subgraph)")

    def copy_and_paste(self, node: str) -> None:
        """Add a copy of a node, as Ctrl-C and Ctrl-V do."""
        self.call("copyAndPaste", node)

    def enter_subgraph(self) -> None:
        """Open the workflow's subgraph."""
        self.page.evaluate(
            "() => app.canvas.setGraph(app.graph._nodes.find((node) => node.subgraph).subgraph)"
        )

    def saved_widgets(self, node_type: str) -> list[Any]:
        """A node's widget values in the saved workflow."""
        values: list[Any] = self.call("savedWidgets", node_type)
        return values

    def reload_workflow(self) -> None:
        """Save the workflow and open it again."""
        self.page.evaluate(
            "async () => app.loadGraphData(JSON.parse(JSON.stringify(app.graph.serialize())))"
        )

    def tidy(self) -> None:
        """Restore a tab that another test has used to its initial state."""
        self.close_dialogs()
        self.close_toasts()
        if self.page.evaluate("app.canvas.graph !== app.graph"):
            # Some frontends draw no nodes in a workflow that is opened after a subgraph.
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

    def _on_request(self, request: Request) -> None:
        self._unanswered.add(request)

    def _on_answer(self, request: Request) -> None:
        self._unanswered.discard(request)

    def _on_response(self, response: Response) -> None:
        if _is_prompt(response):
            self.submitted += 1


def _is_submission(request: Request) -> bool:
    return bool(request.method == "POST" and request.url.endswith("/prompt"))


def _is_prompt(response: Response) -> bool:
    return bool(response.ok and _is_submission(response.request))
