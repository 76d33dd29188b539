"""Directory Iterator as a person sees it: what is shown, what is folded, and how high it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import ViewportSize, expect

from batch_loop.tests.browser.conftest import SIZES
from batch_loop.tests.browser.search import LAST
from batch_loop.tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from batch_loop.tests.browser.batch import Batch
    from batch_loop.tests.browser.comfy_page import ComfyPage

ITERATOR = "BatchLoopDirectoryIterator"
SAVER = "BatchLoopSaveImage"
COMPLETE = "BatchLoopBatchComplete"
TEXTS = "BatchLoopSaveText"
FILM = "BatchLoopAssembleVideo"

FIRST = ["directory", "batch_loop_card", "filter"]
EVERYDAY = [*FIRST, "recursive", "sort_by", "error_handling", "batch_loop_more"]
FOLDED = [
    *["descending", "iteration_mode", "start_index", "limit", "max_attempts", "when_complete"],
    *["loop_name", "skip_finished", "finished_as"],
]

HIGHEST = 420
"""The most that a folded Directory Iterator may be high, in canvas units: with its title, but
without a row that the page gives to its input, `variants`."""


pytestmark = pytest.mark.usefixtures("renderer")


def add(comfy: ComfyPage, *types: str) -> None:
    """An empty canvas with new nodes of these types."""
    comfy.call("newNodes", list(types))


def shown(comfy: ComfyPage, node_type: str = ITERATOR) -> list[str]:
    """The widgets that a node shows, from top to bottom."""
    names: list[str] = comfy.call("shownWidgets", node_type)
    return names


def wait_until_shown(comfy: ComfyPage, names: list[str], node_type: str = ITERATOR) -> None:
    """Wait until a node shows these widgets, in this order."""
    comfy.wait_until("doesShow", node_type, names)


def more(comfy: ComfyPage) -> Any:
    """The row that folds Directory Iterator's settings."""
    comfy.card()
    return fold(comfy)


def fold(comfy: ComfyPage) -> Any:
    """The row that folds a node's settings."""
    return comfy.page.get_by_role("button", name="More settings").first


def wait_until_low(comfy: ComfyPage) -> None:
    """Wait until Directory Iterator is no higher than it may be; its card comes after its node."""

    def is_low() -> bool:
        height = comfy.call("heightOf", ITERATOR) - comfy.call("heightOfInput", ITERATOR)
        return bool(height < HIGHEST)

    wait_for(is_low, "a node that is not too high")


def test_a_new_node_shows_what_everybody_needs(comfy: ComfyPage) -> None:
    add(comfy, ITERATOR)
    comfy.wait_until_card_fits(ITERATOR)
    wait_until_shown(comfy, EVERYDAY)
    wait_until_low(comfy)


@pytest.mark.parametrize("shown", SIZES.values(), ids=SIZES)
def test_the_folder_and_the_first_settings_are_on_the_screen(
    comfy: ComfyPage, batch: Batch, size: ViewportSize, shown: ViewportSize
) -> None:
    comfy.page.set_viewport_size(shown)
    add(comfy, ITERATOR)
    comfy.set_directory(batch.name)
    expect(comfy.card()).to_contain_text("7 images")
    comfy.wait_until_card_fits(ITERATOR)
    wait_until_low(comfy)
    comfy.page.set_viewport_size(size)


def test_more_settings_unfolds_them_and_the_workflow_remembers_it(comfy: ComfyPage) -> None:
    add(comfy, ITERATOR)
    row = more(comfy)
    expect(row).to_have_attribute("aria-expanded", "false")
    row.click()
    wait_until_shown(comfy, [*EVERYDAY, *FOLDED])
    comfy.wait_until_card_fits(ITERATOR)
    comfy.reload_workflow()
    wait_until_shown(comfy, [*EVERYDAY, *FOLDED])
    comfy.wait_until_card_fits(ITERATOR)  # until then, the page draws the node anew
    more(comfy).click()
    wait_until_shown(comfy, EVERYDAY)
    comfy.reload_workflow()
    wait_until_shown(comfy, EVERYDAY)


def test_an_unfolded_node_is_no_higher_each_time_it_is_opened(comfy: ComfyPage) -> None:
    add(comfy, ITERATOR)
    more(comfy).click()
    heights = []
    for _ in range(3):
        wait_until_shown(comfy, [*EVERYDAY, *FOLDED])
        comfy.wait_until_card_fits(ITERATOR)
        comfy.call("settledText")
        heights.append(round(comfy.call("heightOf", ITERATOR)))
        comfy.reload_workflow()
    # Nodes 2.0 of 1.32 makes a node higher as it is first opened, and then lower each time.
    _, once, again = heights
    assert again <= once


