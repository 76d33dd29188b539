"""Which browser tests run on which frontend, and in which order.

Each test is one about every frontend, unless it is marked otherwise. Where a run shares the tests
(`--share-frontends`, as `make test` does), each of them runs on the default frontend and on one
other: four frontends with all of them take longer than a change can wait for.
"""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from batch_loop.core.comfy.templates import WITH_NATIVE_LOOPS
from batch_loop.tools.layout import DEFAULT, NEWEST, NEWEST_FRONTEND, OLDEST, usual_release

PAIRS: tuple[tuple[str, str], ...] = (
    (DEFAULT.version, DEFAULT.frontend),
    (DEFAULT.version, NEWEST_FRONTEND),
    (OLDEST.version, OLDEST.frontend),
)
"""The releases of ComfyUI, each with a frontend."""
if usual_release() == NEWEST:
    PAIRS = ((NEWEST.version, NEWEST.frontend), (NEWEST.version, NEWEST_FRONTEND))

SHARING = [pair for pair in PAIRS if pair != (DEFAULT.version, DEFAULT.frontend)]
"""Those among which a run may share the tests."""

CLASSIC = "classic canvas"
NODES_2 = "Nodes 2.0"
"""How nodes are drawn."""


def selected(items: list[pytest.Item], *, share: bool) -> list[pytest.Item]:
    """The tests without those of features that a frontend lacks, and those that repeat others.

    Those that leave to the frontend how nodes are drawn come first: a way that others have chosen
    stays until the end.
    """
    chosen = [
        item
        for item in items
        if _is_possible(item) and _says_more(item) and (not share or _is_its_turn(item))
    ]
    return sorted(chosen, key=lambda item: (PAIRS.index(_pair(item)), "renderer" in _params(item)))


def _params(item: pytest.Item) -> dict[str, Any]:
    assert isinstance(item, pytest.Function)
    return item.callspec.params


def _pair(item: pytest.Item) -> tuple[str, str]:
    version, frontend = _params(item)["server"]
    return version, frontend


def _is_for_newest(item: pytest.Item) -> bool:
    return any(template in item.name for template in WITH_NATIVE_LOOPS)


def _is_possible(item: pytest.Item) -> bool:
    if _is_for_newest(item):
        return NEWEST_FRONTEND in item.name
    return OLDEST.frontend not in item.name or NODES_2 not in item.name


def _says_more(item: pytest.Item) -> bool:
    """Whether a test's markers say that it depends on the frontend or on how nodes are drawn."""
    _, frontend = _pair(item)
    if item.get_closest_marker("one_frontend") and frontend != PAIRS[0][1]:
        return False
    # Each frontend's default way of drawing nodes.
    drawn = NODES_2 if frontend == NEWEST_FRONTEND else CLASSIC
    return not item.get_closest_marker("one_renderer") or _params(item)["renderer"] == drawn


def _is_its_turn(item: pytest.Item) -> bool:
    """Whether a test is one of its frontend's, of those that share the tests.

    By its name: a new test must not move others from one frontend to another.
    """
    pair = _pair(item)
    if pair not in SHARING or _is_for_newest(item):
        return True
    name = item.nodeid.replace("-".join(pair), "").replace(_params(item).get("renderer", ""), "")
    return SHARING[zlib.crc32(name.encode()) % len(SHARING)] == pair
