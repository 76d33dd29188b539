"""Stores of each kind, for fixtures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from batch_loop.core.model.shared_roots import NO_ROOTS
from batch_loop.core.store.databases.postgresql import open_postgresql
from batch_loop.core.store.databases.sqlite_store import open_store
from batch_loop.core.store.interface import Store
from batch_loop.core.store.memory import MemoryStore
from batch_loop.tools.postgresql import Postgresql

MEMORY, SQLITE, POSTGRESQL = "memory", "sqlite", "postgresql"
HERE = (MEMORY, SQLITE)
"""Kinds of stores that one server has for itself."""
DATABASES = (SQLITE, POSTGRESQL)
EACH = (MEMORY, SQLITE, POSTGRESQL)


def store_opener(kind: str, folder: Path, request: pytest.FixtureRequest) -> Callable[..., Store]:
    """Opens one new database repeatedly, as several servers do; in memory it is one store for all.

    It may be given the roots that a server knows.
    """
    if kind == MEMORY:
        store = MemoryStore()
        return lambda: store
    if kind == SQLITE:
        return partial(open_store, str(folder))
    server: Postgresql = request.getfixturevalue("postgresql")
    address = server.new_database()
    return lambda roots=NO_ROOTS: open_postgresql(address, roots)


def new_store(kind: str, folder: Path, request: pytest.FixtureRequest) -> Store:
    """An empty store of a kind."""
    return store_opener(kind, folder, request)()
