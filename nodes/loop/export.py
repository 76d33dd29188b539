"""A loop as JSON and CSV, for pages, scripts and spreadsheets."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from .state import Arrived, Counts, Item, Overview, Page, ReportedItem, Snapshot


def overview_as_json(loop: Overview) -> dict[str, Any]:
    """A loop as the route gives it that lists all of them."""
    return {
        "id": loop.id,
        "name": loop.name,
        "directory": loop.directory,
        "batch": loop.batch,
        "complete": loop.complete,
        "waiting": loop.waiting,
        "stopped": loop.stopped,
        "seconds": round(loop.seconds, 3),
        "total": loop.counts.total,
        **_numbers(loop.counts),
        "finished": loop.finished,
        "ran_at": None if loop.ran_at is None else round(loop.ran_at, 3),
    }


def _numbers(counts: Counts) -> dict[str, int]:
    """The numbers of a loop; of items without a partner only where there are any."""
    numbers = dict(vars(counts))
    if not counts.unpaired:
        del numbers["unpaired"]
    return numbers


def as_json(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot as the routes give it."""
    return {
        **overview_as_json(snapshot),
        "unpaired": snapshot.counts.unpaired,
        "forgets": snapshot.forgets,
        "current": [_under_way(item) for item in snapshot.current],
        "stopped_on": _stopped_on(snapshot.stopped_on),
        "failures": [_failed(item) for item in snapshot.failures],
    }


def page_as_json(page: Page) -> dict[str, Any]:
    """Some items of a loop, as the route gives them."""
    items = [_row(*item) for item in page.items]
    return {"total": page.total, "start": page.start, "items": items}


def arrived_as_json(arrived: Arrived) -> dict[str, Any]:
    """What has come to a watched loop, as the route gives it."""
    return asdict(arrived)


def as_json_text(snapshot: Snapshot, items: Iterable[ReportedItem]) -> str:
    """The whole batch as JSON text: the snapshot, with every item in the place of `failures`."""
    loop = as_json(snapshot)
    del loop["failures"]
    return json.dumps({**loop, "items": [_row(*item) for item in items]}, indent=1)


def as_csv(items: Iterable[ReportedItem]) -> str:
    """Every item as a line of CSV, under a line of names; several outputs with `|` between."""
    text = io.StringIO()
    names = _row(Item("", 0), ()).keys()
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    for item, outputs in items:
        row = _row(item, outputs)
        row["outputs"] = "|".join(row["outputs"])
        writer.writerow({name: _as_text(value) for name, value in row.items()})
    return text.getvalue()


_FORMULA = r'(^|[;,\t\r\n])([\s"]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])'
"""Where a formula begins: in front, and behind what a spreadsheet may take for the cell's end."""


def _as_text(value: Any) -> Any:
    """`value`, so that no spreadsheet takes a file's name, or a part of it, for a formula."""
    if not isinstance(value, str):
        return value
    marked = re.sub(_FORMULA, r"\1\2'", value)
    return f"'{marked}" if marked.startswith(("\t", "\r")) else marked


def _under_way(item: Item) -> dict[str, Any]:
    return {
        "path": item.path,
        "index": item.index,
        "state": item.state.value,
        "since": None if item.claim is None else round(item.claim.since, 3),
    }


def _stopped_on(item: Item | None) -> dict[str, Any] | None:
    return None if item is None else {"index": item.index, **_failed(item)}


def _failed(item: Item) -> dict[str, Any]:
    failure = item.failure
    return {
        "path": item.path,
        "attempts": item.attempts,
        "reason": failure.reason if failure else "",
        "node_id": failure.node_id if failure else None,
        "node_type": failure.node_type if failure else None,
    }


def _row(item: Item, outputs: tuple[str, ...]) -> dict[str, Any]:
    return {
        "index": item.index,
        "path": item.path,
        "state": item.state.value,
        "seconds": round(item.seconds, 3),
        "outputs": list(outputs),
        **{name: value for name, value in _failed(item).items() if name != "path"},
    }
