"""Rows are kept, and any of them is read by its key."""

from __future__ import annotations

import errno
import io
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import pytest

from batch_loop.core.common.errors import UnreadableTable
from batch_loop.core.tables.kept_rows import KeptRows
from batch_loop.core.tables.row_file import RowFile
from batch_loop.core.tables.table import Cell, Row, Table, TableFormat, TableKind
from batch_loop.tests.support.tables import opened

MANY = 5_000
SEED = 5


Keep = Callable[[Callable[[], Table]], RowFile]


@pytest.fixture
def keep() -> Iterator[Keep]:
    """Keeps the rows of a table, until the test has ended."""
    kept: list[RowFile] = []

    def keep_one(table: Callable[[], Table]) -> RowFile:
        kept.append(RowFile(table))
        return kept[-1]

    yield keep_one
    for each in kept:
        each.close()


def numbered(count: int = MANY) -> str:
    return "name,n\n" + "".join(f"row {number},{number}\n" for number in range(count))


class Counted:
    """A table of numbered rows that knows how many have been read."""

    def __init__(self, count: int = MANY) -> None:
        self.count, self.read, self.is_closed = count, 0, False

    def __call__(self) -> Table:
        return Table(TableFormat(TableKind.LINES), ("n",), self._rows, self._close)

    def _rows(self) -> Iterator[Row]:
        for number in range(self.count):
            self.read += 1
            yield Row((number,), number + 1)

    def _close(self) -> None:
        self.is_closed = True


def test_every_row_is_read_by_its_key_in_any_order(keep: Keep) -> None:
    rows = keep(lambda: opened(numbered()))
    keys = rows.keys(0, 2 * MANY)
    assert (len(keys), rows.count()) == (MANY, MANY)
    assert rows.columns == ("name", "n")
    assert rows.format.kind is TableKind.CSV
    order = list(range(MANY))
    random.Random(5).shuffle(order)  # noqa: S311 - test data
    for place in order:
        assert keys[place].startswith(f"row {place} ")
        assert rows.read(keys[place]) == (place, (f"row {place}", str(place)))


def test_the_table_is_opened_when_something_is_asked_for_and_read_as_far_as_needed(
    keep: Keep,
) -> None:
    table = Counted()
    opened_at: list[int] = []

    def open_it() -> Table:
        opened_at.append(table.read)
        return table()

    rows = keep(open_it)
    assert rows.count() is None
    assert opened_at == []
    assert rows.columns == ("n",)
    assert table.read == 0
    keys = rows.keys(0, 10)
    assert len(keys) == 10
    assert 10 <= table.read < 2_000
    assert rows.count() is None
    so_far = table.read
    assert rows.read(keys[3])[0] == 3
    assert table.read == so_far
    assert rows.keys(0, MANY)[:10] == keys
    assert opened_at == [0]


