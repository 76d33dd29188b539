"""The loops in the store: their rows, their items, and their snapshots.

Items change by the rules of `core.model.item_life`, and each change raises the revision. All
methods except `overview` must be called inside a transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from ...common.changed import changed
from ...common.errors import UnknownLoop
from ...common.times import took
from ...model.item_life import Event, after_event
from ...model.items import Claim, Counts, Item, ItemState
from ...model.loop_key import LoopKey
from ...model.policy import DEFAULT_POLICY, Policy
from ...model.prompt import Host
from ...model.records import CURRENT_SHOWN, FAILURES_SHOWN, Iteration, Overview, Snapshot
from ...sources.frames import Windows
from ...sources.variants import variants_of
from ...store.interface import Store
from ...store.records import UNLISTED, ListedLoop, LoopEntry, taken_by_others
from .clock import Clock
from .loop_memory import LoopMemory
from .moments import END
from .process_memory import Memory
from .transactions import Transactions
from .undo import undo_until


def in_order(keys: Iterable[LoopKey]) -> list[LoopKey]:
    """Loops without duplicates, in the one order in which a transaction may change several."""
    return sorted(set(keys), key=lambda key: key.id)


class Loops:
    """The loops of the store."""

    def __init__(self, store: Store, host: Host, memory: Memory) -> None:
        self._store = store
        self._host = host
        self._memory = memory
        self.clock = Clock(host, memory.moments)
        self.titles: dict[str, str] = {}
        """The names of workflows by their ids, as pages have told them."""

    def find(self, loop_id: str) -> LoopKey:
        """The loop with an id; raises UnknownLoop."""
        key = self._store.find(loop_id)
        if key is None:
            raise unknown_loop(loop_id)
        return key

    def entry(self, key: LoopKey) -> LoopEntry:
        """A loop's row; raises UnknownLoop."""
        entry = self._store.load(key)
        if entry is None:
            return self.entry(self.find(key.id))
        return entry

    def title(self, key: LoopKey) -> str:
        """The name of a loop's workflow; empty if not known."""
        return self.titles.get(key.workflow) or self.entry(key).title

    def save(self, key: LoopKey, **changes: Any) -> None:
        """Change some fields of a loop's row."""
        self._store.save(key, changed(self.entry(key), **changes))

    def group(self, key: LoopKey) -> list[LoopKey]:
        """A loop, and those whose items are handed out together with its own; `in_order`.

        In any other order, two servers that each held one of two loops would wait for each other.
        """
        entry = self._store.load(key)
        partners = map(self._store.find, () if entry is None else entry.partners)
        return in_order([key, *(partner for partner in partners if partner is not None)])

    def together(self, loop_id: str) -> list[LoopKey]:
        """A loop and those that still go together with it, by what is known of either; `in_order`.

        Another may have gone on alone since: what cannot be undone leaves that one.
        """
        key = self.find(loop_id)
        return [each for each in self.group(key) if self.go_together(key, each)]

    def go_together(self, key: LoopKey, other: LoopKey) -> bool:
        """Whether two loops, or one and itself, go together by what is known of either."""
        return other in self.group(key) and key in self.group(other)

    def paired(self, loop_id: str) -> tuple[str, ...]:
        """The folders of the loops that still go together with one."""
        return tuple(each.directory for each in self.together(loop_id) if each.id != loop_id)

    def take(self, keys: Sequence[LoopKey]) -> None:
        """Lock loops for this transaction; they have to be `in_order`."""
        for key in keys:
            self._store.load(key)

    def note_completion(self, key: LoopKey, since: float | None = None) -> None:
        """Record that a loop became complete, or that it no longer is.

        It is complete `since` a time of the monotonic clock; since now without it.
        """
        complete = self._store.counts(key).complete
        if complete != (self.entry(key).completed_at is not None):
            at = self._memory.moments.note(key, END, since) if complete else None
            self.save(key, completed_at=at)

    def times_leave(self, key: LoopKey, before: Counts) -> None:
        """Have the times of items that have left a batch leave with them.

        `before` are the counts with them. What is done or has failed counts alike, as adding up
        what each of a million items took would hold up others.
        """
        now = self._store.counts(key)
        ended, of_all = now.done + now.failed, before.done + before.failed
        if of_all in {ended, 0}:
            return
        share = ended / of_all
        self.save(key, times=self.entry(key).times.share(share))
        known = self._memory[key].forecast
        self._memory.change(key, forecast=changed(known, times=known.times.share(share)))

    def snapshot(self, key: LoopKey) -> Snapshot:
        """A loop's current state, without `stopped_on`, which would take another query."""
        entry = self.entry(key)
        counts, open_items = _with_ends(
            self._store.counts(key), self._memory[key], self._store.open_items(key)
        )
        now = self._host.now()
        variants = variants_of(entry.selection)
        return Snapshot(
            id=key.id,
            name=key.name,
            directory=key.directory,
            workflow=key.workflow,
            source=key.source,
            title=self.title(key),
            batch=entry.batch,
            counts=counts,
            took=took(
                entry.times,
                left=counts.left + counts.finishing,
                under_way=counts.running + counts.finishing,
                since=self.clock.since(key, entry.times) or 0.0,
                writing=self._only_written_for(counts, open_items, now),
                to_come=self._memory[key].forecast.of(entry.batch).to_come,
            ),
            failures=self._store.failures(key, FAILURES_SHOWN),
            lost_transparency=entry.lost_transparency,
            renamed_texts=entry.renamed_texts,
            made_of_all=entry.made_of_all,
            finished=entry.finished,
            lacking=entry.lacking,
            partners=entry.partners,
            ran_at=entry.ran_at,
            current=_current(open_items),
            elsewhere=self.elsewhere(key),
            watch=self._memory[key].is_watched,
            interrupted=self._memory[key].interrupted,
            undo_until=undo_until(entry.kept_at, counts, now),
            told_at=now,
            variants=tuple(variants.labelled) if variants else (),
            by_value=variants is not None and variants.by_value,
            windows=Windows.of(entry.selection).frames > 1,
            forgets=self._store.forgets,
        )

    def _only_written_for(self, counts: Counts, open_items: Iterable[Item], now: float) -> float:
        """How long ago the last prompt ended, if of each open item only results are written yet.

        0 if one runs, or another server has it, of whose prompts nothing is known here.
        """
        if counts.running:
            return 0.0
        ended = []
        for item in open_items:
            if item.claim is None:
                continue
            prompt, is_here = item.claim.prompt, item.claim.server == self._host.server
            if not is_here or not self._host.has_ended(prompt):
                return 0.0
            ended.append(self._host.outcome(prompt).ended_at or now)
        return max(0.0, now - max(ended, default=now))

    def full_snapshot(self, key: LoopKey) -> Snapshot:
        """A loop's current state."""
        stopped_on = self.stopped_on(key)
        return replace(self.snapshot(key), stopped_on=stopped_on, stopped=stopped_on is not None)

    def overview(self, row: ListedLoop) -> Overview:
        """A loop as shown in a list of all loops, from its row in the store's list."""
        key, known = row.key, self._memory.kept(row.key)
        counts, _ = _with_ends(row.counts, known, row.open_items)
        now = self._host.now()
        return Overview(
            id=key.id,
            name=key.name,
            directory=key.directory,
            workflow=key.workflow,
            source=key.source,
            title=self.titles.get(key.workflow) or row.title,
            batch=row.batch,
            counts=counts,
            finished=row.finished,
            ran_at=row.ran_at,
            elsewhere=taken_by_others(row.open_items, self._host.server),
            stopped=row.stopped,
            watch=known.is_watched,
            interrupted=known.interrupted,
            undo_until=undo_until(row.kept_at, counts, now),
            told_at=now,
        )

    def elsewhere(self, key: LoopKey) -> int:
        """How many listed images other servers are working on."""
        return self._store.taken(key, self._host.server)

    def undo_until(self, key: LoopKey) -> float | None:
        """Until when Start over can be undone; None if it cannot be."""
        return undo_until(self.entry(key).kept_at, self._store.counts(key), self._host.now())

    def stopped_on(self, key: LoopKey) -> Item | None:
        """The next image, if a run has stopped on it."""
        path = self._store.first_pending(key)
        item = None if path is None else self._store.item(key, path)
        return item if item is not None and item.stopped else None

    def claimed(self, iteration: Iteration) -> Item | None:
        """The iteration's item, if its prompt still has it in the same batch; else None."""
        entry = self._store.load(iteration.key)
        if iteration.item is None or entry is None or entry.batch != iteration.batch:
            return None
        item = self._store.item(iteration.key, iteration.item.path)
        if item is None or item.claim is None or item.claim.prompt != iteration.prompt:
            return None
        return item

    def is_own(self, iteration: Iteration) -> bool:
        """Whether the iteration's prompt still has its item, or nobody knows the loop any more."""
        return self._store.load(iteration.key) is None or self.claimed(iteration) is not None

    def is_lost(self, iteration: Iteration) -> bool:
        """Whether another server was given the item, as this one seemed to have ended."""
        entry = self._store.load(iteration.key)
        is_same_batch = entry is not None and entry.batch == iteration.batch
        return is_same_batch and iteration.item is not None and self.claimed(iteration) is None


