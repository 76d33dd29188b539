"""The cards of Directory Iterator and Batch Complete, in the classic canvas and in Nodes 2.0."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, expect

from batch_loop.tests.browser.batch import DIRECTORY, ITERATOR, SAVE, Batch
from batch_loop.tests.browser.comfy_page import ComfyPage
from batch_loop.tests.browser.selection import NODES_2
from batch_loop.tests.support.graphs import node
from batch_loop.tools.graphs import filled_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import FloatRect, Page, Route

SKIP = "Skip on error"
ITERATOR_TYPE = "BatchLoopDirectoryIterator"
COMPLETE_TYPE = "BatchLoopBatchComplete"
TOLD_APART = 1.3
"""The lowest contrast ratio, (brightness + 0.05) of one area to that of the other, at which
adjacent areas can be told apart without their colours."""
RAISE = "3"
COMPLETE = "9"


pytestmark = pytest.mark.usefixtures("renderer")


def run_to_the_end(comfy: ComfyPage, batch: Batch) -> None:
    comfy.run_instant()
    comfy.wait_until_off()
    batch.client.wait_until_idle()
    comfy.settle()
    batch.client.wait_until_idle()
    comfy.wait_until_heard()


def run_into_the_error(comfy: ComfyPage, batch: Batch) -> None:
    comfy.run_instant()
    comfy.wait_for_error()
    comfy.settle()
    batch.client.wait_until_idle()
    comfy.wait_until_heard()
    comfy.close_dialogs()
    comfy.choose("Run")


def stop_in(comfy: ComfyPage, batch: Batch, number: int, **settings: object) -> None:
    """Run the batch until it waits in the middle of an image."""
    batch.close_gate(f"img{number}.png")
    comfy.load(batch.graph(**settings))
    comfy.run_instant()
    comfy.wait_until_in_image(batch, number)


def bar_of(card: Locator) -> Locator:
    return card.get_by_role("progressbar")


@pytest.mark.one_renderer
def test_before_a_run_it_shows_what_the_folder_contains(comfy: ComfyPage, batch: Batch) -> None:
    comfy.load(batch.graph())
    card = comfy.card()
    expect(card).to_contain_text("7 images")
    expect(card).to_contain_text("first: img1.png last: img100.png")
    expect(bar_of(card)).to_have_count(0)
    comfy.set_widget(ITERATOR, "limit", 3)
    expect(card).to_contain_text("3 images")
    comfy.set_widget(ITERATOR, "descending", value=True)
    expect(card).to_contain_text("first: img100.png last: img10.png")
    comfy.set_widget(ITERATOR, "directory", "")
    expect(card).to_contain_text("No folder yet")
    assert batch.state() is None


def as_if_it_had_taken(seconds: float) -> Callable[[Route], None]:
    """Has the page told that every batch has taken this long."""

    def answer(route: Route) -> None:
        found = route.fetch()
        told = found.json()
        for loop in told["loops"]:
            loop |= {"seconds": seconds, "remaining": 2.5 * seconds, "per_minute": 120 / seconds}
        route.fulfill(response=found, json=told)

    return answer


@pytest.mark.one_renderer
def test_during_a_run_it_shows_progress(comfy: ComfyPage, batch: Batch) -> None:
    loops = re.compile(r"/batch_loop/loops\?")
    comfy.page.route(loops, as_if_it_had_taken(90))
    stop_in(comfy, batch, 3)
    card = comfy.card()
    expect(card).to_contain_text("img3.png")
    expect(card).to_contain_text("Image 3 of 7")
    for text in ("2 done", "5 left", "1 min 30 s taken", "3 min 45 s to go", "1.3 a minute"):
        expect(card).to_contain_text(text)
    bar = bar_of(card)
    expect(bar).to_have_attribute("aria-valuenow", "2")
    expect(bar).to_have_attribute("aria-valuemax", "7")
    expect(bar).to_have_attribute("aria-valuetext", "2 done, 5 left")
    # Its parts do not move: each frame of that would be laid out while ComfyUI is to send.
    expect(bar.locator(".batch-loop-bar-done")).to_have_css("transition-duration", "0s")
    picture = card.locator("img")
    expect(picture).to_be_visible()
    wait_until_loaded(comfy.page, picture)
    batch.open_gate("img3.png")
    comfy.wait_until_off()
    expect(card).to_contain_text("All 7 images done")
    expect(bar).to_have_attribute("aria-valuenow", "7")
    expect(picture).to_be_hidden()
    comfy.page.unroute_all(behavior="wait")


@pytest.mark.one_renderer
def test_a_folder_may_take_longer_to_list_than_its_batch(comfy: ComfyPage, batch: Batch) -> None:
    lists = "**/batch_loop/folder"
    kept: list[Route] = []
    is_listed = False

    def keep(route: Route) -> None:
        if is_listed:
            route.continue_()
        else:
            kept.append(route)

    comfy.page.route(lists, keep)
    comfy.load(batch.graph(limit=1))
    run_to_the_end(comfy, batch)
    comfy.toast("Batch complete: 1 done")
    assert kept
    is_listed = True  # also once the page asks again, as the run has ended
    for route in kept:
        route.continue_()
    expect(comfy.card()).to_contain_text("1 image done")
    comfy.page.unroute_all(behavior="wait")


def wait_until_loaded(page: Page, picture: Locator) -> None:
    page.wait_for_function(
        "image => image.complete && image.naturalWidth > 0", arg=picture.element_handle()
    )


@pytest.mark.one_frontend
@pytest.mark.one_renderer
def test_after_a_reload_it_still_shows_the_batch(comfy: ComfyPage, batch: Batch) -> None:
    graph = batch.graph()
    stop_in(comfy, batch, 3)
    comfy.open()
    comfy.load(graph)
    card = comfy.card()
    expect(card).to_contain_text("Image 3 of 7")
    expect(bar_of(card)).to_have_attribute("aria-valuenow", "2")
    batch.open_gate("img3.png")
    expect(card).to_contain_text("4 images left")
    run_to_the_end(comfy, batch)
    expect(card).to_contain_text("All 7 images done")


@pytest.mark.one_frontend
@pytest.mark.one_renderer
def test_an_image_that_stopped_the_run_is_skipped_and_later_retried(
    comfy: ComfyPage, batch: Batch
) -> None:
    batch.fail_on("img2.png")
    comfy.load(batch.graph())
    run_into_the_error(comfy, batch)
    card = comfy.card()
    expect(card).to_contain_text("Stopped on img2.png")
    expect(card).to_contain_text("asked to fail")
    expect(card.get_by_role("button", name="Retry failed")).to_have_count(0)
    comfy.press_button("Skip this one")
    comfy.toast("img2.png is given up. Press Continue to go on with the one after it.")
    expect(card.get_by_role("button", name="Skip this one")).to_have_count(0)
    expect(card.get_by_role("button", name="Retry failed (1)")).to_be_visible()
    run_to_the_end(comfy, batch)
    expect(card).to_contain_text("Complete: 6 done, 1 failed")
    batch.fail_on()
    comfy.press_button("Retry failed (1)")
    comfy.toast("Press Continue to retry the failed images")
    expect(card).to_contain_text("1 image left")
    run_to_the_end(comfy, batch)
    expect(card).to_contain_text("All 7 images done")
    assert batch.counts() == (7, 0)


def test_start_over_returns_to_the_beginning(comfy: ComfyPage, batch: Batch) -> None:
    comfy.load(batch.graph(limit=2))
    run_to_the_end(comfy, batch)
    card = comfy.card()
    expect(card).to_contain_text("All 2 images done")
    comfy.toast("Batch complete")  # what is said next takes its place
    comfy.start_over()
    comfy.toast("Press Run to begin with the first image")
    expect(card).to_contain_text("2 images")
    expect(card).to_contain_text("first: img1.png last: img2.png")


@pytest.mark.one_renderer
def test_what_has_results_is_left_out_and_the_card_and_the_notice_say_so(
    comfy: ComfyPage, batch: Batch
) -> None:
    graph = batch.graph(skip_finished=True)
    graph[SAVE] = node("BatchLoopSaveImage", image=["5", 0], loop=["2", 0], folder=batch.name)
    comfy.load(filled_in(batch.client, graph))
    card = comfy.card()
    expect(card).to_contain_text("Press Run for all that have no result")
    comfy.press_button("Run")
    expect(card).to_contain_text("All 7 images done")
    comfy.toast("Batch complete")  # what is said next takes its place
    for name in ["img1.png", "img20.png"]:
        (batch.output / name).unlink()
    comfy.press_button("Start over")
    question = comfy.page.get_by_role("dialog", name="Start over?")
    expect(question).to_contain_text("Only what has no result will be run")
    question.get_by_role("button", name="Start over").click()
    comfy.toast("Press Run to run what has no result")
    comfy.press_button("Run")
    expect(card).to_contain_text("All 2 images done")
    expect(card.locator(".batch-loop-detail")).to_have_text(
        "5 finished before\nThe batch is complete.", use_inner_text=True
    )
    expect(comfy.toast("Batch complete: 2 done")).to_contain_text("5 finished before")


@pytest.mark.one_renderer
def test_it_says_where_the_results_are_from_the_first_one_on(
    comfy: ComfyPage, batch: Batch
) -> None:
    stop_in(comfy, batch, 2)
    card = comfy.card()
    results = card.get_by_role("button", name="Results: ")
    expect(results).to_have_attribute("title", f"Results: {batch.output.resolve()}")
    for part in ("Results:", batch.name):
        cut = results.locator(".batch-loop-cut", has_text=part).locator(".batch-loop-cut-start")
        assert cut.evaluate("({ scrollWidth, clientWidth }) => scrollWidth - clientWidth") <= 0
    # It stands beside the report, where there was room, and takes none.
    report = card.get_by_role("button", name="Open report").bounding_box()
    beside = results.bounding_box()
    assert report is not None
    assert beside is not None
    assert report["y"] <= beside["y"] + 1
    assert beside["y"] + beside["height"] <= report["y"] + report["height"] + 1
    batch.open_gate("img2.png")
    comfy.wait_until_off()
    comfy.press_button("Results: ")
    # The folder's own name is apart from the path before it, which is cut first.
    named = comfy.page.locator(".batch-loop-path .batch-loop-cut .batch-loop-cut").last
    expect(named).to_have_text(batch.output.name)
    expect_the_panel(comfy, batch)


def expect_the_panel(comfy: ComfyPage, batch: Batch) -> None:
    """The panel shows the batch; it is closed again."""
    panel = comfy.page.locator(".batch-loop-panel")
    expect(panel).to_contain_text(batch.name)
    comfy.page.evaluate(
        "app.extensionManager.command.execute('Workspace.ToggleSidebarTab.batch-loop')"
    )
    expect(panel).to_have_count(0)


@pytest.mark.one_renderer
def test_the_report_is_one_click_away(comfy: ComfyPage, batch: Batch) -> None:
    comfy.load(batch.graph(limit=1))
    run_to_the_end(comfy, batch)
    comfy.press_button("Open report")
    expect_the_panel(comfy, batch)


def places(window: Locator) -> list[FloatRect | None]:
    """Where the buttons are in the window for choosing a folder."""
    names = ("Up", "Choose this folder", "Cancel", "Is your folder not here?")
    return [window.get_by_text(name, exact=True).bounding_box() for name in names]


@pytest.mark.one_renderer
def test_a_folder_is_chosen_among_the_allowed_ones(comfy: ComfyPage, batch: Batch) -> None:
    def as_from_elsewhere(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"dialog": False})

    chooser = "**/batch_loop/folders/chooser"
    comfy.page.route(chooser, as_from_elsewhere)
    comfy.page.evaluate("localStorage.clear()")
    comfy.load(batch.graph(directory="", recursive=True))
    card = comfy.card()
    expect(card).to_contain_text("No folder yet")
    comfy.press_button("Choose folder…")
    window = comfy.page.get_by_role("dialog", name="Choose a folder of images")
    take = window.get_by_role("button", name="Choose this folder")
    # It begins in ComfyUI's input folder, with the others one click away.
    allowed = window.get_by_role("group", name="Allowed folders").get_by_role("button")
    expect(allowed).to_have_text(["input", "output", "temp"])
    expect(window.locator("[aria-current=location]")).to_have_text("input")
    where = places(window)
    allowed.filter(has_text="output").click()
    expect(window.locator("[aria-current=location]")).to_have_text("output")
    assert places(window) == where
    allowed.filter(has_text="input").click()
    # By keyboard alone: the first folder has the focus.
    expect(window.get_by_role("listitem").first.get_by_role("button").first).to_be_focused()
    window.get_by_role("button", name=batch.name).press("Enter")
    expect(window).to_contain_text("7 images in this folder and its subfolders")
    assert places(window) == where
    window.get_by_text("Is your folder not here?").click()
    expect(window.get_by_text("Write its full path")).to_be_visible()
    assert places(window) == where
    take.click()
    expect(window).to_have_count(0)
    expect(card).to_contain_text("7 images")
    folder = comfy.page.evaluate(
        "id => app.graph.getNodeById(id).widgets.find(({name}) => name === 'directory').value",
        ITERATOR,
    )
    assert folder == batch.name
    comfy.press_button("Choose folder…")
    expect(window).to_contain_text(batch.name)
    comfy.page.keyboard.press("Escape")
    expect(window).to_have_count(0)
    expect(card).to_contain_text("7 images")
    comfy.page.unroute_all(behavior="wait")


@pytest.mark.one_renderer
def test_the_next_folder_is_looked_for_where_the_last_one_was(
    comfy: ComfyPage, batch: Batch
) -> None:
    def as_from_elsewhere(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"dialog": False})

    comfy.page.route("**/batch_loop/folders/chooser", as_from_elsewhere)
    comfy.page.evaluate("localStorage.clear()")
    for name in ("one", "two"):
        (batch.input / name).mkdir()
    comfy.load(batch.graph(directory=""))
    comfy.press_button("Choose folder…")
    window = comfy.page.get_by_role("dialog", name="Choose a folder of images")
    window.get_by_role("button", name=batch.name).click()
    window.get_by_role("button", name="one").click()
    window.get_by_role("button", name="Choose this folder").click()
    expect(window).to_have_count(0)
    comfy.load(batch.graph(directory=""))
    comfy.press_button("Choose folder…")
    line = window.get_by_role("listitem").filter(has_text="two")
    line.get_by_role("button", name="Choose", exact=True).click()
    expect(window).to_have_count(0)
    comfy.page.evaluate("localStorage.clear()")
    comfy.page.unroute_all(behavior="wait")


def test_it_works_in_a_subgraph(comfy: ComfyPage, batch: Batch) -> None:
    graph = batch.graph()
    batch.close_gate("img2.png")
    comfy.load(graph)
    expect(comfy.card()).to_contain_text("7 images")
    comfy.convert_to_subgraph(list(graph))
    comfy.enter_subgraph()
    card = comfy.card()
    expect(card).to_contain_text("7 images")
    comfy.run_instant()
    comfy.enter_subgraph()  # in some frontends, choosing the run mode has left it
    comfy.wait_until_in_image(batch, 2)
    card = comfy.card()
    expect(card).to_contain_text("Image 2 of 7")
    batch.open_gate("img2.png")
    comfy.wait_until_off()
    expect(card).to_contain_text("All 7 images done")
    expect(comfy.card(COMPLETE_TYPE)).to_contain_text("All 7 images done")


def test_a_copy_of_the_node_shows_its_folder_too(comfy: ComfyPage, batch: Batch) -> None:
    comfy.load(batch.graph())
    comfy.card()
    cards = comfy.page.get_by_role("group", name="Batch", exact=True)
    expect(cards).to_contain_text(["7 images"])
    comfy.copy_and_paste(ITERATOR)
    expect(cards).to_contain_text(["7 images", "7 images"])


@pytest.mark.one_renderer
def test_a_linked_folder_is_known_after_a_run(comfy: ComfyPage, batch: Batch) -> None:
    comfy.load(batch.graph(linked=True, limit=2))
    assert comfy.page.evaluate("id => app.graph.getNodeById(id) !== null", DIRECTORY)
    card = comfy.card()
    expect(card).to_contain_text("The folder comes from another node")
    expect(card.get_by_role("button", name="Choose folder…")).to_be_disabled()
    run_to_the_end(comfy, batch)
    expect(card).to_contain_text("All 2 images done")


def complete_card(comfy: ComfyPage, batch: Batch) -> tuple[Locator, str]:
    """The card of a finished batch of two, and the colour of its done part."""
    comfy.load(batch.graph(limit=2))
    run_to_the_end(comfy, batch)
    card = comfy.card()
    expect(card).to_contain_text("All 2 images done")
    return card, colour_of_done(card)


def colour_of_done(card: Locator) -> str:
    done = card.locator(".batch-loop-bar-done")
    return str(done.evaluate("bar => getComputedStyle(bar).backgroundColor"))


def test_a_collapsed_node_still_shows_progress(comfy: ComfyPage, batch: Batch) -> None:
    card, colour = complete_card(comfy, batch)
    comfy.page.evaluate("id => app.graph.getNodeById(id).collapse()", ITERATOR)
    expect(card).to_be_hidden()
    comfy.wait_for_colour_on_title(ITERATOR, colour)


def test_a_collapsed_node_shows_later_progress_too(comfy: ComfyPage, batch: Batch) -> None:
    stop_in(comfy, batch, 2, limit=2)
    card = comfy.card()
    expect(card).to_contain_text("Image 2 of 2")
    colour = colour_of_done(card)
    comfy.page.evaluate("id => app.graph.getNodeById(id).collapse()", ITERATOR)
    expect(card).to_be_hidden()
    batch.open_gate("img2.png")
    comfy.wait_until_off()
    expect(comfy.card(COMPLETE_TYPE)).to_contain_text("All 2 images done")
    comfy.wait_for_colour_on_title(ITERATOR, colour)


def test_a_card_that_is_zoomed_out_of_sight_leaves_its_bar(
    comfy: ComfyPage, batch: Batch, renderer: str
) -> None:
    card, colour = complete_card(comfy, batch)
    comfy.page.evaluate("() => { app.canvas.ds.scale = 0.25; app.canvas.setDirty(true, true); }")
    if renderer == NODES_2:
        expect(bar_of(card)).to_be_visible()
    else:
        expect(card).to_be_hidden()
        comfy.wait_for_colour_on_title(ITERATOR, colour)


@pytest.mark.one_renderer
def test_batch_complete_lists_failures_and_leads_to_their_nodes(
    comfy: ComfyPage, batch: Batch
) -> None:
    batch.fail_on("img2.png", "img10.png")
    comfy.load(batch.graph(error_handling=SKIP))
    card = comfy.card(COMPLETE_TYPE)
    expect(card).to_contain_text("Nothing has run yet")
    run_to_the_end(comfy, batch)
    expect(card).to_contain_text("Complete: 5 done, 2 failed")
    failures = card.get_by_role("listitem")
    expect(failures).to_have_count(2)
    expect(failures.nth(1)).to_contain_text("img10.png")
    expect(failures.nth(1)).to_contain_text("asked to fail")
    comfy.close_dialogs()
    comfy.card(COMPLETE_TYPE).get_by_role("button", name=re.compile("img10.png")).click()
    wait_until_selected(comfy, "TestRaise")


@pytest.mark.one_renderer
def test_a_failure_in_a_subgraph_opens_it(comfy: ComfyPage, batch: Batch) -> None:
    batch.fail_on("img2.png")
    comfy.load(batch.graph(error_handling=SKIP, limit=2))
    comfy.convert_to_subgraph([RAISE, "5"])
    run_to_the_end(comfy, batch)
    comfy.close_dialogs()
    comfy.card(COMPLETE_TYPE).get_by_role("button", name=re.compile("img2.png")).click()
    comfy.page.wait_for_function("() => app.canvas.graph !== app.graph")
    wait_until_selected(comfy, "TestRaise")


def wait_until_selected(comfy: ComfyPage, node_type: str) -> None:
    """Wait until only a node of this type is selected, and it is on screen."""
    comfy.page.wait_for_function(
        """type => {
            const { canvas } = app;
            const [node, ...others] = Object.values(canvas.selected_nodes);
            return node?.type === type && others.length === 0 && canvas.isNodeVisible(node);
        }""",
        arg=node_type,
    )


BRIGHTNESS = """card => {
    const context = new OffscreenCanvas(1, 1).getContext("2d");
    const brightness = (name) => {
        const part = card.querySelector(name);
        for (const each of [card, part]) {
            context.fillStyle = getComputedStyle(each).backgroundColor;
            context.fillRect(0, 0, 1, 1);
        }
        const linear = [...context.getImageData(0, 0, 1, 1).data]
            .map((value) => value / 255)
            .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    };
    return [".batch-loop-bar-done", ".batch-loop-bar-failed", ".batch-loop-bar"].map(brightness);
}"""
"""The relative luminance, by WCAG 2.2, of the parts for done, failed and left."""


def test_the_parts_of_the_bar_differ_in_brightness(comfy: ComfyPage, batch: Batch) -> None:
    batch.fail_on("img2.png")
    comfy.load(batch.graph(error_handling=SKIP, limit=2))
    run_to_the_end(comfy, batch)
    card = comfy.card()
    expect(card).to_contain_text("1 done, 1 failed")
    parts: dict[str, list[float]] = {}
    for theme in ("light", "dark"):
        comfy.set("Comfy.ColorPalette", theme)
        parts[theme] = card.evaluate(BRIGHTNESS)
    for one, other in itertools.chain.from_iterable(
        itertools.combinations(each, 2) for each in parts.values()
    ):
        assert (max(one, other) + 0.05) / (min(one, other) + 0.05) > TOLD_APART, parts


@pytest.mark.one_frontend
@pytest.mark.one_renderer
def test_file_names_are_shown_as_they_are(
    comfy: ComfyPage, new_batch: Callable[..., Batch]
) -> None:
    hostile = "<img src=x onerror=alert(1)>.png"
    batch = new_batch(hostile)
    comfy.load(batch.graph())
    card = comfy.card()
    expect(card).to_contain_text(hostile)
    run_to_the_end(comfy, batch)
    expect(card).to_contain_text("1 image done")


def test_the_card_is_neither_saved_nor_submitted(comfy: ComfyPage, batch: Batch) -> None:
    graph = batch.graph(start_index=1, limit=2, loop_name="mine")
    comfy.load(graph)
    expect(comfy.card()).to_contain_text("2 images")
    saved = comfy.saved_widgets(ITERATOR_TYPE)
    assert len(saved) == len(graph[ITERATOR]["inputs"])
    comfy.reload_workflow()
    expect(comfy.card()).to_contain_text("2 images")
    assert comfy.saved_widgets(ITERATOR_TYPE) == saved
    prompt = comfy.page.evaluate("app.graphToPrompt().then(({output}) => output)")
    assert prompt[ITERATOR]["inputs"] == graph[ITERATOR]["inputs"]
    assert prompt[COMPLETE]["inputs"] == graph[COMPLETE]["inputs"]


@pytest.mark.parametrize("node_type", [ITERATOR_TYPE, COMPLETE_TYPE])
def test_the_card_covers_no_widget_and_no_output(
    comfy: ComfyPage, batch: Batch, node_type: str
) -> None:
    comfy.load(batch.graph())
    comfy.wait_until_card_fits(node_type)
    # Newer frontends store the width at which they drew it in the side panel.
    share: float = comfy.page.evaluate(
        """async (type) => {
            const node = app.graph._nodes.find((node) => node.type === type);
            const card = node.widgets.find(({ name }) => name === "batch_loop_card");
            card.width = 60;
            app.canvas.setDirty(true, true);
            for (let frame = 0; frame < 9; frame += 1) await new Promise(requestAnimationFrame);
            return card.element.getBoundingClientRect().width / app.canvas.ds.scale / node.size[0];
        }""",
        node_type,
    )
    # The iterator's outputs are beside it.
    assert share > (0.8 if node_type == COMPLETE_TYPE else 0.6)
