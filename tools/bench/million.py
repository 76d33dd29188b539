"""A folder of a million images: how soon the server answers meanwhile, and how long it takes."""

from __future__ import annotations

import statistics
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

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


class Asking:
    """Asks a server for its queue again and again, in a thread."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._seconds: list[float] = []
        self._ended = threading.Event()

    @contextmanager
    def meanwhile(self) -> Iterator[None]:
        """Ask as long as the block goes on."""
        thread = threading.Thread(target=self._ask)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    @property
    def median_ms(self) -> float:
        """What an answer took, in the middle."""
        return 1000 * statistics.median(self._seconds)

    @property
    def slow_ms(self) -> float:
        """What one of the slowest took."""
        return 1000 * sorted(self._seconds)[int(SLOW * len(self._seconds))]

    def _ask(self) -> None:
        with requests.Session() as session:
            while not self._ended.wait(PAUSE_SECONDS):
                began = time.perf_counter()
                session.get(f"{self._url}/queue", timeout=MOST_SECONDS).raise_for_status()
                self._seconds.append(time.perf_counter() - began)


def measure(setting: Setting) -> Measured:
    """List one folder for the first time, and again for other reasons."""
    count = setting.of(COUNT, 100_000)
    server = setting.server("million")
    setting.say(f"million: {count:,} images, and as many results")
    small_images(server.input / FOLDER, count)
    small_images(server.output / RESULTS, count)
    small_images(server.input / FEW, 1)
    name = uuid.uuid4().hex
    loop = graphs.loop(FOLDER, loop_name=name)
    again = graphs.loop(FOLDER, loop_name=name, descending=True)
    anew = graphs.loop(FOLDER, loop_name=name, descending=True, iteration_mode="Reset")
    finished = graphs.loop(
        FOLDER, loop_name="", skip_finished=True, finished_as=f"{RESULTS}/{{stem}}.png"
    )
    with server, server.client() as client:
        _seconds(client, graphs.loop(FEW))  # which loads what is loaded once
        usual = _seconds(client, graphs.loop(FEW, loop_name="other"))
        idle, busy = Asking(server.url), Asking(server.url)
        setting.say("million: idle")
        with idle.meanwhile():
            threading.Event().wait(IDLE_SECONDS)
        setting.say("million: first listing")
        with busy.meanwhile():
            first = _seconds(client, loop) - usual
        found = {}
        for what, graph in (
            ("a second listing, in the opposite order", again),
            ("a listing for a new batch, by Reset", anew),
            ("a listing all of whose results are there, with skip_finished", finished),
        ):
            setting.say(f"million: {what}")
            found[what] = _seconds(client, graph) - usual
    limit = MOST_LISTING_SECONDS if count == COUNT else None
    more = Target(MOST_MORE_MS, "difference")
    asked = f"GET /queue while {count:,} images are listed for the first time"
    return Measured(
        [
            Row(asked, "ms", busy.median_ms, idle.median_ms, "while nothing runs", more),
            Row(
                f"{asked}, one of the slowest in a hundred",
                "ms",
                busy.slow_ms,
                idle.slow_ms,
                "while nothing runs",
                more,
            ),
            Row(f"a first listing of {count:,} images", "s", first, target=_most(limit)),
            *(
                Row(f"{what}, of {count:,} images", "s", seconds, target=_most(limit))
                for what, seconds in found.items()
            ),
        ]
    )


def _most(limit: float | None) -> Target | None:
    return None if limit is None else Target(limit)


def _seconds(client: ComfyClient, graph: graphs.Graph) -> float:
    """How long a prompt ran, by the server's clock."""
    prompt_id = client.submit(filled_in(client, graph))
    client.wait(prompt_id, MOST_SECONDS)
    ran = timing(client, prompt_id)
    return ran.ended - ran.began
