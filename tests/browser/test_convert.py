"""Make this a batch: an existing workflow becomes one, click by click, and is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Locator, expect

from batch_loop.tests.browser.batch import SEVEN, Batch
from batch_loop.tests.browser.comfy_page import ComfyPage
from batch_loop.tests.browser.selection import NODES_2
from batch_loop.tests.browser.side_panel import SidePanel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from batch_loop.tools.client import ComfyClient, Prompt
    from batch_loop.tools.server import ComfyServer

MAKE = "Make this a batch"
COMMAND = "batch-loop.make-batch"
MOST_CLICKS = 4
ITERATOR_TYPE = "BatchLoopDirectoryIterator"
SAVER_TYPE = "BatchLoopSaveImage"
MENU_WITHOUT_EXTENSIONS = "1.32.9"
"""The frontend whose menu in Nodes 2.0 has nothing of extensions: they are above the node."""
LEAST_WIDTH = 410
"""That of a Directory Iterator which is added from the list of nodes."""
LOADER, WORK, SAVER = "1", "2", "3"


pytestmark = pytest.mark.usefixtures("renderer")


def node(class_type: str, **inputs: object) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


def workflow(batch: Batch, **more: dict[str, Any]) -> Prompt:
    """Load Image, Upscale Image By and Save Image."""
    return {
        LOADER: node("LoadImage", image=f"{batch.name}/img1.png"),
        WORK: node("ImageScaleBy", image=[LOADER, 0], upscale_method="lanczos", scale_by=2),
        SAVER: node("SaveImage", images=[WORK, 0], filename_prefix=f"{batch.name}/big"),
        **more,
    }


def load(comfy: ComfyPage, graph: Prompt) -> None:
    """Open a workflow as it is saved."""
    comfy.load(graph)
    # One in API format is drawn wrongly by Nodes 2.0 in 1.32: nodes cover each other.
    comfy.reload_workflow()


def reopened(comfy: ComfyPage) -> str:
    """Open the workflow as it is saved; returns that, once pictures change no node's size."""
    # Opening a workflow in API format, some frontends leave out what they then always save.
    comfy.reload_workflow()
    comfy.wait_until("isPictureDrawn", LOADER)
    text: str = comfy.call("settledText")
    return text


def types(comfy: ComfyPage) -> list[str]:
    """The types of the nodes in the graph on screen."""
    found: list[str] = comfy.page.evaluate("app.canvas.graph._nodes.map(({ type }) => type)")
    return sorted(found)


def window(comfy: ComfyPage, name: str = "Choose a folder of images") -> Locator:
    return comfy.page.get_by_role("dialog", name=name)


@pytest.fixture
def convert(comfy: ComfyPage, server: ComfyServer, renderer: str) -> Callable[..., int]:
    """Choose Make this a batch for a Load Image; returns how many clicks that took."""

    def convert(node: str = LOADER) -> int:
        comfy.close_toasts()
        x, y = comfy.call("titleOf", node)
        if (server.frontend, renderer) == (MENU_WITHOUT_EXTENSIONS, NODES_2):
            comfy.page.mouse.click(x, y)
            comfy.page.locator(".selection-toolbox button:has(.pi-images)").click()
        else:
            comfy.page.mouse.click(x, y, button="right")
            comfy.page.get_by_text(MAKE, exact=True).last.click()
        return 2

    return convert


@pytest.fixture
def lasting_messages(comfy: ComfyPage) -> Iterator[None]:
    """Let messages stay, however long a test takes: their time does not come."""
    comfy.page.evaluate("""() => {
        const { setTimeout } = window;
        window.passing = setTimeout;
        window.setTimeout = (turn, ms, ...given) =>
            ms >= 10_000 ? 0 : setTimeout(turn, ms, ...given);
    }""")
    yield
    comfy.page.evaluate("() => { window.setTimeout = window.passing; }")


