"""Servers on the same folders, with one store, and the command that runs a batch on them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import ToolError
from ..layout import ROOT
from ..server import ComfyServer
from . import graphs
from .prompts import Timing, timings_of
from .setting import NODES

COMMAND_SECONDS = 300


def on_postgresql(base: Path, address: str, count: int) -> list[ComfyServer]:
    """Servers that share a database, and know each other by their leases, as machines do."""
    machines = {
        base / name: {"BATCH_LOOP_DATABASE": address, "BATCH_LOOP_SERVER": name}
        for name in (f"machine-{number}" for number in range(1, count + 1))
    }
    (place, env), *others = machines.items()
    first = ComfyServer(place, env=env, custom_nodes=NODES)
    return [first, *(first.beside(at, env=env, shares_state=False) for at, env in others)]


def on_sqlite(base: Path, count: int) -> list[ComfyServer]:
    """Servers that share a user folder, and so the file in it, as for some graphics cards."""
    first = ComfyServer(base / "card-1", custom_nodes=NODES)
    return [first, *(first.beside(base / f"card-{number}") for number in range(2, count + 1))]


def run_batch(scratch: Path, prompt: graphs.Graph, servers: Sequence[ComfyServer]) -> list[Timing]:
    """Run a batch by `batch-loop run`; the timings of its prompts, in the order they began in."""
    before = {server.url: set(_timings(server)) for server in servers}
    workflow = scratch / "workflow.json"
    workflow.write_text(json.dumps(prompt), encoding="utf-8")
    addresses = [part for server in servers for part in ("--server", server.url)]
    command = [sys.executable, "-m", "batch_loop_cli", "run", str(workflow), "--json", *addresses]
    done = subprocess.run(  # noqa: S603 - the command is our own
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=COMMAND_SECONDS,
        check=False,
    )
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