@pytest.mark.parametrize("node_type", [ITERATOR, SAVER])
def test_only_one_row_folds_and_unfolds(comfy: ComfyPage, node_type: str) -> None:
    add(comfy, node_type)
    folded = shown(comfy, node_type)
    fold(comfy).click()
    wait_for(lambda: len(shown(comfy, node_type)) > len(folded), "more settings")
    comfy.call("settledText")
    expect(fold(comfy)).to_have_attribute("aria-expanded", "true")
    expect(comfy.page.get_by_test_id("advanced-inputs-button")).to_have_count(0)
    fold(comfy).click()
    expect(fold(comfy)).to_have_attribute("aria-expanded", "false")
    wait_until_shown(comfy, folded, node_type)


def test_a_workflow_that_was_saved_unfolded_by_an_older_pack_opens_so(comfy: ComfyPage) -> None:
    add(comfy, ITERATOR)
    more(comfy)
    comfy.call("openUnfoldedAsOnce", ITERATOR)
    wait_until_shown(comfy, [*EVERYDAY, *FOLDED])
    comfy.wait_until_card_fits(ITERATOR)
    more(comfy).click()
    wait_until_shown(comfy, EVERYDAY)


@pytest.mark.parametrize("after_a_run", [False, True], ids=["before a run", "after a run"])
def test_a_node_is_saved_as_high_as_the_user_makes_it(
    comfy: ComfyPage, run_loaded: Callable[[Batch], None], batch: Batch, *, after_a_run: bool
) -> None:
    batch.fail_on("img2.png")  # such a run has the most to say
    comfy.load(batch.graph(error_handling="Skip on error"))
    wait_until_card_says(comfy, "7 images")
    drawn, saved = comfy.call("heightOf", ITERATOR), saved_heights(comfy)
    if after_a_run:
        run_loaded(batch)
        wait_until_card_says(comfy, "Complete: 6 done, 1 failed")
        assert comfy.call("heightOf", ITERATOR) > drawn
        assert saved_heights(comfy) == saved
    added = added_by_page(comfy)
    folded = comfy.call("heights", ITERATOR)["now"]
    more(comfy).click()
    wait_until_shown(comfy, [*EVERYDAY, *FOLDED])
    comfy.wait_until_card_fits(ITERATOR)
    comfy.call("settledText")
    unfolded = comfy.call("heights", ITERATOR)["now"]
    assert unfolded > folded
    assert added_by_page(comfy) == added
    x, y = comfy.call("cornerOf", ITERATOR)
    comfy.page.mouse.move(x, y)
    comfy.page.mouse.down()
    comfy.page.mouse.move(x, y + 40, steps=4)
    comfy.page.mouse.up()
    comfy.call("settledText")
    assert comfy.call("heights", ITERATOR)["now"] > unfolded
    assert added_by_page(comfy) == added


def wait_until_card_says(comfy: ComfyPage, text: str) -> None:
    """Wait until Directory Iterator's card says this, and fits."""
    expect(comfy.card()).to_contain_text(text)
    comfy.wait_until_card_fits(ITERATOR)
    comfy.call("settledText")


def saved_heights(comfy: ComfyPage) -> list[float]:
    """The heights with which the nodes are saved that show a run."""
    return [comfy.call("heights", each)["saved"] for each in (ITERATOR, COMPLETE)]


def added_by_page(comfy: ComfyPage) -> float:
    """How much higher Directory Iterator is than it is saved."""
    heights = comfy.call("heights", ITERATOR)
    added: float = heights["now"] - heights["saved"]
    return added


def test_what_is_changed_is_counted_and_kept_while_it_is_folded(comfy: ComfyPage) -> None:
    add(comfy, ITERATOR)
    row = more(comfy)
    expect(row).to_have_text("More settings")
    comfy.set_node_widget(ITERATOR, "limit", 3)
    expect(row).to_have_text("More settings1 changed")
    comfy.set_node_widget(ITERATOR, "loop_name", "holiday")
    expect(row).to_have_text("More settings2 changed")
    expect(row).to_have_attribute("title", "limit: 3\nloop_name: holiday")
    prompt = comfy.call("promptOf", ITERATOR)
    assert (prompt["limit"], prompt["loop_name"], prompt["finished_as"]) == (3, "holiday", "")
    comfy.reload_workflow()
    expect(more(comfy)).to_have_text("More settings2 changed")
    assert comfy.call("promptOf", ITERATOR) == prompt
    assert None not in comfy.saved_widgets(ITERATOR)


def test_what_everybody_needs_is_above_what_is_folded(comfy: ComfyPage) -> None:
    add(comfy, FILM)
    encoding = ["video_codec", "quality", "audio", "missing", "batch_loop_more"]
    wait_until_shown(comfy, ["folder", *encoding], FILM)
    # Frontends with a canvas draw no row that is out of view.
    comfy.page.evaluate(f"app.canvas.centerOnNode({LAST})")
    fold(comfy).click()
    unfolded = [
        *["folder", "prefix", "suffix", "video_codec", "quality", "depth", "audio", "fps"],
        *["missing", "batch_loop_more", "results", "if_exists", "embed_workflow"],
    ]
    wait_until_shown(comfy, unfolded, FILM)


