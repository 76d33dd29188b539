"""What the store and other packs' nodes name is not looked at where that is not allowed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.files.listing import list_images, sight
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.prompt import Ending
from batch_loop.core.model.result_names import ResultName
from batch_loop.core.model.selection import Selection
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.memory import MemoryStore
from batch_loop.tests.support.fake_host import FakeHost
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.watching import Watch

pytestmark = pytest.mark.linux
"""The kernel reports what is looked at."""


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    write_images(tmp_path / "inside", ["a.png", "b.png"])
    return tmp_path / "inside"


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """Nothing in it may be opened."""
    folder = tmp_path / "outside"
    write_images(folder, ["a.png"])
    watch = Watch(folder)
    yield folder
    assert watch.accesses() == []
    watch.close()


class Server(FakeHost):
    """A registry on a real folder, beside another that may not be looked at."""

    def __init__(self, inside: Path) -> None:
        super().__init__()
        root = str(inside)
        self.key = LoopKey("", root)
        self.registry = LoopRegistry(
            MemoryStore(),
            self,
            ImageFolder(list_images, sight),
            real_path=lambda path: path if path.startswith(root) else None,
        )

    def run(self, *saved: Path, selection: Selection | None = None) -> str:
        """Go through one prompt, which says it has saved these files; the path of its image."""
        request = Request(self.key, selection or Selection())
        iteration = self.registry.acquire(request, self.submit())
        self.registry.end(iteration)
        self.finish(iteration.prompt, Ending.SUCCESS, *map(str, saved))
        return "" if iteration.item is None else iteration.item.path


def test_a_folder_outside_proves_no_image_finished(inside: Path, outside: Path) -> None:
    server = Server(inside)
    selection = Selection(finished=(ResultName(str(outside), ("", "filename")),))
    assert [server.run(selection=selection) for _ in range(3)] == ["a.png", "b.png", ""]


def test_a_result_outside_is_not_looked_at(inside: Path, outside: Path) -> None:
    server = Server(inside)
    server.run(outside / "1.png", inside / "own.png")
    _, items = server.registry.report(server.key.id)
    assert [files for _, files in items] == [(str(inside / "own.png"),), ()]
