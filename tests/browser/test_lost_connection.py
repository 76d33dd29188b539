"""The page loses the server while an image is in progress, and misses how its prompt ends."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from batch_loop.tests.browser.batch import ITERATOR, SAVE
from batch_loop.tests.browser.comfy_page import ComfyPage
from batch_loop.tools.server import HOST

if TYPE_CHECKING:
    from batch_loop.tests.browser.batch import Batch
    from batch_loop.tools.client import ComfyClient
    from batch_loop.tools.server import ComfyServer


class Connection(socketserver.ThreadingTCPServer):
    """The connection between a tab and the server, which can be lost for a while."""

    daemon_threads = True

    def __init__(self, server: ComfyServer) -> None:
        super().__init__((HOST, 0), _Forward)
        self.url = f"http://{HOST}:{self.server_address[1]}"
        self.to = (HOST, server.port)
        self.is_lost = False
        self.open: set[socket.socket] = set()

    def lose(self) -> None:
        """Lose it, as when a machine goes to sleep."""
        self.is_lost = True
        for end in list(self.open):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def come_back(self) -> None:
        self.is_lost = False


class _Forward(socketserver.BaseRequestHandler):
    """Passes on what either end says."""

    def handle(self) -> None:
        line = self.server
        assert isinstance(line, Connection)
        with socket.create_connection(line.to) as there:
            ends = (self.request, there)
            line.open.update(ends)
            # One that was opened just before the loss is lost, too.
            if not line.is_lost:
                back = threading.Thread(target=self._pass_on, args=(there, self.request))
                back.start()
                self._pass_on(*ends)
                back.join()
            line.open.difference_update(ends)

    @staticmethod
    def _pass_on(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while said := one.recv(65536):
                other.sendall(said)
        with suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def connection(server: ComfyServer) -> Iterator[Connection]:
    with Connection(server) as connection:
        thread = threading.Thread(target=connection.serve_forever, daemon=True)
        thread.start()
        yield connection
        connection.lose()
        connection.shutdown()
        thread.join()


@pytest.fixture
def tab(
    browser: Browser, connection: Connection, size: ViewportSize, client: ComfyClient
) -> Iterator[ComfyPage]:
    tab = ComfyPage(browser.new_context(viewport=size).new_page(), connection.url)
    tab.open()
    yield tab
    tab.page.context.close()
    client.end_all()


def wait_until_in_second_image(tab: ComfyPage, batch: Batch) -> None:
    """Wait until the workflow runs on it, and the page knows that its prompt got through."""
    batch.wait_until_in_image(2)
    tab.wait_until_submitted(2)


def run_into_second_of_three(tab: ComfyPage, new_batch: Callable[..., Batch]) -> Batch:
    """Run a batch until its workflow waits on the second of three images."""
    batch = new_batch("img1.png", "img2.png", "img3.png")
    batch.close_gate("img2.png")
    tab.load(batch.graph())
    tab.run_instant()
    wait_until_in_second_image(tab, batch)
    return batch


def end_unheard(tab: ComfyPage, connection: Connection, batch: Batch, last: str) -> None:
    """Lose the connection while the workflow waits on `last`, and let that end."""
    connection.lose()
    tab.toast("Reconnecting")
    batch.open_gate(last)
    batch.client.wait_until_idle()
    batch.counts()
    connection.come_back()


@pytest.mark.parametrize(
    "settings",
    [{"when_complete": "Start over"}, {"iteration_mode": "Reset"}],
    ids=["start_over", "reset"],
)
def test_an_end_that_was_missed_ends_the_batch(
    settings: dict[str, str],
    tab: ComfyPage,
    connection: Connection,
    new_batch: Callable[..., Batch],
    client: ComfyClient,
) -> None:
    batch = new_batch("img1.png", "img2.png")
    batch.close_gate("img2.png")
    tab.load(batch.graph(**settings))
    tab.run_instant()
    wait_until_in_second_image(tab, batch)
    end_unheard(tab, connection, batch, "img2.png")
    tab.toast("Batch complete: 2 done")
    tab.wait_until_off()
    tab.settle()
    client.wait_until_idle()
    assert batch.ran == ["img1.png", "img2.png"]


def test_an_error_that_was_missed_stops_the_batch(
    tab: ComfyPage, connection: Connection, new_batch: Callable[..., Batch], client: ComfyClient
) -> None:
    batch = new_batch("img1.png", "img2.png", "img3.png")
    batch.close_gate("img2.png")
    batch.fail_on("img2.png")
    graph = batch.graph(max_attempts=3)
    # The workflow fails once it has waited.
    graph["5"]["inputs"]["image"] = [ITERATOR, 1]
    graph["3"]["inputs"]["image"] = ["5", 0]
    for node, name in ((SAVE, "images"), ("7", "image"), ("8", "after")):
        graph[node]["inputs"][name] = ["3", 0]
    tab.load(graph)
    tab.run_instant()
    wait_until_in_second_image(tab, batch)
    end_unheard(tab, connection, batch, "img2.png")
    tab.wait_until_off()
    expect(tab.card()).to_contain_text("img2.png")
    tab.settle()
    client.wait_until_idle()
    assert tab.submitted == 2
    assert batch.counts() == (1, 0)


@pytest.mark.parametrize("is_over", [False, True], ids=["in_mid_image", "after_it"])
def test_a_batch_goes_on_once_the_connection_is_back(
    is_over: bool,  # noqa: FBT001 - a parameter of the test
    tab: ComfyPage,
    connection: Connection,
    new_batch: Callable[..., Batch],
    client: ComfyClient,
) -> None:
    batch = run_into_second_of_three(tab, new_batch)
    if is_over:
        end_unheard(tab, connection, batch, "img2.png")
    else:
        connection.lose()
        tab.toast("Reconnecting")
        connection.come_back()
        tab.toast("Reconnected")
        batch.open_gate("img2.png")
    tab.toast("Batch complete: 3 done")
    tab.wait_until_off()
    tab.settle()
    client.wait_until_idle()
    assert batch.ran == ["img1.png", "img2.png", "img3.png"]


def test_pause_counts_while_the_connection_is_lost_and_continue_goes_on(
    tab: ComfyPage, connection: Connection, new_batch: Callable[..., Batch], client: ComfyClient
) -> None:
    batch = run_into_second_of_three(tab, new_batch)
    connection.lose()
    tab.toast("Reconnecting")
    trouble = tab.card().locator(".batch-loop-detail")
    expect(trouble).to_have_text("The server does not answer. What you see may be out of date.")
    tab.wait_until("isWhollyVisible", trouble.element_handle())
    tab.press_button("Pause")
    tab.wait_until_off()
    batch.open_gate("img2.png")
    client.wait_until_idle()
    connection.come_back()
    tab.toast("Reconnected")
    tab.settle()
    client.wait_until_idle()
    assert batch.ran == ["img1.png", "img2.png"]
    tab.press_button("Continue")
    tab.toast("Batch complete: 3 done")
    tab.wait_until_off()
    client.wait_until_idle()
    assert batch.ran == ["img1.png", "img2.png", "img3.png"]