def test_a_pattern_is_asked_for_with_custom_only(comfy: ComfyPage) -> None:
    add(comfy, ITERATOR)
    wait_until_shown(comfy, EVERYDAY)
    comfy.set_node_widget(ITERATOR, "filter", "Custom")
    wait_until_shown(comfy, [*FIRST, "custom_pattern", *EVERYDAY[3:]])
    comfy.reload_workflow()
    wait_until_shown(comfy, [*FIRST, "custom_pattern", *EVERYDAY[3:]])
    comfy.set_node_widget(ITERATOR, "filter", "PNG")
    wait_until_shown(comfy, EVERYDAY)


def test_a_folder_for_texts_is_asked_for_where_one_is_used(comfy: ComfyPage) -> None:
    add(comfy, TEXTS)
    names = ["prefix", "suffix", "extension", "batch_loop_more"]
    wait_until_shown(comfy, ["save_to", *names], TEXTS)
    fold(comfy).click()
    wait_until_shown(comfy, ["save_to", *names, "if_exists"], TEXTS)
    comfy.set_node_widget(TEXTS, "save_to", "folder")
    wait_until_shown(comfy, ["save_to", "folder", *names, "if_exists", "keep_subfolders"], TEXTS)
    comfy.reload_workflow()
    wait_until_shown(comfy, ["save_to", "folder", *names, "if_exists", "keep_subfolders"], TEXTS)
    comfy.set_node_widget(TEXTS, "save_to", "beside the source")
    wait_until_shown(comfy, ["save_to", *names, "if_exists"], TEXTS)


def test_a_setting_from_another_node_stays_in_sight(comfy: ComfyPage) -> None:
    add(comfy, ITERATOR, "PrimitiveInt")
    comfy.call("link", "PrimitiveInt", ITERATOR, "limit")
    wait_until_shown(comfy, [*EVERYDAY, "limit"])
    comfy.reload_workflow()
    wait_until_shown(comfy, [*EVERYDAY, "limit"])
    comfy.call("unlink", ITERATOR, "limit")
    wait_until_shown(comfy, EVERYDAY)


def test_a_workflow_from_before_the_fold_opens_as_it_was(comfy: ComfyPage) -> None:
    add(comfy, ITERATOR, SAVER)
    values = [".", "Custom", "*.png", True, "size", "Skip on error", True, "Reset", 1, 2, 3]
    values += ["Watch", "mine", True, "x/{stem}.png"]
    comfy.call("openWith", ITERATOR, values)
    comfy.card()
    assert comfy.saved_widgets(ITERATOR) == values
    wait_until_shown(comfy, [*FIRST, "custom_pattern", *EVERYDAY[3:]])
    expect(more(comfy)).to_have_text("More settings9 changed")


@pytest.mark.one_renderer
def test_a_folder_without_images_says_what_is_there(
    comfy: ComfyPage, new_batch: Callable[..., Batch]
) -> None:
    batch = new_batch()
    add(comfy, ITERATOR)
    comfy.set_directory(batch.name)
    card = comfy.card()
    expect(card).to_contain_text("The folder is empty.")
    (batch.input / "sub").mkdir()
    comfy.look_again()
    expect(card).to_contain_text("no files, only 1 folder: switch recursive on")
    for number in range(12):
        (batch.input / f"{number}.CR2").touch()
    comfy.look_again()
    expect(card).to_contain_text("The folder holds other files: .CR2 (12).")
    batch.add("img1.png")
    comfy.set_node_widget(ITERATOR, "filter", "WebP")
    expect(card).to_contain_text("The folder holds 1 image, but the filter leaves it out.")


@pytest.mark.one_renderer
def test_a_long_name_is_cut_in_its_middle_and_a_refusal_is_not_cut(
    comfy: ComfyPage, new_batch: Callable[..., Batch]
) -> None:
    name = "a photograph with a very long name that says everything about it but its number {}.png"
    batch = new_batch(name.format(1), name.format(2))
    add(comfy, ITERATOR)
    comfy.set_directory(batch.name)
    card = comfy.card()
    expect(card).to_contain_text(name.format(2))
    ends = card.locator(".batch-loop-cut-end")
    expect(ends).to_have_text(["number 1.png", "number 2.png"])
    for end in ends.all():
        assert comfy.call("isWhollyVisible", end.element_handle())
    comfy.set_directory("/a folder/" + "that nobody has allowed/" * 12)
    refusal = card.locator(".batch-loop-detail")
    expect(refusal).to_contain_text("Batch Loop may not use the folder")
    comfy.wait_until_card_fits(ITERATOR)
    assert comfy.call("isWhollyVisible", refusal.element_handle())
    comfy.set_directory("")
    expect(card).to_contain_text("No folder yet")
    # What the browser itself notes of the server's answer.
    comfy.faults[:] = [fault for fault in comfy.faults if "status of 403" not in fault]
