"""A folder with films or sounds, and workflows over it, as a person opens and runs them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Locator, expect

from batch_loop.tests.support.graphs import node
from batch_loop.tools.graphs import filled_in

if TYPE_CHECKING:
    from pathlib import Path

    from batch_loop.tests.browser.comfy_page import ComfyPage
    from batch_loop.tools.client import ComfyClient
    from batch_loop.tools.server import ComfyServer

ITERATOR, SAVE = "1", "2"

_TAKES = {
    "BatchLoopSaveImage": "image",
    "BatchLoopSaveText": "text",
    "BatchLoopSaveVideo": "video",
}
"""What each saver saves, by the name of its input."""


class Films:
    """A folder with films or sounds, and workflows that use them."""

    def __init__(self, client: ComfyClient, server: ComfyServer) -> None:
        self.client = client
        self.name = uuid.uuid4().hex[:12]
        self.input: Path = server.input / self.name
        self.output: Path = server.output / self.name
        self.input.mkdir()

    def graph(self, made: str, output: int, saver: str, **settings: object) -> dict[str, Any]:
        """A workflow that saves an output of an iterator under its settings."""
        given = {"save_to": "folder", "folder": self.name, "loop": [ITERATOR, 0]}
        saving = node(saver, **{_TAKES[saver]: [ITERATOR, output]}, **given)
        return filled_in(self.client, {ITERATOR: node(made, **settings), SAVE: saving})

    def open(self, comfy: ComfyPage, graph: dict[str, Any]) -> None:
        """Open the workflow, with an id of its own."""
        comfy.load(graph, workflow=str(uuid.uuid4()))

    def choose_folder(self, comfy: ComfyPage, made: str, count: int) -> Locator:
        """Choose the folder, with so many files, by clicks on an iterator's card; return that."""
        card = comfy.card(made)
        expect(card).to_contain_text("Choose the folder with your files.")
        comfy.press_button("Choose folder", made)
        window = comfy.page.get_by_role("dialog", name="Choose a folder")
        window.get_by_role("button", name="input", exact=True).click()
        window.get_by_role("button", name=self.name).click()
        expect(window).to_contain_text(f"{count} files of this kind in this folder.")
        window.get_by_role("button", name="Choose this folder").click()
        expect(card).to_contain_text(f"{count} files")
        return card

    def run(self, comfy: ComfyPage, made: str) -> None:
        """Press Run on an iterator's card, and wait until the batch is over."""
        comfy.press_button("Run", made)
        comfy.wait_until_off()
        self.client.wait_until_idle()
        comfy.settle()
        self.client.wait_until_idle()
        comfy.wait_until_heard()
        comfy.close_toasts()
