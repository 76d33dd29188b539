"""Servers with one store, whose batches go on after any of them has died."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar, Generic, TypeVar

from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.items import Counts
from batch_loop.core.model.prompt import Ending, Prompt
from batch_loop.core.model.records import Iteration
from batch_loop.core.sources.interface import Source
from batch_loop.core.store.interface import Store
from batch_loop.core.store.memory import MemoryStore
from batch_loop.tests.support.fake_host import ByHand, FakeHost

S = TypeVar("S", bound=Source)


class Host(FakeHost):
    """A host of one of several servers, of which some are known to have ended."""

    def __init__(self, name: str, dead: set[str]) -> None:
        super().__init__()
        self.name = name
        self._dead = dead

    @property
    def server(self) -> str:
        return self.name

    def is_alive(self, server: str, *, is_here: bool) -> bool | None:  # noqa: ARG002
        return False if server in self._dead else None

    def submit(self, client_id: str | None = None) -> Prompt:
        prompt = super().submit(client_id)
        return replace(prompt, id=f"{self.name}-{prompt.id}")


class Server(Generic[S]):
    """A registry, and one loop that it works on."""

    made: ClassVar[list[Server[Any]]] = []

    def __init__(
        self, name: str, store: Store, source: S, request: Request, dead: set[str]
    ) -> None:
        self.host = Host(name, dead)
        self.store = store
        self.source = source
        self.registry = LoopRegistry(
            store,
            self.host,
            source,
            lease_seconds=60.0,
            poll_outcomes=ByHand,
            poll_listings=ByHand,
        )
        self.request = request
        self.made.append(self)

    def take(self, **changes: Any) -> Iteration:
        return self.registry.acquire(replace(self.request, **changes), self.host.submit())

    def finish(self, iteration: Iteration, ending: Ending = Ending.SUCCESS) -> None:
        self.registry.end(iteration)
        self.host.finish(iteration.prompt, ending)

    def run(self, ending: Ending = Ending.SUCCESS, **changes: Any) -> str:
        """One whole prompt; the path it had, "" for none."""
        iteration = self.take(**changes)
        self.finish(iteration, ending)
        return iteration.item.path if iteration.item else ""

    def runs(self, number: int, **changes: Any) -> list[str]:
        return [self.run(**changes) for _ in range(number)]

    def run_all(self, **changes: Any) -> list[str]:
        """Runs until nothing is left; the paths in order."""
        paths = []
        while path := self.run(**changes):
            paths.append(path)
        return paths

    @property
    def counts(self) -> Counts:
        return self.registry.snapshot(self.request.key.id).counts

    @property
    def complete(self) -> bool:
        return self.registry.snapshot(self.request.key.id).complete

    def reported(self) -> list[str]:
        return [item.path for item, _ in self.registry.report(self.request.key.id)[1]]


class World(Generic[S]):
    """Servers with one store and one source, which die and start."""

    def __init__(self, opened: Callable[[], Store], source: S, request: Request) -> None:
        self._opened = opened
        self._started = 0
        self.dead: set[str] = set()
        self.source = source
        self.request = request

    def start(self) -> Server[S]:
        self._started += 1
        name = f"server {self._started}"
        return Server(name, self._opened(), self.source, self.request, self.dead)

    def restarted(self, server: Server[S]) -> Server[S]:
        """Another server, once this one has died with all that it had not written."""
        self.dead.add(server.host.server)
        if not isinstance(server.store, MemoryStore):
            server.store.close()  # of the registry, nothing is closed
        return self.start()


@contextmanager
def until_the_end(opened: Callable[[], Store]) -> Iterator[Callable[[], Store]]:
    """What opens one store repeatedly, all of which are closed when the block ends."""
    stores: list[Store] = []

    def one_more() -> Store:
        stores.append(opened())
        return stores[-1]

    yield one_more
    while Server.made:
        # No lease outlives its test.
        Server.made.pop().registry.servers.stop()
    for store in stores:
        store.close()
