"""What the page says of many servers, with the figures of `claims` in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .growth import Growth
from .kept import Figures, series
from .table import markdown, number

MEASURED_HEAD = (
    "claimants",
    "store",
    "images a second",
    "questions for an image",
    "transactions",
    "under the lock",
)
SERIES = "claims"
MS = 1000


def shown(figures: Figures) -> str:
    """The formula with its figures, what it comes to, and what was measured."""
    found = series(figures).get(SERIES)
    if found is None:
        return "Not measured yet: `claims`."
    return "\n\n".join((_formula(Growth(**found["growth"])), _calculated(found), _measured(found)))


def _formula(growth: Growth) -> str:
    alone, other = growth.alone_seconds * MS, growth.other_seconds * MS
    return (
        "```text\n"
        "images a second = the smaller of  N / t  and  1 / s\n"
        f"s = {number(alone)} ms + (N - 1) x {number(other)} ms\n"
        f"    + r x ({growth.alone_trips:.1f} + (N - 1) x {growth.other_trips:.2f})\n"
        "```"
    )


def _calculated(found: Mapping[str, Any]) -> str:
    """A line for each number of servers, a column for each time and each network."""
    columns: dict[tuple[float, float], dict[int, float]] = {}
    for each in found["calculated"]:
        column = columns.setdefault((each["image_s"], each["trip_s"]), {})
        column[each["servers"]] = each["images_a_second"]
    head = [f"t = {seconds:g} s, r = {trip * MS:g} ms" for seconds, trip in columns]
    servers = next(iter(columns.values()))
    lines = [
        (str(count), *(number(column[count]) for column in columns.values())) for count in servers
    ]
    return markdown(("servers (calculated: images a second)", *head), lines)


def _measured(found: Mapping[str, Any]) -> str:
    stores = {
        "postgresql": "PostgreSQL",
        "sqlite": "an SQLite file",
        "crowds": f"PostgreSQL, t = {found['image_s']:g} s",
    }
    lines = [
        (
            str(pace["claimants"]),
            store,
            number(pace["images_a_second"]),
            number(pace["statements"]),
            number(pace["transactions"]),
            f"{number(pace['locked_ms'])} ms",
        )
        for name, store in stores.items()
        for pace in found[name]
    ]
    return markdown(MEASURED_HEAD, lines)
