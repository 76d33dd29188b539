"""A real ComfyUI for each pair of server and frontend, and real Chromium tabs.

Starting a server and loading its page takes many times as long as a test, so all tests of a pair
share them; each test has its own folders, files and workflow.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import ViewportSize, expect

from batch_loop.tests.browser.batch import SEVEN, Batch
from batch_loop.tests.browser.comfy_page import WORKFLOW, ComfyPage
from batch_loop.tests.browser.films import Films
from batch_loop.tests.browser.selection import CLASSIC, NODES_2, PAIRS, selected
from batch_loop.tests.browser.side_panel import SidePanel
from batch_loop.tools.layout import DEFAULT, HELPERS, NATIVE_LOOPS, NEWEST_FRONTEND
from batch_loop.tools.server import ComfyServer
from batch_loop.tools.tab import LARGE, SETTINGS, SMALL, chromium

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

    from batch_loop.tools.client import ComfyClient

SIZES = {f"{size['width']}x{size['height']}": size for size in (LARGE, SMALL)}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--page-size",
        choices=SIZES,
        help="of each page; without it, one frontend's are large, and the others' small",
    )
    parser.addoption(
        "--share-frontends",
        action="store_true",
        help="each test on the default frontend and on one other; without it, on each",
    )


def size_of_page(config: pytest.Config, frontend: str) -> ViewportSize:
    """The size that a frontend's pages have in this run."""
    given = config.getoption("--page-size")
    return SIZES[given] if given else LARGE if frontend == DEFAULT.frontend else SMALL


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items[:] = selected(items, share=config.getoption("--share-frontends"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session", params=PAIRS, ids=lambda pair: f"{pair[0]}-{pair[1]}")
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ComfyServer]:
    version, frontend = request.param
    base = tmp_path_factory.mktemp(f"comfyui-{version}-{frontend}")
    helpers = [HELPERS]
    if frontend == NEWEST_FRONTEND:
        helpers.append(NATIVE_LOOPS)
    server = ComfyServer(base, version=version, frontend=frontend, custom_nodes=helpers)
    with server, server.client() as client:
        client.post("/settings", SETTINGS)
        yield server


@pytest.fixture(scope="session")
def size(request: pytest.FixtureRequest, server: ComfyServer) -> ViewportSize:
    return size_of_page(request.config, server.frontend)


def new_tab(browser: Browser, server: ComfyServer, size: ViewportSize) -> ComfyPage:
    """A tab on the server in its own browser profile."""
    comfy = ComfyPage(browser.new_context(viewport=size).new_page(), server.url)
    comfy.open()
    return comfy


@pytest.fixture(scope="session")
def first_tab(browser: Browser, server: ComfyServer, size: ViewportSize) -> Iterator[ComfyPage]:
    """The tab shared by all tests of a pair."""
    comfy = new_tab(browser, server, size)
    yield comfy
    comfy.page.context.close()


@pytest.fixture(scope="session", params=[CLASSIC, NODES_2])
def renderer(request: pytest.FixtureRequest, first_tab: ComfyPage) -> Iterator[str]:
    """How nodes are drawn, for a module that is tested in both ways.

    For the whole run, so that pytest puts the tests of each way together: the page is loaded anew
    for each change.
    """
    with first_tab.nodes_2(enabled=request.param == NODES_2):
        yield request.param


@pytest.fixture
def client(server: ComfyServer) -> Iterator[ComfyClient]:
    """A client of the server, which is left idle at the end."""
    with server.client() as client:
        # A script runs the workflow that the page shows.
        client.workflow = WORKFLOW
        yield client
        client.end_all()
        # The page reads the history after each prompt, so a long one slows down later tests.
        client.post("/history", {"clear": True})


@pytest.fixture
def open_tab(
    browser: Browser,
    server: ComfyServer,
    size: ViewportSize,
    first_tab: ComfyPage,
    client: ComfyClient,
) -> Iterator[Any]:
    """Open a tab; at the end of the test, no tab may have had errors."""
    used: list[ComfyPage] = []

    def open_tab() -> ComfyPage:
        comfy = new_tab(browser, server, size) if used else first_tab
        used.append(comfy)
        return comfy

    yield open_tab
    faults = []
    for comfy in used:
        comfy.page.evaluate("app.extensionManager.queueSettings.mode = 'disabled'")
        comfy.settle()
    client.end_all()
    for comfy in used:
        comfy.wait_until_heard()
        faults += comfy.faults
    for comfy in used[1:]:
        comfy.page.context.close()
    for comfy in used[:1]:
        comfy.tidy()
    assert not faults, "\n".join(faults)


@pytest.fixture
def comfy(open_tab: Callable[[], ComfyPage]) -> ComfyPage:
    return open_tab()


@pytest.fixture
def new_batch(server: ComfyServer, client: ComfyClient, tmp_path: Path) -> Callable[..., Batch]:
    """Create a folder of images on the server, and a workflow for it."""

    def new_batch(*names: str) -> Batch:
        name = uuid.uuid4().hex[:12]
        scratch = tmp_path / name
        for folder in (server.input / name, server.output / name, scratch):
            folder.mkdir()
        batch = Batch(name, server.input / name, server.output / name, scratch, client)
        for image in names:
            batch.add(image)
        return batch

    return new_batch


@pytest.fixture
def batch(new_batch: Callable[..., Batch]) -> Batch:
    return new_batch(*SEVEN)


@pytest.fixture
def films(client: ComfyClient, server: ComfyServer) -> Films:
    """A folder for films or sounds, and workflows over it."""
    return Films(client, server)


@pytest.fixture
def panel(comfy: ComfyPage, client: ComfyClient, size: ViewportSize) -> Iterator[SidePanel]:
    """The closed panel, on a server that knows no loops; at the end without a window over it."""
    comfy.close_workflow()
    comfy.wait_until_answered("/batch_loop/")  # a card may have asked for one of them
    # One at a time: a loop is forgotten with that of the folder it was paired with.
    while loops := client.get_json("/batch_loop/loops")["loops"]:
        client.post_json("/batch_loop/loops/forget", {"loop": loops[0]["id"]})
    panel = SidePanel(comfy)
    yield panel
    if panel.viewer.count():
        comfy.page.keyboard.press("Escape")
    expect(panel.viewer).to_have_count(0)
    comfy.page.set_viewport_size(size)
    if panel.root.count():
        comfy.close_dialogs()
        comfy.close_toasts()
        panel.toggle()
        expect(panel.root).to_have_count(0)


@pytest.fixture
def run(comfy: ComfyPage, run_loaded: Callable[[Batch], None]) -> Callable[..., None]:
    """Run a batch to its end with one press of Run (Instant)."""

    def run(batch: Batch, **settings: object) -> None:
        comfy.load(batch.graph(**settings))
        run_loaded(batch)

    return run


@pytest.fixture
def run_loaded(comfy: ComfyPage, client: ComfyClient) -> Callable[[Batch], None]:
    """The same for a batch whose workflow is open."""

    def run(batch: Batch) -> None:
        comfy.run_instant()
        comfy.wait_until_off()
        client.wait_until_idle()
        comfy.settle()
        client.wait_until_idle()
        comfy.wait_until_heard()
        batch.counts()
        comfy.close_dialogs()
        comfy.close_toasts()

    return run
