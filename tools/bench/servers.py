"""How much faster two servers are than one, over one folder and with one store."""

from __future__ import annotations

import itertools
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from .. import graphs, programs
from ..client import Prompt
from ..errors import ToolError
from ..graphs import filled_in, node
from ..layout import ROOT
from ..postgresql import Postgresql
from ..server import ComfyServer, running
from .folders import small_images
from .prompts import Timing, timings_of
from .rows import Measured, Row, Target
from .setting import NODES, Setting

AS_INSTALLED = ("fsync = on",)
"""A setting of PostgreSQL: as it is installed, it waits for the disk."""
MODEL_SECONDS = 0.2
SIDE = 512
ROUNDS = 3
LEAST_RATIO = 1.9
WARM = 6
COMMAND_SECONDS = 300


def measure(setting: Setting) -> Measured:
    """Run folders of as many images on one server and on two, by turns, by `batch-loop run`."""
    what = f"images a second, two servers that share {{}}, {SIDE}x{SIDE}, a model that waits 200 ms"
    with Postgresql(AS_INSTALLED) as database:
        servers = _on_postgresql(setting.base / "servers-postgresql", database.new_database())
        both, one = _images_a_second(setting, servers, "PostgreSQL")
    limit = Target(LEAST_RATIO, "ratio", "least")
    rows = [Row(what.format("PostgreSQL"), "images", both, one, "one server", limit)]
    servers = _on_sqlite(setting.base / "servers-sqlite")
    both, one = _images_a_second(setting, servers, "an SQLite file")
    return Measured([*rows, Row(what.format("an SQLite file"), "images", both, one, "one server")])


def _on_postgresql(base: Path, address: str) -> list[ComfyServer]:
    """Servers that share a database, and know each other by their leases, as machines do."""
    first, second = (
        {"BATCH_LOOP_DATABASE": address, "BATCH_LOOP_SERVER": name}
        for name in ("machine-1", "machine-2")
    )
    server = ComfyServer(base / "machine-1", env=first, custom_nodes=NODES)
    return [server, server.beside(base / "machine-2", env=second, shares_state=False)]


def _on_sqlite(base: Path) -> list[ComfyServer]:
    """Servers that share a user folder, and so the file in it, as for some graphics cards."""
    server = ComfyServer(base / "card-1", custom_nodes=NODES)
    return [server, server.beside(base / "card-2")]


def _images_a_second(
    setting: Setting, servers: Sequence[ComfyServer], store: str
) -> tuple[float, float]:
    """What both servers do together, and the first one alone; each the median of its rounds."""
    numbers = itertools.count(1)

    def run(images: int, servers: Sequence[ComfyServer]) -> float:
        """From the beginning of the first prompt to the end of the last one, on any server."""
        folder = f"folder-{next(numbers)}"
        small_images(servers[0].input / folder, images, side=SIDE)
        work = node("BenchSleep", image=[graphs.ITERATOR, 1], seconds=MODEL_SECONDS)
        with servers[0].client() as client:
            graph = graphs.loop(folder, work, {"folder": folder, "format": "PNG"})
            prompt = filled_in(client, graph)
        timings = run_batch(prompt, servers)
        return images / (max(timing.ended for timing in timings) - timings[0].began)

    images, rounds = setting.of(100, 20), setting.of(ROUNDS, 1)
    one, both = [], []
    with running(servers):
        run(WARM, servers)
        for number in range(1, rounds + 1):
            setting.say(f"servers: {store}, round {number} of {rounds}")
            one.append(run(images, servers[:1]))
            both.append(run(images, servers))
    return statistics.median(both), statistics.median(one)


def run_batch(prompt: Prompt, servers: Sequence[ComfyServer]) -> list[Timing]:
    """Run a batch by `batch-loop run`; the timings of its prompts, in the order they began in."""
    before = {server.url: set(_timings(server)) for server in servers}
    workflow = servers[0].base / "workflow.json"
    workflow.write_text(json.dumps(prompt), encoding="utf-8")
    addresses = [part for server in servers for part in ("--server", server.url)]
    batch_loop = [sys.executable, "-m", "batch_loop_cli"]
    command = [*batch_loop, "run", str(workflow), "--json", *addresses]
    done = programs.run(command, cwd=ROOT, timeout=COMMAND_SECONDS)
    if done.returncode:
        raise ToolError(f"`batch-loop run` ended with {done.returncode}: {done.stderr[-2000:]}")
    found = [
        timing
        for server in servers
        for prompt_id, timing in _timings(server).items()
        if prompt_id not in before[server.url]
    ]
    return sorted(found, key=lambda timing: timing.began)


def _timings(server: ComfyServer) -> dict[str, Timing]:
    with server.client() as client:
        client.wait_until_idle()
        return timings_of(client)
