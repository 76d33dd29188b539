"""Several servers that work on one folder while one after the other is killed.

They are either three machines: real servers with their own names and folders, which share a real
PostgreSQL. Or they are two graphics cards of one machine: real servers that share all folders, and
so an SQLite file. `batch-loop run` runs them, and a seed decides which server is killed next, or
the command itself. With machines, the database is also restarted, then away for longer than a
lease, and one server is halted in an image until its lease has ended. `python -m tools.machines`
does both with 300 images, and the machines once more with a PgBouncer in between, and writes its
figures to `docs/figures/machines.json`; tests do it with fewer.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine, select

from . import trial
from .errors import ToolError
from .graphs import FILENAME, IMAGE, filled_in, node
from .layout import HELPERS, ROOT
from .pack import pack
from .pgbouncer import PgBouncer
from .postgresql import Postgresql
from .programs import batch_loop_run, free_port
from .server import ComfyServer, running
from .trial import Trial, again, checked, command, look_until, wait

MACHINES, CARDS = 3, 2
WORK_SECONDS = 1.2
"""So long that the batch outlasts all restarts, which take some seconds each."""
LEASE_SECONDS = 3.0
LONGER_THAN_A_LEASE = LEASE_SECONDS * 1.5
LOOK_SECONDS = 0.02
SIDE = 64
KILL = "a server killed"
HALT = "a server halted in an image until its lease has ended"


@dataclass
class Figures(trial.Figures):
    """What all of it has cost."""

    servers: int = 0
    on_their_way: int = 0
    """Images that halted servers had finished, and not yet noted as done."""
    done_again: int = 0
    most_done_again_by_one_of_them: int = 0
    done_again_by_anything_else: int = 0
    folders_without_results: int = 0
    not_ended_on: int = 0
    """On how many servers, once idle, the batch is not complete."""

    def most(self) -> dict[str, float]:
        """Nothing is lost, and all servers finish.

        Each kill has at most one image done again: that whose results were on their way. A halt has
        done again what was on its way by the database, which is one image at most, and nothing
        else: no other server can know that its prompt had succeeded.
        """
        most = self.events.get(KILL, 0) + self.on_their_way
        again = {"done_again": most, "most_done_again_by_one_of_them": 1}
        again["on_their_way"] = self.events.get(HALT, 0)
        others = ("done_again_by_anything_else", "folders_without_results", "not_ended_on")
        return super().most() | again | dict.fromkeys(others, 0)


class Fleet(Trial):
    """The servers, the batch that they share, and the command that runs it on them."""

    def __init__(self, base: Path, servers: Sequence[ComfyServer], images: int, seed: int) -> None:
        super().__init__(base, servers, images, SIDE, seed)
        self.chance = random.Random(seed)  # noqa: S311 for chance that can be repeated
        self.figures = Figures(seed=seed, servers=len(servers), images=images)
        self.until = base / "go on"
        self.held = self.names[images * 3 // 5]
        """The image in which a server is halted."""
        self._workflow = base / "workflow.json"
        self._log = base / "command.log"
        self._client: subprocess.Popen[bytes] | None = None

    def midst(self) -> list[Callable[[], None]]:
        """What happens once, in the middle of the batch."""
        return []

    def run(self, kills: int) -> Figures:
        """Run the batch to its end, with so many kills on the way."""
        events = [self._kill_server] * kills + [self._kill_client] * max(1, kills // 4)
        self.chance.shuffle(events)
        middle = len(events) // 2
        events[middle:middle] = self.midst()
        # Evenly spread over the images, so that all of it happens while there is work.
        step = max(1, len(self.names) // (len(events) + 2))
        with running(self.servers):
            self._write_workflow()
            try:
                self._start_client()
                for number, event in enumerate(events, start=1):
                    self._wait(partial(self._has_done, number * step))
                    wait(self.chance.uniform(0, WORK_SECONDS * 2))
                    event()
                self._finish()
            finally:
                self._end_client()
        self.count(self.figures)
        return self.figures

    def _write_workflow(self) -> None:
        holds = {"filename": FILENAME, "held": self.held, "until": str(self.until)}
        hold = {"hold": node("TestHold", image=IMAGE, **holds)}
        work = node("TestSlow", value=["hold", 0], seconds=WORK_SECONDS)
        with self.servers[0].client() as client:
            text = json.dumps(filled_in(client, self.workflow(work, hold)))
        self._workflow.write_text(text, encoding="utf-8")

    def _start_client(self) -> None:
        urls = [server.url for server in self.servers]
        run = batch_loop_run(urls, self._workflow, "--json")
        with self._log.open("wb") as log:
            self._client = subprocess.Popen(  # noqa: S603 - the command is our own
                run, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        # It starts only when every server answers.
        self._wait(lambda: self._code is not None or all(url in self._said for url in urls))

    def _end_client(self) -> None:
        if self._client is not None:
            self._client.kill()
            self._client.wait()

    @property
    def _said(self) -> str:
        """The command's output since it was started."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def _code(self) -> int | None:
        """The command's exit code, once it has ended."""
        return self._client.poll() if self._client else None

    def _kill_server(self) -> None:
        server = self.chance.choice(self.servers)
        before = self.recorded
        server.kill()
        self.figures.note(KILL)
        # Sometimes it is away for longer than its lease.
        wait(self.chance.choice([0.0, 0.0, LONGER_THAN_A_LEASE]))
        server.start()
        self._count_again(before, self.names)

    def _count_again(self, before: Sequence[str], among: Collection[str]) -> None:
        """Count what of some images is done again since `before`, once those in progress are done.

        What else is done again counts as done so by anything else.
        """
        figures, crowd = self.figures, len(self.servers)
        after = min(len(set(before)) + 2 * crowd, len(self.names) - crowd)
        self._wait(lambda: self._code is not None or self._has_done(after))
        now = [name for name in self.recorded if name in among]
        more = again(now) - again([name for name in before if name in among])
        figures.done_again += more
        most = max(figures.most_done_again_by_one_of_them, more)
        figures.most_done_again_by_one_of_them = most

    def _kill_client(self) -> None:
        self._end_client()
        self.figures.note("the command killed")
        self._start_client()

    def _finish(self) -> None:
        self._wait(lambda: self._code is not None)
        figures = self.figures
        for server in self.servers:
            with server.client() as client:
                figures.not_ended_on += not self.is_complete(client)
        results = [list(folder.glob("*.png")) for folder in self.outputs]
        figures.folders_without_results = results.count([])
        figures.done_again_by_anything_else = again(self.recorded) - figures.done_again

    def _has_done(self, count: int) -> bool:
        return len(set(self.recorded)) >= count

    def _wait(self, seen: Callable[[], bool]) -> None:
        """Wait until it is seen; `ToolError` if that takes too long or the command fails."""
        look_until(lambda: bool(self._code) or seen(), LOOK_SECONDS)
        if self._code or not seen():
            raise ToolError(
                f"nothing goes on: {len(set(self.recorded))} of {len(self.names)} images after "
                f"{self.figures.events}. The command said:\n{self._said[-2000:]}"
            )


