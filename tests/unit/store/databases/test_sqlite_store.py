"""Whatever has happened to the state file, there is a store and a clear message."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from batch_loop.core.common.errors import StateNotKept, StoreAway
from batch_loop.core.common.processes import this_process
from batch_loop.core.files.leftovers import temporary_name
from batch_loop.core.model.items import Claim
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.policy import IterationMode, Policy
from batch_loop.core.model.prompt import Prompt
from batch_loop.core.model.records import Several
from batch_loop.core.model.selection import Selection
from batch_loop.core.store.databases import state_file
from batch_loop.core.store.databases.sqlite_store import CARRIED, FILE, open_store
from batch_loop.core.store.interface import Store
from batch_loop.core.store.memory import MemoryStore
from batch_loop.core.store.records import LoopEntry
from batch_loop.core.store.schema import statements
from batch_loop.core.store.schema.tables import ADDED_LATER, VERSION
from batch_loop.core.store.sql.sql_store import SqlStore
from batch_loop.core.turn.status_texts import handed_out
from batch_loop.tests.support.mounts import mounted
from batch_loop.tests.unit.engine.test_machines import Machine
from batch_loop.tools.layout import ROOT

KEY = LoopKey("", "/folder")
CLAIM = Claim(Prompt("p", 1.0), Policy(), since=1.0)


def begun(folder: Path, carried: object = None) -> SqlStore:
    store = open_store(str(folder))
    assert isinstance(store, SqlStore)
    with store.transaction():
        store.start_batch(KEY, [f"{number}.png" for number in range(500)])
        store.save(KEY, LoopEntry(Selection(), 1, IterationMode.CONTINUE, looked_at=0.0))
        assert store.claim(KEY, CLAIM) is not None
        store.carry(KEY, carried)
    store.close()
    return store


def used(folder: Path) -> Store:
    """A store whose file has been opened."""
    store = open_store(str(folder))
    with store.transaction():
        store.id()
    return store


def overwritten(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def changed(statement: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with sqlite3.connect(path) as connection:
            connection.execute(statement)
        connection.close()

    return change


DAMAGE: dict[str, Callable[[Path], None]] = {
    "10 bytes": lambda path: os.truncate(path, 10),
    "in the first page": lambda path: os.truncate(path, 1000),
    "half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "half, not at a page": lambda path: os.truncate(path, path.stat().st_size // 2 + 77),
    "last page": lambda path: os.truncate(path, path.stat().st_size - 4096),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)) and None,
    "text": lambda path: path.write_bytes(b"not a database " * 500) and None,
    "garbage in the midst": lambda path: overwritten(path, 8192, b"\xa5" * 8192),
    "no version": changed("DELETE FROM batch_loop_version"),
    "other tables": changed("ALTER TABLE batch_loop_version RENAME COLUMN version TO other"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=list(DAMAGE))
def test_a_damaged_file_is_set_aside_and_named(
    damage: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    begun(tmp_path)
    damage(tmp_path / FILE)
    damaged = (tmp_path / FILE).read_bytes()
    store = begun(tmp_path)
    (aside,) = [path for path in tmp_path.glob(f"{FILE}.*") if not path.name.endswith("-wal")]
    assert aside.read_bytes() == damaged
    (line,) = [record.getMessage() for record in caplog.records]
    assert str(tmp_path / FILE) in line
    assert "is damaged (" in line
    assert f"set aside as {aside}" in line
    assert "begin again with their first image" in line
    with store.transaction():
        assert store.counts(KEY).total == 500


@pytest.mark.parametrize("other", [-3, VERSION - 1, VERSION + 1, 7])
def test_a_file_of_another_version_is_set_aside_intact(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, other: int
) -> None:
    begun(tmp_path, carried=[1, 2])
    changed(f"UPDATE batch_loop_version SET version = {other}")(tmp_path / FILE)  # noqa: S608
    values = list((tmp_path / CARRIED).iterdir())
    begun(tmp_path)
    (line,) = [record.getMessage() for record in caplog.records]
    versions = f"its tables have version {other}, and this one's have version {VERSION}"
    assert f"was made by another version of Batch Loop ({versions})" in line
    assert "install the Batch Loop that made it, and give the file its old name back" in line
    (aside,) = [path for path in tmp_path.glob(f"{FILE}.*") if not path.name.endswith("-wal")]
    begun(tmp_path)
    os.replace(aside, tmp_path / FILE)
    changed(f"UPDATE batch_loop_version SET version = {VERSION}")(tmp_path / FILE)  # noqa: S608
    store = open_store(str(tmp_path))
    with store.transaction():
        assert store.carried(KEY).value == [1, 2]
    assert [path for path in values if not path.exists()] == []


def test_a_file_from_before_the_marks_is_taken_along(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    begun(tmp_path, carried=[1, 2])
    changed("DROP TABLE batch_loop_marks")(tmp_path / FILE)
    store = open_store(str(tmp_path))
    with store.transaction():
        assert store.carried(KEY).value == [1, 2]
    assert caplog.records == []


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE batch_loop_items DROP COLUMN stopped",
        "ALTER TABLE batch_loop_outputs DROP COLUMN sights",
        "ALTER TABLE batch_loop_loops ADD COLUMN more INTEGER",
        "DROP TABLE batch_loop_spare_listings",
    ],
)
def test_a_file_of_this_version_with_other_columns_is_set_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, change: str
) -> None:
    begun(tmp_path)
    changed(change)(tmp_path / FILE)
    other = (tmp_path / FILE).read_bytes()
    store = begun(tmp_path)
    (line,) = [record.getMessage() for record in caplog.records]
    table = change.split()[2]
    assert f"(its tables have other columns than this one's, as in {table})" in line
    (aside,) = [path for path in tmp_path.glob(f"{FILE}.*") if not path.name.endswith("-wal")]
    assert aside.read_bytes() == other
    with store.transaction():
        assert store.counts(KEY).total == 500


def test_a_file_from_before_some_columns_is_given_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    begun(tmp_path)
    for column in ADDED_LATER:
        changed(f"ALTER TABLE {column.table.name} DROP COLUMN {column.name}")(tmp_path / FILE)
    store = open_store(str(tmp_path))
    with store.transaction():
        assert store.counts(KEY).total == 500
        assert store.claim(KEY, CLAIM) is not None
    assert not caplog.records
    store.close()


def test_several_values_are_told_from_one_value_that_is_a_list(tmp_path: Path) -> None:
    value = Several((1, [2, "three"], None))
    begun(tmp_path, carried=value)
    store = open_store(str(tmp_path))
    with store.transaction():
        assert store.carried(KEY).value == value


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for a locked file ends at once."""
    monkeypatch.setattr(state_file, "BUSY_SECONDS", 0.01)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
