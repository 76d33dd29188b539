"""A real ComfyUI server with the pack in it, started and ended by the caller."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Protocol

import requests

from .client import ComfyClient
from .errors import ToolError
from .layout import ROOT, VENV, frontend_root, release, usual_release
from .ports import HOST, free_port

POLL_SECONDS = 0.05
PORT_TRIES = 5
STOP_SECONDS = 20.0
TAIL_LINES = 40
PORT_TAKEN = "already in use"
NOT_INHERITED = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}
"""What a caller may have set: the first could put a `nodes` or a `server` in ComfyUI's way, with
the second each start would compile all of ComfyUI anew."""


class ServerProcess(Protocol):
    """A server's process, as `subprocess.Popen` has it."""

    pid: int

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended; `subprocess.TimeoutExpired` if that takes longer."""


def start_process(
    command: Sequence[str], env: Mapping[str, str], folder: Path, log: IO[bytes]
) -> ServerProcess:
    """Run a command in a folder; what it writes goes to `log`."""
    return subprocess.Popen(  # noqa: S603 - the command is our own
        command,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        # Its own process group, so that stop() reaches what it starts and Ctrl-C does not.
        start_new_session=True,
    )


class ServerDied(ToolError):
    """Raised when ComfyUI ended before it answered; carries the end of its log."""


@contextmanager
def running(servers: Sequence[ComfyServer]) -> Iterator[None]:
    """Start servers at the same time, and stop them."""
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        for server in servers:
            stack.callback(server.stop)
        list(pool.map(lambda server: server.start(), servers))
        yield


class ComfyServer:
    """One ComfyUI process on a free port of this machine, with its own base directory.

    `base` is made if it is missing and holds ComfyUI's `input`, `output`, `temp`, `user`,
    `custom_nodes` and the log. The pack is linked into `custom_nodes` as `pack_name`, and so
    is each folder or file of `custom_nodes` under its own name. `version` None is the
    usual release, `frontend` None the one that this ComfyUI asks for. `flags` and `env` are added
    to the command line and to the environment. After `stop` or `kill` it may be started again on
    the same base; `port` None takes another free one at each start. `inside` is a command that
    starts another one, the server, in surroundings of its own.
    """

    start_process = staticmethod(start_process)
    """How the process of each server is started: tests have a way that takes less time."""

    def __init__(  # noqa: PLR0913 - each is one independent knob of the server
        self,
        base: Path,
        *,
        version: str | None = None,
        frontend: str | None = None,
        flags: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        custom_nodes: Sequence[Path] = (),
        pack_name: str = "batch-loop",
        port: int | None = None,
        start_seconds: float = 180.0,
        inside: Sequence[str] = (),
    ) -> None:
        self.base = base.resolve()
        self._release = release(version) if version else usual_release()
        self.version = self._release.version
        self.frontend = frontend
        self.flags = tuple(flags)
        self.env = dict(env or {})
        self.input = self.base / "input"
        self.output = self.base / "output"
        self.temp = self.base / "temp"
        self.user = self.base / "user"
        self.log_path = self.base / "server.log"
        self.port = port or 0
        self._fixed_port = port
        self._pack_name = pack_name
        self._custom_nodes = tuple(custom_nodes)
        self._links = {pack_name: ROOT, **{path.name: path.resolve() for path in custom_nodes}}
        self._start_seconds = start_seconds
        self._inside = tuple(inside)
        self._process: ServerProcess | None = None

    @property
    def url(self) -> str:
        """Address of the running server, without a trailing slash."""
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """Process id, or None when the server does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def beside(
        self,
        base: Path,
        *,
        env: Mapping[str, str] | None = None,
        port: int | None = None,
        shares_state: bool = True,
    ) -> ComfyServer:
        """Another server, with the same images and results, and where asked the user folder."""
        shared = {"--input-directory": self.input, "--output-directory": self.output}
        if shares_state:
            shared["--user-directory"] = self.user
        server = ComfyServer(
            base,
            version=self.version,
            frontend=self.frontend,
            flags=[str(part) for flag in shared.items() for part in flag],
            env=env,
            custom_nodes=self._custom_nodes,
            pack_name=self._pack_name,
            port=port,
            inside=self._inside,
        )
        server.input, server.output = self.input, self.output
        if shares_state:
            server.user = self.user
        return server

    def client(self) -> ComfyClient:
        """A new client of the running server; the caller closes it."""
        return ComfyClient(self.url)

    def start(self) -> ComfyServer:
        """Start ComfyUI and return when it answers.

        Raises `ServerDied` as soon as the process ends, and `ToolError` if it does not answer
        within `start_seconds`.
        """
        if self.pid is not None:
            raise ToolError(f"ComfyUI already runs on {self.url}")
        self._prepare()
        for _ in range(PORT_TRIES):
            self.port = self._fixed_port or free_port()
            self._launch()
            try:
                self._wait_until_ready()
            except ServerDied as error:
                # The port was free when it was asked for; another may have taken it since.
                if self._fixed_port is None and PORT_TAKEN in str(error).lower():
                    continue
                raise
            except BaseException:
                self.kill()
                raise
            return self
        raise ToolError(f"no free port for ComfyUI in {PORT_TRIES} tries; see {self.log_path}")

    def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        """End ComfyUI and all that it started, and wait for it; does nothing if it has ended.

        `signal.SIGINT` is what Ctrl-C sends.
        """
        self._signal(by)
        if self._process is not None:
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None

    def kill(self) -> None:
        """End ComfyUI at once, like a power cut (SIGKILL), and wait for it."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(STOP_SECONDS)
        self._process = None

    def wait(self) -> int:
        """Wait until ComfyUI ends by itself; returns its exit code."""
        if self._process is None:
            raise ToolError("ComfyUI does not run")
        return self._process.wait()

    def log(self) -> str:
        """All that ComfyUI has written since the last start."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def __enter__(self) -> ComfyServer:  # noqa: PYI034 - typing.Self came with 3.11
        """Start."""
        return self.start()

    def __exit__(self, *_error: object) -> None:
        """Stop."""
        self.stop()

    def _prepare(self) -> None:
        custom_nodes = self.base / "custom_nodes"
        for folder in (custom_nodes, self.input, self.output, self.temp, self.user):
            folder.mkdir(parents=True, exist_ok=True)
        for name, target in self._links.items():
            link = custom_nodes / name
            if link.is_symlink() and link.readlink() != target:
                link.unlink()
            if not link.is_symlink():
                link.symlink_to(target)

    def _command(self) -> list[str]:
        main = self._release.tree / "main.py"
        python = VENV / "bin" / "python"
        for needed in (main, python):
            if not needed.is_file():
                raise ToolError(f"{needed} is missing: run `make setup` first")
        command = [str(python), str(main), "--cpu", "--disable-api-nodes"]
        command += ["--listen", HOST, "--port", str(self.port)]
        command += ["--base-directory", str(self.base)]
        root = frontend_root(self._release, self.frontend)
        if root is not None:
            command += ["--front-end-root", str(root / "static")]
        if self._has_a_database_for_itself():
            command += ["--database-url", f"sqlite:///{self.base / 'user' / 'comfyui.db'}"]
        return [*command, *self.flags]

    def _has_a_database_for_itself(self) -> bool:
        # Newer ones lock it, and by default it lies beside their code: two would not start.
        code = self._release.tree / "app" / "database" / "db.py"
        return code.is_file() and "FileLock" in code.read_text(encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if key not in NOT_INHERITED}
        if self._release.overlay_dir is not None:
            inherited["PYTHONPATH"] = str(self._release.overlay_dir)
        return inherited | {"PYTHONUNBUFFERED": "1"} | self.env

    def _launch(self) -> None:
        with self.log_path.open("wb") as log:
            self._process = ComfyServer.start_process(
                [*self._inside, *self._command()], self._environment(), self._release.tree, log
            )

    def _wait_until_ready(self) -> None:
        process = self._process
        if process is None:
            raise ToolError("ComfyUI does not run")
        deadline = time.monotonic() + self._start_seconds
        while time.monotonic() < deadline:
            # Waiting for the process is also the pause between two questions.
            try:
                code = process.wait(POLL_SECONDS)
            except subprocess.TimeoutExpired:
                if self._answers():
                    return
            else:
                raise ServerDied(self._complaint(f"ended with code {code} before it answered"))
        raise ToolError(self._complaint(f"did not answer within {self._start_seconds:.0f} s"))

    def _complaint(self, what: str) -> str:
        last = "\n".join(self.log().splitlines()[-TAIL_LINES:])
        return f"ComfyUI {self.version} {what}. The end of its log:\n{last}"

    def _answers(self) -> bool:
        try:
            answer = requests.get(f"{self.url}/system_stats", timeout=10)
        except requests.RequestException:
            return False
        # Another ComfyUI may have taken the port: the answer names whose it is.
        return answer.ok and str(self.base) in answer.json()["system"]["argv"]

    def _signal(self, number: signal.Signals) -> None:
        pid = self.pid
        if pid is not None:
            with suppress(ProcessLookupError):  # it ended between the two lines
                os.killpg(pid, number)
