"""The lines on batches of photographs, each with what it is compared with, and its target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from .rows import Row, Target
from .set_up import (
    BARE,
    COMFYUI,
    COMPUTES,
    FAST,
    HALF,
    JPEG,
    LONG,
    OURS,
    PNG,
    SMALL,
    WEBP,
    Found,
    SetUp,
)

MAIN, OWN = SetUp(OURS, PNG), SetUp(COMFYUI, PNG)
TO_JPEG, TO_WEBP = SetUp(OURS, JPEG), SetUp(OURS, WEBP)
TRIED_FAST, TRIED_SMALL = (SetUp(OURS, PNG, compression=each) for each in (FAST, SMALL))
BARE_PNG, BARE_JPEG, BARE_WEBP = (SetUp(BARE, each, compression=FAST) for each in (PNG, JPEG, WEBP))
BARE_COMPUTING = SetUp(BARE, PNG, COMPUTES, FAST)
WITH_COMPUTING, WITH_LONG = SetUp(OURS, PNG, COMPUTES), SetUp(OURS, PNG, LONG, step=HALF)

FIELDS = {
    "median": ("the median image", "s"),
    "whole": ("the whole run, per image", "s"),
    "middle": ("the median image after the first six", "s"),
    "cpu": ("processor time of an image", "s"),
    "megabytes": ("size of a result", "MB"),
    "first_seconds": ("from Run on a new server to the first result on the disk", "s"),
    "peak_mb": ("most memory of the server", "MB"),
}
"""What a figure of a set-up is called, and its unit."""


class Line(NamedTuple):
    """One figure of a set-up beside that of another."""

    set_up: SetUp
    field: str
    other: SetUp
    target: Target | None = None


LINES = (
    Line(MAIN, "median", OWN, Target(0.22)),
    Line(MAIN, "whole", OWN, Target(0.25)),
    Line(MAIN, "middle", OWN),
    Line(MAIN, "cpu", OWN, Target(0.4)),
    Line(MAIN, "megabytes", OWN, Target(1.06, "ratio")),
    Line(MAIN, "first_seconds", OWN, Target(0.7)),
    Line(MAIN, "peak_mb", OWN, Target(1131)),
    Line(MAIN, "whole", TRIED_FAST),
    Line(MAIN, "median", BARE_PNG),
    Line(MAIN, "whole", BARE_PNG),
    Line(MAIN, "first_seconds", BARE_PNG),
    Line(TRIED_SMALL, "megabytes", OWN, Target(0.99, "ratio")),
    Line(TO_JPEG, "median", OWN, Target(0.215)),
    Line(TO_JPEG, "whole", OWN, Target(0.23)),
    Line(TO_JPEG, "median", BARE_JPEG),
    Line(TO_JPEG, "whole", BARE_JPEG),
    Line(TO_WEBP, "median", OWN),
    Line(TO_WEBP, "whole", OWN, Target(0.35)),
    Line(TO_WEBP, "whole", BARE_WEBP),
    Line(WITH_COMPUTING, "whole", BARE_COMPUTING, Target(0.36)),
)


def rows(photographs: str, found: Mapping[SetUp, Found]) -> Iterator[Row]:
    """The lines; `photographs` says how many of which size."""
    before = None
    for set_up, field, other, target in LINES:
        called, unit = FIELDS[field]
        what = "the same" if set_up == before else f"{photographs} {set_up}"
        before = set_up
        ours = getattr(found[set_up], field)
        theirs = getattr(found[other], field)
        yield Row(f"{what}: {called}", unit, ours, theirs, _against(set_up, other), target)


def _against(set_up: SetUp, other: SetUp) -> str:
    if other.nodes == BARE:
        return BARE
    if other == OWN:
        return COMFYUI if set_up.format == PNG else f"{COMFYUI} (to PNG)"
    return f"compression *{other.compression}*"
