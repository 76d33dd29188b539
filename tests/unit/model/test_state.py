"""The records that the registry hands out."""

from __future__ import annotations

import dataclasses

import pytest

from batch_loop.core.model.items import Counts, Item
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.prompt import Failure, Prompt
from batch_loop.core.model.records import Iteration


def test_a_loop_s_id_tells_loops_apart_and_nothing_else() -> None:
    keys = [LoopKey("", "/a"), LoopKey("", "/b"), LoopKey("x", "/a"), LoopKey("/a", "")]
    assert len({key.id for key in keys}) == len(keys)
    assert all("a" * 2 not in key.id and len(key.id) == 16 for key in keys)
    assert LoopKey("", "/a").id == LoopKey("", "/a").id


def test_a_path_with_undecodable_bytes_has_an_id() -> None:
    assert LoopKey("", b"/\xff".decode("utf-8", "surrogateescape")).id


def test_counts_add_up() -> None:
    counts = Counts(pending=1, running=2, finishing=3, done=4, failed=5)
    assert counts.total == 15
    assert not counts.complete
    assert Counts(finishing=1, done=1, failed=1).complete


def test_records_are_frozen() -> None:
    iteration = Iteration(LoopKey("", "/a"), Prompt("p", 0.0), 1, Counts(), Item("a.png", 0))
    for record in (iteration, iteration.key, iteration.prompt, iteration.counts, iteration.item):
        field = dataclasses.fields(record)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(record, field, None)


def test_reasons_are_cut_as_pages_keep_asking_for_a_hundred() -> None:
    assert Failure("x" * 1000).reason == "x" * 1000
    assert Failure("x" * 400_000, "4", "Saver").reason == "x" * 999 + "…"
