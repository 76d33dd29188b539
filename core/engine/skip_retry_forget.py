"""What people do to loops apart from running them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from ..common.errors import BatchLoopError, NotNow
from ..model.item_life import Event, On
from ..model.items import Item, ItemState
from ..model.loop_key import LoopKey
from ..model.prompt import Failure
from ..model.records import Arrived, Snapshot
from .changes.moments import FORGOTTEN
from .changes.transactions import Refusal, answer, in_transaction
from .changes.undo import UNDO_SECONDS
from .changes.unused import is_unused
from .folders.due_listings import Due, Listed, Why
from .outcomes.ended_prompts import together_with
from .parts import Parts


class Steering(Parts):
    """Starts over, retries, skips, forgets, and watches for new images."""

    def start_over(self, loop_id: str) -> Snapshot:
        """Begin a new batch of an existing loop, from the folder as it is now.

        The same happens to loops whose items are handed out together with its own, here and below.

        Raises:
            UnknownLoop: no loop has this id.
            NoImages, FolderNotFound: there is nothing to begin with; the loop is unchanged.

        """
        start_over = partial(self._start_over, loop_id, self._group(loop_id))
        return self._told(self.listings.with_listings(start_over))

    @in_transaction()
    def _start_over(self, loop_id: str, group: Sequence[LoopKey], listed: Listed) -> Snapshot | Due:
        key, group = self._take(loop_id, group)
        # This finds out which results are whole: those of prompts that have succeeded.
        for each in group:
            self._reconciler.reconcile(each)
        due = self._batches.start_over(group, listed, self._host.now())
        return self._loops.full_snapshot(key) if due is None else due

    def undo_start_over(self, loop_id: str) -> Snapshot:
        """Go on with the batch that `start_over` has ended, unless the new one has done something.

        What was DONE or FAILED in it is so again. An image that a run was working on, on any
        server, is still that run's, unless that has ended since: then the image is PENDING.
        The same happens to loops whose items are handed out together with its own, or to none.

        Raises:
            UnknownLoop: no loop has this id.
            NotNow: it was not started over, or that is too long ago, or something was done since.

        """
        snapshot = answer(self._undo_start_over(loop_id, self._group(loop_id)))
        with suppress(BatchLoopError):  # otherwise the next start does it
            self.spare_listings.recover()
        return self._told(snapshot)

    @in_transaction()
    def _undo_start_over(self, loop_id: str, group: Sequence[LoopKey]) -> Snapshot | Refusal:
        key, group = self._take(loop_id, group)
        for each in group:
            self._reconciler.reconcile(each)
        began = {self._loops.entry(each).kept_at for each in group}
        if len(began) > 1 or any(self._loops.undo_until(each) is None for each in group):
            return Refusal(NotNow(_CANNOT_BE_UNDONE))
        for each in group:
            self._batches.put_back(each, partial(self._goes_on, each))
        return self._loops.full_snapshot(key)

    def _goes_on(self, key: LoopKey, item: Item) -> bool:
        """Whether an item's prompt may still end well, here or on another server at work."""
        return self._outcomes.of(key, item) is None

    def retry_failed(self, loop_id: str, *, looks: bool = True) -> Snapshot:
        """Have the next runs retry the FAILED items of a loop; raises UnknownLoop.

        Those that their source no longer has leave the batch, if it `looks`, and can be read. Not
        while it is being listed anyway: nobody is to wait for that.
        """
        group = self._group(loop_id)
        with self.listings.turns.if_free(group[0]) as is_free:
            looks = looks and is_free
        retry = partial(self._retry_failed, loop_id, group, looks=looks)
        return self._told(self.listings.with_listings(retry))

    @in_transaction()
    def _retry_failed(
        self, loop_id: str, group: Sequence[LoopKey], listed: Listed, *, looks: bool
    ) -> Snapshot | Due:
        key, group = self._take(loop_id, group)
        for each in group:
            self._reconciler.reconcile(each)
        due = self._batches.retry_failed(group, listed, looks=looks)
        return self._loops.full_snapshot(key) if due is None else due

    def skip(self, loop_id: str, path: str) -> Snapshot:
        """Give up the image that a run stopped on: it is FAILED, with the reason of that stop.

        `path` is the image that is meant.

        Raises:
            UnknownLoop: no loop has this id.
            NotNow: no run has stopped on that image, or it has been handed out again since.

        """
        return self._told(answer(self._skip(loop_id, path, self._group(loop_id))))

    @in_transaction()
    def _skip(self, loop_id: str, path: str, group: Sequence[LoopKey]) -> Snapshot | Refusal:
        key, group = self._take(loop_id, group)
        self._reconciler.reconcile(key)
        item = self._loops.stopped_on(key)
        if item is None or item.path != path:
            return Refusal(NotNow(_not_stopped_on(path, item)))
        self._items.happens(key, item, Event(On.SKIPPED))
        for other in group:
            partner = None if other == key else self._store.item_at(other, item.index)
            if partner is not None and partner.state is ItemState.PENDING:
                failure = partner.failure or Failure(together_with(key, path, "it was skipped"))
                self._items.happens(other, partner, Event(On.SKIPPED, failure=failure))
        for each in group:
            # The person who skips it already knows the error that the next run would report.
            self._untold.forget(each)
            self._loops.note_completion(each)
        return self._loops.full_snapshot(key)

    def _told(self, snapshot: Snapshot) -> Snapshot:
        """The answer to a change, without what the loop is paired with if that cannot be read.

        The change is made: an error would have it tried again, which may be refused.
        """
        with suppress(BatchLoopError):
            return self._with_paired(snapshot)
        return snapshot

    def _group(self, loop_id: str) -> list[LoopKey]:
        """A loop and those that go together with it, as known before the transaction."""
        return self._transactions.read(lambda: self._loops.group(self._loops.find(loop_id)))

    def _take(self, loop_id: str, group: Sequence[LoopKey]) -> tuple[LoopKey, list[LoopKey]]:
        """Lock a loop and its group, without those forgotten meanwhile, for this transaction.

        Raises UnknownLoop if the loop itself was forgotten.
        """
        self._loops.take(self._reconciler.with_partners(group))
        known = [key for key in group if self._store.load(key) is not None]
        return self._loops.find(loop_id), known

    def check_at_rest(self, loop_id: str) -> None:
        """Check that no prompt has had an image of the loop and still runs.

        It may be started over meanwhile: other servers' prompts are known while that can be undone.
        Such a prompt outlives its loop, but a run that goes on after it would begin again with the
        first image.

        Raises:
            UnknownLoop: no loop has this id.
            NotNow: there is such a prompt.

        """

        def kept_elsewhere() -> tuple[list[LoopKey], bool]:
            group = self._loops.together(loop_id)
            return group, any(map(self._outcomes.goes_on_in_kept, group))

        group, is_kept = self._transactions.read(kept_elsewhere)
        known = [self.memory.kept(key) for key in group]
        turns = {turn for each in known for turn in (*each.turns, *each.kept_turns)}
        if is_kept or not all(map(self._outcomes.is_over, turns)):
            raise NotNow(_AT_WORK)

    def forget(self, loop_id: str) -> None:
        """Forget a loop and everything known of it; the user's files are left alone.

        The same happens to loops that go together with it: none of its images is left for theirs.
        Prompts of it that wait in the queue of this server begin no batch: see `acquire`.

        Raises:
            UnknownLoop: no loop has this id.
            NotNow: a run is working on one of its images.

        """
        group = self._transactions.read(partial(self._loops.together, loop_id))
        answer(self._forget(loop_id, group))
        with suppress(BatchLoopError):  # otherwise the next start does it
            self.spare_listings.recover()

    @in_transaction()
    def _forget(self, loop_id: str, group: Sequence[LoopKey]) -> Refusal | None:
        own, group = self._take(loop_id, group)
        # One that has gone on alone since the group was read has progress of its own.
        group = [key for key in group if self._loops.go_together(own, key)]
        for key in group:
            self._reconciler.reconcile(key)
        if any(map(self._store.open_items, group)):
            return Refusal(NotNow(_AT_WORK))
        for key in group:
            self._forget_now(key)
            # Prompts that wait in the queue by now were meant for the batch that is forgotten.
            forgotten = partial(self.memory.moments.note, key, FORGOTTEN)
            self._transactions.after_commit(forgotten)
        return None

    def _forget_now(self, key: LoopKey) -> None:
        self._store.forget(key)
        self.memory.forget(key)
        self._transactions.after_commit(partial(self._forgotten, key.id))
        self._transactions.changes_state()

    def forget_unused(self) -> None:
        """Forget loops in which nothing was ever done or failed, unless they ran not long ago.

        Each workflow that is once run on a folder has a loop with a row for each image.
        """
        for key in self._transactions.run(self._store.loops):
            self._forget_if_unused(key)

    @in_transaction()
    def _forget_if_unused(self, key: LoopKey) -> None:
        entry = self._store.load(key)
        if entry is None or not is_unused(entry, self._store.counts(key), self._host.now()):
            return
        # Files may have been written, or a run may have stopped on an image, before any was done.
        if not (self._loops.stopped_on(key) or self._store.has_written(key)):
            self._forget_now(key)

    def watch(self, loop_id: str) -> Arrived:
        """Whether a complete loop has something to do: new files that are complete.

        It costs next to nothing while no file arrives, so it may be called every other second. The
        next `acquire` with `WhenComplete.WATCH` takes the files that are ready, and leaves the
        others.

        Raises:
            UnknownLoop: no loop has this id.
            FolderNotFound: the folder does not exist now.

        """
        arrived, due = self._at_rest(loop_id)
        if due is None:
            return arrived
        key = due.key
        with self.listings.turns.if_free(key) as is_mine:
            # If another thread is listing the folder, it will find what has arrived.
            look = self._folder_watch.begin_look(key, due.selection) if is_mine else None
            if look is None:
                return arrived
            new, _ = self._contents.unknown(key, self._contents.found(due).paths)
            return self._folder_watch.looked(arrived, look, new)

    @in_transaction()
    def _at_rest(self, loop_id: str) -> tuple[Arrived, Due | None]:
        """What is known of a loop without reading its folder, and the listing that is due."""
        key = self._loops.find(loop_id)
        self._reconciler.reconcile(key)
        arrived, entry = self._folder_watch.at_rest(key)
        if entry is None:
            return arrived, None
        return arrived, Due(Why.JOIN, key, entry.selection, entry.batch)


_AT_WORK = (
    "This loop cannot be forgotten while a run works on one of its images. Wait until the run has "
    "ended, or press Cancel, and try again."
)
_CANNOT_BE_UNDONE = (
    "Start over cannot be undone: the batch was not started over in the last "
    f"{UNDO_SECONDS / 60:.0f} minutes, or an image of the new one is done or has failed."
)


def _not_stopped_on(path: str, item: Item | None) -> str:
    if item is None:
        now = "no run has stopped on an image, or it is being worked on again"
    else:
        now = f"the image that a run stopped on is {item.title!r}"
    return f"{path!r} was not skipped: {now}. Look at the loop again, and skip what stands there."
