"""What folders contain for a loop; they are read outside any transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from ...common.errors import NoImages
from ...companions.listed_companions import Beside, FindBeside
from ...model.loop_key import LoopKey
from ...model.prompt import Host
from ...model.records import KnownResult
from ...results.finished_results import finished
from ...sources.interface import Part, Source
from ...store.interface import Store
from ...store.records import Standing
from ..changes.outputs import Outputs
from ..changes.source_files import SourceFiles
from ..changes.transactions import Transactions
from .due_listings import Due
from .folder_watch import FolderWatch
from .own_results import OwnResults

if TYPE_CHECKING:
    from ...model.selection import Selection

SOON_SECONDS = 0.05
"""How long a folder is read for at most, just to know what will be first."""


IN_A_PART = 2_000
"""Items of a part: so many are added in a hundredth of a second, for which others wait."""


class _TakesLong(Exception):
    """Ends the reading of a folder that takes longer than that."""


class Found(NamedTuple):
    """What a folder holds for a batch."""

    paths: Sequence[str]
    """The images in order."""
    finished: Collection[str] = frozenset()
    """Those that are left out as their results already exist."""
    lacking: Collection[str] = frozenset()
    """Those that are left out as companions of theirs are missing."""
    present: Sequence[str] = ()
    """Those of `paths` and `finished`, and all others that the range leaves out."""

    def left_out_of(self, listed: Collection[str]) -> tuple[int, int]:
        """How many of both kinds are not among those that are listed."""
        finished, lacking = (
            sum(path not in listed for path in paths) for paths in (self.finished, self.lacking)
        )
        return finished, lacking


class _Listed(NamedTuple):
    """What a folder holds, whether its results exist or not."""

    paths: Sequence[str]
    own_results: int
    lacking: Collection[str]


class FolderContents:
    """Reads folders: which images a loop would have, and which of them are new."""

    def __init__(  # noqa: PLR0913 - what it stands on, each given once
        self,
        store: Store,
        host: Host,
        transactions: Transactions,
        *,
        source: Source,
        source_files: SourceFiles,
        outputs: Outputs,
        own_results: OwnResults,
        folder_watch: FolderWatch,
        find_beside: FindBeside,
    ) -> None:
        self._store = store
        self._host = host
        self._transactions = transactions
        self._source = source
        self._source_files = source_files
        self._outputs = outputs
        self._own_results = own_results
        self._folder_watch = folder_watch
        self._find_beside = find_beside

    def part(self, due: Due, *, patient: bool = False) -> tuple[str | None, Part] | None:
        """The next of the items that are due, and the one in front of them, None if none is.

        None in place of both if all items are to be listed at once. Raises like `found`.
        """
        first, key, selection = due.first, due.key, due.selection
        if first is None or selection.finished or self._folder_watch.is_watched(key):
            return None
        going_on, before = self.going_on(patient=patient), min(first, 1)
        most = IN_A_PART + before
        part = self._source.part(key, selection, first - before, most, going_on=going_on)
        if part is None:
            return None
        if first == 0 and not part.paths:
            raise NoImages(self._source.nothing(key, selection, 0))
        follows = part.paths[0] if before and part.paths else None
        return follows, part._replace(paths=part.paths[before:])

    def found(self, due: Due, *, patient: bool = False) -> Found:
        """The images of a loop, and those that are left out.

        Raises NoImages, FolderNotFound and InvalidSetting.
        """
        key, selection, going_on = due.key, due.selection, self.going_on(patient=patient)
        everything, own_results, lacking = self._listed(
            key, selection.without_range(), due.batch, patient=patient
        )
        paths = self._source.in_range(key, selection, everything)
        # A folder that is watched may still be empty.
        if not paths and not self._folder_watch.is_watched(key):
            raise NoImages(self._source.nothing(key, selection, own_results) + _without(lacking))
        names = selection.finished
        # A folder that may not be accessed proves nothing finished.
        if not names or None in {self._source_files.real_path(name.folder) for name in names}:
            return Found(paths, lacking=lacking, present=everything)
        left_out = finished(
            names,
            key.directory,
            paths,
            partial(self._known, key, patient=patient),
            all_paths=everything if selection.has_range else None,
            undone=self._transactions.beside(
                partial(self._store.outside.undone, key), patient=patient
            ),
            identities=self._source_files.identities(key),
            entry=key.entry,
            going_on=going_on,
        )
        if left_out:
            paths = [path for path in paths if path not in left_out]
        return Found(paths, left_out, lacking, everything)

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
        return self._listed(key, selection, batch, patient=False).paths

    def soon(self, key: LoopKey, selection: Selection) -> Sequence[str]:
        """What a loop's first batch would contain; nothing if reading the folder takes long."""
        until = monotonic() + SOON_SECONDS

        def going_on() -> None:
            if monotonic() > until:
                raise _TakesLong

        try:
            return self._listed(key, selection, 1, patient=False, going_on=going_on).paths
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
    ) -> _Listed:
        """Like `preview`; also returns what was left out."""
        going_on = going_on or self.going_on(patient=patient)
        own_results: Collection[str] = ()
        beside = Beside()

        def without(paths: Sequence[str]) -> Collection[str]:
            nonlocal own_results, beside
            # This is read after the folder: a result is recorded before its file exists.
            read = partial(self._own_results.beside, key)
            results = self._transactions.beside(read, patient=patient)
            own_results = self._own_results.among(key, paths, results)
            if not selection.companions or not self._source.is_one_file_each(key.of_entries):
                return own_results
            if own_results:
                paths = [path for path in paths if path not in own_results]
            items = {key.entry(path): path for path in paths}
            found = self._find_beside(selection.companions, key.directory, list(items), going_on)
            beside = Beside(
                {items[entry] for entry in found.companions},
                {items[entry] for entry in found.lacking},
            )
            return {*own_results, *beside.companions, *beside.lacking}

        paths = self._source.listed(
            key,
            selection,
            seed=key.seed(batch),
            going_on=going_on,
            without=without,
        )
        return _Listed(paths, len(own_results), beside.lacking)

    def going_on(self, *, patient: bool) -> Callable[[], object]:
        """The function to call repeatedly while a folder is read, or a listing is written."""
        return self._host.raise_if_cancelled if patient else (lambda: None)

    def unknown(
        self, key: LoopKey, found: Sequence[str], *, patient: bool = False
    ) -> tuple[list[str], Collection[str]]:
        """Those of `found` that are not listed, and all that are listed."""
        listed = self._transactions.beside(partial(self._store.outside.paths, key), patient=patient)
        return [path for path in found if path not in listed], listed

    def leaving(
        self, due: Due, present: Collection[str], *, patient: bool
    ) -> tuple[Collection[str], Standing]:
        """What of a batch its source no longer has, and how the batch stands.

        `present` is what the source has. What is done stays as a rule, and so does what a prompt
        has, but for the item that is due to leave: see `Due`.
        """
        before = self._transactions.beside(
            partial(self._store.outside.standing, due.key), patient=patient
        )
        return due.may_leave(before).difference(present), before

    def staying(self, due: Due, present: Collection[str], *, patient: bool) -> list[str]:
        """What stays in a batch that is listed anew, though its source no longer has it, in order.

        It is what cannot leave: see `Due.may_leave`.
        """
        _, before = self.leaving(due, (), patient=patient)
        there = {*present, *due.may_leave(before)}
        return [path for path in before.states if path not in there]


def _without(lacking: Collection[str]) -> str:
    """What the message for a folder without images says of those that lack a companion."""
    if not lacking:
        return ""
    return (
        f" Images without the files that belong to them are left out ({len(lacking)} here), as "
        "when_missing of Companion Image or Companion Text says: check its pattern."
    )
