"""How much work an encoder does for a smaller file."""

from __future__ import annotations

from enum import IntEnum


class Effort(IntEnum):
    """How hard to try: more takes more time.

    Lossless formats and JPEG have the same pixels with each; lossy WebP and AVIF the same quality.
    """

    FAST = 0
    MIDDLE = 1
    SMALL = 2
