"""Videos of a folder, and frames of a film, one a run: the cards, and the panel."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from batch_loop.tests.support.clips import make_clip
from batch_loop.tests.support.films import make_film
from batch_loop.tests.support.graphs import node
from batch_loop.tools.graphs import filled_in

if TYPE_CHECKING:
    from pathlib import Path

    from batch_loop.tests.browser.comfy_page import ComfyPage
    from batch_loop.tests.browser.side_panel import SidePanel
    from batch_loop.tools.client import ComfyClient
    from batch_loop.tools.server import ComfyServer

ITERATOR, SAVE = "1", "2"
VIDEOS, FRAMES = "BatchLoopVideoIterator", "BatchLoopFrameIterator"

pytestmark = pytest.mark.usefixtures("renderer")


class Films:
    """A folder with films, and workflows that use them."""

    def __init__(self, client: ComfyClient, server: ComfyServer) -> None:
        self.client = client
        self.name = uuid.uuid4().hex[:12]
        self.input: Path = server.input / self.name
        self.output: Path = server.output / self.name
        self.input.mkdir()

    def graph(self, made: str, output: int, saver: str, **settings: object) -> dict[str, Any]:
        """A workflow that saves an output of an iterator under its settings."""
        given = {"save_to": "folder", "folder": self.name, "loop": [ITERATOR, 0]}
        kind = "text" if saver == "BatchLoopSaveText" else "image"
        saving = node(saver, **{kind: [ITERATOR, output]}, **given)
        return filled_in(self.client, {ITERATOR: node(made, **settings), SAVE: saving})

    def open(self, comfy: ComfyPage, graph: dict[str, Any]) -> None:
        """Open the workflow, with an id of its own."""
        comfy.load(graph, workflow=str(uuid.uuid4()))


@pytest.fixture
def films(client: ComfyClient, server: ComfyServer) -> Films:
    return Films(client, server)


def run_to_the_end(comfy: ComfyPage, client: ComfyClient) -> None:
    comfy.wait_until_off()
    client.wait_until_idle()
    comfy.settle()
    client.wait_until_idle()
    comfy.wait_until_heard()
    comfy.close_toasts()


def test_videos_of_a_folder_run_one_by_one(
    comfy: ComfyPage, panel: SidePanel, client: ComfyClient, films: Films
) -> None:
    for number, name in enumerate(("a.mp4", "b.mp4")):
        make_clip(films.input / name, seed=number, frames=6)
    (films.input / "notes.txt").write_text("no video", encoding="utf-8")
    films.open(comfy, films.graph(VIDEOS, 2, "BatchLoopSaveText", directory=""))
    card = comfy.card(VIDEOS)
    expect(card).to_contain_text("Choose the folder with your files.")
    comfy.press_button("Choose folder", VIDEOS)
    window = comfy.page.get_by_role("dialog", name="Choose a folder")
    window.get_by_role("button", name="input", exact=True).click()
    window.get_by_role("button", name=films.name).click()
    expect(window).to_contain_text("2 files of this kind in this folder.")
    window.get_by_role("button", name="Choose this folder").click()
    expect(card).to_contain_text("2 files")
    expect(card).to_contain_text("first: a.mp4")
    comfy.press_button("Run", VIDEOS)
    expect(card).to_contain_text("All 2 files done")
    run_to_the_end(comfy, client)
    assert [path.read_text() for path in sorted(films.output.glob("*.txt"))] == ["a.mp4", "b.mp4"]
    panel.open()
    panel.choose(films.name)
    row = panel.row("b.mp4")
    expect(row).to_contain_text("Done")
    panel.wait_for_pictures(row, 1)
    row.click()
    expect(panel.viewer.get_by_role("heading")).to_have_text("b.mp4")
    comfy.page.keyboard.press("Escape")


def test_frames_of_a_film_run_one_by_one(
    comfy: ComfyPage, panel: SidePanel, client: ComfyClient, films: Films
) -> None:
    make_film(films.input / "film.mp4", frames=8)
    graph = films.graph(FRAMES, 1, "BatchLoopSaveImage", film="", frames=3, overlap=1)
    films.open(comfy, graph)
    card = comfy.card(FRAMES)
    expect(card).to_contain_text("No film yet")
    comfy.press_button("Choose a film", FRAMES)
    window = comfy.page.get_by_role("dialog", name="Choose a film")
    window.get_by_role("button", name="input", exact=True).click()
    window.get_by_role("button", name=films.name).click()
    expect(window).to_contain_text("1 film in this folder.")
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
    comfy.press_button("Run", FRAMES)
    expect(card).to_contain_text("All 3 runs done")
    run_to_the_end(comfy, client)
    panel.open()
    panel.choose("film.mp4")
    row = panel.row("film_000002")
    expect(row).to_contain_text("Done")
    panel.wait_for_pictures(row, 2)
    row.click()
    expect(panel.viewer.get_by_role("heading")).to_have_text("film_000002")
    panel.wait_for_views(2)
    comfy.page.keyboard.press("Escape")
    (films.input / "film.mp4").write_bytes(b"no film")
    comfy.look_again()
    comfy.set_widget(ITERATOR, "limit", 0)
    expect(card).to_contain_text("This film cannot be used")
    comfy.set_widget(ITERATOR, "film", "")
    expect(card).to_contain_text("No film yet")
    comfy.settle()
    comfy.faults.clear()  # the browser notes what the server refuses
