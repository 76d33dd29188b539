"""A loop as JSON and CSV, for pages, scripts and spreadsheets."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from ..common.times import Took
from ..model.go_or_stop import Standing, next_of, next_on_error, standing_in, standing_of
from ..model.items import Item
from ..model.loop_key import VARIANTS, entry_of
from ..model.records import Arrived, FinishedBy, Iteration, Overview, Page, ReportedItem, Snapshot
from ..turn.preview import Folders, preview

MOST_VARIANTS = 500
"""Labels that are told: a page asks again and again."""

_WINDOWS = " windows"
"""Behind the kind of items that are windows of several frames each."""


def iteration_as_json(iteration: Iteration) -> dict[str, Any]:
    """A loop as reported in Directory Iterator's `ui` result."""
    return {
        "loop": iteration.key.id,
        **_standing(standing_in(iteration), iteration),
        "lacking": iteration.lacking,
        "on_error": next_on_error(iteration).value,
        "finished_by": _finished_by(iteration.finished_by),
    }


def _finished_by(by: FinishedBy | None) -> dict[str, Any] | None:
    return (
        None if by is None else {**by._asdict(), "sender": by.sender.value, "at": round(by.at, 3)}
    )


def progress_as_json(snapshot: Snapshot, *, in_part: bool, status: str) -> dict[str, Any]:
    """A loop as reported in the `ui` results of Batch Complete and of Save Image (Batch).

    `in_part` says that its prompt runs only a part of the workflow.
    """
    stands = standing_of(snapshot, in_part=in_part)
    return {
        "kind": "progress",
        "loop": snapshot.id,
        **_standing(stands, snapshot),
        "lacking": snapshot.lacking,
        **_times(snapshot.took),
        "complete": snapshot.complete,
        "status": status,
    }


def overview_as_json(loop: Overview) -> dict[str, Any]:
    """A loop as returned by the route that lists all loops."""
    counts = loop.counts
    return {
        "id": loop.id,
        "name": loop.name,
        "directory": loop.directory,
        "title": loop.title,
        "batch": loop.batch,
        **_standing(standing_of(loop), loop),
        "complete": loop.complete,
        "pending": counts.waiting,
        "running": counts.running,
        "finishing": counts.finishing,
        "ran_at": _rounded(loop.ran_at),
        "undo_until": _rounded(loop.undo_until),
    }


def _times(took: Took) -> dict[str, Any]:
    """The fields that say how long a batch has taken and will take."""
    return {
        "seconds": round(took.seconds, 3),
        "remaining": _rounded(took.remaining),
        "per_minute": _rounded(took.per_minute),
    }


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 3)


def _standing(stands: Standing, loop: Iteration | Overview) -> dict[str, Any]:
    """The fields that every description of a loop has: what is next, how it stands, the counts."""
    counts = loop.counts
    return {
        "next": stands.next.value,
        "stands": stands.stands.value,
        "total": counts.total,
        "done": counts.succeeded,
        "failed": counts.failed,
        "left": counts.left,
        "unpaired": counts.unpaired,
        "finished": loop.finished,
    }


def as_json(snapshot: Snapshot, folders: Folders) -> dict[str, Any]:
    """A snapshot as returned by the routes; `folders` are those that pages show files from.

    It may look at these folders, so it is not for ComfyUI's event loop.
    """
    return {
        **overview_as_json(snapshot),
        "workflow": snapshot.workflow,
        "source": _source(snapshot),
        "variants": _variants(snapshot),
        "lacking": snapshot.lacking,
        **_times(snapshot.took),
        "interrupted": snapshot.interrupted,
        "forgets": snapshot.forgets,
        "lost_transparency": snapshot.lost_transparency,
        "renamed_texts": snapshot.renamed_texts,
        "made_of_all": [
            {"node_id": node, "path": path, "view": preview(path, folders), "more": more}
            for node, path, more in snapshot.made_of_all
        ],
        "paired": list(snapshot.paired),
        "current": [_under_way(item) for item in snapshot.current],
        "stopped_on": _stopped_on(snapshot.stopped_on),
        "failures": [_failed(item) for item in snapshot.failures],
    }


def _source(snapshot: Snapshot) -> str:
    """What the items are, in words: the name of images is empty elsewhere."""
    kind = snapshot.source.removesuffix(VARIANTS)
    variants = snapshot.source[len(kind) :]
    return (kind or "images") + (_WINDOWS if snapshot.windows else "") + variants


def _variants(snapshot: Snapshot) -> dict[str, Any] | None:
    """The values that each entry is taken with; None if there are none, or very many."""
    if not 0 < len(snapshot.variants) <= MOST_VARIANTS:
        return None
    return {"labels": list(snapshot.variants), "by_value": snapshot.by_value}


def page_as_json(page: Page) -> dict[str, Any]:
    """Some items of a loop, as returned by the route."""
    items = [_row(*item) for item in page.items]
    return {"total": page.total, "start": page.start, "items": items}


def arrived_as_json(arrived: Arrived) -> dict[str, Any]:
    """New files of a watched loop, as returned by the route."""
    return {**asdict(arrived), "next": next_of(arrived).value}


def as_json_text(snapshot: Snapshot, items: Iterable[ReportedItem], folders: Folders) -> str:
    """The whole batch as JSON text: the snapshot, with all items instead of `failures`."""
    loop = as_json(snapshot, folders)
    del loop["failures"]
    rows = [
        {**_row(item, outputs), "entry": entry_of(item.path, snapshot.source)}
        for item, outputs in items
    ]
    return json.dumps({**loop, "items": rows}, indent=1)


def as_csv(items: Iterable[ReportedItem]) -> str:
    """All items as CSV with a header line; an item's outputs are separated by `|`."""
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
"""Where a formula may begin: at the start, and after anything that may end a spreadsheet's cell."""


def _as_text(value: Any) -> Any:
    """`value`, escaped so that no spreadsheet takes a file name, or part of one, for a formula."""
    if not isinstance(value, str):
        return value
    marked = re.sub(_FORMULA, r"\1\2'", value)
    return f"'{marked}" if marked.startswith(("\t", "\r")) else marked


def _under_way(item: Item) -> dict[str, Any]:
    return {
        "path": item.path,
        "title": item.title,
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
        "title": item.title,
        "attempts": item.attempts,
        "reason": failure.reason if failure else "",
        "node_id": failure.node_id if failure else None,
        "node_type": failure.node_type if failure else None,
        "unreadable": failure is not None and failure.unreadable,
    }


def _row(item: Item, outputs: tuple[str, ...]) -> dict[str, Any]:
    return {
        "index": item.index,
        "path": item.path,
        "title": item.title,
        "state": item.state.value,
        "seconds": round(item.seconds, 3),
        "outputs": list(outputs),
        "lost_transparency": item.lost_transparency,
        **{name: value for name, value in _failed(item).items() if name != "path"},
    }
