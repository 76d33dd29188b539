"""What a crash has left is deleted, and what somebody still writes is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from batch_loop.nodes.io import leftovers
from batch_loop.nodes.io.files import IfExists, write_whole
from batch_loop.nodes.io.leftovers import sweep, temporary_name


def ended_process() -> int:
    """The id of a process that has just ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def named(process_id: int, machine: str = leftovers._MACHINE, process: str = "0123abcd") -> str:
    return f".{machine}-{process_id}-{process}-00{leftovers.TEMPORARY_SUFFIX}"


def test_only_what_a_dead_process_left_is_deleted(tmp_path: Path) -> None:
    dead = ended_process()
    left = [named(dead), named(os.getpid())]
    kept = [
        temporary_name(),
        named(os.getppid()),
        named(dead, machine="00000000"),
        f".somebody{leftovers.TEMPORARY_SUFFIX}",
        "a.png",
    ]
    for name in left + kept:
        (tmp_path / name).touch()
    sweep(str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == set(kept)


def test_what_has_ended_is_dead_before_its_parent_knows(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        (tmp_path / named(process.pid)).touch()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        sweep(str(tmp_path))
        assert list(tmp_path.iterdir()) == []


def test_an_id_that_no_process_can_have_is_that_of_a_dead_one(tmp_path: Path) -> None:
    (tmp_path / named(1 << 80)).touch()
    sweep(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_the_first_write_to_a_folder_deletes_what_was_left_there(tmp_path: Path) -> None:
    left = tmp_path / named(ended_process())
    left.touch()
    write_whole(str(tmp_path / "a.png"), b"a", IfExists.OVERWRITE)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    left.touch()
    write_whole(str(tmp_path / "a.png"), b"a", IfExists.OVERWRITE)
    assert left.exists()


def test_a_folder_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    sweep(str(tmp_path / "none"))
