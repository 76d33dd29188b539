"""Taking listings: folders are read outside any transaction, so that nobody waits for a disk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Protocol, TypeVar

from ...common.errors import BatchLoopError, NoImages
from ...common.forecast import MOST_WEIGHED, Weight
from ...files.growing_files import STILL_SECONDS
from ...model.loop_key import LoopKey
from ...model.prompt import Host
from ...model.records import KnownResult
from ...results.finished_results import finished
from ...store.interface import Store
from ..changes.moments import LOOK
from ..changes.outputs import Outputs
from ..changes.sources import Sources
from ..changes.transactions import Refusal, Transactions, answer
from .due_listings import Due, Listed, Listing, Sight, Why, no_images
from .folder_watch import FolderWatch
from .large_listings import LargeListings
from .listing_turns import ListingTurns
from .own_results import OwnResults
from .spare_listings import SpareListings

if TYPE_CHECKING:
    from ...model.selection import Selection

WEIGHING_SECONDS = 1.0
"""A folder whose images take longer to weigh, such as on a slow network, goes without."""

SOON_SECONDS = 0.05
"""How long a folder is read for at most, just to know what will be first."""

T = TypeVar("T")


class _TakesLong(Exception):
    """Ends the reading of a folder that takes longer than that."""


class Lister(Protocol):
    """Lists a directory."""

    def __call__(
        self,
        directory: str,
        selection: Selection,
        *,
        seed: int,
        going_on: Callable[[], object] = ...,
        without: Callable[[Sequence[str]], Collection[str]] = ...,
    ) -> Sequence[str]:
        """Return relative paths in order; `seed` determines the order of a shuffle.

        `going_on` is called repeatedly meanwhile, and what it raises ends the listing. `without` is
        given all that match, and returns those to leave out before the range is applied.
        """


class Listings:
    """Takes listings, one of each loop at a time; never called inside a transaction."""

    def __init__(  # noqa: PLR0913 - what it stands on, each given once
        self,
        store: Store,
        host: Host,
        transactions: Transactions,
        *,
        sources: Sources,
        outputs: Outputs,
        own_results: OwnResults,
        folder_watch: FolderWatch,
        lister: Lister,
        sight: Callable[[str], Sight],
        weigh: Callable[[str], Weight | None],
        spare_listings: SpareListings,
        large_listings: LargeListings,
    ) -> None:
        """`sight` describes the file at a full path; `weigh` says how much work its image is."""
        self._store = store
        self._host = host
        self._transactions = transactions
        self._sources = sources
        self._outputs = outputs
        self._own_results = own_results
        self._folder_watch = folder_watch
        self._moments = transactions.memory.moments
        self._lister = lister
        self._sight = sight
        self._weigh = weigh
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

    def found(self, due: Due, *, patient: bool = False) -> tuple[Sequence[str], set[str]]:
        """The images in order, and those that are left out as their results already exist.

        Raises NoImages, FolderNotFound and InvalidSetting.
        """
        key, selection, going_on = due.key, due.selection, self._going_on(patient=patient)
        everything, own_results = self._listed(
            key, selection.without_range(), due.batch, patient=patient
        )
        paths = selection.in_range(everything)
        # A folder that is watched may still be empty.
        if not paths and not self._folder_watch.is_watched(key):
            raise NoImages(no_images(key.directory, selection, own_results))
        names = selection.finished
        # A folder that may not be accessed proves nothing finished.
        if not names or None in {self._sources.real_path(name.folder) for name in names}:
            return paths, set()
        left_out = finished(
            names,
            key.directory,
            paths,
            partial(self._known, key, patient=patient),
            all_paths=everything if selection.has_range else None,
            undone=self._transactions.beside(
                partial(self._store.outside.undone, key), patient=patient
            ),
            identities=self._sources.identities(key),
            going_on=going_on,
        )
        if left_out:
            paths = [path for path in paths if path not in left_out]
        return paths, left_out

    def _known(self, key: LoopKey, folder: str, *, patient: bool) -> Iterator[KnownResult]:
        """What is known of the results in a folder."""
        after: str | None = ""
        while after is not None:
            read = partial(self._outputs.known_below_beside, key, folder, after)
            after = None
            for result in self._transactions.beside(read, patient=patient):
                yield result
                after = result.file

    def preview(self, key: LoopKey, selection: Selection, batch: int) -> Sequence[str]:
        """What a batch that began now would contain, in order, including finished images."""
        return self._listed(key, selection, batch, patient=False)[0]

    def soon(self, key: LoopKey, selection: Selection) -> Sequence[str]:
        """What a loop's first batch would contain; nothing if reading the folder takes long."""
        until = monotonic() + SOON_SECONDS

        def going_on() -> None:
            if monotonic() > until:
                raise _TakesLong

        try:
            return self._listed(key, selection, 1, patient=False, going_on=going_on)[0]
        except _TakesLong:
            return ()

    def _listed(
        self,
        key: LoopKey,
        selection: Selection,
        batch: int,
        *,
        patient: bool,
        going_on: Callable[[], object] | None = None,
    ) -> tuple[Sequence[str], int]:
        """Like `preview`; also returns how many files were left out as the loop's own results."""
        own_results: Collection[str] = ()

        def without(paths: Sequence[str]) -> Collection[str]:
            nonlocal own_results
            # This is read after the folder: a result is recorded before its file exists.
            read = partial(self._own_results.beside, key)
            results = self._transactions.beside(read, patient=patient)
            own_results = self._own_results.among(key, paths, results)
            return own_results

        paths = self._lister(
            key.directory,
            selection,
            seed=key.seed(batch),
            going_on=going_on or self._going_on(patient=patient),
            without=without,
        )
        return paths, len(own_results)

    def _going_on(self, *, patient: bool) -> Callable[[], object]:
        """The function to call repeatedly while a folder is read, or a listing is written."""
        return self._host.raise_if_cancelled if patient else (lambda: None)

    def unknown(
        self, key: LoopKey, found: Sequence[str], *, patient: bool = False
    ) -> tuple[list[str], Collection[str]]:
        """Those of `found` that are not listed, and all that are listed."""
        listed = self._transactions.beside(partial(self._store.outside.paths, key), patient=patient)
        return [path for path in found if path not in listed], listed

    def _take(self, due: Due, *, patient: bool) -> Listing:
        """Read a folder for a listing that is due."""
        going_on = self._going_on(patient=patient)
        if due.why is Why.BEFORE_THE_LAST:
            return self._before_the_last(due)
        key, began = due.key, self._moments.note(due.key, LOOK)
        if due.before is not None:
            sights = due.before.sights
            same = [path for path in due.before.paths if self._looks(key, path) == sights[path]]
            return Listing(due, began, same, due.before.finished)
        found, left_out = self.found(due, patient=patient)
        if due.why is Why.BEGIN:
            found = self._whole(key, found, (), going_on)
            return Listing(
                due, began, found, len(left_out), weights=self._weights(key, found, going_on)
            )
        if due.why is Why.RELIST:
            if self._folder_watch.is_watched(key):
                _, listed = self.unknown(key, (), patient=patient)
                found = self._whole(key, found, listed, going_on)
            return Listing(
                due, began, found, len(left_out), weights=self._weights(key, found, going_on)
            )
        new, listed = self.unknown(key, found, patient=patient)
        new = list(self._whole(key, new, (), going_on))
        return Listing(due, began, new, len(left_out.difference(listed)))

    def _before_the_last(self, due: Due) -> Listing:
        """The new files and their descriptions; none if the folder cannot be read.

        The last image is handed out all the same, and the next run reports what is wrong.
        """
        key, began = due.key, self._host.now()
        try:
            found, left_out = self.found(due, patient=True)
        except BatchLoopError:
            return Listing(due, began)
        new, listed = self.unknown(key, found, patient=True)
        sights = {path: self._looks(key, path) for path in new}
        return Listing(due, began, new, len(left_out.difference(listed)), sights)

    def _looks(self, key: LoopKey, path: str) -> Sight:
        return self._sight(key.full(path))

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
        if is_first:
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
            weight = self._weigh(key.full(path))
            if weight is not None:
                found[path] = weight
            if self._host.steady() > until:
                # What lies at the beginning does not stand for the rest.
                return {}
            going_on()
        return found