def test_the_cells_of_many_rows_are_read_together_in_any_order(
    keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = keep(lambda: opened(numbered()))
    keys = rows.keys(0, MANY)
    known, reads = {key: rows.read(key)[1] for key in keys}, list[int]()
    stored = KeptRows._stored

    def counted(kept: KeptRows, first: int, end: int) -> bytes:
        reads.append(end - first)
        return stored(kept, first, end)

    monkeypatch.setattr(KeptRows, "_stored", counted)
    gone = ["no key", "gone 0123456789ab", keys[7] + "#2"]
    assert rows.cells(keys + gone) == known
    assert sum(reads) == MANY
    assert len(reads) <= MANY // 200
    some = random.Random(SEED).sample(keys, 300)  # noqa: S311 - an order, not a secret
    assert rows.cells(some) == {key: known[key] for key in some}
    anew = keep(lambda: opened(numbered()))
    assert anew.cells(keys[-1:]) == {keys[-1]: known[keys[-1]]}
    assert anew.cells([]) == {}


def test_reading_a_key_reads_on_until_it_is_found(keep: Keep) -> None:
    table = Counted()
    key = keep(Counted()).keys(2_500, 1)[0]
    rows = keep(table)
    assert rows.read(key) == (2_500, (2_500,))
    assert table.read < MANY
    with pytest.raises(KeyError):
        rows.read(key[:-1] + ("0" if key[-1] != "0" else "1"))
    assert (table.read, rows.count()) == (MANY, MANY)


def test_the_table_is_closed_at_its_end(keep: Keep) -> None:
    table = Counted()
    rows = keep(table)
    rows.keys(0, 10)
    assert not table.is_closed
    keys = rows.keys(0, MANY + 1)
    assert table.is_closed
    assert rows.read(keys[-1]) == (MANY - 1, (MANY - 1,))


def test_keys_stay_when_rows_are_added_or_moved(keep: Keep) -> None:
    lines = ["a,1\n", "b,2\n", "c,3\n"]
    before = keep(lambda: opened("name,n\n" + "".join(lines))).keys(0, 9)
    after = keep(lambda: opened("name;n\n" + "x;0\nc;3\ny;5\na;1\nb;2\n")).keys(0, 9)
    assert [after[3], after[4], after[1]] == before
    wider = keep(lambda: opened("name,n,more\n" + "".join(lines))).keys(0, 9)
    assert wider == before


def test_equal_rows_have_keys_by_their_occurrence(keep: Keep) -> None:
    texts = [f"{number % 7}" for number in range(MANY)]
    rows = keep(lambda: opened("\n".join(texts), "a.txt"))
    keys = rows.keys(0, MANY)
    assert len(set(keys)) == MANY
    first = keys[3]
    assert [keys[3], keys[10], keys[17]] == [first, f"{first}#2", f"{first}#3"]
    for place in range(0, MANY, 11):
        assert rows.read(keys[place]) == (place, (str(place % 7),))
    count = len([text for text in texts if text == "3"])
    assert rows.read(f"{first}#{count}")[1] == ("3",)
    with pytest.raises(KeyError):
        rows.read(f"{first}#{count + 1}")


@pytest.mark.parametrize("change", ["{}#1", "x{}", "{}x", "{}#0", "", "no key", "{}#2"])
def test_only_the_key_itself_finds_a_row(keep: Keep, change: str) -> None:
    rows = keep(lambda: opened("name,n\na,1\nb,2\n"))
    (key, _) = rows.keys(0, 5)
    with pytest.raises(KeyError):
        rows.read(change.format(key))
    assert rows.read(key) == (0, ("a", "1"))


def test_cells_come_back_as_they_were(keep: Keep) -> None:
    wanted: list[tuple[Cell, ...]] = [
        ("a\nb\tc\r\u2028\x85", 5, 2.5, True),
        (None, "", 10**30, False),
        ("half \ud83d", None, None, None),
        (-0.5, "x", None, None),
    ]
    objects = [dict(zip("abcd", cells, strict=True)) for cells in wanted]
    rows = keep(lambda: opened(json.dumps(objects), "a.json"))
    keys = rows.keys(0, 9)
    assert [rows.read(key) for key in keys] == list(enumerate(wanted))
    assert [type(cell) for cell in rows.read(keys[0])[1]] == [str, int, float, bool]


def test_ranges_behind_the_end_are_empty(keep: Keep) -> None:
    rows = keep(lambda: opened("a,b\n1,2\n3,4\n"))
    assert len(rows.keys(1, 5)) == 1
    assert rows.keys(2, 5) == []
    assert rows.keys(100, 5) == []
    assert rows.keys(0, 0) == []
    assert rows.count() == 2


def test_an_empty_table_has_no_keys(keep: Keep) -> None:
    rows = keep(lambda: opened(""))
    assert rows.keys(0, 5) == []
    assert rows.count() == 0


def test_a_broken_row_is_told_each_time_and_the_rows_before_it_are_there(keep: Keep) -> None:
    rows = keep(lambda: opened(numbered(1_500) + "1,2,3\n" + "x,1\n"))
    assert len(rows.keys(0, 1_500)) == 1_500
    for _ in range(2):
        with pytest.raises(UnreadableTable, match="line 1502"):
            rows.keys(0, 1_501)
        with pytest.raises(UnreadableTable, match="line 1502"):
            rows.read("x 0123456789ab")
    assert rows.read(rows.keys(1_499, 1)[0])[0] == 1_499
    assert rows.count() is None


def test_a_table_that_cannot_be_opened_is_tried_again(keep: Keep) -> None:
    tries: list[int] = []

    def open_it() -> Table:
        tries.append(1)
        if len(tries) == 1:
            raise FileNotFoundError("gone")
        return opened("a,b\n1,2\n")

    rows = keep(open_it)
    with pytest.raises(FileNotFoundError):
        rows.keys(0, 1)
    assert len(rows.keys(0, 1)) == 1


def test_a_full_disk_is_told_until_there_is_room(
    keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.BytesIO):
        def write(self, data: Any, /) -> int:
            if self.tell() > 20_000:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(data)

    key = keep(Counted()).keys(MANY - 1, 1)[0]
    rows = keep(Counted())
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "TemporaryFile", Full)
        known = rows.keys(0, 500)
        for _ in range(2):
            with pytest.raises(UnreadableTable, match=r"No space left on device.* Make room in"):
                rows.read(key)
        assert rows.read(known[499]) == (499, (499,))
        assert rows.count() is None
        with pytest.raises(UnreadableTable, match="No space"):
            rows.keys(0, MANY)
    assert rows.read(key) == (MANY - 1, (MANY - 1,))