def _current(open_items: Iterable[Item]) -> tuple[Item, ...]:
    """The listed items that prompts have, the last one that was handed out first."""
    claimed = [
        (item.claim.since, item)
        for item in open_items
        if item.claim is not None and item.index != UNLISTED
    ]
    claimed.sort(key=lambda entry: entry[0], reverse=True)
    return tuple(item for _, item in claimed[:CURRENT_SHOWN])


def _with_ends(
    counts: Counts, known: LoopMemory, open_items: Collection[Item]
) -> tuple[Counts, Collection[Item]]:
    """Counts and open items with the ends of prompts here that are yet to be written down.

    See `OpenTurn.end_may_wait`. Not once all is handed out: nobody may take a batch for complete
    before it is written down.
    """
    ended = {
        turn.prompt
        for turn, each in known.turns.items()
        if each.end_may_wait and each.has_reached_end
    }
    if counts.to_hand_out <= 0 or not ended:
        return counts, open_items
    waiting = {
        item.path: replace(item, state=ItemState.FINISHING)
        for item in open_items
        if item.state is ItemState.RUNNING and item.claim and item.claim.prompt in ended
    }
    listed = sum(item.index != UNLISTED for item in waiting.values())
    counts = replace(counts, running=counts.running - listed, finishing=counts.finishing + listed)
    return counts, [waiting.get(item.path, item) for item in open_items]


