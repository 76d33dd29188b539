"""A server that is started again in the middle of a batch: the page goes on by itself."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import ViewportSize, expect

from batch_loop.tests.browser.batch import SEVEN, Batch
from batch_loop.tests.browser.comfy_page import WORKFLOW, ComfyPage
from batch_loop.tests.browser.conftest import new_tab
from batch_loop.tools.programs import free_port
from batch_loop.tools.server import ComfyServer
from batch_loop.tools.tab import SETTINGS

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture
def own_server(server: ComfyServer, tmp_path: Path) -> Iterator[ComfyServer]:
    """A server that this test may kill; it is started again on the same port."""
    own = server.beside(tmp_path / "own", port=free_port(), shares_state=False)
    with own, own.client() as client:
        client.post("/settings", SETTINGS)
        yield own


@pytest.fixture
def own_batch(own_server: ComfyServer, tmp_path: Path) -> Iterator[Batch]:
    name = uuid.uuid4().hex[:12]
    scratch = tmp_path / name
    for folder in (own_server.input / name, own_server.output / name, scratch):
        folder.mkdir()
    with own_server.client() as client:
        client.workflow = WORKFLOW
        batch = Batch(name, own_server.input / name, own_server.output / name, scratch, client)
        for image in SEVEN:
            batch.add(image)
        yield batch


@pytest.fixture
def own_tab(browser: Browser, own_server: ComfyServer, size: ViewportSize) -> Iterator[ComfyPage]:
    comfy = new_tab(browser, own_server, size)
    yield comfy
    comfy.page.context.close()


def test_the_batch_goes_on_once_the_server_is_back(
    own_server: ComfyServer, own_batch: Batch, own_tab: ComfyPage
) -> None:
    own_batch.close_gate("img3.png")
    own_tab.load(own_batch.graph())
    own_tab.run_instant()
    own_tab.wait_until_in_image(own_batch, 3)
    own_server.kill()
    # ComfyUI's page has seen it: some frontends then try to send, and others do not.
    own_tab.toast("Reconnecting")
    own_batch.open_gate("img3.png")
    own_server.start()
    expect(own_tab.card()).to_contain_text("All 7 images done", timeout=60_000)
    own_tab.wait_until_off()
    assert own_batch.saved == SEVEN
    assert own_batch.counts() == (7, 0)
