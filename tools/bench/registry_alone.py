"""How long the registry takes over an iteration.

No ComfyUI and no image is needed: the prompts are those of the tests' host, and the files are
names. It is a part of the pack to Python, so whoever measures imports it by `tools.pack`.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ...core.engine.batches import Request
from ...core.engine.registry import LoopRegistry
from ...core.files.listing import sight
from ...core.model.prompt import Ending
from ...core.model.selection import Selection
from ...core.model.state import LoopKey
from ...core.store.databases.database import open_store
from ...core.store.memory import MemoryStore
from ...core.store.store import Store
from ...tests.support.fake_host import FakeHost

STORES = ("memory", "sqlite")
SIZES = (10, 100_000)
PROMPTS = 400


@dataclass(frozen=True)
class IterationRow:
    """What the registry costs in one prompt: acquire, claim_outputs, end, and the outcome."""

    files: int
    store: str
    median_ms: float
    best_ms: float


class NoWatcher:
    """Settles only when the benchmark does."""

    def wake(self) -> None:
        """Do nothing."""

    def finish(self, seconds: float, look: Callable[[], bool]) -> None:
        """Do nothing: all is settled."""


class _Server:
    """A registry over a store of its own, on a folder with images of these names."""

    def __init__(self, store: Store, names: Sequence[str]) -> None:
        self.host = FakeHost()
        self.registry = LoopRegistry(store, self.host, lambda *_args, **_seed: names, sight)
        self.registry._settling._watcher = NoWatcher()  # type: ignore[assignment]  # noqa: SLF001

    def prompt(self, request: Request) -> None:
        """One prompt, which finds an image."""
        prompt = self.host.submit("tab")
        iteration = self.registry.acquire(request, prompt)
        assert iteration.item is not None  # noqa: S101 - for the type checker
        target = f"/out/{iteration.item.path}"
        self.registry.claim_outputs(iteration, [target])
        self.registry.end(iteration)
        self.host.finish(prompt, Ending.SUCCESS, target)
        self.registry._settling.settle_all()  # noqa: SLF001


@contextmanager
def _store(kind: str) -> Iterator[Store]:
    if kind == "memory":
        yield MemoryStore()
        return
    with tempfile.TemporaryDirectory(prefix="batch-loop-bench-") as folder:
        store = open_store(folder)
        yield store
        store.close()


def iterations(files: int, kind: str, prompts: int = PROMPTS) -> IterationRow:
    """Measure `prompts` prompts of a batch of `files`; a short batch is begun again and again.

    The first prompt of a batch lists the folder, and the last looks through it again: neither is
    counted.
    """
    names = [f"img_{number:06d}.png" for number in range(files)]
    request = Request(LoopKey("", "/folder"), Selection())
    taken: list[float] = []
    with _store(kind) as store:
        server = _Server(store, names)
        while len(taken) < prompts:
            server.prompt(request)
            for _ in range(min(files - 2, prompts - len(taken))):
                began = time.perf_counter()
                server.prompt(request)
                taken.append((time.perf_counter() - began) * 1e3)
            server.registry.start_over(request.key.id)
    return IterationRow(files, kind, round(statistics.median(taken), 3), round(min(taken), 3))
