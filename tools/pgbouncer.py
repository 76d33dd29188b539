"""A real PgBouncer on this machine between servers and their PostgreSQL, in transaction mode.

`python -m tools.pgbouncer` prints where its program is.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from .errors import ToolError, run_command, say
from .postgresql import PASSWORD, SYSTEM_USER, USER, Postgresql
from .programs import HOST, free_port

START_SECONDS = 30
LOOK_SECONDS = 0.02
CONNECTIONS = 8
"""Fewer than its clients have, so that these take turns."""


class PgBouncer:
    """A pooler that gives each transaction another connection to a database."""

    def __init__(self, database: Postgresql) -> None:
        self._database = database
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="batch-loop-pooler-"))
        self._process: subprocess.Popen[bytes] | None = None

    def through(self, address: str) -> str:
        """The address of a database of the same PostgreSQL, by way of the pooler."""
        return address.replace(f":{self._database.port}/", f":{self.port}/")

    def __enter__(self) -> PgBouncer:  # noqa: PYI034 - typing.Self came with 3.11
        """Start."""
        users, settings = self._folder / "users", self._folder / "pgbouncer.ini"
        users.write_text(f'"{USER}" "{PASSWORD}"\n', encoding="utf-8")
        settings.write_text(
            f"[databases]\n* = host={HOST} port={self._database.port}\n[pgbouncer]\n"
            f"listen_addr = {HOST}\nlisten_port = {self.port}\nunix_socket_dir =\n"
            f"auth_type = scram-sha-256\nauth_file = {users}\n"
            f"pool_mode = transaction\ndefault_pool_size = {CONNECTIONS}\n"
            # What docs/several_machines.md says that it needs.
            "max_prepared_statements = 200\nignore_startup_parameters = options\n"
            # Otherwise it refuses for a while after its database was away.
            "server_login_retry = 1\n",
            encoding="utf-8",
        )
        options: dict[str, Any] = {}
        if os.geteuid() == 0:
            # It refuses to run as root.
            options = {"user": SYSTEM_USER, "group": SYSTEM_USER, "extra_groups": []}
            for path in (self._folder, users, settings):
                shutil.chown(path, SYSTEM_USER, SYSTEM_USER)
        log = self._folder / "log"
        with log.open("wb") as said:
            self._process = subprocess.Popen(  # noqa: S603 - our own
                [_program(), str(settings)],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                **options,
            )
        give_up_at = time.monotonic() + START_SECONDS
        while not self._listens:
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                text = log.read_text(encoding="utf-8")
                self.__exit__()
                raise ToolError(f"PgBouncer does not answer:\n{text}")
            time.sleep(LOOK_SECONDS)
        return self

    @property
    def _listens(self) -> bool:
        try:
            socket.create_connection((HOST, self.port)).close()
        except OSError:
            return False
        return True

    def __exit__(self, *_error: object) -> None:
        """Stop it, and delete its files."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def _program() -> str:
    """The path of PgBouncer's program."""
    # Debian has it where only root looks.
    found = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if found is None:
        raise ToolError("PgBouncer is missing: install it (on Debian: apt-get install pgbouncer)")
    return found


if __name__ == "__main__":
    run_command(lambda: say(f"{_program()}\n"))
