"""What memory a process takes, as Linux counts it, in MB."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_KB_PER_MB = 1000 / 1.024
"""The kernel's kB have 1024 bytes."""


@dataclass(frozen=True)
class Memory:
    """What a process takes of the machine's memory, in MB."""

    rss: float
    """All that is there of it, such as libraries."""
    pss: float
    """The same, but of what it shares with other processes its part."""


def memory_of(pid: int) -> Memory:
    """What a process takes now."""
    found = _numbers(pid, "smaps_rollup")
    return Memory(found["Rss"], found["Pss"])


def forget_most(pid: int) -> None:
    """Have `most_of` look at what is to come."""
    _file(pid, "clear_refs").write_text("5")


def most_of(pid: int) -> float:
    """The most that a process took (RSS) since `forget_most`, however short it was."""
    return _numbers(pid, "status")["VmHWM"]


def _numbers(pid: int, name: str) -> dict[str, float]:
    """The sizes in one of the kernel's files."""
    found = {}
    for line in _file(pid, name).read_text(encoding="utf-8").splitlines():
        what, _, size = line.partition(":")
        if size.endswith(" kB"):
            found[what] = round(int(size.removesuffix(" kB")) / _KB_PER_MB, 1)
    return found


def _file(pid: int, name: str) -> Path:
    return Path(f"/proc/{pid}/{name}")
