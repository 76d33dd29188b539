"""A real ComfyUI server with the pack in it, started and stopped by the caller."""

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
from .programs import HOST, free_port

POLL_SECONDS = 0.05
PORT_TRIES = 5
START_SECONDS = 180.0
STOP_SECONDS = 20.0
TAIL_LINES = 40
PORT_TAKEN = "already in use"
PACK = "batch-loop"
NOT_INHERITED = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}
"""The first could put another `nodes` or `server` in ComfyUI's way; with the second, each start
would compile all of ComfyUI again."""


class ServerProcess(Protocol):
    """The part of `subprocess.Popen` that a server needs."""

    pid: int

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it ends; `subprocess.TimeoutExpired` if that takes longer."""


def start_process(
    command: Sequence[str], env: Mapping[str, str], folder: Path, log: IO[bytes]
) -> ServerProcess:
    """Run a command in a folder; its output goes to `log`."""
    return subprocess.Popen(  # noqa: S603 - the command is our own
        command,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        # A process group of its own: stop() reaches what it starts, and Ctrl-C does not.
        start_new_session=True,
    )


class ServerDied(ToolError):
    """Raised when ComfyUI ends before it answers; has the end of its log."""


@contextmanager
def running(servers: Sequence[ComfyServer]) -> Iterator[None]:
    """Start servers at the same time; stop them at the end."""
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        for server in servers:
            stack.callback(server.stop)
        list(pool.map(lambda server: server.start(), servers))
        yield


class ComfyServer:
    """A ComfyUI process with its own base directory, which is made if it is missing.

    The base holds ComfyUI's `input`, `output`, `temp`, `user`, `custom_nodes` and the log. The pack
    and each path of `custom_nodes` are linked into `custom_nodes`. `version` None is the usual
    release, `frontend` None the one that this release asks for. `flags` and `env` are added to the
    command line and the environment. After `stop` or `kill` it can be started again on the same
    base; with `port` None, each start takes a free one. `inside` is a command that runs the
    server's command, as in a container.
    """

    start_process = staticmethod(start_process)
    """How each server's process is started; tests have a faster way."""

    def __init__(  # noqa: PLR0913 - each is one independent knob of the server
        self,
        base: Path,
        *,
        version: str | None = None,
        frontend: str | None = None,
        flags: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        custom_nodes: Sequence[Path] = (),
        port: int | None = None,
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
        self._custom_nodes = tuple(custom_nodes)
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
        """Another server with the same input and output folders, and by default user folder."""
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
            port=port,
            inside=self._inside,
        )
        server.input, server.output = self.input, self.output
        if shares_state:
            server.user = self.user
        return server

    def client(self) -> ComfyClient:
        """A new client of the running server, for the caller to close."""
        return ComfyClient(self.url)

    def start(self) -> ComfyServer:
        """Start ComfyUI and return when it answers.

        Raises `ServerDied` as soon as the process ends, and `ToolError` if it does not answer in
        time.
        """
        if self.pid is not None:
            raise ToolError(f"ComfyUI already runs on {self.url}")
        self._prepare()
        for _ in range(PORT_TRIES):
            self.port = self._fixed_port or free_port()
            try:
                self._wait_until_ready(self._launch())
            except ServerDied as error:
                # Another process may have taken the port in the meantime.
                if self._fixed_port is None and PORT_TAKEN in str(error).lower():
                    continue
                raise
            except BaseException:
                self.kill()
                raise
            return self
        raise ToolError(f"no free port for ComfyUI in {PORT_TRIES} tries; see {self.log_path}")

    def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        """End ComfyUI and all that it started, and wait for it; does nothing if it has ended."""
        self._signal(by)
        if self._process is not None:
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                self._process.wait(STOP_SECONDS)
        self._process = None

    def kill(self) -> None:
        """End ComfyUI at once, and wait for it."""
        self.stop(signal.SIGKILL)

    def wait(self) -> int:
        """Wait until ComfyUI ends by itself; returns its exit code."""
        if self._process is None:
            raise ToolError("ComfyUI does not run")
        return self._process.wait()

    def log(self) -> str:
        """Everything that ComfyUI has written since it was last started."""
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
        links = {path.name: path.resolve() for path in self._custom_nodes}
        for name, target in {PACK: ROOT, **links}.items():
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
        if self._locks_its_database():
            command += ["--database-url", f"sqlite:///{self.base / 'user' / 'comfyui.db'}"]
        return [*command, *self.flags]

    def _locks_its_database(self) -> bool:
        # By default it is beside ComfyUI's code, and newer releases lock it: only one would start.
        code = self._release.tree / "app" / "database" / "db.py"
        return code.is_file() and "FileLock" in code.read_text(encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if key not in NOT_INHERITED}
        if self._release.overlay_dir is not None:
            inherited["PYTHONPATH"] = str(self._release.overlay_dir)
        return inherited | {"PYTHONUNBUFFERED": "1"} | self.env

    def _launch(self) -> ServerProcess:
        command = [*self._inside, *self._command()]
        with self.log_path.open("wb") as log:
            process = ComfyServer.start_process(
                command, self._environment(), self._release.tree, log
            )
        self._process = process
        return process

    def _wait_until_ready(self, process: ServerProcess) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            # Waiting for the process is also the pause between two requests.
            try:
                code = process.wait(POLL_SECONDS)
            except subprocess.TimeoutExpired:
                if self._answers():
                    return
            else:
                raise ServerDied(self._complaint(f"ended with code {code} before it answered"))
        raise ToolError(self._complaint(f"did not answer within {START_SECONDS:.0f} s"))

    def _complaint(self, what: str) -> str:
        last = "\n".join(self.log().splitlines()[-TAIL_LINES:])
        return f"ComfyUI {self.version} {what}. The end of its log:\n{last}"

    def _answers(self) -> bool:
        try:
            answer = requests.get(f"{self.url}/system_stats", timeout=10)
        except requests.RequestException:
            return False
        # Another ComfyUI may have taken the port; the answer tells which one this is.
        return answer.ok and str(self.base) in answer.json()["system"]["argv"]

    def _signal(self, number: signal.Signals) -> None:
        pid = self.pid
        if pid is not None:
            with suppress(ProcessLookupError):  # it has just ended
                os.killpg(pid, number)
