"""A real PostgreSQL on this machine, started and stopped by the caller.

`python -m tools.postgresql` prints where its programs are.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from .errors import ToolError, run_command, say
from .programs import HOST, free_port

DEBIAN = Path("/usr/lib/postgresql")
USER = "batch_loop"
PASSWORD = "a pass/word"  # noqa: S105 - of a database that lives as long as a test
SYSTEM_USER = "postgres"
"""Who PostgreSQL runs as when root starts it, as it refuses to run as root."""
START_SECONDS = 60


class Postgresql:
    """A database server on a free port, with an empty database.

    Its files are in a temporary folder. `settings` are lines that are added to its
    `postgresql.conf`.
    """

    def __init__(self, settings: Sequence[str] = ()) -> None:
        self._settings = tuple(settings)
        self._programs = _programs()
        self._folder = Path(tempfile.mkdtemp(prefix="batch-loop-database-"))
        self._data = self._folder / "data"
        self.port = free_port()
        self._numbers = itertools.count(1)
        if os.geteuid() == 0:
            shutil.chown(self._folder, SYSTEM_USER, SYSTEM_USER)

    @property
    def address(self) -> str:
        """The value for `BATCH_LOOP_DATABASE`."""
        return self.address_of(PASSWORD)

    def address_of(self, password: str) -> str:
        """The same with another password."""
        quoted = password.replace(" ", "%20").replace("/", "%2F")
        return f"postgresql+psycopg://{USER}:{quoted}@{HOST}:{self.port}/postgres"

    def start(self) -> Postgresql:
        """Start it, making its files first if there are none."""
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
        """Stop it as a shutdown of the machine does: open transactions are rolled back."""
        self._control("stop", "--mode", "fast")

    def crash(self) -> None:
        """Stop it as a power cut does: what was not yet written to its log is lost."""
        self._control("stop", "--mode", "immediate")

    def restart(self) -> None:
        """Stop it, and start it again."""
        self.stop()
        self.start()

    def __enter__(self) -> Postgresql:  # noqa: PYI034 - typing.Self came with 3.11
        """Start."""
        return self.start()

    def __exit__(self, *_error: object) -> None:
        """Stop it if it runs, and delete its files."""
        with suppress(ToolError):
            self._control("stop", "--mode", "immediate")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _initialise(self) -> None:
        password = self._folder / "password"
        password.write_text(PASSWORD, encoding="utf-8")
        self._run(
            *(str(self._programs / "initdb"), "--pgdata", str(self._data), "--no-sync"),
            *("--username", USER, "--pwfile", str(password), "--auth", "scram-sha-256"),
            *("--encoding", "UTF8", "--locale", "C"),
        )
        # Data has to outlive this process, not the machine.
        settings = ["fsync = off", f"port = {self.port}", f"listen_addresses = '{HOST}'"]
        settings += ["unix_socket_directories = ''", "max_connections = 60", *self._settings]
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\n".join(settings) + "\n")

    def _control(self, what: str, *arguments: str) -> None:
        control = [str(self._programs / "pg_ctl"), what, "--pgdata", str(self._data)]
        self._run(*control, "--wait", "--timeout", str(START_SECONDS), "--silent", *arguments)

    def _run(self, *command: str) -> None:
        options: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        if os.geteuid() == 0:
            options |= {"user": SYSTEM_USER, "group": SYSTEM_USER, "extra_groups": []}
        done = subprocess.run(  # noqa: S603 - our own
            command, cwd=self._folder, check=False, **options
        )
        if done.returncode:
            log = self._folder / "log"
            said = log.read_text(encoding="utf-8") if log.exists() else ""
            raise ToolError(f"{' '.join(command)} ended with {done.returncode}:\n{said}")


def _programs() -> Path:
    """The folder of PostgreSQL's programs, which Debian does not put on the PATH."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve()] if on_path else sorted(DEBIAN.glob("*/bin/initdb"))
    if not found:
        raise ToolError("PostgreSQL is missing: install it (on Debian: apt-get install postgresql)")
    return found[-1].parent


if __name__ == "__main__":
    run_command(lambda: say(f"{_programs()}\n"))
