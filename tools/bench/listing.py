"""What a large folder costs before its first image: looking at it, and putting it in order."""

from __future__ import annotations

import statistics
import time
import uuid
from pathlib import Path
from typing import Any

from ..client import ComfyClient
from ..defaults import filled_in
from . import graphs
from .folders import small_images
from .prompts import median_ms, run_all, seconds_after_first
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
    against = "Load Image in as long a workflow"
    return Measured(
        [
            Row(
                f"first listing of {count:,} images, in natural order, written down",
                "s",
                statistics.median(firsts),
                target=Target(MOST_SECONDS) if count == COUNT else None,
            ),
            Row(
                f"POST /prompt of a new loop on {count:,} images",
                "ms",
                first_ms,
                plain_ms,
                against,
                Target(MOST_MS),
            ),
            Row(
                f"POST /prompt of a known loop on {count:,} images",
                "ms",
                known_ms,
                plain_ms,
                against,
                Target(MOST_MS),
            ),
        ]
    )


def _new_loop() -> graphs.Graph:
    return graphs.loop(FOLDER, loop_name=uuid.uuid4().hex)


def _first(client: ComfyClient) -> float:
    """By how many seconds the first prompt of a loop takes longer than those that follow."""
    prompt = filled_in(client, _new_loop())
    held = run_all(client, [prompt])
    following = run_all(client, [prompt] * 4)
    (first,) = held
    return first.ended - first.began - seconds_after_first(following)


def _validation_ms(client: ComfyClient, scratch: Path, prompts: list[dict[str, Any]]) -> float:
    """The median time of a submission, while the server runs nothing."""
    opener = scratch / f"gate-{uuid.uuid4().hex}"
    held = client.submit(filled_in(client, graphs.gate(str(opener))))
    client.wait_until_executing(held, graphs.WORK)
    seconds = []
    for prompt in prompts:
        began = time.perf_counter()
        client.submit(prompt)
        seconds.append(time.perf_counter() - began)
    client.clear_queue()
    opener.touch()
    client.wait(held)
    return median_ms(seconds)
