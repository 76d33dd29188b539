"""A range of a film that becomes longer or shorter: a run does the windows that have changed."""

from __future__ import annotations

import pytest

from batch_loop.core.common.errors import NoImages
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.loop_key import FRAMES, LoopKey
from batch_loop.core.model.selection import Selection
from batch_loop.core.sources.frames import Frames
from batch_loop.core.store.memory import MemoryStore
from batch_loop.tests.support.fake_host import ByHand, FakeHost

KEY = LoopKey("", "/clip.mp4", source=FRAMES)


class Film:
    """A registry on a range of a film, which has 20 frames at first."""

    def __init__(self, start_index: int = 0, limit: int = 0, **options: int) -> None:
        self.frames = 20
        self.host = FakeHost()
        source = Frames(lambda _path: self.frames)
        self.registry = LoopRegistry(MemoryStore(), self.host, source, poll_outcomes=ByHand)
        said = tuple((name, str(number)) for name, number in options.items())
        self.request = Request(KEY, Selection(start_index=start_index, limit=limit, options=said))

    def one(self) -> str | None:
        """Work on the next window."""
        prompt = self.host.submit()
        iteration = self.registry.acquire(self.request, prompt)
        if iteration.item is not None:
            self.registry.end(iteration)
        self.host.finish(prompt)
        self.registry.reconcile_all()
        return iteration.item and iteration.item.path

    def all(self) -> list[str]:
        done = []
        while (path := self.one()) is not None:
            done.append(path)
        return done

    def joining(self) -> int:
        selection = self.request.selection
        return self.registry.joining(KEY, selection, self.registry.preview(KEY, selection)[1])


@pytest.mark.parametrize(
    ("given", "frames", "changed"),
    [
        ({"start_index": 15}, 26, [f"clip_{number:06}.frame" for number in range(20, 26)]),
        ({"start_index": 15}, 18, []),
        ({"limit": 3, "frames": 8}, 26, ["clip_000016.frames8"]),
        ({"limit": 2, "frames": 8}, 26, []),
        ({"start_index": 2, "frames": 7, "overlap": 3}, 16, ["clip_000012.frames4"]),
    ],
)
def test_once_the_batch_is_complete(given: dict[str, int], frames: int, changed: list[str]) -> None:
    film = Film(**given)
    film.all()
    film.frames = frames
    assert film.joining() == len(changed)
    assert film.all() == changed
    assert film.joining() == 0


def test_in_the_midst_of_a_batch() -> None:
    film = Film(start_index=10)
    first = film.one()
    film.frames = 26
    done = [first, *film.all()]
    assert done == [f"clip_{number:06}.frame" for number in range(10, 26)]
    assert film.all() == []


def test_a_range_that_has_nothing_any_more_is_refused_and_keeps_what_is_done() -> None:
    film = Film(start_index=15)
    film.all()
    film.frames = 15
    with pytest.raises(NoImages, match=r"from start_index 15 .* Choose another video or range"):
        film.one()
    film.frames = 20
    assert film.all() == []
