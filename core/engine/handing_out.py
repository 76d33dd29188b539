"""Handing items out to prompts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias, cast

from ..common.errors import InvalidSetting, StoreAway, UnwritableImage
from ..model.background_writes import Turn
from ..model.item_life import Event, On
from ..model.items import Claim, Item
from ..model.loop_key import LoopKey
from ..model.policy import WhenComplete
from ..model.prompt import Prompt, Runner
from ..model.records import Iteration
from .batches import Request
from .changes.loops import in_order
from .changes.moments import FORGOTTEN
from .changes.transactions import Refusal, in_transaction
from .folders.due_listings import Due, Listed
from .partners import one_loop_two_listings, together
from .parts import Parts
from .refusals import (
    forgotten,
    has_missed_too_often,
    in_two_ways,
    loop_end_not_reached,
    saver_not_reached,
)


class _StoppedWrites(NamedTuple):
    """Files that are still being written for a loop, to be waited for outside of a transaction."""

    key: LoopKey
    going_well: list[Turn]
    """The turns whose files need not be waited for."""


_HandedOut: TypeAlias = Iteration | _StoppedWrites


class HandingOut(Parts):
    """Decides which item a prompt is given."""

    def has_listing(self, request: Request) -> bool:
        """Whether the loop has a listing taken with the request's selection.

        Also True while the database, which has answered before, is away: this is asked before a
        run, and the run will wait for it.
        """

        def is_listed() -> bool:
            entry = self._store.load(request.key)
            return entry is not None and entry.selection == request.selection

        try:
            return self._transactions.read(is_listed)
        except StoreAway:
            return True

    def expected(self, request: Request) -> str | None:
        """The item that a prompt would be given now; this changes nothing, and claims nothing.

        None if there is none, or finding it out would take long. A prompt may be given another one.
        """
        key, selection = request.key, request.selection

        def look() -> tuple[bool, str | None]:
            entry = self._store.load(key)
            if entry is None:
                return False, None
            goes_on = entry.selection == selection and entry.completed_at is None
            return True, self._store.first_pending(key) if goes_on else None

        has_run, path = self._transactions.read(look)
        if has_run or selection.finished:
            return path
        first = next(iter(self._contents.soon(key, selection)), None)
        has_run, path = self._transactions.read(look)
        return path if has_run else first

    def acquire(
        self, request: Request, prompt: Prompt, partners: Sequence[Request] = ()
    ) -> Iteration:
        """Hand out the next item of a loop to `prompt`, or the one that it already has.

        Reconciles what earlier prompts have left, and begins a batch if one is due.
        The iteration's item is None when the batch is complete.

        `partners` are the requests of iterators that advance together with this one: each is given
        the item at the same place of its order, or none is given any.

        Raises:
            NoImages: a listing is due, and is empty.
            LoopEndNotReached: two prompts in a row succeeded on the item without reaching Loop End,
                or without saving where no Loop End follows.
            LoopForgotten: the loop was forgotten after the prompt was submitted, as far as its time
                is known.
            UnwritableImage: the result of an earlier prompt could not be written after it had
                ended, with Stop on error. The next call hands that image out again.
            FolderNotFound, InvalidSetting: the listing could not be taken, or the settings of two
            iterators are incompatible.

        """
        requests = together([request, *partners])
        if any(each.selection.finished for each in requests):
            # Their results may be whole by now.
            self._reconciler.reconcile_others(but=[each.key for each in requests])
        hand_out = partial(self._hand_out, requests, prompt)
        while True:
            # The type checker takes a union of several for an object.
            given = cast("_HandedOut", self.listings.with_listings(hand_out, patient=True))
            if isinstance(given, Iteration):
                return given
            self._writes.wait(given.key.id, but=given.going_well)

    @in_transaction(patient=True, beside=True)
    def _hand_out(
        self, requests: Sequence[Request], prompt: Prompt, listed: Listed
    ) -> _HandedOut | Refusal | Due:
        """See `acquire`; returns what has to be waited for or listed first, if anything."""
        keys = [request.key for request in requests]
        if len(keys) == 1:
            self._store.will_claim(keys[0], self._host.server)
        self._loops.take(self._reconciler.with_partners(keys))
        for request in requests:
            self._watch_if_asked(request)
            self._reconciler.reconcile(request.key)
        for key in keys:
            stopped = self._stopped_writes(key)
            if stopped is not None:
                return stopped
        held = [self._held(key, prompt) for key in keys]
        refused = self._refused(requests, prompt, held)
        if refused is not None:
            return refused
        if held[0] is not None:
            return self._iterations.of(requests, prompt, held)
        due = self._batches.prepare(requests, prompt, listed)
        return self._hand_out_next(requests, prompt) if due is None else due

    def _refused(
        self, requests: Sequence[Request], prompt: Prompt, held: Sequence[Item | None]
    ) -> Refusal | None:
        """The reason for giving a prompt no item, if any; `held` are those that it already has."""
        keys = [request.key for request in requests]
        for key in keys:
            if self._was_forgotten(key, prompt):
                return Refusal(forgotten(key))
        for request in requests:
            asked = self.memory[request.key].asked
            if asked is not None and asked[0] == prompt and asked[1] != request.selection:
                return Refusal(InvalidSetting(one_loop_two_listings(request.key)))
            self.memory.change(request.key, asked=(prompt, request.selection))
        if held[0] is not None:
            return None
        if any(held):
            return Refusal(in_two_ways(keys[0]))
        untold = self._untold.take(keys)
        return None if untold is None else Refusal(UnwritableImage(untold))

    def _was_forgotten(self, key: LoopKey, prompt: Prompt) -> bool:
        return self.memory.moments.is_since(key, FORGOTTEN, prompt)

    def _hand_out_next(self, requests: Sequence[Request], prompt: Prompt) -> Iteration | Refusal:
        """Hand out the next items of loops that are prepared."""
        keys = [request.key for request in requests]
        # Even if nothing is handed out: otherwise ComfyUI would answer the next run from its cache,
        # and a run that is meant to start the batch over would not get here.
        self._transactions.changes_state()
        items = self._claim(requests, prompt)
        for request, item in zip(requests, items, strict=True):
            self._batches.note_client(request, prompt, knows_the_end=item is None)
        missed = next(filter(has_missed_too_often, items), None)
        if missed is not None:
            ends_with_saver = requests[items.index(missed)].ends_with_saver
            for key, item in zip(keys, items, strict=True):
                if item is not None:
                    self._items.happens(key, item, Event(On.PUT_BACK))
                    self.memory.end_turns(key, Turn.of(key, prompt, item).__eq__)
            not_reached = saver_not_reached if ends_with_saver else loop_end_not_reached
            return Refusal(not_reached(missed))
        return self._iterations.of(requests, prompt, items)

    def _watch_if_asked(self, request: Request) -> None:
        if request.policy.when_complete is WhenComplete.WATCH:
            self._folder_watch.watch(request.key)
        else:
            self._folder_watch.leave(request.key)

    def _claim(self, requests: Sequence[Request], prompt: Prompt) -> list[Item | None]:
        """Claim a loop's next item, or those at the first place that is pending in all loops."""
        keys = [request.key for request in requests]
        at_work = [bool(self._store.at_hand(key) or self._loops.elsewhere(key)) for key in keys]
        claim = Claim(prompt, requests[0].policy, self._host.now(), self._host.server)
        if len(keys) == 1:
            items = [self._items.claim_next(keys[0], claim)]
        else:
            items = self._claim_all(keys, claim)
        is_last = len(keys) > 1 and self._store.first_together(keys) is None
        for request, item, is_at_work in zip(requests, items, at_work, strict=True):
            key = request.key
            changes: dict[str, Any] = {
                "title": request.title or self._loops.title(key),
                "unpaired": self._store.counts(key).pending if is_last else 0,
                "partners": tuple(other.id for other in in_order(keys) if other != key),
            }
            if item is not None:
                times = self._loops.entry(key).times
                times = self._loops.clock.begins(key, times, prompt, is_at_work=is_at_work)
                runner = Runner(prompt.sender, prompt.client_id, self._host.server)
                changes |= {"ran_at": claim.since, "times": times, "runner": runner}
                changes |= self._drop_kept(key)
            self._loops.save(key, **changes)
            if item is not None:
                self._take_up(Turn.of(key, prompt, item), key, keys)
            self._loops.note_completion(key)
        return items

    def _drop_kept(self, key: LoopKey) -> dict[str, Any]:
        """Drop a batch that is kept but cannot be put back any more; returns what that changes.

        Not while another server works on an image of it, as nothing else tells Forget so.
        """
        if self._loops.entry(key).kept_at is None or self._loops.undo_until(key) is not None:
            return {}
        if self._outcomes.goes_on_in_kept(key):
            return {}
        if self._store.drop_kept(key):
            self._transactions.after_commit(self.spare_listings.wake)
        self.memory.change(key, kept_turns={})
        return {"kept_at": None}

    def _take_up(self, turn: Turn, key: LoopKey, together: Sequence[LoopKey]) -> None:
        """Note that an item is handed out, and show other servers that this one is at work."""
        self.memory.change(key, interrupted=False)
        self.memory.change_turn(
            key,
            turn,
            batch=self._loops.entry(key).batch,
            began=self._host.steady(),
            together=tuple(together) if len(together) > 1 else (),
            is_part=False,
            reached_end_at=None,
            end_may_wait=self._may_end_wait(key),
            lost_transparency=False,
            renamed_text=False,
            given=(),
        )
        self.servers.take_up_work()
        # Also before it saves or reaches Loop End: other servers, and pages, wait to hear of it.
        self._transactions.after_commit(self._reconciler.wake)

    def _may_end_wait(self, key: LoopKey) -> bool:
        """See `OpenTurn.end_may_wait`; of an item that is being handed out."""
        return self._loops.entry(key).kept_at is None and self._store.counts(key).to_hand_out > 0

    def _claim_all(self, keys: Sequence[LoopKey], claim: Claim) -> list[Item | None]:
        place = self._store.first_together(keys)
        if place is None:
            return [None] * len(keys)
        waiting = [item for key in keys if (item := self._store.item_at(key, place)) is not None]
        # They fail together from now on, whatever happened to one of them alone.
        attempts = max(item.attempts for item in waiting)
        return [
            self._items.happens(key, item, Event(On.ACQUIRED, claim=claim, attempts=attempts))
            for key, item in zip(keys, waiting, strict=True)
        ]

    def note_read_ahead(self, turn: Turn, seconds: float, late: float) -> None:
        """Note that a turn's image was read ahead in `seconds`, and was waited for, `late`."""
        self.memory.note_read_ahead(turn, seconds, late)

    def _stopped_writes(self, key: LoopKey) -> _StoppedWrites | None:
        """The files to wait for before anything of a loop is handed out, if any; once reconciled.

        They are of images that may now be handed out again: their prompts were stopped or failed,
        or another batch begins. Otherwise two prompts would write the same file, and the older one
        might finish last.
        """
        if not self._writes.busy(key.id):
            return None
        goes_on = self._store.load(key) and not self._store.counts(key).complete
        going_well = self._outcomes.turns_that_go_well(key) if goes_on else []
        is_stopped = self._writes.busy(key.id, but=going_well)
        return _StoppedWrites(key, going_well) if is_stopped else None

    def _held(self, key: LoopKey, prompt: Prompt) -> Item | None:
        """The item that `prompt` already has: a graph may have two iterators on one loop."""
        for item in self._store.at_hand(key):
            if item.claim is not None and item.claim.prompt == prompt:
                return item
        return None
