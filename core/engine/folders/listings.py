"""Taking listings: folders are read outside any transaction, so that nobody waits for a disk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from typing import TypeVar

from ...common.errors import BatchLoopError
from ...common.forecast import MOST_WEIGHED, Weight
from ...files.growing_files import STILL_SECONDS
from ...model.loop_key import FRAMES, LoopKey
from ...model.prompt import Host
from ...sources.interface import Sight, Source
from ...store.records import Standing
from ..changes.moments import LOOK
from ..changes.transactions import Refusal, Transactions, answer
from .due_listings import Due, Listed, Listing, Why
from .folder_contents import FolderContents, Found
from .folder_watch import FolderWatch
from .large_listings import LargeListings
from .listing_turns import ListingTurns
from .spare_listings import SpareListings

WEIGHING_SECONDS = 1.0
"""A folder whose images take longer to weigh, such as on a slow network, goes without."""

_OF_ALL = {Why.BEGIN, Why.RELIST, Why.MORE}
"""The purposes for which all items are listed, rather than those alone that are new."""

T = TypeVar("T")


def _may_follow(due: Due) -> bool:
    return due.selection.has_range or due.key.kind == FRAMES


class Listings:
    """Takes listings, one of each loop at a time; never called inside a transaction."""

    def __init__(  # noqa: PLR0913 - what it stands on, each given once
        self,
        host: Host,
        transactions: Transactions,
        *,
        contents: FolderContents,
        folder_watch: FolderWatch,
        source: Source,
        spare_listings: SpareListings,
        large_listings: LargeListings,
    ) -> None:
        self._host = host
        self._contents = contents
        self._folder_watch = folder_watch
        self._moments = transactions.memory.moments
        self._source = source
        self._spare_listings = spare_listings
        self._large_listings = large_listings
        self.turns = ListingTurns(host)

    def with_listings(
        self, change: Callable[[Listed], T | Refusal | Due], *, patient: bool = False
    ) -> T:
        """The result of `change`, once it has been given every listing that it returns as due.

        A refusal is raised.

        The loop may have changed while the folder was read. So `change`, which makes its own
        transaction, is called again, and decides whether the listing is what it needs. `patient` is
        for prompts: they wait for a database that is away, and Cancel ends them.
        """
        listed: dict[LoopKey, Listing] = {}
        begun: dict[LoopKey, Listing] = {}
        with ExitStack() as turns, self._spare_listings.written_here() as written:
            mine: set[LoopKey] = set()
            while True:
                outcome = change(listed)
                if not isinstance(outcome, Due):
                    return answer(outcome)
                key = outcome.key
                if key not in mine:
                    if any(key.id < other.id for other in mine):
                        # Always in the same order, or two threads might wait for each other.
                        turns.close()
                        mine.clear()
                    mine.add(key)
                    if turns.enter_context(self.turns.taken(key, patient=patient)):
                        # What another thread has listed may be enough.
                        continue
                large = begun.pop(key, None)
                if large is not None and large.due == outcome:
                    self._large_listings.write(large, patient=patient)
                    listed[key] = large
                    continue
                listing = self._take(outcome, patient=patient)
                if not self._large_listings.is_large(listing, patient=patient):
                    listed[key] = listing
                    continue
                # What another server has listed meanwhile may be enough.
                large = self._large_listings.begin(listing, written, patient=patient)
                if large is not None:
                    begun[key] = large

    def _take(self, due: Due, *, patient: bool) -> Listing:
        """Read a source for a listing that is due."""
        if due.why is Why.BEFORE_THE_LAST:
            return self._before_the_last(due)
        if due.why is Why.LEAVE:
            return self._leaving(due, patient=patient)
        key, began = due.key, self._moments.note(due.key, LOOK)
        if due.before is not None:
            sights = due.before.sights
            same = [path for path in due.before.paths if self._looks(key, path) == sights[path]]
            before = due.before
            return Listing(due, began, same, before.finished, before.lacking)
        part = self._contents.part(due, patient=patient)
        if part is not None:
            follows, (paths, behind) = part
            return Listing(due, began, paths, to_list=behind, is_part=True, follows=follows)
        contents = self._contents.found(due, patient=patient)
        if due.why in _OF_ALL:
            return self._all(due, began, contents, patient=patient)
        new, listed = self._contents.unknown(key, contents.paths, patient=patient)
        new = list(self._whole(key, new, (), self._contents.going_on(patient=patient)))
        return self._with_leaving(due, began, new, contents, listed, patient=patient)

    def _leaving(self, due: Due, *, patient: bool) -> Listing:
        """What leaves a batch; nothing if the folder cannot be read, as nothing is known then."""
        began = self._moments.note(due.key, LOOK)
        try:
            contents = self._contents.found(due, patient=patient)
        except BatchLoopError:
            return Listing(due, began)
        # What follows what has left a range, or is a shorter window in its place.
        follows = contents.paths if _may_follow(due) else ()
        new, listed = self._contents.unknown(due.key, follows, patient=patient)
        return self._with_leaving(due, began, new, contents, listed, patient=patient)

    def _with_leaving(  # noqa: PLR0913 - what was found, in its parts
        self,
        due: Due,
        began: float,
        new: Sequence[str],
        contents: Found,
        listed: Collection[str],
        *,
        patient: bool,
    ) -> Listing:
        """The listing of what is new, with what leaves the batch, if anything may."""
        gone: Collection[str] = frozenset()
        before = Standing()
        if due.leaves:
            present = set(contents.present)
            if any(path not in present for path in listed):
                gone, before = self._contents.leaving(due, present, patient=patient)
        left_out = contents.left_out_of(set(listed).difference(gone) if gone else listed)
        return Listing(due, began, new, *left_out, gone=gone, before=before)

    def _all(self, due: Due, began: float, contents: Found, *, patient: bool) -> Listing:
        """The listing of all items that were found."""
        key, going_on = due.key, self._contents.going_on(patient=patient)
        listed: Collection[str] = ()
        if due.why in {Why.RELIST, Why.MORE} and self._folder_watch.is_watched(key):
            _, listed = self._contents.unknown(key, (), patient=patient)
        found = self._whole(key, contents.paths, listed, going_on)
        weights, stays = self._weights(key, found, going_on), list[str]()
        if due.leaves:
            stays = self._contents.staying(due, contents.present, patient=patient)
            found = [*stays, *found]
        left_out = contents.left_out_of(set(stays))
        return Listing(due, began, found, *left_out, weights=weights)

    def _before_the_last(self, due: Due) -> Listing:
        """The new files and their descriptions; none if the folder cannot be read.

        The last image is handed out all the same, and the next run reports what is wrong.
        """
        key, began = due.key, self._host.now()
        try:
            contents = self._contents.found(due, patient=True)
        except BatchLoopError:
            return Listing(due, began)
        new, listed = self._contents.unknown(key, contents.paths, patient=True)
        sights = {path: self._looks(key, path) for path in new}
        return Listing(due, began, new, *contents.left_out_of(listed), sights)

    def _looks(self, key: LoopKey, path: str) -> Sight:
        return self._source.sight(key, path)

    def _whole(
        self,
        key: LoopKey,
        paths: Sequence[str],
        listed: Collection[str],
        going_on: Callable[[], object],
    ) -> Sequence[str]:
        """`paths`, without new files that may be incomplete, if the folder is watched.

        Whether a file is growing cannot be told from one look: so files that have not been seen
        before are looked at once more, a moment later.
        """
        is_first = self._folder_watch.has_new(key, (path for path in paths if path not in listed))
        whole = self._folder_watch.whole(key, paths, listed)
        in_one_file = not self._source.is_one_file_each(key.of_entries)
        if is_first or (len(whole) < len(paths) and in_one_file):
            # A file that all items are in was seen before, however new they are.
            self._host.wait(STILL_SECONDS)
            going_on()
            whole = self._folder_watch.whole(key, paths, listed)
        return whole

    def _weights(
        self, key: LoopKey, paths: Sequence[str], going_on: Callable[[], object]
    ) -> dict[str, Weight]:
        """The weights of a small batch's images, as far as they are soon known."""
        found: dict[str, Weight] = {}
        until = self._host.steady() + WEIGHING_SECONDS
        for path in paths if len(paths) <= MOST_WEIGHED else ():
            weight = self._source.weigh(key, path)
            if weight is not None:
                found[path] = weight
            if self._host.steady() > until:
                # What lies at the beginning does not stand for the rest.
                return {}
            going_on()
        return found