def choose_folder(comfy: ComfyPage, batch: Batch) -> int:
    """Choose the batch's folder in the window that is open; returns how many clicks that took."""
    line = window(comfy).get_by_role("listitem").filter(has_text=batch.name)
    line.get_by_role("button", name="Choose", exact=True).click()
    expect(comfy.card()).to_contain_text(f"{len(SEVEN)} images")
    return 1


def take_back(comfy: ComfyPage) -> None:
    """Press Ctrl+Z once."""
    comfy.page.evaluate("document.activeElement?.blur()")
    comfy.page.keyboard.press("Control+z")


def test_an_existing_workflow_runs_over_a_folder_after_four_clicks(
    comfy: ComfyPage, batch: Batch, convert: Callable[..., int]
) -> None:
    load(comfy, workflow(batch))
    clicks = convert()
    clicks += choose_folder(comfy, batch)
    comfy.press_button("Run")
    clicks += 1
    assert clicks <= MOST_CLICKS
    comfy.toast("Batch complete: 7 done, 0 failed")
    comfy.wait_until_off()
    batch.client.wait_until_idle()
    assert batch.counts() == (7, 0)
    results = sorted(path.name for path in batch.output.iterdir())
    assert results == sorted(f"big_{path.name}" for path in batch.input.iterdir())


@pytest.mark.usefixtures("lasting_messages")
def test_one_undo_takes_everything_back(
    comfy: ComfyPage, batch: Batch, convert: Callable[..., int]
) -> None:
    load(comfy, workflow(batch, **{"4": node("PreviewImage", images=[LOADER, 0])}))
    before = reopened(comfy)
    convert()
    choose_folder(comfy, batch)
    assert types(comfy) == [ITERATOR_TYPE, SAVER_TYPE, SAVER_TYPE, "ImageScaleBy"]
    said = comfy.toast("This workflow is a batch now")
    take_back(comfy)
    comfy.wait_until("isSavedAs", before)
    expect(said).to_be_hidden()


def test_one_undo_takes_everything_back_after_a_run(
    comfy: ComfyPage, batch: Batch, convert: Callable[..., int]
) -> None:
    load(comfy, workflow(batch))
    before = reopened(comfy)
    convert()
    choose_folder(comfy, batch)
    comfy.press_button("Run")
    comfy.toast("Batch complete")
    comfy.wait_until_off()
    batch.client.wait_until_idle()
    comfy.close_toasts()
    # A click, which ComfyUI takes for a change of what the run has changed.
    comfy.page.mouse.click(*comfy.call("titleOf", comfy.call("idOf", SAVER_TYPE)))
    comfy.call("settledText")
    take_back(comfy)
    comfy.wait_until("isSavedAs", before)


def test_one_undo_leaves_what_was_changed_just_before(comfy: ComfyPage, batch: Batch) -> None:
    load(comfy, workflow(batch))
    reopened(comfy)
    # ComfyUI has not noted this yet.
    comfy.set_widget(WORK, "scale_by", 3)
    before = comfy.call("settledText")
    comfy.call("execute", COMMAND)
    choose_folder(comfy, batch)
    assert ITERATOR_TYPE in types(comfy)
    take_back(comfy)
    comfy.wait_until("isSavedAs", before)


def test_the_new_nodes_are_of_their_own_size_and_cover_no_other(
    comfy: ComfyPage, batch: Batch, convert: Callable[..., int]
) -> None:
    below = node("LoadImage", image=f"{batch.name}/img2.png")
    load(comfy, workflow(batch, **{"4": below, "5": node("PreviewImage", images=["4", 0])}))
    places = {LOADER: (100, 130), "4": (100, 640), WORK: (440, 130), SAVER: (800, 130)}
    comfy.call("reopenWithPlaces", {**places, "5": (800, 340)})
    comfy.wait_until("areApart")
    convert()
    choose_folder(comfy, batch)
    comfy.call("settledText")
    folder = comfy.call("drawnBox", ITERATOR_TYPE)
    assert folder["width"] >= LEAST_WIDTH
    comfy.wait_until("areApart")


