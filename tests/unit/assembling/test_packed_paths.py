"""Paths and results that are kept in little memory are given back as they were."""

from __future__ import annotations

import pytest

from batch_loop.core.assembling.item_results import ItemResults
from batch_loop.core.assembling.packed_paths import PackedPaths

PATHS = ["/a/b/1.png", "/a/b/2.png", "", "/c/1.png", "3.png", "D:\\e\\ü.png", "/a/b/\udcff.png"]


def packed() -> PackedPaths:
    paths = PackedPaths()
    for path in PATHS:
        paths.append(path)
    return paths


def test_paths_of_any_form_are_given_back_in_order() -> None:
    paths = packed()
    assert list(paths) == PATHS
    assert (paths[1:5], paths[-1]) == (PATHS[1:5], PATHS[-1])
    with pytest.raises(IndexError):
        paths[len(PATHS)]


def test_each_item_has_its_own_results_and_none_for_a_missing_one() -> None:
    results = ItemResults()
    added = [("a", ["/a/1.png", None]), ("b", []), ("c", [None]), ("d", ["/a/2.png"])]
    for item, found in added:
        results.add(item, found)
    assert list(results) == added
    assert list(results.items) == ["a", "b", "c", "d"]
