"""What a large folder costs before its first image, and how soon the server answers meanwhile."""

from __future__ import annotations

import statistics
import threading
import time
import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

import requests

from .. import graphs
from ..client import ComfyClient, Prompt
from ..graphs import filled_in
from ..server import ComfyServer
from .folders import small_images
from .prompts import MOST_SECONDS as END_SECONDS
from .prompts import get_ms, held_up, median_ms, run_all, seconds_after_first, timings
from .rows import Measured, Row, Target
from .setting import Setting, meanwhile

FOLDER = "many"
PLAIN = "plain"
COUNT = 100_000
MOST_SECONDS = Target(0.6)
"""For `COUNT` images."""
MOST_MS = Target(5.0)

MILLION, RESULTS, FEW = "million", "results", "few"
A_MILLION = 1_000_000
MOST_LISTING_SECONDS = Target(10.0)
MOST_MORE_MS = Target(50.0, "difference")
IDLE_SECONDS = 5.0
PAUSE_SECONDS = 0.02
SLOW = 0.99
"""The quantile of the slow answers."""


def measure_first(setting: Setting) -> Measured:
    """Begin new loops on one folder, each of which needs a listing."""
    count, tries = setting.of(COUNT, 20_000), setting.of(40, 10)
    server = setting.server("listing")
    small_images(server.input / FOLDER, count)
    small_images(server.input / PLAIN, 1)
    with server, server.client() as client:
        setting.say("listing: first runs")
        firsts = [_first(client) for _ in range(setting.of(7, 3))]
        setting.say("listing: validation")
        known = filled_in(client, _new_loop())
        run_all(client, [known])
        plain = filled_in(client, graphs.plain(f"{PLAIN}/img1.png"))
        prompts = {
            "a new loop": [filled_in(client, _new_loop()) for _ in range(tries)],
            "a known loop": [known] * tries,
            PLAIN: [plain] * tries,
        }
        took = {name: _validation_ms(client, server, each) for name, each in prompts.items()}
    limit = MOST_SECONDS if count == COUNT else None
    what = f"first listing of {count:,} images, in natural order, written down"
    rows = [Row(what, "s", statistics.median(firsts), target=limit)]
    against = (took.pop(PLAIN), "Load Image in as long a workflow", MOST_MS)
    for which, ms in took.items():
        rows.append(Row(f"POST /prompt of {which} on {count:,} images", "ms", ms, *against))
    return Measured(rows)


def _new_loop() -> graphs.Graph:
    return graphs.loop(FOLDER, loop_name=uuid.uuid4().hex)


def _first(client: ComfyClient) -> float:
    """How many seconds longer the first prompt of a loop takes than those that follow."""
    prompt = filled_in(client, _new_loop())
    (first,) = run_all(client, [prompt])
    return first.seconds - seconds_after_first(run_all(client, [prompt] * 4))


def _validation_ms(client: ComfyClient, server: ComfyServer, prompts: Sequence[Prompt]) -> float:
    """The median time of a submission, while the server does nothing else."""
    seconds = []
    with held_up(client, server):
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
    backwards = {"loop_name": uuid.uuid4().hex, "descending": True}
    finished = {"skip_finished": True, "finished_as": f"{RESULTS}/{{stem}}.png"}
    later: dict[str, dict[str, Any]] = {
        "a second listing, in the opposite order,": backwards,
        "a listing for a new batch, by Reset,": {**backwards, "iteration_mode": "Reset"},
        "a listing all of whose results are there, with skip_finished,": finished,
    }
    with server, server.client() as client, requests.Session() as session:
        ask = partial(get_ms, session, f"{server.url}/queue")
        _ran(client, graphs.loop(FEW))  # loads code
        usual = _ran(client, graphs.loop(FEW, loop_name="other"))
        setting.say("million: idle")
        with meanwhile(ask, PAUSE_SECONDS) as idle:
            threading.Event().wait(IDLE_SECONDS)
        setting.say("million: a first listing")
        first = graphs.loop(MILLION, loop_name=backwards["loop_name"])
        with meanwhile(ask, PAUSE_SECONDS) as busy:
            seconds = {"a first listing": _ran(client, first) - usual}
        for what, settings in later.items():
            setting.say(f"million: {what}")
            seconds[what] = _ran(client, graphs.loop(MILLION, **settings)) - usual
    asked = f"GET /queue while {count:,} images are listed for the first time"
    idle_ms = (statistics.median(idle), "while nothing runs", MOST_MORE_MS)
    slow_ms = (_slow(idle), "while nothing runs", MOST_MORE_MS)
    rows = [
        Row(asked, "ms", statistics.median(busy), *idle_ms),
        Row(f"{asked}, one of the slowest in a hundred", "ms", _slow(busy), *slow_ms),
    ]
    limit = MOST_LISTING_SECONDS if count == A_MILLION else None
    for what, taken in seconds.items():
        rows.append(Row(f"{what} of {count:,} images", "s", taken, target=limit))
    return Measured(rows)


def _slow(took: list[float]) -> float:
    """The time of one of the slowest."""
    return sorted(took)[int(SLOW * len(took))]


def _ran(client: ComfyClient, graph: graphs.Graph) -> float:
    """How long a prompt ran, by the server's clock."""
    prompt_id = client.submit(filled_in(client, graph))
    client.wait(prompt_id, END_SECONDS)
    (timing,) = timings(client, [prompt_id])
    return timing.seconds
