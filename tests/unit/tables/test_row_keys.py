"""Keys of rows: a title for people, and a digest of what the row contains."""

from __future__ import annotations

import pytest

from batch_loop.core.tables.row_keys import (
    key_digest,
    key_occurrence,
    row_digest,
    row_json,
    row_key,
    row_title,
)
from batch_loop.core.tables.table import Cell


@pytest.mark.parametrize(
    ("cells", "title"),
    [
        (("a cat", "b"), "a cat"),
        ((None, "", "  \t", "b"), "b"),
        (("  a \n\n cat\u00a0sits  ",), "a cat sits"),
        (("in/a\\b.png",), "in a b.png"),
        (("a\x00b\u202ec\ud83dd",), "a b c d"),
        (("/", "b"), "b"),
        (('a "red" cat',), "a red cat"),
        (('("red"), "blue": cat',), "(red), blue cat"),
        (('"', "b"), "b"),
        ((0, "b"), "0"),
        ((2.5,), "2.5"),
        ((False,), "False"),
        (("x" * 100,), "x" * 60),
        (("x" * 59 + " y",), "x" * 59),
        ((" " * 500 + "a",), "a"),
        (("猫 🐈",), "猫 🐈"),
        ((None, ""), ""),
        ((), ""),
    ],
)
def test_the_title_is_the_first_cell_that_is_not_empty(cells: tuple[Cell, ...], title: str) -> None:
    assert row_title(cells) == title


def test_keys_come_apart_into_what_they_were_made_of() -> None:
    for title in ("a cat", "", "#2", "0123456789ab", "a 0123456789ab#3"):
        for occurrence in (1, 2, 1_000_000):
            key = row_key(title, "0123456789ab", occurrence)
            assert key_digest(key) == "0123456789ab"
            assert key_occurrence(key) == occurrence


@pytest.mark.parametrize("key", ["", "a cat", "a 0123456789AB", "a 0123456789ab#0", "a 012345678"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="no key of a row"):
        key_digest(key)


def test_missing_cells_at_the_end_and_nothing_else_do_not_count() -> None:
    def digest(*cells: Cell) -> bytes:
        return row_digest(row_json(cells).encode())

    assert digest("a", 1, None, None) == digest("a", 1)
    different = [
        ("a", 1),
        ("a", "1"),
        ("a", 1.0),
        ("a", True),
        ("a", None, 1),
        ("a", 1, ""),
        ("b", 1),
    ]
    assert len({digest(*cells) for cells in different}) == len(different)
