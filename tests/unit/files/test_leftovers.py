"""What a crash left is deleted; what a process is still writing is not."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from batch_loop.core.common.processes import _stat, this_process
from batch_loop.core.files import leftovers
from batch_loop.core.files.atomic import write_atomic
from batch_loop.core.files.leftovers import sweep, temporary_name
from batch_loop.core.model.if_exists import IfExists


def writer(process_id: int, **changes: object) -> str:
    """A name that the process with that id would give."""
    try:
        began = _stat(process_id)[1]
    except OSError:
        began = 1
    return temporary_name(replace(this_process(), id=process_id, began=began, **changes))


def ended_process() -> int:
    """The id of a process that has just ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_only_what_a_dead_process_left_is_deleted(tmp_path: Path) -> None:
    dead = ended_process()
    left = [writer(dead), temporary_name(replace(this_process(), began=1))]
    kept = [
        temporary_name(),
        writer(os.getppid()),
        writer(dead, machine="another"),
        writer(dead, space="another"),
        writer(dead, boot="another"),
        f".somebody{leftovers.TEMPORARY_SUFFIX}",
        "a.png",
    ]
    for name in left + kept:
        (tmp_path / name).touch()
    sweep(str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == set(kept)


def test_files_of_processes_known_to_be_gone_are_deleted_wherever_they_ran(tmp_path: Path) -> None:
    gone = replace(this_process(), machine="another", boot="another", id=1)
    other = replace(gone, id=2)
    kept = temporary_name(other)
    for name in (temporary_name(gone), kept):
        (tmp_path / name).touch()
    sweep(str(tmp_path), [gone.name])
    assert [path.name for path in tmp_path.iterdir()] == [kept]


@pytest.mark.linux
def test_a_process_that_has_ended_is_dead_before_its_parent_knows(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        (tmp_path / writer(process.pid)).touch()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        sweep(str(tmp_path))
        assert list(tmp_path.iterdir()) == []


def test_an_impossible_process_id_counts_as_dead(tmp_path: Path) -> None:
    (tmp_path / writer(1 << 80)).touch()
    sweep(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_the_first_write_to_a_folder_deletes_what_was_left_there(tmp_path: Path) -> None:
    left = tmp_path / writer(ended_process())
    left.touch()
    write_atomic(str(tmp_path / "a.png"), b"a", IfExists.OVERWRITE)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    left.touch()
    write_atomic(str(tmp_path / "a.png"), b"a", IfExists.OVERWRITE)
    assert left.exists()


def test_a_folder_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    sweep(str(tmp_path / "none"))
