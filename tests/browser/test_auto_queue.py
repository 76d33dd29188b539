"""One press of Run (Instant) takes a folder through a workflow, whatever happens on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from batch_loop.tests.browser.batch import Batch
    from batch_loop.tests.browser.comfy_page import ComfyPage
    from batch_loop.tools.client import ComfyClient

SEVEN = ["img1.png", "img2.png", "img3.png", "img4.png", "img10.png", "img20.png", "img100.png"]


def ends(client: ComfyClient, *tabs: ComfyPage) -> None:
    """Wait until Auto Queue is off in each tab and nothing runs or follows."""
    for comfy in tabs:
        comfy.wait_until_off()
    client.wait_until_idle()
    for comfy in tabs:
        comfy.settle()
    client.wait_until_idle()


def test_seven_images_once_in_natural_order(
    comfy: ComfyPage, batch: Batch, client: ComfyClient
) -> None:
    comfy.load(batch.graph())
    comfy.run_instant()
    ends(client, comfy)
    assert batch.saved == SEVEN
    assert batch.ran == SEVEN
    assert comfy.submitted in (7, 8)
    comfy.toast("Batch complete: 7 done, 0 failed")
