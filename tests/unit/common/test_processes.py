"""Processes are told apart without depending on any clock."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psutil
import pytest

from batch_loop.core.common import processes
from batch_loop.core.common.processes import Process, is_at_work, this_process

OWN = this_process()


@pytest.fixture(autouse=True)
def _known() -> None:
    """Have this process identify itself before a test changes what the system says."""
    this_process()


@contextmanager
def another() -> Iterator[Process]:
    """A process that works until the end of the block, and its own name for itself."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from core.common.processes import this_process\n"
        "print(this_process().name, flush=True); input()"
    )
    root = os.path.dirname(os.path.dirname(os.path.abspath(processes.__file__)))
    command = [sys.executable, "-c", code, root]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        named = Process.named(process.stdout.readline().strip())
        assert named is not None
        assert named.id == process.pid
        yield named


def test_a_process_is_at_work_until_it_ends() -> None:
    with another() as process:
        assert process != OWN
        assert replace(process, id=OWN.id, began=OWN.began, mark=OWN.mark) == OWN
        assert is_at_work(process.name) is True
        assert is_at_work(replace(process, began=process.began + 1).name) is False
    assert is_at_work(process.name) is False


def test_a_name_holds_everything() -> None:
    assert Process.named(OWN.name) == OWN
    odd = replace(OWN, machine="a/b:c/1/2")
    assert Process.named(odd.name) == odd
    for name in ("", "machine", "machine/12/1700000000.123", "m/a:b:c:d:e", "m/a:b:1:2"):
        assert Process.named(name) is None


@pytest.mark.parametrize("other", [OWN, replace(OWN, id=1 << 80)], ids=["alive", "dead"])
@pytest.mark.parametrize(
    "changes",
    [
        {"machine": "another"},
        {"space": "4026999999."},
        {"space": ""},
        {"boot": ""},
        {"boot": "01234567-89ab-cdef-0123-456789abcdef"},
    ],
    ids=str,
)
@pytest.mark.linux
def test_a_process_that_cannot_be_seen_is_not_judged(
    changes: dict[str, str], other: Process
) -> None:
    assert is_at_work(replace(other, **changes).name) is None


@pytest.mark.linux
def test_on_one_machine_its_name_is_not_needed() -> None:
    renamed = replace(OWN, machine="another")
    assert is_at_work(renamed.name, is_here=True) is True
    assert is_at_work(replace(renamed, id=1 << 80).name, is_here=True) is False
    assert is_at_work(replace(renamed, boot="01234567-89ab").name, is_here=True) is False
    assert is_at_work(replace(renamed, space="4026999999.").name, is_here=True) is None


@pytest.mark.linux
def test_no_part_of_a_name_depends_on_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unlike psutil's times, which add the time since the boot to the time of day."""
    boot_time, create_time = psutil.boot_time(), psutil.Process.create_time
    with another() as process:
        monkeypatch.setattr(psutil, "boot_time", lambda: boot_time + 3600)
        monkeypatch.setattr(psutil.Process, "create_time", lambda self: create_time(self) + 3600)
        this_process.cache_clear()
        assert replace(this_process(), mark=OWN.mark) == OWN
        assert is_at_work(process.name) is True
    this_process.cache_clear()


@pytest.mark.linux
def test_a_process_that_hides_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with `hidepid`, where another user's process exists but its files are hidden."""

    def hidden(process: object) -> tuple[str, int]:
        raise FileNotFoundError(process)

    monkeypatch.setattr(processes, "_stat", hidden)
    assert is_at_work(replace(OWN, id=1).name) is None
    assert is_at_work(replace(OWN, id=1 << 80).name) is False


@pytest.mark.linux
def test_files_of_another_process_id_namespace_are_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(processes.os, "readlink", lambda _path: "1234567")
    assert is_at_work(OWN.name) is None
    assert processes._linux_space() == ""


@pytest.mark.linux
def test_without_such_files_no_process_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(processes, "_stat", none)
    monkeypatch.setattr(processes.os, "readlink", none)
    assert processes._linux_identity()[0] == ""


@pytest.fixture
def by_the_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    """This process, as on a system that knows its boot only by the time."""
    monkeypatch.setattr(processes.sys, "platform", "darwin")
    this_process.cache_clear()
    yield this_process()
    this_process.cache_clear()


def test_where_the_clock_matters_a_small_shift_is_the_same_process(by_the_clock: Process) -> None:
    own = by_the_clock
    moved = replace(own, began=own.began + 5_000)
    reused = replace(own, began=own.began - 3_600_000)
    ended = replace(own, id=99_999_999)
    judged = [is_at_work(each.name) for each in (own, moved, reused, ended)]
    assert judged == [True, None, False, False]


def test_after_the_clock_was_set_only_a_process_s_end_is_certain(by_the_clock: Process) -> None:
    own = replace(by_the_clock, boot="~1")
    reused, ended = replace(own, began=own.began - 3_600_000), replace(own, id=99_999_999)
    assert [is_at_work(each.name) for each in (own, reused, ended)] == [None, None, None]
    here = [is_at_work(each.name, is_here=True) for each in (own, reused, ended)]
    assert here == [True, None, False]


def test_a_name_of_another_form_tells_nothing() -> None:
    assert is_at_work("server 1") is None
