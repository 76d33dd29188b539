"""A database that is away for a moment: who waits for it, and who is told."""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batch_loop.core.common.errors import StoreAway
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.changes import transactions
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.background_writes import Turn
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.records import Iteration
from batch_loop.core.model.result_names import ResultName
from batch_loop.core.model.selection import Selection
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.memory import MemoryStore
from batch_loop.tests.support.background import FakeWrites, turn_of
from batch_loop.tests.support.fake_host import ByHand, FakeHost


class Away(MemoryStore):
    """A store whose database is away this many times."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    def transaction(self, *, beside: str | None = None) -> AbstractContextManager[None]:
        self.check()
        return super().transaction(beside=beside)

    def check(self) -> None:
        if self.times:
            self.times -= 1
            raise StoreAway("away")


class Server(FakeWrites):
    """A registry on such a store; what is written in the background ends when it is waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Away()
        self.host = FakeHost()
        self.registry = LoopRegistry(
            self.store,
            self.host,
            ImageFolder(lambda *_args, **_seed: ["a", "b", "c"], lambda _path: 0.0),
            self,
            poll_outcomes=ByHand,
            poll_listings=ByHand,
        )
        self.request = Request(LoopKey("", os.path.abspath("folder")), Selection())

    def wait(self, loop: str, but: Collection[Turn] = ()) -> None:
        for turn in self._left(loop, but):
            self.end(turn)

    def take(self) -> Iteration:
        return self.registry.acquire(self.request, self.host.submit())

    def run(self, *, writes: bool = False) -> None:
        iteration = self.take()
        if writes:
            self.begin(turn_of(iteration))
        self.registry.end(iteration)
        self.host.finish(iteration.prompt)

    @property
    def done(self) -> int:
        return self.store.counts(self.request.key).done


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(transactions, "RETRY_SECONDS", 0.0)
    return Server()


def test_a_saver_waits_for_it(server: Server) -> None:
    server.run(writes=True)
    second = server.take()
    server.store.times = 3
    server.registry.finish_earlier(second)
    assert server.done == 1


def test_a_listing_without_what_is_finished_waits_for_it(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = server.store.outside
    below = outside.written_below

    def below_unless_away(*given: Any) -> Any:
        server.store.check()
        return below(*given)

    monkeypatch.setattr(outside, "written_below", below_unless_away)
    (tmp_path / "a").touch()
    selection = Selection(finished=(ResultName(str(tmp_path), ("", "filename")),))
    server.request = replace(server.request, selection=selection)
    folder = server.registry.source
    listed = folder.listed

    def list_while_it_goes_away(*given: Any, **more: Any) -> Any:
        server.store.times = 3
        return listed(*given, **more)

    monkeypatch.setattr(folder, "listed", list_while_it_goes_away)
    server.take()
    assert server.store.times == 0


def test_what_looks_in_the_background_is_told(server: Server) -> None:
    server.run()
    server.store.times = 2
    with pytest.raises(StoreAway):
        server.registry.reconcile_all()
    assert not server.registry.reconcile_all()
    assert server.done == 1
