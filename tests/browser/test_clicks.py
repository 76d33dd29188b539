"""How few actions it takes to a running batch over one's own folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from batch_loop.core.files.folder_list import allowed_dirs_file
from batch_loop.tests.browser.search import own, picture_of, put_down, search
from batch_loop.tests.support.images import write_images

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Route

    from batch_loop.tests.browser.batch import Batch
    from batch_loop.tests.browser.comfy_page import ComfyPage
    from batch_loop.tools.client import ComfyClient
    from batch_loop.tools.server import ComfyServer

TEMPLATE = "Load images from a folder one by one"
ITERATOR = "BatchLoopDirectoryIterator"
MOST_CLICKS = 5
MOST_FROM_EMPTY = 9
IMAGES = ["a.png", "b.png", "c.png"]

pytestmark = pytest.mark.usefixtures("renderer")

COUNT_CLICKS = """() => {
    window.batchLoopClicks = 0;
    const count = (event) => { window.batchLoopClicks += event.isTrusted ? 1 : 0; };
    document.addEventListener('click', count, { capture: true });
}"""


@pytest.fixture
def own_folder(comfy: ComfyPage, server: ComfyServer, tmp_path: Path) -> Iterator[Path]:
    """A folder of images that the server's owner has allowed."""
    folder = tmp_path.resolve() / "my photos"
    folder.mkdir()
    write_images(folder, IMAGES)
    listed = Path(allowed_dirs_file(str(server.user)))
    listed.parent.mkdir(parents=True, exist_ok=True)
    before = listed.read_bytes() if listed.exists() else b""
    listed.write_bytes(before + f"{folder}\n".encode())
    yield folder
    # Its card would go on asking for the folder.
    comfy.close_workflow()
    listed.write_bytes(before)


@pytest.fixture
def without_dialog(comfy: ComfyPage) -> Iterator[None]:
    """A page to which the system's own dialog is not offered: no test can use it."""

    def answer(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"dialog": False})

    comfy.page.route("**/batch_loop/folders/chooser", answer)
    yield
    comfy.page.unroute_all(behavior="wait")


@pytest.mark.one_renderer
@pytest.mark.usefixtures("without_dialog")
def test_from_a_template_to_ones_own_folder(
    comfy: ComfyPage, client: ComfyClient, server: ComfyServer, own_folder: Path
) -> None:
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


@pytest.mark.usefixtures("without_dialog")
def test_from_an_empty_canvas(comfy: ComfyPage, client: ComfyClient, own_folder: Path) -> None:
    """Here an action is a click, a double click, or some typing."""
    comfy.close_workflow()
    actions = 2  # the double click, and the word
    found = search(comfy, "folder")
    actions += click(own(found).filter(has_text="Directory Iterator").first)
    expect(found).to_have_count(0)
    comfy.page.wait_for_function("() => app.graph._nodes.length === 1")
    actions += put_down(comfy)
    assert comfy.page.evaluate("app.graph._nodes[0].title") == "Directory Iterator"
    for button in ("Add", "Choose folder…"):
        comfy.press_button(button)
        actions += 1
    window = comfy.page.get_by_role("dialog", name="Choose a folder of images")
    actions += click(window.get_by_role("button", name=own_folder.name))
    actions += click(window.get_by_role("button", name="Choose this folder"))
    expect(comfy.card()).to_contain_text("3 images")
    comfy.press_button("Run")
    actions += 1

    comfy.toast("Batch complete: 3 done, 0 failed")
    assert actions <= MOST_FROM_EMPTY
    comfy.wait_until_off()
    client.wait_until_idle()


@pytest.mark.one_renderer
def test_a_folder_that_is_allowed_meanwhile_is_listed_without_a_click(
    comfy: ComfyPage, server: ComfyServer, batch: Batch, own_folder: Path
) -> None:
    listed = Path(allowed_dirs_file(str(server.user)))
    allowing = listed.read_bytes()
    listed.write_bytes(allowing.replace(f"{own_folder}\n".encode(), b""))
    comfy.load(batch.graph())
    comfy.set_directory(str(own_folder))
    expect(comfy.card()).to_contain_text("then press Run")
    listed.write_bytes(allowing)
    expect(comfy.card()).to_contain_text(f"{len(IMAGES)} images")
    # What the browser itself notes of the server's answers.
    comfy.faults[:] = [fault for fault in comfy.faults if "status of 403" not in fault]


def click(target: Locator) -> int:
    """Click, which is one action."""
    target.click()
    return 1
