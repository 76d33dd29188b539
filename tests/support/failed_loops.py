"""Many loops with many failed images: the slowest case for a list of all loops."""

from __future__ import annotations

from batch_loop.core.model.items import Claim, ItemState
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.policy import IterationMode, Policy
from batch_loop.core.model.prompt import Failure
from batch_loop.core.model.selection import Selection
from batch_loop.core.store.interface import Store
from batch_loop.core.store.records import LoopEntry
from batch_loop.tests.support.fake_host import FakeHost
from batch_loop.tests.support.moves import moved

FOLDER = "/home/somebody/ComfyUI/input/a folder of many photographs"


def write_failed_loops(store: Store, host: FakeHost, number: int, failures: int) -> None:
    """Write `number` loops to a store, each stopped on an image after `failures` failures."""
    paths = [f"img{at}.png" for at in range(failures + 1)]
    reason = Failure("a reason that takes more than a line " * 3, "7", "TestRaise")
    prompt = host.submit()
    with store.transaction():
        for at in range(number):
            key = LoopKey("", f"{FOLDER}/{at:03}")
            store.start_batch(key, paths)
            entry = LoopEntry(Selection(), 1, IterationMode.CONTINUE, 0.0, ran_at=1_700_000_000.123)
            store.save(key, entry)
            for last in range(failures + 1):
                item = store.claim(key, Claim(prompt, Policy(), 0.0, host.server))
                assert item is not None
                stopped = last == failures
                state = ItemState.PENDING if stopped else ItemState.FAILED
                moved(store, key, item, state, claim=None, failure=reason, stopped=stopped)
