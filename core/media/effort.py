"""How much work an encoder does for a smaller file."""

from __future__ import annotations

from enum import IntEnum


class Effort(IntEnum):
    """How hard to try; the pixels are the same with each, and more effort takes more time."""

    FAST = 0
    MIDDLE = 1
    SMALL = 2
