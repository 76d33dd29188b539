"""A real PostgreSQL on this machine, started and ended by the caller: Debian's package, or any.

`python -m tools.postgresql` says whether there is one.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from .errors import ToolError, run_command
from .ports import HOST, free_port

DEBIAN = Path("/usr/lib/postgresql")
USER = "batch_loop"
PASSWORD = "a pass/word"  # noqa: S105 - of a database that lives as long as a test
SYSTEM_USER = "postgres"
"""Who it runs as where root would start it, which PostgreSQL refuses."""
START_SECONDS = 60


class Postgresql:
    """One database server on a free port of this machine, with an empty database.

    Its files are in a folder of its own, which goes with it. `settings` are lines of its
    `postgresql.conf` that come after those of the tests.
    """

    def __init__(self, settings: Sequence[str] = ()) -> None:
        self._settings = tuple(settings)
        self._programs = _programs()
        self._folder = Path(tempfile.mkdtemp(prefix="batch-loop-database-"))
        self.port = free_port()
        self._numbers = itertools.count(1)
        if os.geteuid() == 0:
            shutil.chown(self._folder, SYSTEM_USER, SYSTEM_USER)

    @property
    def address(self) -> str:
        """What `BATCH_LOOP_DATABASE` is to be."""
        return self.address_of(PASSWORD)

    def address_of(self, password: str) -> str:
        """The same with another password."""
        quoted = password.replace(" ", "%20").replace("/", "%2F")
        return f"postgresql+psycopg://{USER}:{quoted}@{HOST}:{self.port}/postgres"

    def start(self) -> Postgresql:
        """Start it, and make its files before that where there are none."""
        if not self._data.exists():
            self._initialise()
        self._control("start", "--log", str(self._folder / "log"))
        return self

    def new_database(self, encoding: str = "UTF8") -> str:
        """The address of a new, empty database."""
        name = f"batch_{next(self._numbers)}"
        made = sql.SQL("CREATE DATABASE {} ENCODING {} TEMPLATE template0")
        with psycopg.connect(self.address.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(made.format(sql.Identifier(name), sql.Literal(encoding)))
        return self.address.removesuffix("postgres") + name

    def stop(self) -> None:
        """End it as a shutdown of the machine does: what clients are about to do is undone."""
        self._control("stop", "--mode", "fast")

    def restart(self) -> None:
        """End it, and start it again."""
        self.stop()
        self.start()

    def __enter__(self) -> Postgresql:  # noqa: PYI034 - typing.Self came with 3.11
        """Start."""
        return self.start()

    def __exit__(self, *_error: object) -> None:
        """End it, and delete its files."""
        subprocess.run(  # noqa: S603 - our own
            self._command("stop", "--mode", "immediate"), check=False, **self._options()
        )
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _initialise(self) -> None:
        password = self._folder / "password"
        password.write_text(PASSWORD, encoding="utf-8")
        self._run(
            *(str(self._programs / "initdb"), "--pgdata", str(self._data), "--no-sync"),
            *("--username", USER, "--pwfile", str(password), "--auth", "scram-sha-256"),
            *("--encoding", "UTF8", "--locale", "C"),
        )
        # What a test does has to outlive this process, not the machine.
        settings = ["fsync = off", f"port = {self.port}", f"listen_addresses = '{HOST}'"]
        settings += ["unix_socket_directories = ''", "max_connections = 60", *self._settings]
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\n".join(settings) + "\n")

    def _control(self, what: str, *arguments: str) -> None:
        self._run(*self._command(what, *arguments))

    def _command(self, what: str, *arguments: str) -> list[str]:
        control = [str(self._programs / "pg_ctl"), what, "--pgdata", str(self._data)]
        return [*control, "--wait", "--timeout", str(START_SECONDS), "--silent", *arguments]

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, check=False, **self._options())  # noqa: S603 - our own
        if done.returncode:
            log = self._folder / "log"
            said = log.read_text(encoding="utf-8") if log.exists() else ""
            raise ToolError(f"{' '.join(command)} ended with {done.returncode}:\n{said}")

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"cwd": self._folder, "stdin": subprocess.DEVNULL}
        options |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        if os.geteuid() == 0:
            options |= {"user": SYSTEM_USER, "group": SYSTEM_USER, "extra_groups": []}
        return options


def _programs() -> Path:
    """The folder with PostgreSQL's programs; Debian does not put it on the PATH."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve()] if on_path else sorted(DEBIAN.glob("*/bin/initdb"))
    if not found:
        raise ToolError("PostgreSQL is missing: install it (on Debian: apt-get install postgresql)")
    return found[-1].parent


def main() -> int:
    """Raise `ToolError` unless PostgreSQL is there."""
    _programs()
    return 0


if __name__ == "__main__":
    run_command(main)
