"""Conversion between rows of the tables and the registry's records.

Times in rows are by the database's clock, which is `ahead` seconds ahead of this machine's. Folders
in rows have the form that all machines share, see `core.model.shared_roots`.
"""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from sqlalchemy import Row

from ...common.file_kinds import FileKind
from ...common.natural_order import in_natural_order
from ...common.times import Times
from ...model.items import STATE_NAMES, Claim, Counts, Item, ItemState
from ...model.policy import IterationMode, Policy
from ...model.prompt import Failure, Prompt, Runner, Sender
from ...model.records import MadeOfAll, ReportedItem
from ...model.result_names import ResultName
from ...model.selection import Companion, CompanionKind, Selection, WhenMissing
from ...model.settings.directory_iterator import IteratorSettings
from ...model.shared_roots import Roots
from ..records import UNLISTED, LoopEntry, WantedListing

_REMEMBERED = 256
"""What is cached, to and from JSON: each loop has one selection and one policy, and few runners."""


ENTRY_COLUMNS = frozenset(
    field.name for record in (LoopEntry, Times) for field in fields(record)
) - {"times"}
"""The columns of a loop's row that hold its entry."""


def entry_of(row: Mapping[str, Any], ahead: float, roots: Roots) -> LoopEntry:
    """The entry of a loop, from its row."""
    return LoopEntry(
        selection=_selection(row["selection"], roots),
        batch=row["batch"],
        mode=IterationMode(row["mode"]),
        looked_at=row["looked_at"] - ahead,
        looked_again=row["looked_again"],
        completed_at=_moved(row["completed_at"], -ahead),
        times=times_of(row, ahead),
        finished=row["finished"],
        lacking=row["lacking"],
        ran_at=_moved(row["ran_at"], -ahead),
        unpaired=row["unpaired"],
        partners=_partners(row["partners"]),
        kept_at=_moved(row["kept_at"], -ahead),
        title=row["title"],
        lost_transparency=row["lost_transparency"],
        renamed_texts=row["renamed_texts"],
        made_of_all=_made_of_all(row["made_of_all"], roots),
        runner=_runner(row["runner"]),
        taken_back=row["taken_back"],
        to_list=row["to_list"],
    )


