"""What a prompt does with the item that it was given."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from ..common.errors import (
    BatchLoopError,
    FolderNotFound,
    UnknownLoop,
    UnwritableImage,
)
from ..model.background_writes import Turn
from ..model.item_life import Event, On
from ..model.items import Item
from ..model.loop_key import LoopKey
from ..model.policy import ErrorHandling
from ..model.prompt import Failure
from ..model.records import Iteration, Partner, Snapshot
from .changes.loops import in_order
from .changes.transactions import in_transaction
from .folders.due_listings import Due, Listed
from .outcomes.ended_prompts import together_with, with_loss
from .questions import Questions


class Turns(Questions):
    """One prompt's turn in a loop: its results, Loop End, and what it cannot read."""

    def reject(
        self,
        iteration: Iteration,
        error: BatchLoopError,
        reason: str,
        partner: Partner | None = None,
        *,
        asked_by: str | None = None,
    ) -> None:
        """Give back an item because its file, or that of its `partner`, cannot be read.

        With Skip on error it becomes FAILED for `reason`, and the next `acquire` of the same prompt
        hands out another. With Stop on error it waits for the next run, and `error` is raised. If
        the whole folder is gone (`error` is a FolderNotFound), it waits in either case, as no image
        is to blame. Items that were handed out together are given back together. `asked_by` is the
        type of the nodes that ask for what cannot be read, if that is not the item's file.
        """
        failure = Failure(reason, node_type=asked_by)
        if not self._give_back(iteration, error, failure, partner):
            raise error

    @in_transaction(patient=True)
    def _give_back(
        self,
        iteration: Iteration,
        error: BatchLoopError,
        failure: Failure,
        partner: Partner | None,
    ) -> bool:
        """See `reject`; returns whether the prompt goes on with another item."""
        if iteration.item is None:
            return True
        own = Partner(iteration.key, iteration.item.path)
        to_blame = partner or own
        given = [own, *iteration.partners]
        self._loops.take(in_order(one.key for one in given))
        item = self._loops.claimed(iteration)
        if item is None or item.claim is None:
            return True
        on = On.FOLDER_GONE if isinstance(error, FolderNotFound) else On.UNREADABLE
        skips = item.claim.policy.error_handling is ErrorHandling.SKIP
        skip = skips and on is On.UNREADABLE
        beside = Failure(together_with(to_blame.key, to_blame.path, failure.reason))
        for one in given:
            item = self._store.item(one.key, one.path)
            if item is None or item.claim is None or item.claim.prompt != iteration.prompt:
                continue
            why = with_loss(failure, item) if one == to_blame else beside
            event = Event(on, failure=why)
            self._items.happens(one.key, item, event, item.claim.policy)
            self._note_given_back(one.key, Turn.of(one.key, iteration.prompt, item))
        return skip

    def leave_out(self, iteration: Iteration) -> bool:
        """Give back an item that its batch no longer has: its companion is gone, or its frames are.

        The next `acquire` of the same prompt hands out another. False, with nothing changed, if the
        source does not say that it is gone.
        """
        leave_out = partial(self._leave_out, iteration)
        return not iteration.partners and self.listings.with_listings(leave_out, patient=True)

    @in_transaction(patient=True)
    def _leave_out(self, iteration: Iteration, listed: Listed) -> bool | Due:
        key = iteration.key
        item = self._loops.claimed(iteration)
        if item is None:
            return True
        left = self._batches.leave_out(key, item, listed)
        if left is True:
            self._note_given_back(key, Turn.of(key, iteration.prompt, item))
        return left

    def _note_given_back(self, key: LoopKey, turn: Turn) -> None:
        """Note that a turn has ended by now, as its item is not its prompt's any more."""
        times = self._loops.clock.ends(key, self._loops.entry(key).times, 0.0)
        self._loops.save(key, times=times, ran_at=self._host.now())
        self._loops.note_completion(key)
        self.memory.end_turns(key, turn.__eq__)

    def end(self, iteration: Iteration, value: Any = None) -> None:
        """Note that the iteration's prompt has reached Loop End with the `value` to carry over.

        Does nothing for an iteration without an item, or if its loop has started over since, or if
        only a part of the workflow runs, which finishes no item.
        """
        is_noted = self._end_may_wait(iteration) and self._transactions.remember(
            partial(self._remember_waiting, iteration.key, _turn(iteration), value)
        )
        note = partial(self._note_end, iteration, value)
        if is_noted or self.listings.with_listings(note, patient=True):
            self._reconciler.wake()

    def _end_may_wait(self, iteration: Iteration) -> bool:
        """Whether the end of an iteration is written down together with what comes next.

        Nothing depends on it while images are left: a server that stops has its image done again in
        either case. Takes no lock.
        """
        if iteration.item is None:
            return False
        known = self.memory.kept(iteration.key).turns.get(_turn(iteration))
        return known is not None and known.end_may_wait and not known.is_part

    @in_transaction(patient=True, beside=True)
    def _note_end(self, iteration: Iteration, value: Any, listed: Listed) -> bool | Due:
        """See `end`; returns whether there was an item, or what has to be listed first."""
        key = iteration.key
        # An earlier image's results may be written by now: unless this is noted, its prompt counts
        # as running, and files that have arrived in the folder meanwhile do not join.
        self._reconciler.reconcile(key)
        item = self._loops.claimed(iteration)
        if item is None or item.claim is None:
            if self._loops.is_lost(iteration):
                self.servers.mark_stale()
            return False
        turn = Turn.of(key, iteration.prompt, item)
        if self.memory.turn(key, turn).is_part:
            return False
        due = self._ends.due_at_the_end(key, item)
        if due is not None and not self._ends.join_at_the_end(due, listed):
            return due
        self._remember_end(key, turn, value)
        self._ends.reached_the_end(key, item)
        if self._store.counts(key).complete:
            self._batches.told_the_end(key, iteration.prompt.client_id)
        return True

    def _remember_waiting(self, key: LoopKey, turn: Turn, value: Any) -> bool:
        """Remember an end that is yet to be written down; False if it may not wait any more."""
        if not self.memory.turn(key, turn).end_may_wait:
            return False
        self._remember_end(key, turn, value)
        return True

    def _remember_end(self, key: LoopKey, turn: Turn, value: Any) -> None:
        known = self.memory.turn(key, turn)
        at = self._host.steady() if known.reached_end_at is None else known.reached_end_at
        self.memory.change_turn(key, turn, reached_end_at=at, given=known.given or (value,))

    def note_lost_transparency(self, iteration: Iteration) -> None:
        """Note that a result of the iteration's transparent image is not transparent."""
        self._note(iteration, lost_transparency=True)

    def note_renamed_text(self, iteration: Iteration) -> None:
        """Note that a text of the iteration's image has another name, as its own was taken."""
        self._note(iteration, renamed_text=True)

    @in_transaction(patient=True, beside=True)
    def _note(self, /, iteration: Iteration, **noted: bool) -> None:
        item = self._loops.claimed(iteration)
        if item is not None:
            turn = Turn.of(iteration.key, iteration.prompt, item)
            self.memory.change_turn(iteration.key, turn, **noted)

    def end_with_saver(self, iteration: Iteration) -> list[Snapshot] | None:
        """Note that a saver has saved in an iteration, which ends it if no Loop End follows.

        It ends those of its partners, too. Returns the loops of what has ended, see `finish`; None
        if only Loop Ends end them.
        """
        ended = [iteration] if iteration.ends_with_saver else []
        ended += [
            replace(iteration, key=one.key, batch=one.batch, item=Item(one.path, 0))
            for one in iteration.partners
            if one.ends_with_saver
        ]
        for each in ended:
            # A list calls its saver for each element.
            if not self._has_reached_end(each):
                self.end(each)
        return self._finished(ended) if ended else None

    def _finished(self, iterations: Iterable[Iteration]) -> list[Snapshot]:
        """The loops of some iterations, see `finish`, without those that are gone."""
        found = []
        for each in iterations:
            with suppress(UnknownLoop):  # started over and forgotten while the prompt ran
                found.append(self.finish(each))
        return found

    def _has_reached_end(self, iteration: Iteration) -> bool:
        """Whether the iteration's prompt has reached Loop End, if it has an item; takes no lock."""
        if iteration.item is None:
            return True
        known = self.memory.kept(iteration.key).turns.get(_turn(iteration))
        return known is not None and known.has_reached_end

    def finish_earlier(
        self, iteration: Iteration, meanwhile: Callable[[], object] = lambda: None
    ) -> bool:
        """Wait for the background writes of earlier prompts, and reconcile the loop.

        So at most one image's results are on their way while another's are made, and a crash has
        at most that one done again. What has been written may still have to be noted. If there is
        anything to wait for, `meanwhile` is called first, and the answer is True.
        """
        key = iteration.key
        own = [Turn.of(key, iteration.prompt, iteration.item)] if iteration.item else []
        waits = self._writes.busy(key.id, but=own)
        if waits:
            meanwhile()
        if waits or self.memory.kept(key).turns.keys() - own:
            began = self._host.steady()
            self._writes.wait(key.id, but=own)
            self._reconcile_earlier(key, own, self._host.steady() - began)
        return waits

    @in_transaction(patient=True, beside=True)
    def _reconcile_earlier(self, key: LoopKey, own: Collection[Turn], waited: float) -> None:
        """Reconcile a loop, for whose writes its turns `own` have waited."""
        turns = self.memory[key].turns
        for turn in own:
            if turn in turns:
                self.memory.change_turn(key, turn, waited=turns[turn].waited + waited)
        self._reconciler.reconcile(key)

    def finish(self, iteration: Iteration) -> Snapshot:
        """The loop's current state; if it is complete, only once all of its results are written.

        Raises:
            UnwritableImage: the iteration's own result could not be written.
            UnknownLoop: the loop is gone.

        """
        has_waited = self._has_reached_end(iteration) and self._end_may_wait(iteration)
        snapshot = self.snapshot(iteration.key.id)
        if has_waited and snapshot.counts.complete:
            self._tell_the_end(iteration)
        if not snapshot.complete:
            return snapshot
        self._writes.wait(iteration.key.id)
        if iteration.item is not None:
            failure = self._writes.failure(_turn(iteration))
            if failure is not None and self._is_own(iteration):
                raise UnwritableImage(failure.reason)
        return self.snapshot(iteration.key.id)

    @in_transaction(patient=True, beside=True)
    def _is_own(self, iteration: Iteration) -> bool:
        return self._loops.is_own(iteration)

    @in_transaction(patient=True)
    def _tell_the_end(self, iteration: Iteration) -> None:
        """Note that a prompt tells its client of the end, if it still has its image."""
        key = iteration.key
        if self._loops.claimed(iteration) is not None and self._store.counts(key).complete:
            self._batches.told_the_end(key, iteration.prompt.client_id)


def _turn(iteration: Iteration) -> Turn:
    """The turn of an iteration that has an item."""
    assert iteration.item is not None  # noqa: S101 - for the type checker
    return Turn.of(iteration.key, iteration.prompt, iteration.item)
