"""Real ComfyUI servers: one for each cache mode, shared by all tests, each started when asked for.

Every test gets its own folders below the server's input and output, so that one server can
serve them all. A test that has to kill a server or to change its flags takes `start_server`.
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
"""The mode of the tests that are not about modes."""

CACHE_MODES: dict[str, dict[str, Any]] = {
    # Newer releases let go of what they keep when memory runs short; 0.3.75's is the classic one.
    "default": {},
    "classic": {"flags": ("--cache-classic",)},
    "lru": {"flags": ("--cache-lru", "10")},
    "none": {"flags": ("--cache-none",)},
    # Nothing is read ahead, and everything written while its node runs.
    "nothing behind": {"env": {"BATCH_LOOP_MEMORY_MB": "0"}},
    # The oldest release evaluates links in another way.
    "oldest": {"version": OLDEST.version},
    # With a threshold that no machine has, each entry goes as soon as its node has run.
    "short of memory": {"flags": ("--cache-ram", "100000")},
    # What is saved is looked at when its node has run, and stands in a list of ComfyUI's own.
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
    """One test's own folders; `name` is what a workflow calls both input and output."""

    name: str
    input: Path
    output: Path
    scratch: Path
    """Outside of ComfyUI: for the files that steer the helper nodes, and for records."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what is about assets where ComfyUI has none that could be switched on."""
    if not ON_NEWEST:
        items[:] = [item for item in items if not item.get_closest_marker("with_assets")]


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
    """The server of a cache mode, started at the first call."""
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
    """A running server, shared with other tests; `@pytest.mark.each_cache` runs with each mode."""
    running: ComfyServer = shared_server(getattr(request, "param", USUAL))
    return running


@pytest.fixture
def client(server: ComfyServer) -> Iterator[ComfyClient]:
    """A client of `server`; whatever a test leaves in the queue is ended with it."""
    with server.client() as client:
        yield client
        client.end_all()


@pytest.fixture
def workspace(request: pytest.FixtureRequest, server: ComfyServer, tmp_path: Path) -> Workspace:
    """Fresh folders on `server` for this test alone."""
    test = re.sub(r"\W+", "-", request.node.name)[:40].strip("-")
    name = f"{test}-{uuid.uuid4().hex[:8]}"
    for folder in (server.input / name, server.output / name):
        folder.mkdir()
    return Workspace(name, server.input / name, server.output / name, tmp_path)


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., ComfyServer]]:
    """Start a server of one's own, with `ComfyServer`'s arguments; stopped after the test.

    Without a `base` it gets a fresh one.
    """
    started: list[ComfyServer] = []

    def start(base: Path | None = None, **knobs: Any) -> ComfyServer:
        knobs.setdefault("custom_nodes", [HELPERS])
        server = ComfyServer(base or tmp_path / f"comfyui-{len(started)}", **knobs)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop()
