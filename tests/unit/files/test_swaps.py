"""A link is put into a path before each single call to the system, and nothing outside is opened.

Whatever the pack does with files is done again and again; each time the folder is swapped for a
link at another of its calls, for that call alone or for some more. So every gap between a check
and a use is tried, whatever the machine does meanwhile.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from batch_loop.core.background.read_ahead import read_image
from batch_loop.core.choosing.browse import browse
from batch_loop.core.common.errors import BatchLoopError, UnreadableImage
from batch_loop.core.common.processes import this_process
from batch_loop.core.files import leftovers, same_file
from batch_loop.core.files.allowed_paths import (
    AllowedFolders,
    check_source_file,
    check_target_file,
    resolve_source,
    resolve_target,
)
from batch_loop.core.files.atomic import write_atomic
from batch_loop.core.files.leftovers import sweep, temporary_name
from batch_loop.core.files.listing import list_images
from batch_loop.core.files.real_paths import check_again
from batch_loop.core.files.same_file import Identities, folds, identity
from batch_loop.core.files.unreadable import folder_lost
from batch_loop.core.model.if_exists import IfExists
from batch_loop.core.model.result_names import ResultName
from batch_loop.core.model.selection import Selection, SortBy
from batch_loop.core.results.finished_results import finished
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.watching import Watch

pytestmark = pytest.mark.linux
"""Elsewhere, swaps at the right moments could still succeed: see `core/files/real_paths.py`."""

CALLS = [
    *("open", "scandir", "listdir", "stat", "lstat", "readlink"),
    *("mkdir", "unlink", "link", "rename", "replace"),
]
"""Names in `os` of what takes a path."""

LEFT = temporary_name()
"""The name of an unfinished file in both folders."""

MOST_CALLS = 2_000
"""More than any operation makes."""

Operation = Callable[[Path, AllowedFolders], object]
"""Something that the pack does in an allowed folder, or with a file in it."""


class Swapper:
    """Swaps a folder for a link at one of the calls of a block, and back some calls later."""

    def __init__(self, folder: Path, outside: Path) -> None:
        self._folder, self._outside = folder, outside
        self._away = folder.with_name("away")
        self._originals = {name: getattr(os, name) for name in CALLS}
        self._is_swapped = False

    @contextlib.contextmanager
    def at(self, first: int, calls: int) -> Iterator[Iterator[int]]:
        """Swap before the call number `first`, for so many calls; gives the count of calls."""
        count = itertools.count()

        def wrapped(name: str) -> Callable[..., Any]:
            def call(*given: Any, **more: Any) -> Any:
                number = next(count)
                self._have(swapped=first <= number < first + calls)
                return self._originals[name](*given, **more)

            return call

        try:
            with pytest.MonkeyPatch.context() as patch:
                for name in CALLS:
                    patch.setattr(os, name, wrapped(name))
                yield count
        finally:
            self._have(swapped=False)

    def _have(self, *, swapped: bool) -> None:
        if swapped == self._is_swapped:
            return
        if swapped:
            self._originals["rename"](self._folder, self._away)
            os.symlink(self._outside, self._folder)
        else:
            self._originals["unlink"](self._folder)
            self._originals["rename"](self._away, self._folder)
        self._is_swapped = swapped


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    write_images(folder, ["a.png", "secret.png"])
    (folder / "deep").mkdir()
    (folder / LEFT).write_bytes(b"")
    return folder


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    folder = tmp_path / "allowed" / "sub"
    write_images(folder, ["a.png", "deep/b.png"])
    return folder


@pytest.fixture
def attacked(
    inside: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Operation], list[str]]:
    """Does something again and again, with a swap elsewhere each time; what it touched outside."""
    root = str(inside.parent)
    allowed = AllowedFolders(root, root, root)
    swapper = Swapper(inside, outside)

    def attack(operation: Operation) -> list[str]:
        watch, watch_below = Watch(outside), Watch(outside / "deep")
        touched: list[str] = []
        for calls in (1, 2, 3, MOST_CALLS):
            for first in itertools.count():
                monkeypatch.setattr(same_file, "_known", {})
                monkeypatch.setattr(same_file, "_identities", {})
                monkeypatch.setattr(leftovers, "_swept", set())
                (inside / LEFT).write_bytes(b"")
                with swapper.at(first, calls) as count:
                    with contextlib.suppress(BatchLoopError, OSError):
                        operation(inside, allowed)
                    done = next(count)
                assert done < MOST_CALLS
                touched += watch.accesses() + watch_below.accesses()
                if first >= done:
                    break
            assert first > 1
        watch.close()
        watch_below.close()
        return touched

    return attack


def _write(if_exists: IfExists, name: str) -> Operation:
    def write(folder: Path, allowed: AllowedFolders) -> None:
        write_atomic(check_target_file(str(folder / name), allowed), b"new", if_exists)

    return write


def _list(folder: Path, allowed: AllowedFolders) -> None:
    for root in (folder, folder.parent):
        for order in (SortBy.NATURAL, SortBy.SIZE):
            selection = Selection(recursive=True, sort_by=order)
            found = list_images(resolve_source(str(root), allowed), selection)
            assert "secret" not in str(found)


def _find_finished(folder: Path, allowed: AllowedFolders) -> None:
    pattern = ("", "subfolder", "/", "stem", ".png")
    for root in (folder, folder.parent):
        name = ResultName(resolve_target(str(root), allowed), pattern)
        found = finished([name], str(folder.parent), ["secret.jpg", "sub/secret.jpg", "a.jpg"])
        assert not {"secret.jpg", "sub/secret.jpg"} & found


def _tell_apart(folder: Path, allowed: AllowedFolders) -> None:
    for name in ("a.png", "new.png", "1.2", "deep/1.2"):
        path = check_target_file(str(folder / name), allowed)
        identity(path)
        folds(*os.path.split(path))
        Identities()(path)


def _read(folder: Path, allowed: AllowedFolders) -> None:
    for name in ("a.png", "deep/b.png"):
        read_image(check_source_file(str(folder / name), allowed))


def _sweep(folder: Path, _allowed: AllowedFolders) -> None:
    sweep(str(folder), [this_process().name])


def _ask_for_the_folder(folder: Path, _allowed: AllowedFolders) -> None:
    error = UnreadableImage("", "")
    error.__cause__ = FileNotFoundError(2, "")
    for path in ("a.png", "deep/a.png"):
        folder_lost(str(folder), path, error, lambda _few: False, lambda: ["deep/b.png"])


OPERATIONS: dict[str, Operation] = {
    "list": _list,
    "find finished": _find_finished,
    "tell apart": _tell_apart,
    "read": _read,
    "sweep": _sweep,
    "ask for the folder": _ask_for_the_folder,
    "browse": lambda folder, allowed: browse(str(folder), allowed),
    "browse above": lambda folder, allowed: browse(str(folder.parent), allowed),
    "write": _write(IfExists.OVERWRITE, "a.png"),
    "write beside": _write(IfExists.RENAME, "a.png"),
    "write into a new folder": _write(IfExists.SKIP, "deep/new/b.png"),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_nothing_outside_is_opened(attacked: Callable[[Operation], list[str]], name: str) -> None:
    assert attacked(OPERATIONS[name]) == []


def test_what_checks_and_then_lists_is_found_out(
    attacked: Callable[[Operation], list[str]],
) -> None:
    def faulty(folder: Path, _allowed: AllowedFolders) -> None:
        check_again(str(folder))
        names = os.listdir(folder)
        check_again(str(folder))
        assert names

    assert "opened" in attacked(faulty)
