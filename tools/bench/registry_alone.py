"""How long the registry takes over an iteration, and over the first listing of a large folder.

No ComfyUI and no image is needed: the prompts are those of the tests' host, and the files are
empty. It is a part of the pack to Python, so whoever measures imports it by `tools.pack`.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ...nodes.io.listing import Selection, SortBy, has_images, list_images, sight
from ...nodes.io.natural import natural_key
from ...nodes.loop.batches import Request
from ...nodes.loop.database import open_store
from ...nodes.loop.prompt import Ending
from ...nodes.loop.registry import LoopRegistry
from ...nodes.loop.sql_store import SqlStore
from ...nodes.loop.state import IterationMode, LoopKey
from ...nodes.loop.store import LoopEntry, MemoryStore, Store
from ...tests.support.fake_host import FakeHost

STORES = ("memory", "sqlite")
SIZES = (10, 100_000)
PROMPTS = 400
REPEATS = 3


@dataclass(frozen=True)
class IterationRow:
    """What the registry costs in one prompt: acquire, claim_outputs, end, and the outcome."""

    files: int
    store: str
    median_ms: float
    best_ms: float


@dataclass(frozen=True)
class ValidationRow:
    """What the check before a prompt costs: whether a folder has any image, or the listing."""

    files: int
    store: str
    has_images_ms: float
    has_listing_ms: float


@dataclass(frozen=True)
class ListingRow:
    """The first listing of a folder in natural order, by part; the best of some, in seconds."""

    files: int
    store: str
    scan: float
    """Reading the folder, with the names in plain order."""
    sort: float
    """From plain to natural order."""
    insert: float
    """What the store does to keep it."""
    total: float
    """All of it in one, as the first prompt of a batch has it."""
    again: float
    """The insertion of the next batch, with the rows of the one before to be deleted."""


class NoWatcher:
    """Settles only when the benchmark does."""

    def wake(self) -> None:
        """Do nothing."""

    def finish(self, seconds: float, look: Callable[[], bool]) -> None:
        """Do nothing: all is settled."""


class _Server:
    """A registry over a store of its own."""

    def __init__(self, folder: str, kind: str, lister: Callable[..., Sequence[str]]) -> None:
        self.store: Store = MemoryStore() if kind == "memory" else open_store(folder)
        self.host = FakeHost()
        self.registry = LoopRegistry(self.store, self.host, lister, sight)
        self.registry._settling._watcher = NoWatcher()  # type: ignore[assignment]  # noqa: SLF001

    def prompt(self, request: Request) -> bool:
        """One prompt; whether there was an image for it."""
        prompt = self.host.submit("tab")
        iteration = self.registry.acquire(request, prompt)
        if iteration.item is None:
            return False
        target = f"/out/{iteration.item.path}"
        self.registry.claim_outputs(iteration, [target])
        self.registry.end(iteration)
        self.host.finish(prompt, Ending.SUCCESS, target)
        self.registry._settling.settle_all()  # noqa: SLF001
        return True

    def close(self) -> None:
        if isinstance(self.store, SqlStore):
            self.store._engine.dispose()  # noqa: SLF001


@contextmanager
def _server(kind: str, lister: Callable[..., Sequence[str]]) -> Iterator[_Server]:
    with tempfile.TemporaryDirectory(prefix="batch-loop-bench-") as folder:
        server = _Server(folder, kind, lister)
        try:
            yield server
        finally:
            server.close()


def iterations(files: int, kind: str, prompts: int = PROMPTS) -> IterationRow:
    """Measure `prompts` prompts of a batch of `files`; a short batch is begun again and again.

    The first prompt of a batch lists the folder, and the last looks through it again: neither is
    counted.
    """
    names = [f"img_{number:06d}.png" for number in range(files)]
    request = Request(LoopKey("", "/folder"), Selection())
    taken: list[float] = []
    with _server(kind, lambda *_args, **_seed: names) as server:
        while len(taken) < prompts:
            server.prompt(request)
            for _ in range(min(files - 2, prompts - len(taken))):
                began = time.perf_counter()
                server.prompt(request)
                taken.append((time.perf_counter() - began) * 1e3)
            server.registry.start_over(request.key.id)
    return IterationRow(files, kind, round(statistics.median(taken), 3), round(min(taken), 3))


def validation(folder: Path, kind: str) -> ValidationRow:
    """Measure the checks before a prompt, in a folder of images that has its listing."""
    request = Request(LoopKey("", str(folder)), Selection())
    with _server(kind, list_images) as server:
        server.prompt(request)
        files = server.registry.snapshot(request.key.id).counts.total
        images = _best(lambda: has_images(str(folder), request.selection), 20)
        listing = _best(lambda: server.registry.has_listing(request), 20)
    return ValidationRow(files, kind, round(images * 1e3, 3), round(listing * 1e3, 3))


def listing(folder: Path, kind: str, repeats: int = REPEATS) -> ListingRow:
    """Measure the first listing of a folder of images, and its parts."""
    directory = str(folder)
    by_name = Selection(sort_by=SortBy.NAME)
    scan = _best(lambda: list_images(directory, by_name), repeats)
    plain = list_images(directory, by_name)
    sort = _best(lambda: sorted(plain, key=natural_key), repeats)
    names = list_images(directory, Selection())
    key = LoopKey("", directory)
    request = Request(key, Selection())
    inserted, again, total = [], [], []
    for _ in range(repeats):
        with _server(kind, list_images) as server:
            store = server.store
            inserted.append(_taken(partial(_begin, store, key, names)))
            again.append(_taken(partial(_begin, store, key, names)))
        with _server(kind, list_images) as server:
            total.append(_taken(partial(server.prompt, request)))
    return ListingRow(
        files=len(names),
        store=kind,
        scan=round(scan, 6),
        sort=round(sort, 6),
        insert=round(min(inserted), 6),
        total=round(min(total), 6),
        again=round(min(again), 6),
    )


def make_folder(folder: Path, files: int) -> Path:
    """A folder of empty files whose names pass for images."""
    folder.mkdir(parents=True)
    for number in range(files):
        (folder / f"img_{number:06d}.png").touch()
    return folder


def _begin(store: Store, key: LoopKey, names: Sequence[str]) -> None:
    with store.transaction():
        store.begin(key, names)
        store.save(key, LoopEntry(Selection(), 1, IterationMode.CONTINUE, looked_at=0.0))


def _taken(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _best(work: Callable[[], object], repeats: int) -> float:
    return min(_taken(work) for _ in range(repeats))
