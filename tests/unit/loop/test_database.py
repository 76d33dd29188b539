"""Whatever has become of the file that loops are kept in, there is a store and a clear word."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_loop.nodes.io import leftovers
from batch_loop.nodes.io.listing import Selection
from batch_loop.nodes.loop.database import CARRIED, FILE, open_store
from batch_loop.nodes.loop.prompt import Prompt
from batch_loop.nodes.loop.sql_store import SqlStore
from batch_loop.nodes.loop.state import Claim, Counts, IterationMode, LoopKey, Policy
from batch_loop.nodes.loop.store import LoopEntry, MemoryStore
from batch_loop.nodes.loop.versions import VERSION

KEY = LoopKey("", "/folder")
DESIGN = "SELECT sql FROM sqlite_master ORDER BY name"
CLAIM = Claim(Prompt("p", 1.0), Policy(), since=1.0)


def begun(folder: Path, carried: object = None) -> SqlStore:
    store = open_store(str(folder))
    assert isinstance(store, SqlStore)
    with store.transaction():
        store.begin(KEY, [f"{number}.png" for number in range(500)])
        store.save(KEY, LoopEntry(Selection(), 1, IterationMode.CONTINUE, looked_at=0.0))
        assert store.claim(KEY, CLAIM) is not None
        store.carry(KEY, carried)
    store._engine.dispose()
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
    "empty": lambda path: path.write_bytes(b"") and None,
    "10 bytes": lambda path: os.truncate(path, 10),
    "in the first page": lambda path: os.truncate(path, 1000),
    "half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "half, not at a page": lambda path: os.truncate(path, path.stat().st_size // 2 + 77),
    "last page": lambda path: os.truncate(path, path.stat().st_size - 4096),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)) and None,
    "text": lambda path: path.write_text("not a database " * 500) and None,
    "garbage in the midst": lambda path: overwritten(path, 8192, b"\xa5" * 8192),
    "no version": changed("DELETE FROM batch_loop_version"),
    "an older version than any": changed("UPDATE batch_loop_version SET version = -3"),
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


def test_a_file_of_a_later_version_is_set_aside_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    begun(tmp_path, carried=[1, 2])
    changed("UPDATE batch_loop_version SET version = 99")(tmp_path / FILE)
    values = list((tmp_path / CARRIED).iterdir())
    begun(tmp_path)
    (line,) = [record.getMessage() for record in caplog.records]
    assert "was made by a later version of Batch Loop (its tables have version 99)" in line
    (aside,) = [path for path in tmp_path.glob(f"{FILE}.*") if not path.name.endswith("-wal")]
    begun(tmp_path)
    os.replace(aside, tmp_path / FILE)
    changed(f"UPDATE batch_loop_version SET version = {VERSION}")(tmp_path / FILE)  # noqa: S608
    store = open_store(str(tmp_path))
    with store.transaction():
        assert store.carried(KEY).value == [1, 2]
    assert [path for path in values if not path.exists()] == []


EARLIER = sorted(Path(__file__).parent.glob("state_version_*.sql"))
"""A file of each earlier design, as `sqlite3` dumps it: a batch of three, one image of it done."""


def test_there_is_a_file_of_each_earlier_version() -> None:
    assert [f"state_version_{number}" for number in range(1, VERSION)] == [
        path.stem for path in EARLIER
    ]


@pytest.mark.parametrize("earlier", EARLIER, ids=lambda path: path.stem)
def test_a_file_of_an_earlier_version_is_brought_up_to_date(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, earlier: Path
) -> None:
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.executescript(earlier.read_text(encoding="utf-8"))
    connection.close()
    for _ in range(2):
        store = open_store(str(tmp_path))
        assert isinstance(store, SqlStore)
        with store.transaction():
            assert store.counts(KEY) == Counts(pending=1, running=1, done=1)
            report = [(item.path, item.state.value, out) for item, out in store.report(KEY)]
            assert report == [
                ("a.png", "done", ("/out/a.png",)),
                ("b.png", "running", ()),
                ("c.png", "pending", ()),
            ]
            (running,) = store.open_items(KEY)
            assert running.claim == Claim(Prompt("p", 1.0), Policy(), since=2.0, server="s")
            entry = store.load(KEY)
            assert entry is not None
            # When it ran is not known; when its folder was looked at is.
            assert entry.ran_at == entry.looked_at == 0.5
    assert caplog.records == []
    with sqlite3.connect(tmp_path / FILE) as connection:
        upgraded = [row[0] for row in connection.execute(DESIGN)]
    connection.close()
    begun(tmp_path / "new")
    with sqlite3.connect(tmp_path / "new" / FILE) as connection:
        assert upgraded == [row[0] for row in connection.execute(DESIGN)]
    connection.close()


def test_a_file_that_cannot_be_written_now_is_not_parted_with(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(tmp_path)
    before = (tmp_path / FILE).read_bytes()
    monkeypatch.setattr("batch_loop.nodes.loop.database._BUSY_MS", 1)
    with sqlite3.connect(tmp_path / FILE, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        assert isinstance(open_store(str(tmp_path)), MemoryStore)
        other.execute("ROLLBACK")
    other.close()
    assert "cannot keep its state" in caplog.text
    assert "database is locked" in caplog.text
    assert (tmp_path / FILE).read_bytes() == before
    assert isinstance(open_store(str(tmp_path)), SqlStore)


def test_a_folder_that_cannot_be_made_leaves_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    assert isinstance(open_store(str(tmp_path / "file" / "folder")), MemoryStore)
    assert "forgotten when ComfyUI ends" in caplog.text


def test_a_carried_value_has_one_file_and_what_crashes_left_is_deleted(tmp_path: Path) -> None:
    store = begun(tmp_path, carried="old")
    with store.transaction():
        store.carry(KEY, "new")
    (kept,) = (tmp_path / CARRIED).iterdir()
    orphan = tmp_path / CARRIED / f"{KEY.id}-0123.safetensors"
    orphan.touch()
    unfinished = f".{leftovers._MACHINE}-{os.getpid()}-0123abcd-00{leftovers.TEMPORARY_SUFFIX}"
    (tmp_path / CARRIED / unfinished).touch()
    store = open_store(str(tmp_path))
    assert list((tmp_path / CARRIED).iterdir()) == [kept]
    with store.transaction():
        assert store.carried(KEY).value == "new"


def test_a_value_outlives_a_change_that_was_not_kept(tmp_path: Path) -> None:
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


def test_another_server_s_value_is_seen(tmp_path: Path) -> None:
    one = begun(tmp_path, carried="first")
    two = open_store(str(tmp_path))
    with two.transaction():
        assert two.carried(KEY).value == "first"
        two.carry(KEY, "second")
    with one.transaction():
        assert one.carried(KEY).value == "second"
