"""Where no End Queue ends it, Run (Instant) ends by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from batch_loop.tests.browser.batch import ITERATOR, SAVE, SEVEN, Batch
from batch_loop.tests.support.graphs import save, two_node_graph

if TYPE_CHECKING:
    from collections.abc import Callable

    from batch_loop.tests.browser.comfy_page import ComfyPage

# In the way in which each frontend draws nodes by itself.
pytestmark = [pytest.mark.usefixtures("renderer"), pytest.mark.one_renderer]

THREE = SEVEN[:3]


@pytest.fixture
def folder(new_batch: Callable[..., Batch]) -> Batch:
    return new_batch(*THREE)


def ends(comfy: ComfyPage, folder: Batch) -> None:
    """Wait until Auto Queue is off, and nothing is running or queued."""
    comfy.wait_until_off()
    folder.client.wait_until_idle()
    comfy.settle()
    folder.client.wait_until_idle()
    comfy.wait_until_heard()


def test_two_nodes_end_with_the_last_image(comfy: ComfyPage, folder: Batch) -> None:
    comfy.load(two_node_graph(folder.name, folder.name))
    comfy.run_instant()
    ends(comfy, folder)
    comfy.toast("Batch complete: 3 done, 0 failed")
    assert sorted(path.name for path in folder.output.iterdir()) == THREE
    assert folder.counts() == (3, 0)
    # At most one more, which the frontend had already sent and which ran nothing.
    sent = comfy.submitted
    assert sent in (3, 4)
    assert comfy.toasts("Nothing to do") == 0
    # A Run on the complete batch says so, and ends as well.
    comfy.run_instant()
    ends(comfy, folder)
    comfy.toast("Nothing to do")
    assert comfy.submitted in (sent + 1, sent + 2)


@pytest.mark.parametrize("gone", [("10",), ("9", "10")], ids=["End Queue", "Batch Complete too"])
def test_without_end_queue_the_other_loop_nodes_end_in_the_same_way(
    comfy: ComfyPage, folder: Batch, gone: tuple[str, ...]
) -> None:
    comfy.load({each: node for each, node in folder.graph().items() if each not in gone})
    comfy.run_instant()
    ends(comfy, folder)
    comfy.toast("Batch complete: 3 done, 0 failed")
    assert comfy.toasts("Nothing to do") == 0
    assert folder.ran == THREE


def test_two_nodes_skip_an_error_and_end(comfy: ComfyPage, folder: Batch) -> None:
    folder.fail_on("img2.png")
    whole = folder.graph(error_handling="Skip on error")
    graph = {each: whole[each] for each in (ITERATOR, "3")}
    graph[SAVE] = save(["3", 0], folder.name, loop=[ITERATOR, 0])
    comfy.load(graph)
    comfy.run_instant()
    ends(comfy, folder)
    comfy.toast("Batch complete: 2 done, 1 failed")
    assert folder.counts() == (2, 1)
    comfy.close_dialogs()


def test_a_saver_that_comfyui_drops_ends_auto_queue(comfy: ComfyPage, folder: Batch) -> None:
    graph = two_node_graph(folder.name, folder.name)
    del graph["3"]["inputs"]["image"]
    none = {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "color": 0}}
    beside = {"class_type": "PreviewImage", "inputs": {"images": ["11", 0]}}
    comfy.load({**graph, "11": none, "12": beside})
    comfy.run_instant()
    ends(comfy, folder)
    comfy.toast("ComfyUI left Save Image (Batch) out")
    assert folder.state() is None
    comfy.close_dialogs()
