"""What the registry costs apart from ComfyUI, and so without what else a server does meanwhile.

No ComfyUI and no image is needed: the prompts are those of the tests' host, and the files are
names.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

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
from .rows import Measured, Row
from .setting import Setting

STORES = ("memory", "sqlite")
SIZES = (10, 100_000)


@dataclass(frozen=True)
class Cost:
    """What the registry costs in one prompt: acquire, claim_outputs, end, and the outcome."""

    files: int
    store: str
    median_ms: float
    best_ms: float


def measure(setting: Setting) -> Measured:
    """Run prompts of a host that is a fake, with the state in a file and in memory."""
    found: dict[tuple[int, str], Cost] = {}
    for files in SIZES:
        for kind in STORES:
            setting.say(f"registry: {kind}, {files:,} images")
            found[files, kind] = iterations(files, kind, setting.of(400, 50))
    rows = [
        Row(
            f"the registry's part of one iteration, in a folder of {files:,} images",
            "ms",
            found[files, "sqlite"].median_ms,
            found[files, "memory"].median_ms,
            "with BATCH_LOOP_STATE=memory",
        )
        for files in SIZES
    ]
    return Measured(rows, {"registry": [asdict(each) for each in found.values()]})


def iterations(files: int, kind: str, prompts: int) -> Cost:
    """Measure `prompts` prompts of a batch of `files`; a short batch is begun again and again.

    The first prompt of a batch lists the folder, and the last looks through it again: neither is
    counted.
    """
    request = Request(LoopKey("", "/folder"), Selection())
    taken: list[float] = []
    with _store(kind) as store:
        server = _Server(store, [f"img_{number:06d}.png" for number in range(files)])
        while len(taken) < prompts:
            server.prompt(request)
            for _ in range(min(files - 2, prompts - len(taken))):
                began = time.perf_counter()
                server.prompt(request)
                taken.append((time.perf_counter() - began) * 1e3)
            server.registry.start_over(request.key.id)
    return Cost(files, kind, round(statistics.median(taken), 3), round(min(taken), 3))


class _NoWatcher:
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
        self.registry._settling._watcher = _NoWatcher()  # type: ignore[assignment]  # noqa: SLF001

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
