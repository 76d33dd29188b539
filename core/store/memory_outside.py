"""What any thread asks of the store in memory, while the registry may be changing it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from ..model.items import STATE_NAMES, Counts, ItemState
from ..model.loop_key import LoopKey
from ..model.records import KnownResult, ReportedItem
from .memory_items import ItemTable
from .memory_outputs import MemoryOutputs
from .records import ListedLoop, LoopEntry, NewListing, Standing, WantedListing, Writer


class MemoryOutside:
    """The store's `Outside`. No listing is large here: each is taken at once."""

    def __init__(
        self,
        entries: Mapping[LoopKey, LoopEntry],
        items: Mapping[LoopKey, ItemTable],
        outputs: MemoryOutputs,
    ) -> None:
        """All three are the store's own, and change."""
        self._entries = entries
        self._items = items
        self._outputs = outputs

    def renew(self, server: str, seconds: float) -> None:
        pass

    def listed_loops(self) -> list[ListedLoop]:
        found = []
        # Each copy is made in one step, as the registry may change the original meanwhile.
        for key, entry in list(self._entries.items()):
            items = self._items.get(key)
            if items is None:  # it is being forgotten
                continue
            first = items.pending[:1]
            known = items.known.get(items.order[first[0]]) if first else None
            found.append(
                ListedLoop(
                    key,
                    entry.batch,
                    entry.finished,
                    entry.ran_at,
                    counts_in(items.counts.copy(), entry),
                    tuple(items.known[path] for path in items.open.copy()),
                    stopped=known is not None and known.stopped,
                    kept_at=entry.kept_at,
                    title=entry.title,
                )
            )
        return found

    def paths(self, key: LoopKey) -> Collection[str]:
        items = self._items.get(key)
        # Copied in one step, as the registry may change it meanwhile.
        return set() if items is None else set(items.order.copy())

    def pending(self, key: LoopKey) -> Collection[str]:
        items = self._items.get(key)
        order, places = ([], []) if items is None else (items.order.copy(), items.pending.copy())
        return {order[place] for place in places if place < len(order)}

    def standing(self, key: LoopKey) -> Standing:
        items = self._items.get(key)
        return Standing() if items is None else items.standing()

    def undone(self, key: LoopKey) -> Collection[str]:
        items = self._items.get(key)
        known = {} if items is None else items.known.copy()
        return {path for path, item in known.items() if item.undone}

    def report(self, key: LoopKey) -> list[ReportedItem]:
        items = self._items.get(key)
        return [] if items is None else items.all_reported()

    def results_below(self, key: LoopKey, folder: str) -> Mapping[str, str]:
        return self._outputs.results_below(key, folder)

    def written_below(self, folder: str, after: str = "") -> Iterator[KnownResult]:
        return iter(() if after else self._outputs.all_written_below(folder))

    def is_large(self, wanted: WantedListing, number: int) -> bool:  # noqa: ARG002
        return False

    def new_listing(
        self,
        wanted: WantedListing,
        listing: str,
        server: str,  # noqa: ARG002
        *,
        but: Collection[str] = (),  # noqa: ARG002
    ) -> NewListing | None:
        return NewListing(wanted.key, listing)

    def being_written(self, wanted: WantedListing) -> Mapping[str, Writer]:  # noqa: ARG002
        return {}

    def give_up(self, listing: str) -> None:
        pass

    def write_listing(self, new: NewListing, first: int, paths: Sequence[str]) -> None:
        pass

    def write_unlisted(self, new: NewListing, after: str) -> str | None:  # noqa: ARG002
        return None

    def finish_listing(self, new: NewListing) -> None:
        pass

    def spare_listings(self) -> Mapping[str, str]:
        return {}

    def delete_some(self, listing: str) -> bool:  # noqa: ARG002
        return False


def counts_in(numbers: Mapping[ItemState, int], entry: LoopEntry | None) -> Counts:
    """The counts of a loop, from the number of its items in each state."""
    counts = {name: numbers[state] for state, name in STATE_NAMES.items()}
    if entry is None:
        return Counts(**counts)
    return Counts(**counts, unpaired=entry.unpaired, to_list=entry.to_list)