def test_a_computer_without_temporary_files_is_told(
    keep: Keep, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    table = Counted()
    with pytest.raises(UnreadableTable, match=r"Make room in the folder .*gone"):
        keep(table).keys(0, 1)
    assert table.is_closed


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.EIO, "Input/output error"), UnreadableTable),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_what_may_pass_is_told_and_the_table_then_read_anew(
    keep: Keep, error: BaseException, told: type[BaseException]
) -> None:
    whole, broken = Counted(), [True]

    def rows_of_table() -> Iterator[Row]:
        for row in whole._rows():
            if row.line == 3_000 and broken:
                broken.clear()
                raise error
            yield row

    rows = keep(lambda: Table(TableFormat(TableKind.LINES), ("n",), rows_of_table))
    first = rows.keys(0, 100)
    with pytest.raises(told):
        rows.keys(0, MANY)
    assert rows.keys(0, 100) == first
    assert len(rows.keys(0, MANY + 1)) == MANY


def test_nothing_can_be_asked_for_once_it_is_closed(keep: Keep) -> None:
    kept: list[IO[bytes]] = []
    table = Counted()
    rows = keep(table)
    key = rows.keys(0, 1)[0]
    assert rows._kept is not None
    kept.append(rows._kept._file)
    rows.close()
    rows.close()
    assert table.is_closed
    assert kept[0].closed
    for ask in (lambda: rows.keys(0, 1), lambda: rows.read(key), lambda: rows.columns):
        with pytest.raises(ValueError, match="closed"):
            ask()
    keep(table).close()


def test_threads_may_use_it_together(keep: Keep) -> None:
    count = 20_000
    rows = keep(Counted(count))
    all_keys = keep(Counted(count)).keys(0, count)

    def read_some(seed: int) -> int:
        own = random.Random(seed)  # noqa: S311 - test data
        for place in [own.randrange(count) for _ in range(300)]:
            assert rows.read(all_keys[place]) == (place, (place,))
            assert rows.keys(place, 3) == all_keys[place : place + 3]
        return seed

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(read_some, range(4))) == [0, 1, 2, 3]
    assert rows.keys(0, count + 1) == all_keys
