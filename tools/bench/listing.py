"""What a large folder costs before its first image: looking at it, and putting it in order.

And how soon the server answers meanwhile, where there are a million images in it.
"""

from __future__ import annotations

import statistics
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from .. import graphs
from ..client import ComfyClient, Prompt
from ..graphs import filled_in
from .folders import small_images
from .prompts import MOST_SECONDS as END_SECONDS
from .prompts import held_up, median_ms, run_all, seconds_after_first, timing
from .rows import Measured, Row, Target
from .setting import Setting

FOLDER = "many"
PLAIN = "plain"
COUNT = 100_000
MOST_SECONDS = 0.6
"""For so many images."""
MOST_MS = 5.0

MILLION, RESULTS, FEW = "million", "results", "few"
A_MILLION = 1_000_000
MOST_LISTING_SECONDS = 10.0
MOST_MORE_MS = 50.0
IDLE_SECONDS = 5.0
PAUSE_SECONDS = 0.02
"""Between two questions."""
SLOW = 0.99
"""The answers that are not slower than so many of them."""


def measure_first(setting: Setting) -> Measured:
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


def measure_million(setting: Setting) -> Measured:
    """List one folder for the first time, and again for other reasons."""
    count = setting.of(A_MILLION, 100_000)
    server = setting.server("million")
    setting.say(f"million: {count:,} images, and as many results")
    small_images(server.input / MILLION, count)
    small_images(server.output / RESULTS, count)
    small_images(server.input / FEW, 1)
    name = uuid.uuid4().hex
    first = graphs.loop(MILLION, loop_name=name)
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
        _ran(client, graphs.loop(FEW))  # which loads what is loaded once
        usual = _ran(client, graphs.loop(FEW, loop_name="other"))
        setting.say("million: idle")
        with _asking(server.url) as idle:
            threading.Event().wait(IDLE_SECONDS)
        setting.say("million: a first listing")
        with _asking(server.url) as busy:
            seconds = {"a first listing": _ran(client, first) - usual}
        for what, settings in later.items():
            setting.say(f"million: {what}")
            seconds[what] = _ran(client, graphs.loop(MILLION, **settings)) - usual
    more = Target(MOST_MORE_MS, "difference")
    asked = f"GET /queue while {count:,} images are listed for the first time"
    against = "while nothing runs"
    slowest = f"{asked}, one of the slowest in a hundred"
    rows = [
        Row(asked, "ms", statistics.median(busy), statistics.median(idle), against, more),
        Row(slowest, "ms", _slow(busy), _slow(idle), against, more),
    ]
    limit = Target(MOST_LISTING_SECONDS) if count == A_MILLION else None
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
                session.get(f"{url}/queue", timeout=END_SECONDS).raise_for_status()
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


def _ran(client: ComfyClient, graph: graphs.Graph) -> float:
    """How long a prompt ran, by the server's clock."""
    prompt_id = client.submit(filled_in(client, graph))
    client.wait(prompt_id, END_SECONDS)
    return timing(client, prompt_id).seconds
