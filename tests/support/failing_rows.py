"""A batch of six rows, two of which fail."""

from __future__ import annotations

from collections.abc import Callable

from batch_loop.core.common.errors import UnreadableImage
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.loop_key import ROWS, LoopKey
from batch_loop.core.model.policy import ErrorHandling, Policy
from batch_loop.core.model.records import Iteration, Snapshot
from batch_loop.core.model.selection import Selection
from batch_loop.core.store.interface import Store
from batch_loop.core.store.records import Standing
from batch_loop.tests.support.fake_host import ByHand, FakeHost
from batch_loop.tests.support.numbered_rows import NumberedRows

SKIP = Policy(ErrorHandling.SKIP)
KEY = LoopKey("", "/table.csv", source=ROWS)
REQUEST = Request(KEY, Selection(), policy=SKIP)
FAILS = ("r00001", "r00003")


class FailingRows:
    """A registry on a table of six rows, two of which fail."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.host = FakeHost()
        self.source = NumberedRows(6)
        self.broken = set(FAILS)
        self.registry = LoopRegistry(store, self.host, self.source, poll_outcomes=ByHand)

    def one(self, request: Request = REQUEST) -> str | None:
        """Work on the next row; what cannot be read is passed over."""
        prompt = self.host.submit()
        iteration = self.registry.acquire(request, prompt)
        while iteration.item is not None and self.fails(iteration.item.path):
            self.fail(iteration)
            iteration = self.registry.acquire(request, prompt)
        if iteration.item is not None:
            self.registry.end(iteration)
        self.host.finish(prompt)
        self.registry.reconcile_all()
        return iteration.item and iteration.item.path

    def next_is_done(self) -> None:
        """Work on the next row, whether it is there or not."""
        prompt = self.host.submit()
        self.registry.end(self.registry.acquire(REQUEST, prompt))
        self.host.finish(prompt)
        self.registry.reconcile_all()

    def fails(self, path: str) -> bool:
        return path in self.broken or path not in self.source.rows

    def fail(self, iteration: Iteration) -> None:
        self.registry.reject(iteration, UnreadableImage("it is broken", "broken"), "broken")

    def all(self, request: Request = REQUEST) -> list[str]:
        done = []
        while (path := self.one(request)) is not None:
            done.append(path)
        return done

    def meanwhile(self, change: Callable[[], object]) -> None:
        """Have something happen once a batch was read, before its listing is taken."""
        read = self.store.outside.standing

        def standing(key: LoopKey) -> Standing:
            found = read(key)
            self.store.outside.standing = read  # type: ignore[method-assign]
            change()
            return found

        self.store.outside.standing = standing  # type: ignore[method-assign]

    def remove(self, *paths: str) -> None:
        for path in paths:
            self.source.rows.remove(path)

    @property
    def state(self) -> Snapshot:
        return self.registry.full_snapshot(KEY.id)

    @property
    def figures(self) -> tuple[int, int, int]:
        """How many rows there are, are done and have failed."""
        counts = self.state.counts
        return counts.total, counts.done, counts.failed

    @property
    def listed(self) -> list[str]:
        return [item.path for item, _ in self.registry.page(KEY.id, 0, 100).items]
