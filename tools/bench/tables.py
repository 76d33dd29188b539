"""The tables of the figures, in Markdown, without a line break at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from .rows import Row
from .set_up import ALLOWED, BARE, COMFYUI, JPEG, PNG, WAITS, WEBP

HEAD = ("measured", "Batch Loop", "compared with", "ratio", "target", "met")
CODECS_HEAD = ("image", "what", "codec", "time", "file", "off by, of 255")
PHOTOGRAPHS_HEAD = (
    "photographs to",
    "a model that",
    "median",
    "whole run",
    "the first six",
    "then",
    "processor",
    "a file",
    "of ComfyUI's",
    "first result",
    "memory",
)
SHORT_HEAD = ("photographs to", "median", "whole run", "processor", "first result")
SHORT = (PNG, JPEG, WEBP)
"""The formats in README.md."""


def table(rows: Iterable[Row]) -> str:
    """All lines of measurements."""
    return _markdown(HEAD, map(_cells, rows))


def codecs_table(codecs: Iterable[Mapping[str, Any]]) -> str:
    """The codecs, the fastest first for each image and operation."""
    lines = [
        (
            each["image"],
            each["operation"],
            each["codec"],
            f"{number(each['milliseconds'])} ms",
            "" if each["bytes"] is None else f"{number(each['bytes'] / 1e6)} MB",
            "" if each["difference"] is None else f"{each['difference']:g}",
        )
        for each in sorted(codecs, key=itemgetter("image", "operation", "milliseconds"))
    ]
    return _markdown(CODECS_HEAD, lines)


def photographs_table(set_ups: Iterable[Mapping[str, Any]]) -> str:
    """What each set-up took for an image, by the median and by the whole run, and what it cost."""
    lines = [
        (
            _name(each),
            each["model"],
            seconds(each["median"]),
            seconds(each["whole"]),
            " ".join(map(number, each["first_images"])) + " s",
            seconds(each["middle"]),
            seconds(each["cpu"]),
            f"{number(each['megabytes'])} MB",
            "" if each["of_comfyui"] is None else f"{number(each['of_comfyui'])} x",
            seconds(each["first_seconds"]),
            f"{number(each['peak_mb'])} MB",
        )
        for each in set_ups
    ]
    return _markdown(PHOTOGRAPHS_HEAD, lines)


def short_table(set_ups: Iterable[Mapping[str, Any]]) -> str:
    """The set-ups that most people have, and what a person notices of them."""
    lines = [
        (_name(each), *(seconds(each[key]) for key in ("median", "whole", "cpu", "first_seconds")))
        for each in set_ups
        if each["model"] == WAITS
        and each["compression"] in {ALLOWED, ""}
        and each["format"] in SHORT
    ]
    return _markdown(SHORT_HEAD, lines)


def _name(set_up: Mapping[str, Any]) -> str:
    if set_up["nodes"] == COMFYUI:
        return f"{set_up['format']}, by {COMFYUI}"
    if set_up["nodes"] == BARE:
        return f"{set_up['format']}, {BARE}"
    parts = [set_up["format"]]
    if set_up["compression"] != ALLOWED:
        parts.append(f"*{set_up['compression']}*")
    if set_up["is_part"]:
        parts.append(f"{set_up['photographs']} of them")
    return ", ".join(parts)


def seconds(value: float) -> str:
    """A time."""
    return f"{number(value)} s"


def _markdown(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    every = [head, ("---",) * len(head), *lines]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in every)


def number(value: float) -> str:
    """A figure, rounded to about three digits."""
    places = sum(abs(value) < limit for limit in (100, 10, 1))
    return f"{value:,.{places}f}"


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.what,
        f"{number(row.ours)} {row.unit}",
        "" if row.other is None else f"{number(row.other)} {row.unit}: {row.against}",
        "" if row.ratio is None else f"{number(row.ratio)} x",
        _target(row),
        {None: "", True: "yes", False: "**no**"}[row.met],
    )


def _target(row: Row) -> str:
    target = row.target
    if target is None:
        return ""
    unit = {"value": row.unit, "ratio": "x", "difference": f"{row.unit} more"}[target.of]
    return f"at {target.bound} {target.limit:g} {unit}"
