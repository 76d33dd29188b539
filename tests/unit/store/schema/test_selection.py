"""What a row keeps of the settings that a listing was taken with."""

from __future__ import annotations

import json

import pytest

from batch_loop.core.model.policy import IterationMode
from batch_loop.core.model.selection import Companion, CompanionKind, Selection, WhenMissing
from batch_loop.core.model.shared_roots import NO_ROOTS, Roots
from batch_loop.core.store.records import LoopEntry
from batch_loop.core.store.schema.rows import entry_columns, entry_of

SELECTION = Selection(
    companions=(
        Companion("/mnt/a/masks/{stem}.*", WhenMissing.LEAVE_OUT, CompanionKind.IMAGE),
        Companion("../{stem}.txt", WhenMissing.FAIL, CompanionKind.TEXT),
    )
)
ENTRY = LoopEntry(SELECTION, 1, IterationMode.CONTINUE, looked_at=1.0)


def test_a_row_of_an_earlier_release_has_no_companions() -> None:
    columns = entry_columns(ENTRY, 0, NO_ROOTS)
    values = json.loads(columns["selection"])
    del values["companions"]
    columns["selection"] = json.dumps(values)
    assert entry_of(columns, 0, NO_ROOTS).selection == Selection()


@pytest.mark.posix
def test_a_pattern_that_is_a_full_path_is_one_on_each_machine() -> None:
    columns = entry_columns(ENTRY, 0, Roots({"photos": "/mnt/a"}))
    assert "/mnt/a" not in columns["selection"]
    there = entry_of(columns, 0, Roots({"photos": "/volumes/b"})).selection
    assert [each.pattern for each in there.companions] == [
        "/volumes/b/masks/{stem}.*",
        "../{stem}.txt",
    ]
