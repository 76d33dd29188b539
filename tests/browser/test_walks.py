"""Every kind of item by clicks alone: from the search or a template to the results on the disk."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from batch_loop.tests.browser.comfy_page import run_to_the_end
from batch_loop.tests.browser.hand import Hand
from batch_loop.tests.browser.walks import WALKS
from batch_loop.tests.support.small_batches import ITEMS, KINDS

if TYPE_CHECKING:
    from batch_loop.tests.browser.comfy_page import ComfyPage
    from batch_loop.tools.client import ComfyClient
    from batch_loop.tools.server import ComfyServer

pytestmark = pytest.mark.usefixtures("renderer")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_item_is_run_by_clicks(
    comfy: ComfyPage, client: ComfyClient, server: ComfyServer, kind: str
) -> None:
    batch = KINDS[kind](uuid.uuid4().hex[:12], server)
    hand = Hand(comfy)
    WALKS[kind](hand, batch)
    hand.press("Run", batch.iterator)
    comfy.toast(f"Batch complete: {ITEMS} done, 0 failed")
    run_to_the_end(comfy, client)
    batch.wait_until_done(client)
    batch.check()
