"""A folder of a million images: how soon the server answers meanwhile, and how long it takes."""

from __future__ import annotations

import statistics
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from ..client import ComfyClient
from ..defaults import filled_in
from . import graphs
from .folders import small_images
from .prompts import MOST_SECONDS, timing
from .rows import Measured, Row, Target
from .setting import Setting

FOLDER, RESULTS, FEW = "million", "results", "few"
COUNT = 1_000_000
MOST_LISTING_SECONDS = 10.0
MOST_MORE_MS = 50.0
IDLE_SECONDS = 5.0
PAUSE_SECONDS = 0.02
"""Between two questions."""
SLOW = 0.99
"""The answers that are not slower than so many of them."""


def measure(setting: Setting) -> Measured:
    """List one folder for the first time, and again for other reasons."""
    count = setting.of(COUNT, 100_000)
    server = setting.server("million")
    setting.say(f"million: {count:,} images, and as many results")
    small_images(server.input / FOLDER, count)
    small_images(server.output / RESULTS, count)
    small_images(server.input / FEW, 1)
    name = uuid.uuid4().hex
    first = graphs.loop(FOLDER, loop_name=name)
    finished = {"skip_finished": True, "finished_as": f"{RESULTS}/{{stem}}.png"}
    later: dict[str, dict[str, Any]] = {
        "a second listing, in the opposite order": {"loop_name": name, "descending": True},
        "a listing for a new batch, by Reset": {
            "loop_name": name,
            "descending": True,
            "iteration_mode": "Reset",
        },
        "a listing all of whose results are there, with skip_finished": finished,
    }
    with server, server.client() as client:
        _seconds(client, graphs.loop(FEW))  # which loads what is loaded once
        usual = _seconds(client, graphs.loop(FEW, loop_name="other"))
        setting.say("million: idle")
        with _asking(server.url) as idle:
            threading.Event().wait(IDLE_SECONDS)
        setting.say("million: a first listing")
        with _asking(server.url) as busy:
            seconds = {"a first listing": _seconds(client, first) - usual}
        for what, settings in later.items():
            setting.say(f"million: {what}")
            seconds[what] = _seconds(client, graphs.loop(FOLDER, **settings)) - usual
    more = Target(MOST_MORE_MS, "difference")
    asked = f"GET /queue while {count:,} images are listed for the first time"
    against = "while nothing runs"
    slowest = f"{asked}, one of the slowest in a hundred"
    rows = [
        Row(asked, "ms", statistics.median(busy), statistics.median(idle), against, more),
        Row(slowest, "ms", _slow(busy), _slow(idle), against, more),
    ]
    limit = Target(MOST_LISTING_SECONDS) if count == COUNT else None
    for what, taken in seconds.items():
        of = " of" if what == "a first listing" else ", of"
        rows.append(Row(f"{what}{of} {count:,} images", "s", taken, target=limit))
    return Measured(rows)


@contextmanager
def _asking(url: str) -> Iterator[list[float]]:
    """Ask for the queue again and again, in a thread, during the block; the ms of each answer."""
    took: list[float] = []
    is_over = threading.Event()

    def ask() -> None:
        with requests.Session() as session:
            while not is_over.wait(PAUSE_SECONDS):
                began = time.perf_counter()
                session.get(f"{url}/queue", timeout=MOST_SECONDS).raise_for_status()
                took.append(1000 * (time.perf_counter() - began))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield took
    finally:
        is_over.set()
        thread.join()


def _slow(took: list[float]) -> float:
    """What one of the slowest took."""
    return sorted(took)[int(SLOW * len(took))]


def _seconds(client: ComfyClient, graph: graphs.Graph) -> float:
    """How long a prompt ran, by the server's clock."""
    prompt_id = client.submit(filled_in(client, graph))
    client.wait(prompt_id, MOST_SECONDS)
    return timing(client, prompt_id).seconds