class Machines(Fleet):
    """Servers on different machines, which share a database."""

    def __init__(
        self, base: Path, database: Postgresql, address: str, images: int, seed: int
    ) -> None:
        """`address` is how they reach a database of that PostgreSQL."""
        self.database = database
        self._address = address
        places = [base / f"machine-{number}" for number in range(1, MACHINES + 1)]
        super().__init__(base, [self._server(place, address) for place in places], images, seed)

    @staticmethod
    def _server(base: Path, address: str) -> ComfyServer:
        # The folders have the same names on each machine, but other places.
        roots = {"in": base / "input", "out": base / "output"}
        env = {
            "BATCH_LOOP_DATABASE": address,
            "BATCH_LOOP_SERVER": base.name,
            "BATCH_LOOP_LEASE_SECONDS": str(LEASE_SECONDS),
            "BATCH_LOOP_ROOTS": os.pathsep.join(f"{name}={at}" for name, at in roots.items()),
        }
        return ComfyServer(base, env=env, custom_nodes=[HELPERS], port=free_port())

    def midst(self) -> list[Callable[[], None]]:
        """What can happen only to machines."""
        restart = partial(self._stop_database, 0.0, "the database started again")
        outage = (LONGER_THAN_A_LEASE, "the database away for longer than a lease")
        return [restart, self._halt, partial(self._stop_database, *outage)]

    def _stop_database(self, seconds: float, event: str) -> None:
        self.database.stop()
        wait(seconds)
        self.database.start()
        self.figures.note(event)

    def _halt(self) -> None:
        """Halt the server that works on one image until another has done that image.

        What it had finished by then, and could not note as done any more, is done again.
        """
        held = Path(f"{self.until}.held")
        self._wait(held.exists)
        before = self.recorded
        halted = int(held.read_text(encoding="utf-8"))
        os.killpg(halted, signal.SIGSTOP)
        on_their_way = self._beside(self.held)
        self.until.touch()
        try:
            self._wait(lambda: self.held in self.recorded)
        finally:
            os.killpg(halted, signal.SIGCONT)
        self.figures.note(HALT)
        self.figures.on_their_way += len(on_their_way)
        self._count_again(before, on_their_way)

    def _beside(self, image: str) -> list[str]:
        """The other images that the server with an image has, by the database."""
        items = pack("core.store.schema.tables").items
        holder = select(items.c.claim_server).where(items.c.path == image).scalar_subquery()
        others = select(items.c.path).where(items.c.claim_server == holder, items.c.path != image)
        engine = create_engine(self._address, poolclass=NullPool)
        with engine.connect() as connection:
            return list(connection.execute(others).scalars())


class Cards(Fleet):
    """Servers on one machine, which share all folders, and so the file of their state."""

    def __init__(self, base: Path, images: int, seed: int) -> None:
        first = ComfyServer(base / "card-1", custom_nodes=[HELPERS], port=free_port())
        places = [base / f"card-{number}" for number in range(2, CARDS + 1)]
        others = [first.beside(place, port=free_port()) for place in places]
        super().__init__(base, [first, *others], images, seed)
        # No server is halted.
        self.until.touch()


def measure(base: Path, kills: int, **how: int) -> dict[str, Any]:
    """The figures of both trials, by store."""
    found = {"an SQLite file": checked(lambda: Cards(base / "cards", **how).run(kills))}
    with Postgresql() as database:
        machines = Machines(base / "machines", database, database.new_database(), **how)
        found["PostgreSQL"] = checked(lambda: machines.run(kills))
        with PgBouncer(database) as pooler:
            address = pooler.through(database.new_database())
            pooled = Machines(base / "pooled", database, address, **how)
            found["PostgreSQL behind PgBouncer"] = checked(lambda: pooled.run(kills))
    return found


if __name__ == "__main__":
    command("machines", measure, kills=12, images=300, seed=1)
