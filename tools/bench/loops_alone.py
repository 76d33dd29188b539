"""Many loops in a state file, as no server has to run for. Imported by `tools.pack`."""

from __future__ import annotations

from pathlib import Path

from ...core.store.databases.database import open_store
from ...core.store.sql.sql_store import SqlStore
from ...tests.support.failed_loops import write_failed_loops
from ...tests.support.fake_host import FakeHost


def write(user_folder: Path, number: int, failures: int) -> None:
    """Write the state file that a server with this user folder finds when it starts."""
    store = open_store(str(user_folder / "batch_loop"))
    assert isinstance(store, SqlStore)  # noqa: S101 - for the type checker: the folder is new
    write_failed_loops(store, FakeHost(), number, failures)
    store.close()
