"""The places of digests in a long sequence, found at once and with little memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Places = npt.NDArray[np.uint32]


class DigestIndex:
    """A sequence of digests (numbers below 2**63), to which more are added.

    It is kept as a few sorted runs, each at least twice as long as the next one, so that adding a
    batch sorts little again: 12 bytes a digest.
    """

    def __init__(self) -> None:
        self._runs: list[tuple[Numbers, Places]] = []
        """The digests of each run in their order, and the place of each in the sequence."""
        self._count = 0

    def add(self, digests: Sequence[int]) -> list[int]:
        """Add digests at the end; how many equal ones came before each, and 1."""
        added = np.array(digests, np.int64)
        order = np.argsort(added, kind="stable")
        in_order = added[order]
        # How far each is from the first of its equals in this batch.
        ranks = np.arange(len(added)) - in_order.searchsorted(in_order)
        for run, _ in self._runs:
            ranks += run.searchsorted(in_order, "right") - run.searchsorted(in_order)
        occurrences = np.empty(len(added), np.int64)
        occurrences[order] = ranks + 1
        self._runs.append((in_order, (order + self._count).astype(np.uint32)))
        self._count += len(added)
        while len(self._runs) > 1 and 2 * len(self._runs[-1][0]) > len(self._runs[-2][0]):
            self._merge()
        found: list[int] = occurrences.tolist()
        return found

    def finish(self) -> None:
        """Make finding fast, as no more are going to be added."""
        while len(self._runs) > 1:
            self._merge()

    def place(self, digest: int, occurrence: int) -> int | None:
        """The place of the digest's given occurrence, from 1; None if there are fewer."""
        for run, places in self._runs:
            first = int(run.searchsorted(digest))
            at = first + occurrence - 1
            if at < len(run) and run[at] == digest:
                return int(places[at])
            if first < len(run) and run[first] == digest:
                occurrence -= int(run.searchsorted(digest, "right")) - first
        return None

    def _merge(self) -> None:
        """Make one run of the last two; of equal digests, those of the earlier one come first."""
        later, earlier = self._runs.pop(), self._runs.pop()
        digests = np.concatenate((earlier[0], later[0]))
        # A stable sort takes runs that are in order as they are.
        order = np.argsort(digests, kind="stable")
        places = np.concatenate((earlier[1], later[1]))[order]
        self._runs.append((digests[order], places))


class Offsets:
    """A growing sequence of offsets, 8 bytes each."""

    _PART = 1 << 16

    def __init__(self) -> None:
        self._parts: list[Numbers] = []
        self._count = 0

    def __len__(self) -> int:
        """How many there are."""
        return self._count

    def __getitem__(self, place: int) -> int:
        """The one at a place."""
        return int(self._parts[place // self._PART][place % self._PART])

    def extend(self, offsets: Sequence[int]) -> None:
        """Add some at the end."""
        done = 0
        while done < len(offsets):
            at = self._count % self._PART
            if at == 0:
                self._parts.append(np.empty(self._PART, np.int64))
            most = min(self._PART - at, len(offsets) - done)
            self._parts[-1][at : at + most] = offsets[done : done + most]
            done += most
            self._count += most
