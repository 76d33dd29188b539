"""Several servers at work on one folder, of which nothing stays up for long.

Either three machines: real servers with a name, a user folder and a place for the images of their
own, that share a real PostgreSQL. Or two graphics cards of one machine: real servers that share all
folders, and so an SQLite file. `batch-loop run` runs them, while a seed decides which server, or
the command itself, is killed next. On machines the database is started again in the midst of it,
later it is away for longer than a lease, and one server is halted in an image until its lease has
ended. `python -m tools.machines` does both with 300 images and writes its figures to
`docs/figures/machines.json`; tests do it with fewer.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .crash import HELPERS, TEMPORARY
from .defaults import filled_in, node
from .errors import ToolError, run_command
from .figures import write_figures
from .layout import ROOT
from .ports import free_port
from .postgresql import Postgresql
from .server import ComfyServer

MACHINES, CARDS = 3, 2
FOLDER = "batch"
WORK_SECONDS = 1.2
"""A server takes some seconds to be back: the batch has to last longer than all of that."""
LEASE_SECONDS = 3.0
MOST_SECONDS = 120.0
LOOK_SECONDS = 0.02
SERVER, CLIENT, RESTART, OUTAGE, HALT = (
    "a server killed",
    "the command killed",
    "the database started again",
    "the database away for longer than a lease",
    "a server halted in an image until its lease has ended",
)


@dataclass(frozen=True)
class Place:
    """Where a server has its images, and its results."""

    input: Path
    output: Path


@dataclass
class Figures:
    """What all of it has cost."""

    seed: int
    servers: int
    images: int
    events: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    done_again: int = 0
    most_done_again_by_one_kill: int = 0
    done_again_by_anything_else: int = 0
    half_files: int = 0
    """Results that are not what they should be, or of no image."""
    stray_files: int = 0
    """Unfinished files that nobody has deleted."""
    in_each_folder_of_results: list[int] = field(default_factory=list)
    ended_on: int = 0
    """On how many servers the batch is complete at the end, with an empty queue."""
    exit_code: int = -1
    seconds: float = 0.0


class Fleet:
    """The servers, and the batch that they share."""

    def __init__(
        self,
        base: Path,
        servers: Sequence[ComfyServer],
        places: Sequence[Place],
        images: int,
        seed: int,
    ) -> None:
        """`places` are all folders of images and of results, each once."""
        self.servers = servers
        self.places = places
        self.chance = random.Random(seed)  # noqa: S311 for chance that can be repeated
        self.figures = Figures(seed, len(servers), images)
        self.base = base
        self.record = base / "record"
        self.until = base / "go on"
        self.workflow = base / "workflow.json"
        self.names = [f"img{number:04}.png" for number in range(1, images + 1)]
        self._make_images()
        self._client: subprocess.Popen[bytes] | None = None

    def midst(self) -> list[Callable[[], None]]:
        """What happens once, in the midst of the batch."""
        return []

    def _make_images(self) -> None:
        pixels = np.random.default_rng(self.figures.seed)
        first, *others = (place.input / FOLDER for place in self.places)
        first.mkdir(parents=True)
        for name in self.names:
            noise = pixels.integers(0, 256, (64, 64, 3), dtype=np.uint8)
            Image.fromarray(noise).save(first / name)
        for other in others:
            shutil.copytree(first, other)

    @property
    def _log_file(self) -> Path:
        return self.base / "command.log"

    def run(self, kills: int) -> Figures:
        """Run the batch to its end, with so many kills on the way."""
        began = time.monotonic()
        events = [self._kill_server] * kills + [self._kill_client] * max(1, kills // 4)
        self.chance.shuffle(events)
        middle = len(events) // 2
        events[middle:middle] = self.midst()
        try:
            for server in self.servers:
                server.start()
            self._write_workflow()
            self._start_client()
            # As many images between one and the next: so all of it happens while there is work.
            step = max(1, len(self.names) // (len(events) + 2))
            for number, event in enumerate(events, start=1):
                self._wait(lambda wanted=number * step: len(set(self.recorded)) >= wanted)  # type: ignore[misc]
                threading.Event().wait(self.chance.uniform(0, WORK_SECONDS * 2))
                event()
            self._finish()
        finally:
            if self._client is not None:
                self._client.kill()
                self._client.wait()
            for server in self.servers:
                server.stop()
        self._check()
        self.figures.seconds = round(time.monotonic() - began, 1)
        return self.figures

    @property
    def recorded(self) -> list[str]:
        """The images in the order in which their results were made."""
        return self.record.read_text(encoding="utf-8").split() if self.record.exists() else []

    @property
    def log(self) -> str:
        """What the command has said since it was started."""
        return self._log_file.read_text(encoding="utf-8", errors="replace")

    @property
    def _held(self) -> str:
        """The image in which a server is halted."""
        return self.names[len(self.names) * 3 // 5]

    def _write_workflow(self) -> None:
        saving = {"folder": FOLDER, "prefix": "", "suffix": "", "format": "PNG"}
        graph = {
            "iterator": node("BatchLoopDirectoryIterator", directory=FOLDER),
            "start": node("BatchLoopLoopStart", loop=["iterator", 0]),
            "hold": node(
                "TestHold",
                image=["iterator", 1],
                filename=["iterator", 3],
                held=self._held,
                until=str(self.until),
            ),
            "work": node("TestSlow", value=["hold", 0], seconds=WORK_SECONDS),
            "save": node("BatchLoopSaveImage", image=["work", 0], loop=["start", 0], **saving),
            "record": node(
                "TestRecord", image=["save", 0], text=["iterator", 3], path=str(self.record)
            ),
            "end": node("BatchLoopLoopEnd", loop=["start", 0], after=["save", 0]),
            "complete": node("BatchLoopBatchComplete", loop=["end", 0]),
            "stop": node("BatchLoopEndQueue", stop=["complete", 0]),
        }
        with self.servers[0].client() as client:
            text = json.dumps(filled_in(client, graph))
        self.workflow.write_text(text, encoding="utf-8")

    def _start_client(self) -> None:
        addresses = [part for server in self.servers for part in ("--server", server.url)]
        with self._log_file.open("wb") as log:
            self._client = subprocess.Popen(  # noqa: S603 - the command is our own
                [
                    *(sys.executable, "-m", "batch_loop_cli", "run", str(self.workflow), "--json"),
                    *addresses,
                ],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        # It wants every server to answer at first.
        self._wait(lambda: self._is_over or all(server.url in self.log for server in self.servers))

    def _count(self, what: str) -> None:
        self.figures.events[what] = self.figures.events.get(what, 0) + 1

    def _kill_server(self) -> None:
        server = self.chance.choice(self.servers)
        before = self.recorded
        server.kill()
        self._count(SERVER)
        # Now and then it is away for longer than its lease.
        threading.Event().wait(self.chance.choice([0.0, 0.0, LEASE_SECONDS * 1.5]))
        server.start()
        # What was done again is known when what was under way is over.
        crowd = len(self.servers)
        after = min(len(set(before)) + 2 * crowd, len(self.names) - crowd)
        self._wait(lambda: len(set(self.recorded)) >= after or self._is_over)
        again = self._again(self.recorded) - self._again(before)
        self.figures.done_again += again
        self.figures.most_done_again_by_one_kill = max(
            self.figures.most_done_again_by_one_kill, again
        )

    def _kill_client(self) -> None:
        if self._client is not None:
            self._client.kill()
            self._client.wait()
        self._count(CLIENT)
        self._start_client()

    @property
    def _is_over(self) -> bool:
        return self._client is not None and self._client.poll() is not None

    def _finish(self) -> None:
        self._wait(lambda: self._is_over)
        if self._client is not None:
            self.figures.exit_code = self._client.wait()
        for server in self.servers:
            with server.client() as client:
                client.wait_until_idle()
                (loop,) = client.get_json("/batch_loop/loops")["loops"]
                written = loop["done"] - loop["finishing"]
                self.figures.ended_on += loop["complete"] and written == len(self.names)

    def _check(self) -> None:
        figures = self.figures
        outputs = [place.output / FOLDER for place in self.places]
        figures.in_each_folder_of_results = [len(list(folder.glob("*.png"))) for folder in outputs]
        figures.lost = sum(
            not any(self._is_saved(folder / name, name) for folder in outputs)
            for name in self.names
        )
        figures.half_files = sum(
            not self._is_saved(file, file.name)
            for folder in outputs
            for file in folder.iterdir()
            if not file.name.endswith(TEMPORARY)
        )
        figures.stray_files = sum(1 for _ in self.base.rglob(f"*{TEMPORARY}"))
        figures.done_again_by_anything_else = self._again(self.recorded) - figures.done_again

    def _is_saved(self, file: Path, name: str) -> bool:
        source = self.places[0].input / FOLDER / name
        if not (file.is_file() and source.is_file()):
            return False
        with Image.open(file) as saved, Image.open(source) as image:
            return bool(np.array_equal(np.asarray(saved), np.asarray(image)))

    @staticmethod
    def _again(recorded: list[str]) -> int:
        return sum(times - 1 for times in Counter(recorded).values())

    def _wait(self, seen: Callable[[], bool]) -> None:
        pause = threading.Event()
        give_up_at = time.monotonic() + MOST_SECONDS
        while not seen():
            ended = None if self._client is None else self._client.poll()
            if ended or time.monotonic() > give_up_at:
                raise ToolError(
                    f"nothing goes on: {len(set(self.recorded))} of {len(self.names)} images after "
                    f"{self.figures.events}. The command said:\n{self.log[-2000:]}"
                )
            pause.wait(LOOK_SECONDS)


class Machines(Fleet):
    """Servers on machines of their own, which share a database."""

    def __init__(self, base: Path, database: Postgresql, images: int, seed: int) -> None:
        self.database = database
        address = database.new_database()
        servers = [
            self._server(base / f"machine-{number}", address) for number in range(1, MACHINES + 1)
        ]
        places = [Place(server.input, server.output) for server in servers]
        super().__init__(base, servers, places, images, seed)

    @staticmethod
    def _server(base: Path, address: str) -> ComfyServer:
        # Each machine has the folders at another place, under one name.
        roots = {"in": base / "input", "out": base / "output"}
        env = {
            "BATCH_LOOP_DATABASE": address,
            "BATCH_LOOP_SERVER": base.name,
            "BATCH_LOOP_LEASE_SECONDS": str(LEASE_SECONDS),
            "BATCH_LOOP_ROOTS": os.pathsep.join(f"{name}={at}" for name, at in roots.items()),
        }
        return ComfyServer(base, env=env, custom_nodes=[HELPERS], port=free_port())

    def midst(self) -> list[Callable[[], None]]:
        """What only machines of their own can meet with."""
        return [self._restart_database, self._halt, self._stop_database]

    def _restart_database(self) -> None:
        self.database.restart()
        self._count(RESTART)

    def _stop_database(self) -> None:
        self.database.stop()
        threading.Event().wait(LEASE_SECONDS * 1.5)
        self.database.start()
        self._count(OUTAGE)

    def _halt(self) -> None:
        """Halt the server that works on one image, until another has done that image."""
        held = Path(f"{self.until}.held")
        self._wait(held.exists)
        halted = int(held.read_text(encoding="utf-8"))
        os.killpg(halted, signal.SIGSTOP)
        self.until.touch()
        try:
            self._wait(lambda: self._held in self.recorded)
        finally:
            os.killpg(halted, signal.SIGCONT)
        self._count(HALT)


class Cards(Fleet):
    """Servers on one machine, which share all folders, and so the file of their state."""

    def __init__(self, base: Path, images: int, seed: int) -> None:
        first = ComfyServer(base / "card-1", custom_nodes=[HELPERS], port=free_port())
        others = (
            first.beside(base / f"card-{number}", port=free_port())
            for number in range(2, CARDS + 1)
        )
        servers = [first, *others]
        place = Place(first.input, first.output)
        super().__init__(base, servers, [place], images, seed)
        # Nobody is halted in it.
        self.until.touch()


def faults(figures: Figures) -> dict[str, Any]:
    """The figures that are not as they should be."""
    kills = figures.events.get(SERVER, 0)
    expected = {
        "lost": figures.lost == 0,
        "done_again": figures.done_again <= kills,
        "most_done_again_by_one_kill": figures.most_done_again_by_one_kill <= 1,
        "done_again_by_anything_else": figures.done_again_by_anything_else == 0,
        "half_files": figures.half_files == 0,
        "stray_files": figures.stray_files == 0,
        "in_each_folder_of_results": all(figures.in_each_folder_of_results),
        "ended_on": figures.ended_on == figures.servers,
        "exit_code": figures.exit_code == 0,
    }
    found = asdict(figures)
    return {name: found[name] for name, is_so in expected.items() if not is_so}


def main() -> int:
    """Run it at the scale of the figures that the project shows."""
    parser = argparse.ArgumentParser(prog="python -m tools.machines")
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory(prefix="batch-loop-cards-") as folder:
        fleet: Fleet = Cards(Path(folder), chosen.images, chosen.seed)
        found["an SQLite file"] = _checked(fleet, chosen.kills)
    with (
        tempfile.TemporaryDirectory(prefix="batch-loop-machines-") as folder,
        Postgresql() as database,
    ):
        fleet = Machines(Path(folder), database, chosen.images, chosen.seed)
        found["PostgreSQL"] = _checked(fleet, chosen.kills)
    write_figures("machines", found)
    return 0


def _checked(fleet: Fleet, kills: int) -> dict[str, Any]:
    """The figures of a run, which are as they should be."""
    figures = fleet.run(kills)
    sys.stdout.write(f"{json.dumps(asdict(figures), indent=2)}\n")
    wrong = faults(figures)
    if wrong:
        said = fleet.log[-2000:]
        raise ToolError(f"not as it should be: {wrong}. The command said:\n{said}")
    return asdict(figures)


if __name__ == "__main__":
    run_command(main)
