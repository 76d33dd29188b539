"""A watched folder: new images are processed without a click, until somebody stops it."""

from __future__ import annotations

import pytest

from batch_loop.tests.browser.batch import Batch
from batch_loop.tests.browser.comfy_page import ComfyPage
from batch_loop.tests.support.batches import written
from batch_loop.tests.support.waiting import wait_for


@pytest.fixture
def watched(comfy: ComfyPage, batch: Batch) -> Batch:
    """A batch of two images that was processed with one click, and waits for more."""
    for path in list(batch.input.iterdir())[2:]:
        path.unlink()
    comfy.load(batch.graph(when_complete="Watch"))
    comfy.run_instant()
    # The files are so new that the first run may wait until they have stopped growing.
    wait_until_done(batch, 2)
    comfy.toast(f"Watching {batch.input.resolve()} for more")
    return batch


def wait_until_done(batch: Batch, count: int) -> None:
    def is_done() -> bool:
        state = batch.state()
        return state is not None and (written(state), state["complete"]) == (count, True)

    wait_for(is_done, f"{count} images to be done", timeout=60)


def test_a_new_image_is_processed_without_a_click_until_stop_watching(
    comfy: ComfyPage, watched: Batch
) -> None:
    comfy.wait_until_off()
    # A prompt that the page was about to send runs too.
    comfy.settle()
    watched.client.wait_until_idle()
    assert watched.counts() == (2, 0)
    for number in (3, 4):
        comfy.close_toasts()
        watched.add(f"new{number}.png")
        wait_until_done(watched, number)
        comfy.toast(f"Watching {watched.input.resolve()} for more")
        comfy.wait_until_off()
    assert watched.ran[2:] == ["new3.png", "new4.png"]
    comfy.settle()
    submitted = comfy.submitted
    comfy.press_button("Stop watching")
    comfy.wait_until_no_button("Stop watching")
    assert "Stop watching" not in comfy.saved_widgets("BatchLoopDirectoryIterator")
    watched.add("new5.png")
    # It is not processed, although the server has it ready.
    watched.wait_until_ready()
    comfy.settle()
    assert comfy.submitted == submitted
    # But it is not lost: Run processes it, and waits again.
    comfy.run_instant()
    wait_until_done(watched, 5)
    comfy.toast(f"Watching {watched.input.resolve()} for more")


@pytest.mark.one_frontend
def test_a_run_without_auto_queue_ends_it(comfy: ComfyPage, watched: Batch) -> None:
    comfy.choose("Run")
    comfy.press_run()
    comfy.toast("Nothing to do")
    comfy.wait_until_no_button("Stop watching")
    watched.add("new.png")
    watched.wait_until_ready()
    comfy.settle()
    assert len(watched.ran) == 2