def test_it_asks_which_of_several_images_is_the_folder(comfy: ComfyPage, batch: Batch) -> None:
    other = node("LoadImage", image=f"{batch.name}/img2.png")
    scaled = node(
        "ImageBlend", image1=[LOADER, 0], image2=["4", 0], blend_factor=0.5, blend_mode="normal"
    )
    load(comfy, workflow(batch, **{"4": other, WORK: scaled}))
    comfy.call("execute", COMMAND)
    question = window(comfy, "Which image becomes the folder?")
    question.get_by_role("button").filter(has_text="img2.png").click()
    window(comfy).get_by_role("button", name="Cancel").click()
    expect(comfy.card()).to_contain_text("No folder yet")
    assert types(comfy) == [ITERATOR_TYPE, SAVER_TYPE, "ImageBlend", "LoadImage"]
    assert comfy.page.evaluate("app.graph.getNodeById(1).type") == "LoadImage"


def test_a_saver_inside_a_subgraph_is_a_batch_until_it_is_taken_back(
    comfy: ComfyPage, batch: Batch, convert: Callable[..., int]
) -> None:
    load(comfy, workflow(batch))
    comfy.convert_to_subgraph([WORK, SAVER])
    before = reopened(comfy)
    for is_to_run in (False, True):
        convert()
        choose_folder(comfy, batch)
        if not is_to_run:
            take_back(comfy)
            comfy.wait_until("isSavedAs", before)
    comfy.run_instant()
    comfy.wait_until_off()
    batch.client.wait_until_idle()
    assert batch.counts() == (7, 0)
    assert len(list(batch.output.rglob("*.png"))) == len(SEVEN)


def test_a_choice_that_a_subgraph_only_shows_goes_with_its_loader(
    comfy: ComfyPage, batch: Batch
) -> None:
    load(comfy, workflow(batch))
    comfy.convert_to_subgraph([LOADER, WORK])
    comfy.reload_workflow()
    comfy.call("execute", COMMAND)
    window(comfy).get_by_role("button", name="Cancel").click()
    expect(comfy.card()).to_contain_text("No folder yet")
    comfy.wait_until("isSubgraphWithout", "image")
    take_back(comfy)
    comfy.wait_until("isSubgraphWith", "LoadImage")


def test_an_image_that_nothing_saves_says_which_node_comes_next(
    comfy: ComfyPage, batch: Batch, convert: Callable[..., int]
) -> None:
    load(comfy, {LOADER: node("LoadImage", image=f"{batch.name}/img1.png")})
    convert()
    window(comfy).get_by_role("button", name="Cancel").click()
    comfy.toast("Add Save Image (Batch) next")
    assert types(comfy) == [ITERATOR_TYPE]
    comfy.close_toasts()
    comfy.call("execute", COMMAND)
    comfy.toast("This workflow has a Directory Iterator already")


def test_the_empty_panel_makes_a_batch(comfy: ComfyPage, batch: Batch, client: ComfyClient) -> None:
    comfy.close_workflow()
    comfy.wait_until_answered("/batch_loop/")  # a card may have asked for one of them
    for loop in client.get_json("/batch_loop/loops")["loops"]:
        client.post_json("/batch_loop/loops/forget", {"loop": loop["id"]})
    load(comfy, workflow(batch))
    panel = SidePanel(comfy)
    panel.open()
    panel.without_loops.get_by_role("button", name=MAKE).click()
    window(comfy).get_by_role("button", name="Cancel").click()
    expect(comfy.card()).to_contain_text("No folder yet")
    assert types(comfy) == [ITERATOR_TYPE, SAVER_TYPE, "ImageScaleBy"]
    panel.toggle()
    expect(panel.root).to_have_count(0)
