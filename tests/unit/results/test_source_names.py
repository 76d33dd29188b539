"""The names of files that are made of a whole batch."""

from __future__ import annotations

import os

import pytest

from batch_loop.core.model.loop_key import ROWS, TYPED_TEXT, VARIANTS, LoopKey
from batch_loop.core.results.source_names import name_of_source


def test_a_batch_is_called_like_what_its_items_come_from() -> None:
    assert name_of_source(LoopKey("", os.path.join(os.sep, "in", "v1.2 pics"))) == "v1.2 pics"
    assert name_of_source(LoopKey("", os.path.join(os.sep, "in", "a.b.csv"), source=ROWS)) == "a.b"
    assert name_of_source(LoopKey("", TYPED_TEXT, source=ROWS + VARIANTS)) == "rows"
    assert name_of_source(LoopKey("", os.sep)) == "batch"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("red  cats", "red  cats"),
        ("../a\\b:c?", "a b c"),
        ("two\nlines\udcff", "two lines"),
        (" .hidden. ", "hidden"),
        ("con", "con_"),
        ("Aux.1", "Aux_.1"),
        ("console", "console"),
        ("猫" * 100, "猫" * 66),
        ("...", "rows"),
    ],
)
def test_every_system_can_have_the_name(given: str, name: str) -> None:
    assert name_of_source(LoopKey(given, TYPED_TEXT, source=ROWS)) == name
