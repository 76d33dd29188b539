"""Which numbers results get, and what it costs when many sources lead to one name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.files.allowed_paths import AllowedFolders
from batch_loop.core.model.formats import Format
from batch_loop.core.model.if_exists import IfExists
from batch_loop.core.model.items import Counts, Item
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.prompt import Prompt
from batch_loop.core.model.records import Iteration
from batch_loop.core.model.result_names import saved_as
from batch_loop.core.model.selection import Selection
from batch_loop.core.results.numbering import Numbering, is_numbered, named_before
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.databases.sqlite_store import open_store
from batch_loop.core.store.sql.sql_store import SqlStore
from batch_loop.core.turn.result_files import ResultFiles, Run
from batch_loop.core.turn.saver import Saver, Saving
from batch_loop.tests.support.fake_host import ByHand, FakeHost
from batch_loop.tests.support.statements import asked_of

SOURCES = 40


def iteration(prompt: str = "p", batch: int = 1) -> Iteration:
    return Iteration(LoopKey("", "/in"), Prompt(prompt, 1.0), batch, Counts())


def first(numbering: Numbering, most: int, result: str = "4/0/0", **which: object) -> list[int]:
    found = numbering.candidates(iteration(**which), result, "/out/a.png")  # type: ignore[arg-type]
    return list(islice(found, most))


def test_the_image_s_former_numbers_come_before_untried_ones() -> None:
    files = ["/out/a_7.png", "/out/a_3.png", "/out/a_3.txt", "/out/a_03.png", "/out/b_4.png"]
    assert first(Numbering(lambda _: files), 5) == [0, 3, 7, 1, 2]


def test_no_number_is_tried_twice_in_a_batch_except_by_its_own_result() -> None:
    numbering = Numbering(lambda _: ())
    assert first(numbering, 3) == [0, 1, 2]
    assert first(numbering, 3, "4/1/0") == [0, 3, 4]
    numbering.take(iteration(), "4/1/0", 3)
    assert first(numbering, 2, "4/1/0") == [3, 0]
    assert first(numbering, 2, "4/1/0", prompt="q") == [0, 5]
    assert first(numbering, 2, prompt="q", batch=2) == [0, 1]


def test_a_result_that_was_not_written_gets_its_number_again() -> None:
    numbering = Numbering(lambda _: ())
    failed, again = (replace(iteration(prompt), item=Item("a.png", 0)) for prompt in "pq")
    assert list(islice(numbering.candidates(failed, "4/0/0", "/out/a.png"), 2)) == [0, 1]
    numbering.take(failed, "4/0/0", 1)
    assert list(islice(numbering.candidates(again, "4/0/0", "/out/a.png"), 3)) == [0, 1, 2]


@example(".", "..")
@example("._1", ".")
@given(st.text("a1_.", min_size=1, max_size=9), st.text("a1_.", min_size=1, max_size=9))
def test_a_name_is_found_in_those_that_it_was_before_its_numbers(file: str, name: str) -> None:
    # With a letter in front, as a name that begins with a dot has no extension.
    found = named_before(f"x{file}")
    assert (f"x{name}" in found) is (file != name and is_numbered(f"x{file}", f"x{name}"))


@pytest.mark.parametrize(
    ("file", "answer"),
    [
        ("/out/a.png", True),
        ("/out/a_1.png", True),
        ("/out/a_1_12.png", True),
        ("/out/a-2.png", False),
        ("/out/a_x.png", False),
        ("/out/a_1.txt", False),
        ("/out/b.png", False),
    ],
)
def test_numbered_files_are_recognised(file: str, answer: bool) -> None:  # noqa: FBT001
    assert is_numbered(file, "/out/a.png") is answer


class Crowd:
    """A loop over many subfolders, each with an image of the same name."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        (self.root / "input").mkdir()
        store = open_store(str(root / "state"))
        assert isinstance(store, SqlStore)
        self.store = store
        self.host = FakeHost()
        names = [f"{number:03}/a.png" for number in range(SOURCES)]
        self.registry = LoopRegistry(
            store,
            self.host,
            ImageFolder(lambda *_, **__: names, lambda _: 0.0),
            poll_outcomes=ByHand,
            forgotten=self._forgotten,
        )
        self.numbering = Numbering(self.registry.earlier_outputs)

    def _forgotten(self, loop: str) -> None:
        self.numbering.forget(loop)

    def run(self, if_exists: IfExists) -> tuple[list[str], list[tuple[int, int]]]:
        """A batch: each image's file, and how often the store and the disk were asked."""
        request = Request(LoopKey("", str(self.root / "input")), Selection(recursive=True))
        allowed = AllowedFolders(*(str(self.root / name) for name in ("input", "out", "temp")))
        saving = Saving(Format.BMP, quality=95, metadata=None, caption=None)
        name = saved_as(
            str(self.root / "out"), prefix="", suffix="", format=Format.BMP, keep_subfolders=False
        )
        files, asked = [], []
        for _ in range(SOURCES):
            turn = self.registry.acquire(request, self.host.submit())
            results = ResultFiles(
                turn,
                name,
                if_exists,
                allowed=allowed,
                claims=self.registry,
                behind=None,
                run=Run("4"),
                numbering=self.numbering,
            )
            saver = Saver(results, saving)
            with asked_of(self.store) as statements, looks() as looked:
                (file,) = saver.save(torch.zeros(1, 1, 1, 3))
            files.append(os.path.basename(file))
            asked.append((len(statements.statements), len(looked)))
            self.registry.end(turn)
            self.host.finish(turn.prompt)
        self.registry.snapshot(request.key.id)
        self.registry.start_over(request.key.id)
        return files, asked


@contextmanager
def looks() -> Iterator[list[object]]:
    """Records every look at a path in the block."""
    found: list[object] = []
    before = os.lstat, os.stat

    def look(ask: object) -> object:
        def asked(path: object, *args: object, **named: object) -> object:
            found.append(path)
            return ask(path, *args, **named)  # type: ignore[operator]

        return asked

    os.lstat, os.stat = map(look, before)  # type: ignore[assignment]
    try:
        yield found
    finally:
        os.lstat, os.stat = before


@pytest.mark.parametrize("if_exists", list(IfExists))
def test_each_source_that_leads_to_one_name_costs_the_same(
    tmp_path: Path, if_exists: IfExists
) -> None:
    crowd = Crowd(tmp_path)
    names = ["a.bmp", *(f"a_{number}.bmp" for number in range(1, 2 * SOURCES))]
    files, asked = crowd.run(if_exists)
    assert files == names[:SOURCES]
    # The first two find their names at once.
    assert asked[2:] == [asked[2]] * (SOURCES - 2)
    # Another batch, on a server that has just started.
    crowd.numbering = Numbering(crowd.registry.earlier_outputs)
    files, asked = crowd.run(if_exists)
    again = if_exists is IfExists.RENAME
    assert files == (names[SOURCES:] if again else names[:SOURCES])
    # With rename, the first goes through everything that is there.
    assert max(asked[3:]) <= asked[3] == asked[-1]


def test_a_loop_that_was_forgotten_names_its_results_as_at_first(tmp_path: Path) -> None:
    crowd = Crowd(tmp_path)
    before, _ = crowd.run(IfExists.OVERWRITE)
    (loop,) = crowd.registry.overviews()
    crowd.registry.forget(loop.id)
    assert crowd.run(IfExists.OVERWRITE)[0] == before
