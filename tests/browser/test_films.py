"""Videos of a folder, and frames of a film, one a run: the cards, and the panel."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from batch_loop.tests.browser.comfy_page import run_to_the_end
from batch_loop.tests.browser.films import ITERATOR, SAVE
from batch_loop.tests.support.clips import make_clip
from batch_loop.tests.support.films import make_film, number_in
from batch_loop.tests.support.graphs import node
from batch_loop.tools.graphs import filled_in

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from batch_loop.tests.browser.comfy_page import ComfyPage
    from batch_loop.tests.browser.films import Films
    from batch_loop.tests.browser.side_panel import SidePanel

VIDEOS, FRAMES = "BatchLoopVideoIterator", "BatchLoopFrameIterator"

pytestmark = pytest.mark.usefixtures("renderer")


def test_videos_of_a_folder_run_one_by_one(
    comfy: ComfyPage, panel: SidePanel, films: Films
) -> None:
    for number, name in enumerate(("a.mp4", "b.mp4")):
        make_clip(films.input / name, seed=number, frames=6)
    (films.input / "notes.txt").write_text("no video", encoding="utf-8")
    films.open(comfy, films.graph(VIDEOS, 2, "BatchLoopSaveText", directory=""))
    card = films.choose_folder(comfy, VIDEOS, 2)
    expect(card).to_contain_text("first: a.mp4")
    films.run(comfy, VIDEOS)
    expect(card).to_contain_text("All 2 files done")
    assert [path.read_text() for path in sorted(films.output.glob("*.txt"))] == ["a.mp4", "b.mp4"]
    panel.open()
    panel.choose(films.name)
    row = panel.row("b.mp4")
    expect(row).to_contain_text("Done")
    panel.wait_for_pictures(row, 1)
    row.click()
    expect(panel.viewer.get_by_role("heading")).to_have_text("b.mp4")
    comfy.page.keyboard.press("Escape")


def test_a_frame_to_try_is_chosen_by_its_picture_or_its_time(
    comfy: ComfyPage, films: Films
) -> None:
    make_film(films.input / "film.mp4", frames=60)
    given = {"film": f"{films.name}/film.mp4", "frames": 1, "overlap": 0}
    films.open(comfy, films.graph(FRAMES, 1, "BatchLoopSaveImage", **given))
    comfy.press_button("Choose the frame to try", FRAMES)
    window = comfy.page.get_by_role("dialog", name="Choose the frame to try")
    frames = window.get_by_role("listitem")
    expect(frames).to_have_count(60)
    comfy.page.wait_for_function(
        "line => line.querySelector('img').naturalWidth > 0", arg=frames.first.element_handle()
    )
    window.get_by_role("searchbox").fill("0:02")
    expect(frames).to_have_count(10)
    expect(frames.first).to_contain_text("film_000050")
    expect(frames.first).to_contain_text("0:02.00")
    frames.nth(1).get_by_role("button").click()
    expect(window).to_have_count(0)
    comfy.wait_until_submitted(1)
    films.client.wait_until_idle()
    expect(comfy.card(FRAMES)).to_contain_text("Tried: film_000051")
    assert not films.output.exists()


def test_frames_of_a_film_run_one_by_one(comfy: ComfyPage, panel: SidePanel, films: Films) -> None:
    make_film(films.input / "film.mp4", frames=8)
    graph = films.graph(FRAMES, 1, "BatchLoopSaveImage", film="", frames=3, overlap=1)
    films.open(comfy, graph)
    card = comfy.card(FRAMES)
    expect(card).to_contain_text("No video yet")
    comfy.press_button("Choose a video", FRAMES)
    window = comfy.page.get_by_role("dialog", name="Choose a video")
    window.get_by_role("button", name="input", exact=True).click()
    window.get_by_role("button", name=films.name).click()
    expect(window).to_contain_text("1 video in this folder.")
    window.get_by_role("button", name="film.mp4").click()
    expect(card).to_contain_text("4 runs of up to 3 frames")
    comfy.set_widget(ITERATOR, "overlap", 0)
    comfy.set_widget(ITERATOR, "frames", 4)
    expect(card).to_contain_text("2 runs of up to 4 frames")
    expect(card).to_contain_text("96 \N{MULTIPLICATION SIGN} 64 · 25 fps")
    expect(card).to_contain_text("8 frames")
    expect(card.locator("img.batch-loop-thumbnail")).to_be_visible()
    comfy.set_widget(ITERATOR, "frames", 1)
    comfy.set_widget(ITERATOR, "limit", 3)
    expect(card).to_contain_text("3 frames")
    films.run(comfy, FRAMES)
    expect(card).to_contain_text("All 3 frames done")
    panel.open()
    panel.choose("film.mp4")
    row = panel.row("film_000002")
    expect(row).to_contain_text("Done")
    panel.wait_for_pictures(row, 2)
    row.click()
    expect(panel.viewer.get_by_role("heading")).to_have_text("film_000002")
    panel.wait_for_views(2)
    expect(panel.viewer.locator(".batch-loop-viewer-unplayed")).to_be_hidden()
    comfy.page.keyboard.press("Escape")
    (films.input / "film.mp4").write_bytes(b"no film")
    comfy.look_again()
    comfy.set_widget(ITERATOR, "limit", 0)
    expect(card).to_contain_text("This video cannot be used")
    comfy.set_widget(ITERATOR, "film", "")
    expect(card).to_contain_text("No video yet")
    comfy.settle()
    comfy.faults.clear()  # the browser notes what the server refuses


def test_each_result_of_a_window_is_compared_with_its_own_frame(
    comfy: ComfyPage, panel: SidePanel, films: Films
) -> None:
    name = f"{films.name}.mp4"
    make_film(films.input / name, frames=7)
    given = {"film": f"{films.name}/{name}", "frames": 4, "overlap": 0}
    films.open(comfy, films.graph(FRAMES, 1, "BatchLoopSaveImage", **given))
    films.run(comfy, FRAMES)
    expect(comfy.card(FRAMES)).to_contain_text("All 2 runs done")
    panel.open()
    panel.choose(name)
    panel.row(f"{films.name}_000004").click()
    panel.wait_for_views(2)
    source = panel.viewer.locator(".batch-loop-viewer-file").first
    # Of a long name, what is cut is not its end.
    title = panel.viewer.get_by_role("heading").locator(".batch-loop-cut-end")
    expect(title).to_have_text(f"{films.name}_000004"[-12:])
    for number, time in ((4, "0:00.16"), (5, "0:00.20"), (6, "0:00.24")):
        panel.wait_for_views(2)
        shown = [number_shown(comfy, view) for view in panel.views.locator("img").all()]
        assert shown == [number, number]
        expect(source).to_contain_text(f"96 \N{MULTIPLICATION SIGN} 64 · {time}")
        expect(source).not_to_contain_text("kB")
        comfy.page.keyboard.press("ArrowDown")
    comfy.page.keyboard.press("Escape")


def number_shown(comfy: ComfyPage, picture: Locator) -> int:
    """The number that a picture of a numbered film shows."""
    found = comfy.page.request.get(picture.evaluate("image => image.src.split('#')[0]"))
    return number_in(np.asarray(Image.open(io.BytesIO(found.body())).convert("RGB")) / 255)


def test_a_film_that_has_become_longer_has_new_frames(comfy: ComfyPage, films: Films) -> None:
    make_film(films.input / "film.mp4", frames=2)
    given = {"film": f"{films.name}/film.mp4", "frames": 1, "overlap": 0}
    films.open(comfy, films.graph(FRAMES, 1, "BatchLoopSaveImage", **given))
    films.run(comfy, FRAMES)
    card = comfy.card(FRAMES)
    expect(card).to_contain_text("All 2 frames done")
    make_film(films.input / "film.mp4", frames=5)
    comfy.look_again()
    expect(card).to_contain_text("3 new frames: press Run.")
    films.run(comfy, FRAMES)
    expect(card).to_contain_text("All 5 frames done")
    assert len(list(films.output.glob("*.png"))) == 5


def test_a_name_on_the_card_is_cut_and_what_is_said_of_it_is_not(
    comfy: ComfyPage, films: Films
) -> None:
    name = "a film with a name that is much longer than any card is wide"
    make_film(films.input / f"{name}.mp4", frames=2)
    given = {"film": f"{films.name}/{name}.mp4", "frames": 1, "overlap": 0}
    films.open(comfy, films.graph(FRAMES, 1, "BatchLoopSaveImage", **given))
    expect(comfy.card(FRAMES)).to_contain_text("2 frames")
    comfy.press_button("Try one frame", FRAMES)
    comfy.wait_until_submitted(1)
    films.client.wait_until_idle()
    headline = comfy.card(FRAMES).locator(".batch-loop-headline")
    expect(headline).to_have_text(f"Tried: {name}_000000")
    headline.evaluate("line => (line.style.width = '170px')")  # as in a narrow node
    parts = {
        part: headline.locator(f".batch-loop-cut-{part}") for part in ("around", "start", "end")
    }
    expect(parts["around"]).to_have_text("Tried: ")
    for part, is_cut in (("around", False), ("start", True), ("end", False)):
        hidden = parts[part].evaluate("({ scrollWidth, clientWidth }) => scrollWidth - clientWidth")
        assert (hidden > 1) is is_cut, part


def test_the_film_that_is_made_is_named_with_a_link_that_plays_it(
    comfy: ComfyPage, panel: SidePanel, films: Films
) -> None:
    name = f"{films.name}.mp4"
    make_film(films.input / name, frames=3)
    given = {"film": f"{films.name}/{name}", "frames": 1, "overlap": 0}
    graph = films.graph(FRAMES, 1, "BatchLoopSaveImage", **given)
    graph["end"] = node("BatchLoopLoopEnd", loop=[ITERATOR, 0], after=[SAVE, 1])
    graph["complete"] = node("BatchLoopBatchComplete", loop=["end", 0])
    made_in = f"{films.name}/made"
    to = {"complete": ["complete", 0], "loop": ["end", 0], "folder": made_in}
    graph["film"] = node("BatchLoopAssembleVideo", **to)
    films.open(comfy, filled_in(films.client, graph))
    comfy.press_button("Run", FRAMES)
    comfy.wait_until_off()
    notice = comfy.toast("Batch complete: 3 done, 0 failed")
    card = comfy.card("BatchLoopBatchComplete")
    panel.open()
    panel.choose(name)
    for place in (notice, card, panel.root):
        link = place.get_by_role("link", name=name)
        expect(link).to_have_text(f"Video: {films.output / 'made' / name}")
        expect(link).to_have_attribute("target", "_blank")
        address = link.evaluate("link => link.href")
        answer = comfy.page.request.get(address)
        assert (answer.status, answer.headers["content-type"]) == (200, "video/mp4")
    run_to_the_end(comfy, films.client)
