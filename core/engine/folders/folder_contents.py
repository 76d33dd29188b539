"""What folders contain for a loop; they are read outside any transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from ...common.errors import NoImages
from ...model.loop_key import LoopKey
from ...model.prompt import Host
from ...model.records import KnownResult
from ...results.finished_results import finished
from ...store.interface import Store
from ..changes.outputs import Outputs
from ..changes.sources import Sources
from ..changes.transactions import Transactions
from .due_listings import Due, no_images
from .folder_watch import FolderWatch
from .own_results import OwnResults

if TYPE_CHECKING:
    from ...model.selection import Selection

SOON_SECONDS = 0.05
"""How long a folder is read for at most, just to know what will be first."""


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


class FolderContents:
    """Reads folders: which images a loop would have, and which of them are new."""

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
    ) -> None:
        self._store = store
        self._host = host
        self._transactions = transactions
        self._sources = sources
        self._outputs = outputs
        self._own_results = own_results
        self._folder_watch = folder_watch
        self._lister = lister

    def found(self, due: Due, *, patient: bool = False) -> tuple[Sequence[str], set[str]]:
        """The images in order, and those that are left out as their results already exist.

        Raises NoImages, FolderNotFound and InvalidSetting.
        """
        key, selection, going_on = due.key, due.selection, self.going_on(patient=patient)
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
            going_on=going_on or self.going_on(patient=patient),
            without=without,
        )
        return paths, len(own_results)

    def going_on(self, *, patient: bool) -> Callable[[], object]:
        """The function to call repeatedly while a folder is read, or a listing is written."""
        return self._host.raise_if_cancelled if patient else (lambda: None)

    def unknown(
        self, key: LoopKey, found: Sequence[str], *, patient: bool = False
    ) -> tuple[list[str], Collection[str]]:
        """Those of `found` that are not listed, and all that are listed."""
        listed = self._transactions.beside(partial(self._store.outside.paths, key), patient=patient)
        return [path for path in found if path not in listed], listed
