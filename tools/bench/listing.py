"""What a large folder costs before its first image: looking at it, and putting it in order."""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from ..client import ComfyClient, Prompt
from ..defaults import filled_in
from . import graphs
from .folders import small_images
from .prompts import held_up, median_ms, run_all, seconds_after_first
from .rows import Measured, Row, Target
from .setting import Setting

FOLDER = "many"
PLAIN = "plain"
COUNT = 100_000
MOST_SECONDS = 0.6
"""For so many images."""
MOST_MS = 5.0


def measure(setting: Setting) -> Measured:
    """Begin new loops on one folder: each takes its listing anew."""
    count = setting.of(COUNT, 20_000)
    server = setting.server("listing")
    small_images(server.input / FOLDER, count)
    small_images(server.input / PLAIN, 1)
    with server, server.client() as client:
        setting.say("listing: first runs")
        firsts = [_first(client) for _ in range(setting.of(7, 3))]
        setting.say("listing: validation")
        tries = setting.of(40, 10)
        fresh = [filled_in(client, _new_loop()) for _ in range(tries)]
        known = filled_in(client, _new_loop())
        run_all(client, [known])
        plain = filled_in(client, graphs.plain(f"{PLAIN}/img1.png"))
        first_ms = _validation_ms(client, server.base, fresh)
        known_ms = _validation_ms(client, server.base, [known] * tries)
        plain_ms = _validation_ms(client, server.base, [plain] * tries)
    rows = [
        Row(
            f"first listing of {count:,} images, in natural order, written down",
            "s",
            statistics.median(firsts),
            target=Target(MOST_SECONDS) if count == COUNT else None,
        )
    ]
    against = "Load Image in as long a workflow"
    for which, ms in (("new", first_ms), ("known", known_ms)):
        what = f"POST /prompt of a {which} loop on {count:,} images"
        rows.append(Row(what, "ms", ms, plain_ms, against, Target(MOST_MS)))
    return Measured(rows)


def _new_loop() -> graphs.Graph:
    return graphs.loop(FOLDER, loop_name=uuid.uuid4().hex)


def _first(client: ComfyClient) -> float:
    """By how many seconds the first prompt of a loop takes longer than those that follow."""
    prompt = filled_in(client, _new_loop())
    (first,) = run_all(client, [prompt])
    return first.seconds - seconds_after_first(run_all(client, [prompt] * 4))


def _validation_ms(client: ComfyClient, scratch: Path, prompts: Sequence[Prompt]) -> float:
    """The median time of a submission, while the server runs nothing."""
    seconds = []
    with held_up(client, scratch):
        for prompt in prompts:
            began = time.perf_counter()
            client.submit(prompt)
            seconds.append(time.perf_counter() - began)
        client.clear_queue()
    client.wait_until_idle()
    return median_ms(seconds)