@functools.lru_cache(_REMEMBERED)
def _partners(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


@functools.lru_cache(_REMEMBERED)
def _partners_text(partners: tuple[str, ...]) -> str:
    return json.dumps(partners)


@functools.lru_cache(_REMEMBERED)
def _made_of_all(text: str, roots: Roots) -> tuple[MadeOfAll, ...]:
    made = json.loads(text)
    return tuple(MadeOfAll(node, roots.local(path), *more) for node, path, *more in made)


@functools.lru_cache(_REMEMBERED)
def _made_of_all_text(made: tuple[MadeOfAll, ...], roots: Roots) -> str:
    return json.dumps([[node, roots.shared(path), more] for node, path, more in made])


@functools.lru_cache(_REMEMBERED)
def _runner(text: str | None) -> Runner | None:
    if text is None:
        return None
    sender, client_id, server = json.loads(text)
    return Runner(Sender(sender), client_id, server)


@functools.lru_cache(_REMEMBERED)
def _runner_text(runner: Runner | None) -> str | None:
    if runner is None:
        return None
    return json.dumps([runner.sender.value, runner.client_id, runner.server])


def times_of(row: Mapping[str, Any], ahead: float) -> Times:
    """A batch's times, from its loop's row."""
    times = {name: row[name] for name in Times.__dataclass_fields__}
    return Times(**times | {"until": _moved(times["until"], -ahead)})


def counts_of(row: Mapping[str, Any]) -> Counts:
    """The number of items in each state, from a loop's row."""
    counts = {name: row[name] for name in STATE_NAMES.values()}
    return Counts(**counts, unpaired=row["unpaired"], to_list=row["to_list"])


def listed_counts(row: Any) -> Counts:
    """The same from a row of the list of all loops; made fast, as there may be many."""
    return Counts(
        row.pending, row.running, row.finishing, row.done, row.failed, row.unpaired, row.to_list
    )


def entry_columns(entry: LoopEntry, ahead: float, roots: Roots) -> dict[str, Any]:
    """The columns of a loop's row that hold its entry."""
    return {
        "selection": _selection_text(entry.selection, roots),
        "batch": entry.batch,
        "mode": entry.mode.value,
        "looked_at": entry.looked_at + ahead,
        "looked_again": entry.looked_again,
        "completed_at": _moved(entry.completed_at, ahead),
        **vars(entry.times),
        "until": _moved(entry.times.until, ahead),
        "finished": entry.finished,
        "lacking": entry.lacking,
        "ran_at": _moved(entry.ran_at, ahead),
        "unpaired": entry.unpaired,
        "partners": _partners_text(entry.partners),
        "kept_at": _moved(entry.kept_at, ahead),
        "title": entry.title,
        "lost_transparency": entry.lost_transparency,
        "renamed_texts": entry.renamed_texts,
        "made_of_all": _made_of_all_text(entry.made_of_all, roots),
        "runner": _runner_text(entry.runner),
        "taken_back": entry.taken_back,
        "to_list": entry.to_list,
    }


_KEPT = (
    "listing",
    "selection",
    "batch",
    "mode",
    "looked_at",
    "looked_again",
    "completed_at",
    *Times.__dataclass_fields__,
    "finished",
    "lacking",
    "ran_at",
    "unpaired",
    "partners",
    "lost_transparency",
    "renamed_texts",
    "made_of_all",
    "runner",
    "carried_file",
    "carried_lost",
    *STATE_NAMES.values(),
    "to_list",
)
"""The columns that make up a batch."""


def kept_columns(row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a loop's row that keep its batch, to be put back."""
    return {
        "kept": json.dumps({name: row[name] for name in _KEPT}),
        "kept_listing": row["listing"],
    }


NOTHING_KEPT: Mapping[str, Any] = {"kept": None, "kept_listing": None}
"""These columns of a loop for which no batch is kept."""


def kept_batch(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The columns of the batch that is kept in a loop's row; None if there is none."""
    if row["kept"] is None:
        return None
    # One that an earlier version has kept was listed at once, and nothing is known of its films.
    return {"to_list": 0, "made_of_all": "[]", **json.loads(row["kept"])}


def kept_with(row: Mapping[str, Any], before: ItemState, after: ItemState) -> str:
    """What `kept` says in a loop's row once an item of the batch that is kept has moved."""
    kept = json.loads(row["kept"])
    kept[before.value] -= 1
    kept[after.value] += 1
    return json.dumps(kept)


def wanted_text(wanted: WantedListing, roots: Roots) -> str:
    """What a listing is for, in the same words on all machines."""
    selection = _selection_text(wanted.selection, roots)
    return json.dumps([wanted.key.id, wanted.batch, wanted.keeps, selection])


def item_of(row: Row[Any], ahead: float) -> Item:
    """An item, from its row."""
    claim = None
    if row.claim_prompt is not None:
        claim = Claim(
            Prompt(row.claim_prompt, row.claim_submitted_at, row.claim_client),
            _policy(row.claim_policy),
            row.claim_since - ahead,
            row.claim_server,
        )
    failure = None
    if row.failure_reason is not None:
        failure = Failure(row.failure_reason, row.failure_node_id, row.failure_node_type)
    return Item(
        path=row.path,
        index=UNLISTED if row.position is None else row.position,
        state=ItemState(row.state),
        attempts=row.attempts,
        missed_loop_ends=row.missed_loop_ends,
        claim=claim,
        failure=failure,
        seconds=row.seconds,
        lost_transparency=row.lost_transparency,
        stopped=row.stopped,
        turns=row.turns,
        lost_turn=row.lost_turn,
    )


def file_of(row: Any, roots: Roots) -> str:
    """The file in a row of outputs."""
    return roots.local(row.target if row.file is None else row.file)


def reported(
    found: Iterable[Row[Any]], written: Iterable[Row[Any]], ahead: float, roots: Roots
) -> list[ReportedItem]:
    """Items from their rows, each with its files from rows of outputs."""
    files: defaultdict[str, list[str]] = defaultdict(list)
    for row in written:
        files[row.path].append(file_of(row, roots))
    return [(item_of(row, ahead), in_natural_order(files.get(row.path, ()))) for row in found]


def claim_columns(claim: Claim | None, ahead: float) -> dict[str, Any]:
    """The columns of an item's row that hold its claim.

    The time of the prompt's submission is not converted, as it identifies the prompt.
    """
    return {
        "claim_prompt": None if claim is None else claim.prompt.id,
        "claim_submitted_at": None if claim is None else claim.prompt.submitted_at,
        "claim_client": None if claim is None else claim.prompt.client_id,
        "claim_server": None if claim is None else claim.server,
        "claim_since": None if claim is None else claim.since + ahead,
        "claim_policy": None if claim is None else _policy_text(claim.policy),
    }


def failure_columns(failure: Failure | None) -> dict[str, Any]:
    """The columns of an item's row that hold its failure."""
    return {
        "failure_reason": None if failure is None else failure.reason,
        "failure_node_id": None if failure is None else failure.node_id,
        "failure_node_type": None if failure is None else failure.node_type,
    }


def _moved(at: float | None, seconds: float) -> float | None:
    return None if at is None else at + seconds


@functools.lru_cache(_REMEMBERED)
def _selection(text: str, roots: Roots) -> Selection:
    values = json.loads(text)
    finished = (
        ResultName(roots.local(name["folder"]), tuple(name["parts"]), name["leaves_own_names"])
        for name in values["finished"]
    )
    # Those of an earlier version have no companions, no options and no kind.
    companions = (
        Companion(
            roots.local(each["pattern"]),
            WhenMissing(each["when_missing"]),
            CompanionKind(each["kind"]),
        )
        for each in values.get("companions", ())
    )
    options = tuple((name, value) for name, value in values.get("options", ()))
    kind = FileKind(values.get("kind", FileKind.IMAGES))
    selection = IteratorSettings.of(values).selection(tuple(finished))
    return replace(selection, kind=kind, companions=tuple(companions), options=options)


@functools.lru_cache(_REMEMBERED)
def _selection_text(selection: Selection, roots: Roots) -> str:
    values = asdict(selection)
    for name in values["finished"]:
        name["folder"] = roots.shared(name["folder"])
    for each in values["companions"]:
        each["pattern"] = roots.shared(each["pattern"])
    return json.dumps(values)


@functools.lru_cache(_REMEMBERED)
def _policy(text: str) -> Policy:
    return IteratorSettings.of(json.loads(text)).policy


@functools.lru_cache(_REMEMBERED)
def _policy_text(policy: Policy) -> str:
    return json.dumps(asdict(policy))
