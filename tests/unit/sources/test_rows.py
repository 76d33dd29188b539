"""Tables as a source: their files, and what is said where they have no rows."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from batch_loop.core.common.errors import FolderNotFound, RowGone
from batch_loop.core.files.allowed_paths import AllowedFolders
from batch_loop.core.model.loop_key import ROWS, LoopKey
from batch_loop.core.model.selection import Selection, SortBy
from batch_loop.core.sources.rows import Rows
from batch_loop.core.sources.table_files import opened_table
from batch_loop.tests.support.open_files import times_open
from batch_loop.tests.support.tables import text_cell, workbook

MANY = 7_000
ALL = Selection()


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    base = tmp_path.resolve()
    allowed = AllowedFolders(str(base), str(base / "output"), str(base / "temp"))
    return Rows(partial(opened_table, allowed=allowed))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path.resolve() / "table.csv"
    path.write_text(numbered("row"))
    return path


def numbered(word: str) -> str:
    return "prompt,n\n" + "".join(f"{word} {number},{number}\n" for number in range(MANY))


def key_of(path: Path) -> LoopKey:
    return LoopKey("", str(path), source=ROWS)


@pytest.mark.linux
def test_a_table_is_open_only_while_it_is_read(rows: Rows, path: Path) -> None:
    key = key_of(path)
    table = rows.table(key, ALL)
    assert table.columns == ("prompt", "n")
    assert times_open(path) == 0
    part = rows.part(key, ALL, 0, 2_000)
    assert part is not None
    assert len(part.paths) == 2_000
    assert times_open(path) == 0
    assert rows.row(key, ALL, part.paths[1_500]).cells == ("row 1500", "1500")
    with table.held_open():
        assert len(table.keys(2_000, 500)) == 500
        assert times_open(path) == 1
    assert times_open(path) == 0
    assert len(rows.listed(key, ALL, seed=1)) == MANY
    assert times_open(path) == 0


@pytest.mark.linux
@pytest.mark.parametrize("name", ["t.json", "t.jsonl", "t.txt", "t.xlsx"])
def test_no_table_stays_open_whatever_it_is_written_in(
    rows: Rows, tmp_path: Path, name: str
) -> None:
    path = tmp_path.resolve() / name
    numbers = [str(number) for number in range(3_000)]
    path.write_bytes(
        {
            "t.json": ("[" + ",".join(numbers) + "]").encode(),
            "t.xlsx": workbook(
                ("A", [text_cell(f"A{n}", f"row {n}") for n in range(1, len(numbers) + 1)])
            ),
        }.get(name, "\n".join(numbers).encode())
    )
    found = rows.part(key_of(path), ALL, 0, 10)
    assert found is not None
    assert (len(found.paths), found.behind) == (10, 2_990)
    assert times_open(path) == 0
    assert len(rows.listed(key_of(path), ALL, seed=1)) == 3_000


def test_a_table_that_is_saved_in_the_midst_of_its_batch_is_read_as_it_is_now(
    rows: Rows, path: Path
) -> None:
    key = key_of(path)
    before = rows.part(key, ALL, 0, 100)
    assert before is not None
    path.write_text(numbered("line"))
    after = rows.part(key, ALL, 100, 100)
    assert after is not None
    assert after.paths[0].startswith("line 100 ")
    with pytest.raises(RowGone):
        rows.row(key, ALL, before.paths[0])


def test_a_listing_reads_one_state_of_the_file(rows: Rows, path: Path) -> None:
    """Also if another program puts another file in its place meanwhile, as editors do."""
    key, changes = key_of(path), iter(range(1))

    def going_on() -> None:
        for _ in changes:
            path.with_name("new.csv").write_text(numbered("line"))
            path.with_name("new.csv").replace(path)

    listed = rows.listed(key, ALL, seed=1, going_on=going_on)
    assert [each.partition(" ")[0] for each in listed] == ["row"] * MANY
    assert rows.listed(key, ALL, seed=1)[0].startswith("line 0 ")


def test_a_table_that_is_away_for_a_while_is_read_on(rows: Rows, path: Path) -> None:
    key = key_of(path)
    table = rows.table(key, ALL)
    first = table.keys(0, 100)
    content = path.rename(path.with_name("away.csv"))
    with pytest.raises(FolderNotFound):
        table.keys(0, MANY)
    content.rename(path)
    assert table.keys(0, 100) == first
    assert len(table.keys(0, MANY)) == MANY


def test_a_table_that_changes_between_two_looks_is_told_and_then_read_anew(
    rows: Rows, path: Path
) -> None:
    table = rows.table(key_of(path), ALL)
    table.keys(0, 100)
    path.write_text(numbered("line"))
    with pytest.raises(Exception, match="it was changed while it was read") as told:
        table.keys(0, MANY)
    assert "run again" in str(told.value)
    assert table.keys(0, 1)[0].startswith("line 0 ")


def test_a_shuffle_holds_all_rows(rows: Rows, path: Path) -> None:
    shuffled = Selection(sort_by=SortBy.SHUFFLE)
    assert sorted(rows.listed(key_of(path), shuffled, seed=3)) == sorted(
        rows.listed(key_of(path), ALL, seed=1)
    )


HEADERS = ["prompt,negative_prompt\n", "prompt\n", "Prompt;Seed;Steps\n", "id,caption,my_notes\n"]


@pytest.mark.parametrize("header", HEADERS)
def test_a_table_of_nothing_but_a_header_has_no_rows_and_the_message_says_why(
    rows: Rows, path: Path, header: str
) -> None:
    path.write_text(header)
    key = key_of(path)
    part = rows.part(key, ALL, 0, 10)
    assert part is not None
    assert (part.paths, part.behind) == ([], 0)
    message = rows.nothing(key, ALL, 0)
    assert "There are no rows to work on" in message
    assert "its only row was taken for the names of the columns" in message
    assert "set header to none" in message
