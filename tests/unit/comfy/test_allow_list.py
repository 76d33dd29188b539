"""The allow-list is always that of now, but for a prompt that was just validated."""

from __future__ import annotations

from pathlib import Path

import pytest

from batch_loop.core.comfy.allow_list import FRESH_SECONDS, AllowList
from batch_loop.core.files.folder_list import allowed_dirs_file
from batch_loop.tests.support.given_clock import GivenClock


class Folders:
    """A fake of `core.comfy.allow_list.Folders`."""

    def __init__(self, base: Path) -> None:
        self._base = base
        for name in ("input", "output", "temp", "user", "packs"):
            (base / name).mkdir()

    def input_folder(self) -> str:
        return str(self._base / "input")

    def output_folder(self) -> str:
        return str(self._base / "output")

    def temp_folder(self) -> str:
        return str(self._base / "temp")

    def user_folder(self) -> str:
        return str(self._base / "user")

    def program_folders(self) -> dict[str, tuple[str, ...]]:
        return {"user folder": (self.user_folder(),), "custom nodes": (str(self._base / "packs"),)}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path.resolve()


@pytest.fixture
def folders(base: Path) -> Folders:
    return Folders(base)


@pytest.fixture
def clock() -> GivenClock:
    return GivenClock()


@pytest.fixture
def allow_list(folders: Folders, clock: GivenClock) -> AllowList:
    return AllowList(folders, clock)


def allow(folders: Folders, folder: Path) -> None:
    file = Path(allowed_dirs_file(folders.user_folder()))
    file.parent.mkdir(exist_ok=True)
    file.write_text(str(folder), encoding="utf-8")


def test_it_is_read_again_only_after_a_change(
    allow_list: AllowList, folders: Folders, base: Path
) -> None:
    before = allow_list.now()
    assert allow_list.now() is before
    assert not before.holds(str(base / "added"))
    allow(folders, base / "added")
    assert allow_list.now().holds(str(base / "added"))


def test_a_run_goes_by_what_its_validation_has_just_found(
    allow_list: AllowList, folders: Folders, clock: GivenClock, base: Path
) -> None:
    found = allow_list.now()
    allow(folders, base / "added")
    clock.now += FRESH_SECONDS
    assert allow_list.of_run() is found
    clock.now += 0.001
    assert allow_list.of_run().holds(str(base / "added"))


def test_a_run_that_was_not_validated_here_looks_itself(allow_list: AllowList, base: Path) -> None:
    assert allow_list.of_run().holds(str(base / "input"))


def test_a_run_does_not_make_the_next_one_go_by_what_is_old(
    allow_list: AllowList, folders: Folders, clock: GivenClock, base: Path
) -> None:
    allow_list.now()
    allow(folders, base / "added")
    clock.now += FRESH_SECONDS / 2
    assert not allow_list.of_run().holds(str(base / "added"))
    clock.now += FRESH_SECONDS / 2 + 0.001
    assert allow_list.of_run().holds(str(base / "added"))
