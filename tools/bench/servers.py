"""How much faster two servers are than one, over one folder and with one store."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..defaults import filled_in, node
from ..postgresql import Postgresql
from ..server import ComfyServer
from ..together import running
from . import graphs, sharing
from .folders import small_images
from .rows import Measured, Row, Target
from .setting import Setting

AS_INSTALLED = ("fsync = on",)
"""A setting of PostgreSQL: as it is installed, it waits for the disk."""
MODEL_SECONDS = 0.2
SIDE = 512
ROUNDS = 3
LEAST_RATIO = 1.9
WARM = 6
SERVERS = 2
POSTGRESQL, SQLITE = "PostgreSQL", "an SQLite file"


def measure(setting: Setting) -> Measured:
    """Run folders of as many images on one server and on two, by turns, by `batch-loop run`."""
    with Postgresql(AS_INSTALLED) as database:
        base = setting.base / "servers-postgresql"
        servers = sharing.on_postgresql(base, database.new_database(), SERVERS)
        found = {POSTGRESQL: _Folders(setting, base, servers).measure(POSTGRESQL)}
    base = setting.base / "servers-sqlite"
    servers = sharing.on_sqlite(base, SERVERS)
    found[SQLITE] = _Folders(setting, base, servers).measure(SQLITE)
    rows = [
        Row(
            f"images a second, two servers that share {store},"
            f" {SIDE}x{SIDE}, a model that waits 200 ms",
            "images",
            both,
            one,
            "one server",
            Target(LEAST_RATIO, "ratio", "least") if store == POSTGRESQL else None,
        )
        for store, (one, both) in found.items()
    ]
    return Measured(rows)


class _Folders:
    """Servers, and as many folders for them as they ask for."""

    def __init__(self, setting: Setting, base: Path, servers: Sequence[ComfyServer]) -> None:
        self._setting = setting
        self._base = base
        self._servers = servers
        self._number = 0

    def measure(self, store: str) -> tuple[float, float]:
        """Images a second of one server, and of both; each the median of its rounds."""
        images, rounds = self._setting.of(100, 20), self._setting.of(ROUNDS, 1)
        one, both = [], []
        with running(self._servers):
            self._images_a_second(WARM, self._servers)
            for number in range(1, rounds + 1):
                self._setting.say(f"servers: {store}, round {number} of {rounds}")
                one.append(self._images_a_second(images, self._servers[:1]))
                both.append(self._images_a_second(images, self._servers))
        return statistics.median(one), statistics.median(both)

    def _images_a_second(self, images: int, servers: Sequence[ComfyServer]) -> float:
        """From the beginning of the first prompt to the end of the last one, on any server."""
        self._number += 1
        folder = f"folder-{self._number}"
        small_images(self._servers[0].input / folder, images, side=SIDE)
        with servers[0].client() as client:
            prompt = filled_in(client, _graph(folder))
        timings = sharing.run_batch(self._base, prompt, servers)
        return images / (max(timing.ended for timing in timings) - timings[0].began)


def _graph(folder: str) -> dict[str, Any]:
    work = node("BenchSleep", image=[graphs.ITERATOR, 1], seconds=MODEL_SECONDS)
    return graphs.loop(folder, work, {"folder": folder, "format": "PNG"})
