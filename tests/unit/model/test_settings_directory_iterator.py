"""Directory Iterator's settings: what saved workflows contain of them never changes."""

from __future__ import annotations

from enum import Enum
from typing import Any

import pytest

from batch_loop.core.common.errors import InvalidSetting
from batch_loop.core.model.policy import DEFAULT_POLICY, ErrorHandling, Policy, WhenComplete
from batch_loop.core.model.selection import Filter, Selection, SortBy
from batch_loop.core.model.settings.directory_iterator import LISTING, SETTINGS, IteratorSettings
from batch_loop.core.model.settings.setting import LARGEST_NUMBER, Setting
from batch_loop.core.turn.iterator_kinds import KINDS
from batch_loop.tests.support.graphs import iterator
from batch_loop.tests.support.schemas import DIRECTORY_ITERATOR


def as_shown(setting: Setting) -> dict[str, Any]:
    """A setting as ComfyUI describes it, without what is the same for every input of its kind."""
    default = setting.default
    shown: dict[str, Any] = {"default": default, "tooltip": setting.tooltip}
    if isinstance(default, Enum):
        options = [choice.value for choice in type(default)]
        shown |= {"type": "COMBO", "default": default.value, "options": options}
    elif isinstance(default, bool):
        shown |= {"type": "BOOLEAN"}
    elif isinstance(default, int):
        shown |= {"type": "INT", "min": setting.least, "max": setting.most}
    else:
        shown |= {"type": "STRING"}
    return shown | ({"advanced": True} if setting.advanced else {})


def test_names_order_defaults_limits_and_tooltips_match_saved_workflows() -> None:
    known = [
        (name, {key: told[key] for key in told if not key.startswith("multi")})
        for name, told in DIRECTORY_ITERATOR.items()
    ]
    assert [(name, as_shown(setting)) for name, setting in SETTINGS.items()] == known


def test_a_new_node_has_the_usual_request() -> None:
    settings = IteratorSettings.of(iterator("folder")["inputs"])
    assert settings == IteratorSettings(directory="folder")
    assert (settings.selection(), settings.policy) == (Selection(), DEFAULT_POLICY)


def test_each_input_reaches_the_selection_and_the_policy() -> None:
    given = iterator(
        "folder",
        filter="Custom",
        custom_pattern="*.png",
        recursive=True,
        sort_by="size",
        descending=True,
        start_index=1,
        limit=2,
        error_handling="Skip on error",
        max_attempts=3,
        when_complete="Watch",
    )
    settings = IteratorSettings.of(given["inputs"])
    assert settings.selection() == Selection(
        Filter.CUSTOM,
        "*.png",
        recursive=True,
        sort_by=SortBy.SIZE,
        descending=True,
        start_index=1,
        limit=2,
    )
    assert settings.policy == Policy(ErrorHandling.SKIP, 3, WhenComplete.WATCH)


def test_a_linked_number_below_the_minimum_counts_as_the_minimum() -> None:
    settings = IteratorSettings.of({"max_attempts": 0, "start_index": -1})
    assert (settings.max_attempts, settings.start_index) == (1, 0)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("filter", "Everything", "filter was 'Everything'.*Choose 'All images', 'PNG'"),
        ("sort_by", {}, "sort_by was {}"),
        ("custom_pattern", [], "custom_pattern must be text"),
        ("recursive", 1, "recursive must be true or false"),
        ("limit", True, f"limit must be a whole number from 0 to {LARGEST_NUMBER}"),
        ("limit", 1.5, "limit must be a whole number"),
        ("start_index", -1, "start_index must be a whole number"),
        ("loop_name", "x" * 201, "loop_name has 201 characters"),
        ("directory", None, "directory must be text"),
    ],
)
def test_a_route_refuses_values_of_the_wrong_type(name: str, value: object, words: str) -> None:
    with pytest.raises(InvalidSetting, match=words):
        KINDS["BatchLoopDirectoryIterator"].of_json({"directory": ".", name: value}, LISTING)


def test_a_route_takes_only_the_settings_that_it_needs() -> None:
    body = {"directory": ".", "limit": 1, "finished_as": 3, "unknown": []}
    read = KINDS["BatchLoopDirectoryIterator"].of_json(body, LISTING)
    assert read == IteratorSettings(directory=".", limit=1)
