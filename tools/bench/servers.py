"""Servers that `batch-loop run` drives: how much faster two are than one, and how idle one is."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Sequence
from functools import partial
from statistics import median

from .. import graphs, programs
from ..client import Prompt
from ..errors import ToolError
from ..graphs import filled_in, node
from ..layout import ROOT
from ..postgresql import Postgresql
from ..results import Event
from ..server import ComfyServer, running
from .folders import large_images, small_images
from .prompts import Timing, gaps, timings, timings_of
from .rows import Measured, Row, Target
from .setting import Setting

AS_INSTALLED = ("fsync = on",)
"""By default, PostgreSQL waits for the disk."""
MODEL_SECONDS = 0.2
COMMAND_SECONDS = 300

SIDE = 512
ROUNDS = 3
LEAST_RATIO = Target(1.9, "ratio", "least")
POSTGRESQL, SQLITE = "PostgreSQL", "an SQLite file"

PHOTOS = "photos"
IDLE_ROUNDS = 5
MOST_IDLE_MS = Target(2.0)
AGAINST = "a script that sends a prompt when it hears of the end of the one before"


def measure(setting: Setting) -> Measured:
    """Run folders of equally many images on one server and on two, in turn."""
    rows = []
    with Postgresql(AS_INSTALLED) as database:
        # Like machines, which share a database and know each other by their leases.
        address = {"BATCH_LOOP_DATABASE": database.new_database()}
        first, second = ({**address, "BATCH_LOOP_SERVER": name} for name in ("one", "two"))
        machine = setting.server("machine", first)
        other = machine.beside(setting.base / "2", env=second, shares_state=False)
        # Like graphics cards, which share a user folder, and so the file in it.
        card = setting.server("card")
        stores = {POSTGRESQL: (machine, other), SQLITE: (card, card.beside(setting.base / "3"))}
        for store, servers in stores.items():
            both, one = _images_a_second(setting, servers, store)
            what = f"images a second, two servers that share {store}, {SIDE}x{SIDE}, a model that"
            limit = LEAST_RATIO if store == POSTGRESQL else None
            rows.append(Row(f"{what} waits 200 ms", "images", both, one, "one server", limit))
    return Measured(rows)


def _images_a_second(
    setting: Setting, servers: Sequence[ComfyServer], store: str
) -> tuple[float, float]:
    """The medians for both servers together, and for the first one alone."""
    numbers = itertools.count(1)
    images = setting.of(100, 20)

    def run(servers: Sequence[ComfyServer]) -> float:
        """From the start of the first prompt to the end of the last, on any server."""
        folder = f"folder-{next(numbers)}"
        small_images(servers[0].input / folder, images, side=SIDE)
        timings = _run_batch(_prompt(servers[0], folder, folder), servers)
        return images / (max(timing.ended for timing in timings) - timings[0].began)

    contenders = {"both": lambda: run(servers), "one": lambda: run(servers[:1])}
    with running(servers):
        found = setting.by_turns(f"servers: {store}", contenders, setting.of(ROUNDS, 1))
    return median(found["both"]), median(found["one"])


def measure_idle(setting: Setting) -> Measured:
    """Run the same large images by the command and by a script, in turn."""
    server = setting.server("idle")
    images = len(large_images(server.input / PHOTOS, setting.of(12, 5)))

    def prompt() -> Prompt:
        """The same workflow, with a loop and a folder for results of its own."""
        return _prompt(server, PHOTOS, uuid.uuid4().hex)

    contenders = {
        "command": lambda: _pauses_ms(_run_batch(prompt(), [server])[:images]),
        "script": lambda: _pauses_ms(_by_script(server, prompt(), images)),
    }
    with server:
        rounds = setting.by_turns("idle", contenders, setting.of(IDLE_ROUNDS, 1))
    what = "idle time of the server between two images of 4000x3000, JPEG in, PNG out,"
    what += " by `batch-loop run`"
    ours, other = (median(map(median, rounds[name])) for name in contenders)
    our_longest, others = (median(map(max, rounds[name])) for name in contenders)
    usual = Row(what, "ms", ours, other, AGAINST, MOST_IDLE_MS)
    return Measured([usual, Row(f"longest {what}", "ms", our_longest, others, AGAINST)])


def _pauses_ms(timings: list[Timing]) -> list[float]:
    """All pauses but the first and the last, which belong to the batch's start and end."""
    return [1000 * gap for gap in gaps(timings)[1:-1]]


def _by_script(server: ComfyServer, prompt: Prompt, times: int) -> list[Timing]:
    """Run a prompt repeatedly, sending it as soon as ComfyUI says that the last one has ended."""
    prompts: list[str] = []
    with server.client() as client:
        for _ in range(times):
            prompts.append(client.submit(prompt))
            client.wait_for(partial(_is_end, prompts[-1]), what="the end of a prompt")
        client.wait_until_idle()
        return timings(client, prompts)


def _is_end(prompt_id: str, event: Event) -> bool:
    is_end = event.type in {"execution_success", "execution_error"}
    return is_end and event.data["prompt_id"] == prompt_id


def _prompt(server: ComfyServer, folder: str, name: str) -> Prompt:
    """A loop of that name over a folder, with a model that leaves the processor free."""
    work = node("BenchSleep", image=graphs.IMAGE, seconds=MODEL_SECONDS)
    graph = graphs.loop(folder, work, {"folder": name, "format": "PNG"}, loop_name=name)
    with server.client() as client:
        return filled_in(client, graph)


def _run_batch(prompt: Prompt, servers: Sequence[ComfyServer]) -> list[Timing]:
    """Run a batch by `batch-loop run`; the timings of its prompts, in the order they began."""
    for server in servers:
        with server.client() as client:
            client.post("/history", {"clear": True})
    workflow = servers[0].base / "workflow.json"
    workflow.write_text(json.dumps(prompt), encoding="utf-8")
    command = programs.batch_loop_run([each.url for each in servers], workflow, "--json")
    done = programs.run(command, cwd=ROOT, timeout=COMMAND_SECONDS)
    if done.returncode:
        raise ToolError(f"`batch-loop run` ended with {done.returncode}: {done.stderr[-2000:]}")
    found: list[Timing] = []
    for server in servers:
        with server.client() as client:
            client.wait_until_idle()
            found += timings_of(client)
    return sorted(found, key=lambda timing: timing.began)
