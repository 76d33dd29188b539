"""How much faster two servers are than one, over one folder and with one store."""

from __future__ import annotations

import itertools
import json
import statistics
import sys
from collections.abc import Sequence

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
from .setting import Setting

AS_INSTALLED = ("fsync = on",)
"""A setting of PostgreSQL: as it is installed, it waits for the disk."""
MODEL_SECONDS = 0.2
SIDE = 512
ROUNDS = 3
LEAST_RATIO = Target(1.9, "ratio", "least")
COMMAND_SECONDS = 300
POSTGRESQL, SQLITE = "PostgreSQL", "an SQLite file"


def measure(setting: Setting) -> Measured:
    """Run folders of as many images on one server and on two, by turns, by `batch-loop run`."""
    rows = []
    with Postgresql(AS_INSTALLED) as database:
        # Servers that share a database know each other by their leases, as machines do. Those that
        # share a user folder, and so the file in it, are as for some graphics cards.
        address = {"BATCH_LOOP_DATABASE": database.new_database()}
        first, second = ({**address, "BATCH_LOOP_SERVER": name} for name in ("one", "two"))
        machine, card = setting.server("machine", first), setting.server("card")
        stores = {
            POSTGRESQL: (
                machine,
                machine.beside(setting.base / "2", env=second, shares_state=False),
            ),
            SQLITE: (card, card.beside(setting.base / "card-2")),
        }
        for store, servers in stores.items():
            both, one = _images_a_second(setting, servers, store)
            what = f"images a second, two servers that share {store}, {SIDE}x{SIDE}, a model that"
            limit = LEAST_RATIO if store == POSTGRESQL else None
            rows.append(Row(f"{what} waits 200 ms", "images", both, one, "one server", limit))
    return Measured(rows)


def _images_a_second(
    setting: Setting, servers: Sequence[ComfyServer], store: str
) -> tuple[float, float]:
    """What both servers do together, and the first one alone; each the median of its rounds."""
    numbers = itertools.count(1)
    images = setting.of(100, 20)

    def run(servers: Sequence[ComfyServer]) -> float:
        """From the beginning of the first prompt to the end of the last one, on any server."""
        folder = f"folder-{next(numbers)}"
        small_images(servers[0].input / folder, images, side=SIDE)
        work = node("BenchSleep", image=graphs.IMAGE, seconds=MODEL_SECONDS)
        with servers[0].client() as client:
            graph = graphs.loop(folder, work, {"folder": folder, "format": "PNG"})
            prompt = filled_in(client, graph)
        timings = run_batch(prompt, servers)
        return images / (max(timing.ended for timing in timings) - timings[0].began)

    contenders = {"both": lambda: run(servers), "one": lambda: run(servers[:1])}
    with running(servers):
        found = setting.by_turns(f"servers: {store}", contenders, setting.of(ROUNDS, 1))
    return statistics.median(found["both"]), statistics.median(found["one"])


def run_batch(prompt: Prompt, servers: Sequence[ComfyServer]) -> list[Timing]:
    """Run a batch by `batch-loop run`; the timings of its prompts, in the order they began in."""
    for server in servers:
        with server.client() as client:
            client.post("/history", {"clear": True})
    workflow = servers[0].base / "workflow.json"
    workflow.write_text(json.dumps(prompt), encoding="utf-8")
    addresses = [part for server in servers for part in ("--server", server.url)]
    batch_loop = [sys.executable, "-m", "batch_loop_cli"]
    command = [*batch_loop, "run", str(workflow), "--json", *addresses]
    done = programs.run(command, cwd=ROOT, timeout=COMMAND_SECONDS)
    if done.returncode:
        raise ToolError(f"`batch-loop run` ended with {done.returncode}: {done.stderr[-2000:]}")
    found: list[Timing] = []
    for server in servers:
        with server.client() as client:
            client.wait_until_idle()
            found += timings_of(client).values()
    return sorted(found, key=lambda timing: timing.began)