def unknown_loop(loop_id: str) -> UnknownLoop:
    """The error for an id that no loop has."""
    return UnknownLoop(
        f"No loop is known by the id {loop_id!r}. A loop is known from its first run on, until "
        "ComfyUI is restarted: run the workflow once."
    )


class Items:
    """The items of all loops."""

    def __init__(self, store: Store, transactions: Transactions) -> None:
        self._store = store
        self._transactions = transactions

    def happens(
        self, key: LoopKey, item: Item, event: Event, policy: Policy = DEFAULT_POLICY
    ) -> Item:
        """Apply an event to an item, and return the new item; raises IllegalTransition."""
        self._transactions.changes_state()
        return self._store.put(key, item, after_event(item, event, policy))

    def claim_next(self, key: LoopKey, claim: Claim) -> Item | None:
        """Hand out the first PENDING item, in one step of the store; None if there is none."""
        self._transactions.changes_state()
        return self._store.claim(key, claim)

    def retry_left(self, key: LoopKey, paths: Collection[str]) -> None:
        """Make FAILED items PENDING that have left the listing, in one step of the store."""
        self._transactions.changes_state()
        self._store.retry_unlisted(key, paths)

    def retry_failed(self, key: LoopKey) -> None:
        """Make all FAILED items PENDING again, in one step of the store."""
        self._transactions.changes_state()
        self._store.retry(key)
