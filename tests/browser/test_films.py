"""Videos of a folder, and frames of a film, one a run: the cards, and the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from batch_loop.tests.browser.films import ITERATOR
from batch_loop.tests.support.clips import make_clip
from batch_loop.tests.support.films import make_film

if TYPE_CHECKING:
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
    expect(card).to_contain_text("All 3 runs done")
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
