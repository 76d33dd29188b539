"""Reading the images of one turn."""

from __future__ import annotations

import itertools
from pathlib import Path

from batch_loop.core.background.budget import MemoryBudget
from batch_loop.core.background.read_ahead import ReadAhead, read_image
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.files.allowed_paths import AllowedFolders
from batch_loop.core.media.formats.decode import DecodedImage
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.selection import Selection
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.memory import MemoryStore
from batch_loop.core.turn.reading import GivenBack
from batch_loop.tests.support.background import turn_of
from batch_loop.tests.support.fake_host import ByHand, FakeHost
from batch_loop.tests.support.given_clock import GivenClock
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.reading import reading_of
from batch_loop.tests.support.waiting import wait_for


def test_how_long_an_image_was_read_ahead_is_noted_for_the_prompt_that_takes_it(
    tmp_path: Path,
) -> None:
    names = ["a.png", "b.png"]
    write_images(tmp_path, names)
    began: list[str] = []

    clock = GivenClock()

    def decode(path: str) -> DecodedImage:
        if path.endswith("b.png"):
            clock.now += 2.0
        began.append(path)
        return read_image(path)

    host, root = FakeHost(), str(tmp_path)
    registry = LoopRegistry(
        MemoryStore(),
        host,
        ImageFolder(lambda *_args, **_given: names, lambda _path: 0.0),
        poll_outcomes=ByHand,
    )
    ahead = ReadAhead(MemoryBudget(10**9), decode, smallest=0, clock=clock)
    reading = reading_of(registry, ahead, itertools.count(step=3).__next__)
    allowed = AllowedFolders(root, root, root)
    request = Request(LoopKey("", root), Selection())
    first = registry.acquire(request, host.submit())
    assert not isinstance(reading.opened(first, {}, allowed), GivenBack)
    wait_for(lambda: len(began) == 2, "b.png to be read")
    registry.end(first)
    host.finish(first.prompt)
    second = registry.acquire(request, host.submit())
    assert not isinstance(reading.opened(second, {}, allowed), GivenBack)
    assert registry.memory.read_ahead(turn_of(first)) == (0, 0)
    assert registry.memory.read_ahead(turn_of(second)) == (2, 3)


def test_the_next_image_is_read_once_a_prompt_has_its_own(tmp_path: Path) -> None:
    """Also where a server's first prompt waits: two at a time would only delay each other."""
    names = ["a.png", "b.png", "c.png"]
    write_images(tmp_path, names)
    events: list[tuple[str, str]] = []

    class Noting(ReadAhead):
        def begin(self, loop: str, path: str) -> None:
            events.append(("begin", Path(path).name))
            super().begin(loop, path)

        def take(self, loop: str, path: str) -> DecodedImage | None:
            taken = super().take(loop, path)
            events.append(("taken", Path(path).name))
            return taken

    host, root = FakeHost(), str(tmp_path)
    registry = LoopRegistry(
        MemoryStore(),
        host,
        ImageFolder(lambda *_args, **_given: names, lambda _path: 0.0),
        poll_outcomes=ByHand,
    )
    reading = reading_of(registry, Noting(MemoryBudget(10**9), read_image, smallest=0))
    allowed = AllowedFolders(root, root, root)
    request = Request(LoopKey("", root), Selection())
    for _ in names:
        iteration = registry.acquire(request, host.submit())
        assert not isinstance(reading.opened(iteration, {}, allowed), GivenBack)
        registry.end(iteration)
        host.finish(iteration.prompt)
    assert events == [
        ("taken", "a.png"),
        ("begin", "b.png"),
        ("taken", "b.png"),
        ("begin", "c.png"),
        ("taken", "c.png"),
    ]