@pytest.mark.parametrize("kind", ["new", "old"])
def test_a_locked_file_is_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, lock: str, kind: str
) -> None:
    if kind == "old":
        begun(tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute(lock)
        store = open_store(str(tmp_path))
        for _ in range(2):
            with pytest.raises(StoreAway) as raised, store.transaction():
                raise AssertionError("it was to be refused")
            message = str(raised.value)
            assert f'cannot keep its state in "{tmp_path / FILE}"' in message
            assert "another program holds it. End that program, and run again" in message
    with store.transaction():
        assert (store.find(KEY.id) is None) is (kind == "new")
    store.close()
    assert [path.name for path in tmp_path.glob(f"{FILE}*")] == [FILE]
    assert caplog.records == []


@pytest.mark.usefixtures("impatient")
def test_a_run_waits_for_a_file_that_is_locked_during_a_batch(tmp_path: Path) -> None:
    machine = Machine("one", open_store(str(tmp_path)))
    machine.finish(machine.take())
    asked, host = threading.Event(), machine.host
    host.raise_if_cancelled = asked.set  # type: ignore[method-assign]
    with contextlib.closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor() as pool:
            run = pool.submit(machine.take)
            assert asked.wait(60)  # it has found the file locked, and can be cancelled
            with pytest.raises(StoreAway):  # requests outside a run fail
                machine.registry.full_snapshot(machine.request.key.id)
            other.execute("ROLLBACK")
            iteration = run.result(60)
    assert iteration.item is not None
    assert iteration.item.path == "b.png"
    machine.registry.close()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("damage", ["zeros", "in the first page", "last page"])
def test_a_file_is_not_set_aside_while_another_server_uses_it(tmp_path: Path, damage: str) -> None:
    begun(tmp_path)
    living = used(tmp_path)
    DAMAGE[damage](tmp_path / FILE)
    damaged = (tmp_path / FILE).read_bytes()
    store = open_store(str(tmp_path))
    with pytest.raises(StateNotKept, match=r"is damaged .*another server uses it"):
        store.transaction().__enter__()
    assert (tmp_path / FILE).read_bytes() == damaged
    living.close()
    with store.transaction():
        assert store.loops() == []
    store.close()


def test_an_empty_file_counts_as_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A server that is starting at the same time has just made it."""
    (tmp_path / FILE).touch()
    begun(tmp_path)
    assert [path.name for path in tmp_path.glob(f"{FILE}*")] == [FILE]
    assert caplog.records == []


ALL_AT_ONCE = """
import logging, multiprocessing, sys, types
# They take longer than all that is tried.
sys.modules["torch"] = sys.modules["safetensors.torch"] = types.ModuleType("torch")
sys.modules["safetensors.torch"].load = sys.modules["safetensors.torch"].save = None
sys.path.insert(0, {root!r})
from tools.pack import pack
open_store = pack("core.store.databases.sqlite_store").open_store
fork = multiprocessing.get_context("fork")

def begin(folder, together):
    logging.basicConfig(stream=sys.stdout, format="logged: %(message)s")
    together.wait()
    store = open_store(folder)
    with store.transaction():
        print(store.id(), flush=True)
    store.close()

for number in range({rounds}):
    together = fork.Barrier({servers})
    begun = [
        fork.Process(target=begin, args=(f"{folder}/{{number}}", together))
        for _ in range({servers})
    ]
    for process in begun:
        process.start()
    for process in begun:
        process.join()
"""


def test_servers_that_start_together_share_a_new_file(tmp_path: Path) -> None:
    rounds, servers = 5, 5
    script = ALL_AT_ONCE.format(root=str(ROOT), folder=tmp_path, rounds=rounds, servers=servers)
    command = [sys.executable, "-W", "ignore", "-c", script]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    names = done.stdout.splitlines()
    assert len(names) == rounds * servers, done.stdout
    # No other line is logged, and all stores have one id.
    assert len(set(names)) == rounds, done.stdout
    assert list(tmp_path.glob(f"*/{FILE}.*")) == []


def test_if_the_folder_cannot_be_made_state_is_in_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    store = open_store(str(tmp_path / "file" / "folder"))
    assert isinstance(store, MemoryStore)
    assert "a part of the path is a file" in store.forgets
    assert "forgotten when ComfyUI ends" in caplog.text


@pytest.mark.linux
def test_if_nothing_can_be_written_state_is_in_memory_and_a_run_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with mounted(tmp_path) as disk:
        disk.fill()
        full = open_store(str(tmp_path))
        disk.free()
        disk.set_read_only(to=True)
        read_only = open_store(str(tmp_path))
    found = []
    for store in (full, read_only):
        assert isinstance(store, MemoryStore)
        machine = Machine("one", store)
        found.append(handed_out(machine.take()))
        machine.registry.close()
    because = (
        "1 of 3: a.png (forgotten when ComfyUI ends, as its state cannot be kept in ComfyUI's user "
        "folder: "
    )
    assert found == [f"{because}the disk is full)", f"{because}the folder is read-only)"]
    assert [record.getMessage().split(": ")[1].split(".")[0] for record in caplog.records] == [
        "the disk is full",
        "the folder is read-only",
    ]


def test_a_carried_value_has_one_file_and_crashes_leftovers_are_deleted(tmp_path: Path) -> None:
    store = begun(tmp_path, carried="old")
    with store.transaction():
        store.carry(KEY, "new")
    (kept,) = (tmp_path / CARRIED).iterdir()
    orphan = tmp_path / CARRIED / f"{KEY.id}-0123.safetensors"
    orphan.touch()
    # Nobody can tell whose it is, but values are only written in transactions.
    elsewhere = replace(this_process(), space="another")
    (tmp_path / CARRIED / temporary_name(elsewhere)).touch()
    store = used(tmp_path)
    assert list((tmp_path / CARRIED).iterdir()) == [kept]
    with store.transaction():
        assert store.carried(KEY).value == "new"


def test_a_value_survives_a_rolled_back_change(tmp_path: Path) -> None:
    store = begun(tmp_path, carried="old")

    def change() -> None:
        with store.transaction():
            store.carry(KEY, "new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    for again in (store, open_store(str(tmp_path))):
        with again.transaction():
            assert again.carried(KEY).value == "old"
    assert len(list((tmp_path / CARRIED).iterdir())) == 1


def test_another_server_s_value_is_used(tmp_path: Path) -> None:
    one = begun(tmp_path, carried="first")
    two = open_store(str(tmp_path))
    with two.transaction():
        assert two.carried(KEY).value == "first"
        two.carry(KEY, "second")
    with one.transaction():
        assert one.carried(KEY).value == "second"


def test_an_error_between_two_rows_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = begun(tmp_path)
    rows = "SELECT json(value) FROM json_each('[1, \"no JSON\"]') WHERE :of_loop != ''"
    monkeypatch.setattr(statements, "listed_paths", text(rows))
    with pytest.raises(StateNotKept, match="malformed JSON"):
        store.outside.paths(KEY)
