from __future__ import annotations

from typing import Any

import pytest

from batch_loop.batch_loop_cli.same_batch import known_settings
from batch_loop.core.common.names import DIRECTORY_ITERATOR
from batch_loop.core.model.settings.directory_iterator import LISTING
from batch_loop.core.model.settings.row_iterator import RowSettings
from batch_loop.core.turn.iterator_kinds import KINDS
from batch_loop.tests.support.graphs import batch_graph, iterator, node


def test_servers_are_asked_with_directory_iterator_s_settings() -> None:
    ((route, asked),) = known_settings(batch_graph("holiday", "out", limit=3))
    assert (route, asked["directory"]) == ("/batch_loop/folder", "holiday")
    assert KINDS[DIRECTORY_ITERATOR].of_json(asked, LISTING).selection().limit == 3


def test_servers_are_asked_with_row_iterator_s_settings() -> None:
    prompt = {
        "1": node("BatchLoopRowIterator", file="prompts.csv", text="", limit=3),
        "2": iterator("holiday"),
        "3": node("BatchLoopRowValue", row=["1", 1], column="", default=""),
    }
    (route, asked), (other, _) = known_settings(prompt)
    assert (route, other) == ("/batch_loop/table", "/batch_loop/folder")
    assert RowSettings.of(asked).file == "prompts.csv"
    assert RowSettings.of(asked).selection().limit == 3


def test_a_folder_that_only_the_run_can_tell_is_not_asked_about() -> None:
    prompt = {
        "1": iterator("holiday", limit=["9", 0]),
        "2": {**iterator(""), "inputs": {"directory": ["9", 0]}},
        "9": node("PrimitiveInt", value=3),
    }
    ((_, asked),) = known_settings(prompt)
    assert asked["directory"] == "holiday"
    assert "limit" not in asked


@pytest.mark.parametrize(
    "inputs", [{"file": "", "text": "a cat"}, {"file": " ", "text": ["9", 0]}, {"file": ["9", 0]}]
)
def test_rows_that_are_typed_or_that_only_the_run_can_tell_are_not_asked_about(
    inputs: dict[str, Any],
) -> None:
    assert known_settings({"1": node("BatchLoopRowIterator", **inputs)}) == []
