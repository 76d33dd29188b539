"""Makes the repository's root importable as `batch_loop`, and as nothing else.

The root is the pack: its `__init__.py` can only be imported by ComfyUI, and its `nodes` folder
must never stand in for ComfyUI's `nodes.py`. So the root is taken off `sys.path`, and all that
is tested is imported through the alias: `batch_loop.core…`, `batch_loop.tools…`.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from batch_loop.tools.postgresql import Postgresql

ROOT = Path(__file__).resolve().parent.parent
ALIAS = "batch_loop"


def _is_root(entry: str) -> bool:
    return Path(entry or Path.cwd()).resolve() == ROOT


def _register_alias() -> None:
    spec = importlib.machinery.ModuleSpec(ALIAS, loader=None, is_package=True)
    spec.submodule_search_locations = [str(ROOT)]
    sys.modules[ALIAS] = importlib.util.module_from_spec(spec)


sys.path[:] = [entry for entry in sys.path if not _is_root(entry)]
_register_alias()
# What a developer has set for a server of their own must not reach the tests' servers.
for _name in [name for name in os.environ if name.startswith("BATCH_LOOP_")]:
    del os.environ[_name]


class _RootIsAFolder:
    """Has pytest take the root for a plain folder: as a package it would import it."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(
        self, path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        if path == ROOT:
            return pytest.Dir.from_parent(parent, path=path)
        return None


def pytest_configure(config: pytest.Config) -> None:
    # A hook in this file would only be asked about folders below tests/.
    config.pluginmanager.register(_RootIsAFolder(), "root-is-a-folder")


@pytest.fixture(scope="session", autouse=True)
def forks() -> Iterator[None]:
    """Every server is forked from a Python that has imported what takes long: see there."""
    from batch_loop.tests.support.forks import Forks  # noqa: PLC0415 - by the alias from above
    from batch_loop.tools.server import ComfyServer  # noqa: PLC0415 - likewise

    forks = Forks()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ComfyServer, "start_process", staticmethod(forks.start))
        yield
    forks.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """A real PostgreSQL, shared by all: each test asks it for a database of its own."""
    from batch_loop.tools.postgresql import Postgresql  # noqa: PLC0415 - by the alias from above

    with Postgresql() as server:
        yield server
