"""How many clicks it takes from a template to a running batch over one's own folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from batch_loop.core.files.allowed_paths import allowed_dirs_file
from batch_loop.tests.browser.test_templates import picture_of
from batch_loop.tests.support.images import write_images

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Route

    from batch_loop.tests.browser.comfy_page import ComfyPage
    from batch_loop.tools.client import ComfyClient
    from batch_loop.tools.server import ComfyServer

TEMPLATE = "Load images from a folder one by one"
ITERATOR = "BatchLoopDirectoryIterator"
MOST_CLICKS = 5
IMAGES = ["a.png", "b.png", "c.png"]

COUNT_CLICKS = """() => {
    window.batchLoopClicks = 0;
    const count = (event) => { window.batchLoopClicks += event.isTrusted ? 1 : 0; };
    document.addEventListener('click', count, { capture: true });
}"""


@pytest.fixture
def own_folder(server: ComfyServer, tmp_path: Path) -> Iterator[Path]:
    """A folder of images that the server's owner has allowed."""
    folder = tmp_path.resolve() / "my holiday"
    folder.mkdir()
    write_images(folder, IMAGES)
    listed = Path(allowed_dirs_file(str(server.user)))
    listed.parent.mkdir(parents=True, exist_ok=True)
    before = listed.read_bytes() if listed.exists() else b""
    listed.write_bytes(before + f"{folder}\n".encode())
    yield folder
    listed.write_bytes(before)


def test_from_a_template_to_ones_own_folder(
    comfy: ComfyPage, client: ComfyClient, server: ComfyServer, own_folder: Path
) -> None:
    def without_dialog(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"dialog": False})

    # No test can use the system's own dialog.
    comfy.page.route("**/batch_loop/folders/chooser", without_dialog)
    comfy.browse_templates()
    picture = picture_of(comfy, TEMPLATE)
    comfy.page.evaluate(COUNT_CLICKS)

    picture.click()
    comfy.page.wait_for_function(f"app.graph._nodes.some(({{ type }}) => type === '{ITERATOR}')")
    expect(comfy.card()).to_contain_text("images")
    comfy.press_button("Choose folder…")
    window = comfy.page.get_by_role("dialog", name="Choose a folder of images")
    window.get_by_role("button", name=own_folder.name).click()
    window.get_by_role("button", name="Choose this folder").click()
    expect(comfy.card()).to_contain_text("3 images")
    comfy.press_button("Run")

    comfy.toast("Batch complete: 3 done, 0 failed")
    assert comfy.page.evaluate("window.batchLoopClicks") <= MOST_CLICKS
    comfy.wait_until_off()
    client.wait_until_idle()
    saved = {path.name for path in (server.output / TEMPLATE).iterdir()}
    assert saved >= set(IMAGES)
    comfy.page.unroute_all(behavior="wait")
