"""Counts the file accesses of an iteration, which are as many in a folder of any size.

Seconds depend on the machine; `make bench` measures them. They would grow with the folder if each
of its files were accessed, which can be counted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from batch_loop.tests.support.graphs import batch_graph
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.layout import HELPERS
from batch_loop.tools.server import ComfyServer

WATCH = HELPERS.parent / "batch_loop_watch_files.py"
FEW, MANY = 10, 5000
BEFORE, COUNTED = 3, 5
"""Images before the count begins, and images that are counted."""

MOST_OPENED = 8
"""How often one iteration may open something: its image once, its result twice (as Python reports
both of its ways to open a file), then the result's folder, and the list of allowed folders when
each of two nodes is validated and when it runs. Folders on the way to these do not count."""
MOST_LOOKS = 15
"""How often one iteration may look at every part of a path, starting from the root."""

QUIET = 60
"""After so many looks without anything new, 5 ms or more apart, nothing is in progress any more."""

REHEARSAL = "batch-loop-rehearsal"
"""The thread that imports ahead, once in a process: no iteration's, whenever that ends."""


@dataclass
class Watched:
    """A server that records the pack's file accesses."""

    server: ComfyServer
    client: ComfyClient
    lines: Path

    def counts(self) -> Counter[str]:
        """All accesses so far, by kind, once nothing goes on in the background."""
        sizes: list[int] = []

        def is_quiet() -> bool:
            sizes.append(self.lines.stat().st_size)
            return len(sizes) > QUIET and len(set(sizes[-QUIET:])) == 1

        wait_for(is_quiet, "the pack to leave the file system alone")
        accesses = map(json.loads, self.lines.read_text(encoding="utf-8").splitlines())
        return Counter(each["kind"] for each in accesses if each["by"] != REHEARSAL)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    base = tmp_path_factory.mktemp("watched")
    lines = base / "asked"
    server = ComfyServer(
        base / "comfyui",
        custom_nodes=[HELPERS, WATCH],
        env={"BATCH_LOOP_TEST_WATCH": str(lines)},
    )
    with server, server.client() as client:
        yield Watched(server, client, lines)


@pytest.fixture(scope="module")
def of_size(watched: Watched) -> Callable[[int], Counter[str]]:
    """The accesses of some iterations in a folder of so many images, by kind."""
    known: dict[int, Counter[str]] = {}

    def of_size(size: int) -> Counter[str]:
        if size not in known:
            # Names of one length, so that both paths have as many parts.
            name = f"of-{size:06}"
            (first,) = write_images(watched.server.input / name, ["img1.png"])
            for number in range(2, size + 1):
                (first.parent / f"img{number}.png").hardlink_to(first)
            graph = batch_graph(name, name)
            for _ in range(BEFORE):
                assert watched.client.run(graph).status == "success"
            before = watched.counts()
            for _ in range(COUNTED):
                assert watched.client.run(graph).status == "success"
            known[size] = watched.counts() - before
        return known[size]

    return of_size


def test_an_iteration_makes_as_many_accesses_in_a_folder_of_any_size(
    of_size: Callable[[int], Counter[str]],
) -> None:
    assert of_size(FEW) == of_size(MANY)


def test_an_iteration_lists_no_folder(of_size: Callable[[int], Counter[str]]) -> None:
    assert of_size(MANY)["scandir"] == 0


def test_an_iteration_opens_few_files(of_size: Callable[[int], Counter[str]]) -> None:
    # Fewer would mean that recording has failed, as one image is read and one is written.
    assert 2 * COUNTED <= of_size(MANY)["open"] <= MOST_OPENED * COUNTED


def test_an_iteration_looks_at_few_paths(
    of_size: Callable[[int], Counter[str]], watched: Watched
) -> None:
    parts = len((watched.server.input / "folder" / "img.png").parts)
    assert 0 < of_size(MANY)["stat"] <= MOST_LOOKS * COUNTED * parts
