"""Unit tests run on every system that ComfyUI runs on; some test what only some systems have.

Their markers say so, and elsewhere they are not collected.
"""

from __future__ import annotations

import os
import sys

import pytest

HAS = {"posix": os.name == "posix", "linux": sys.platform == "linux"}
"""Whether this system has what a marker stands for, see pyproject.toml."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deselect tests of what this system lacks."""
    items[:] = [
        item
        for item in items
        if all(HAS[name] for name in HAS if item.get_closest_marker(name) is not None)
    ]
