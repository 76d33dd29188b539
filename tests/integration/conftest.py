"""Real ComfyUI servers: one per cache mode, started when needed and shared by all tests.

Every test gets its own folders below the server's input and output. A test that has to kill a
server or change its flags uses `start_server`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from batch_loop.tools.client import ComfyClient
from batch_loop.tools.layout import DEFAULT, HELPERS, NEWEST, OLDEST, usual_release
from batch_loop.tools.server import ComfyServer

ON_NEWEST = usual_release() == NEWEST

USUAL = "default" if ON_NEWEST else "classic"
"""The mode for tests that are not about modes."""

CACHE_MODES: dict[str, dict[str, Any]] = {
    # Newer releases clear their cache when memory runs short; that of 0.3.75 is the classic one.
    "default": {},
    "classic": {"flags": ("--cache-classic",)},
    "lru": {"flags": ("--cache-lru", "10")},
    "none": {"flags": ("--cache-none",)},
    # Nothing is read ahead, and everything is written while its node runs.
    "nothing behind": {"env": {"BATCH_LOOP_MEMORY_MB": "0"}},
    # The oldest release evaluates links differently.
    "oldest": {"version": OLDEST.version},
    # No machine has that much memory, so each entry goes as soon as its node has run.
    "short of memory": {"flags": ("--cache-ram", "100000")},
    # ComfyUI looks at saved files when their node has run, and lists them.
    "assets": {"flags": ("--enable-assets",)},
}

EACH_CACHE = ["classic", "lru", "none", "nothing behind", "oldest"]
if DEFAULT.is_users_own:
    EACH_CACHE.append("default")
CORE = EACH_CACHE
if ON_NEWEST:
    EACH_CACHE = [USUAL]
    CORE = [USUAL, "classic", "lru", "none", "short of memory", "assets"]


@dataclass(frozen=True)
class Workspace:
    """The folders of one test; `name` is that of both input and output in a workflow."""

    name: str
    input: Path
    output: Path
    scratch: Path
    """Outside ComfyUI: for records, and for the files that control the helper nodes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out tests of what the release that runs does not have, or has no part in."""
    not_here = "one_release" if ON_NEWEST else "with_assets"
    items[:] = [item for item in items if not item.get_closest_marker(not_here)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("with_assets"):
        metafunc.parametrize("server", ["assets"], indirect=True)
    elif metafunc.definition.get_closest_marker("core"):
        metafunc.parametrize("server", CORE, indirect=True)
    elif metafunc.definition.get_closest_marker("each_cache"):
        metafunc.parametrize("server", EACH_CACHE, indirect=True)
    if metafunc.definition.get_closest_marker("nothing_behind"):
        metafunc.parametrize("server", ["nothing behind"], indirect=True)
    if metafunc.definition.get_closest_marker("oldest_too"):
        modes = [USUAL] if ON_NEWEST else [USUAL, "oldest"]
        metafunc.parametrize("server", modes, indirect=True)
    if metafunc.definition.get_closest_marker("both_settings"):
        metafunc.parametrize("server", [USUAL, "nothing behind"], indirect=True)


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """The server of a cache mode, started by the first call."""
    running: dict[str, ComfyServer] = {}

    def get(mode: str) -> ComfyServer:
        if mode not in running:
            base = tmp_path_factory.mktemp(f"comfyui-{mode}")
            server = ComfyServer(base, **CACHE_MODES[mode], custom_nodes=[HELPERS])
            running[mode] = server.start()
        return running[mode]

    yield get
    for server in running.values():
        server.stop()


@pytest.fixture
def server(request: pytest.FixtureRequest, shared_server: Callable[[str], Any]) -> ComfyServer:
    """A running server, shared with other tests; with `each_cache`, one in each mode."""
    running: ComfyServer = shared_server(getattr(request, "param", USUAL))
    return running


@pytest.fixture
def client(server: ComfyServer) -> Iterator[ComfyClient]:
    """A client of `server`; the queue is emptied after the test."""
    with server.client() as client:
        yield client
        client.end_all()


@pytest.fixture
def workspace(request: pytest.FixtureRequest, server: ComfyServer, tmp_path: Path) -> Workspace:
    """New folders on `server` for this test alone."""
    test = re.sub(r"\W+", "-", request.node.name)[:40].strip("-")
    name = f"{test}-{uuid.uuid4().hex[:8]}"
    for folder in (server.input / name, server.output / name):
        folder.mkdir()
    return Workspace(name, server.input / name, server.output / name, tmp_path)


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., ComfyServer]]:
    """Start a server for one test, with `ComfyServer`'s arguments; `base` None is a new folder."""
    started: list[ComfyServer] = []

    def start(base: Path | None = None, **knobs: Any) -> ComfyServer:
        knobs.setdefault("custom_nodes", [HELPERS])
        server = ComfyServer(base or tmp_path / f"comfyui-{len(started)}", **knobs)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop()
