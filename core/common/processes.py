"""Server processes: a unique name for each, and whether one is still running.

A process is identified without relying on a clock: by the boot of the system, its PID namespace
(each container has its own), its id there, and its start time as the system itself counts it. A
process that cannot be seen from here is neither called running nor ended.
"""

from __future__ import annotations

import functools
import os
import secrets
import sys
from dataclasses import dataclass
from socket import gethostname

import psutil

_ROUGHLY = "~"
"""Prefix of a `Process.boot` that is only a time, which moves when somebody sets the clock."""
_SLACK_MS = 120_000
"""How far a process's start time may drift where it depends on the clock."""


@dataclass(frozen=True)
class Process:
    """A process on any machine."""

    machine: str
    boot: str
    """The boot of the system that it belongs to, unique to each; empty if unknown."""
    space: str
    """Its PID namespace; empty if that cannot be seen."""
    id: int
    began: int
    """When it started: ticks since boot on Linux, ms since the epoch elsewhere."""
    mark: str
    """A random text, which makes the name unique where nothing else is known."""

    @property
    def name(self) -> str:
        """Its name, unique among all processes, past and future."""
        return f"{self.machine}/{self.boot}:{self.space}:{self.id}:{self.began}:{self.mark}"

    @property
    def place(self) -> str:
        """Where its id is unique: the machine, its boot and the PID namespace."""
        return f"{self.machine}/{self.boot}:{self.space}"

    @staticmethod
    def named(name: str) -> Process | None:
        """The process with this `name`; None if the name has another form."""
        machine, slash, rest = name.rpartition("/")
        parts = rest.split(":")
        if not slash or len(parts) != 5:  # noqa: PLR2004 - those of `name`
            return None
        boot, space, process_id, began, mark = parts
        try:
            return Process(machine, boot, space, int(process_id), int(began), mark)
        except ValueError:
            return None


_given_name = ""


def name_machine(name: str) -> None:
    """Set this machine's unique name; call it before `this_process`.

    An empty name stands for its network name and hardware address.
    """
    global _given_name  # noqa: PLW0603 - there is one machine
    _given_name = name


@functools.cache
def this_process() -> Process:
    """The current process."""
    process_id = os.getpid()
    if sys.platform == "linux":
        boot, space, began = _linux_identity()
    else:
        boot = f"{_ROUGHLY}{psutil.boot_time() / 60:.0f}"
        space, began = "all", _began_ms(process_id)
    return Process(_machine_name(), boot, space, process_id, began, secrets.token_hex(4))


def is_at_work(name: str, *, is_here: bool = False) -> bool | None:
    """Whether the process with this name is still running; None if that cannot be told from here.

    With `is_here` it is known to belong to this machine, whatever its name says.
    """
    own, other = this_process(), Process.named(name)
    if other is None:
        return None
    if not own.boot or not other.boot or (other.machine != own.machine and not is_here):
        return None
    if own.boot.startswith(_ROUGHLY):
        return _seen_by_the_clock(other, own, is_here=is_here)
    if other.boot != own.boot:
        # This machine has been rebooted, or another one has the same name.
        return False if is_here else None
    return _seen_on_linux(other) if own.space and other.space == own.space else None


def _linux_identity() -> tuple[str, str, int]:
    """This process's boot, PID namespace and start time."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
        began = _stat("self")[1]
    except (OSError, ValueError, IndexError):
        return "", "", 0
    return boot, _linux_space(), began


def _linux_space() -> str:
    """The PID namespace, and the time namespace that start times depend on; empty if unknown."""
    if not _shows_own_ids():
        return ""
    found = []
    for kind in ("pid", "time"):
        try:
            found.append(os.readlink(f"/proc/self/ns/{kind}").strip(f"{kind}:[]"))
        except OSError:  # older systems have no time namespaces
            found.append("")
    return ".".join(found) if found[0] else ""


def _shows_own_ids() -> bool:
    """Whether `/proc` shows this process's own PID namespace, not the one around it."""
    try:
        return os.readlink("/proc/self") == str(os.getpid())
    except OSError:
        return False


def _stat(process: int | str) -> tuple[str, int]:
    """A process's state, and its start time in ticks; OSError, ValueError, IndexError."""
    with open(f"/proc/{process}/stat", "rb") as file:
        # The name comes first, in parentheses, and may contain anything.
        fields = file.read().rpartition(b")")[2].split()
    return fields[0].decode("ascii", "replace"), int(fields[19])


def _seen_on_linux(other: Process) -> bool | None:
    """Whether a process in this PID namespace is running; None if it is hidden."""
    if not _shows_own_ids():
        return None
    try:
        state, began = _stat(other.id)
    except (FileNotFoundError, ProcessLookupError):
        return False if _is_unused(other.id) else None
    except (OSError, ValueError, IndexError):
        return None
    # A zombie keeps its id but no longer runs.
    return began == other.began and state not in {"Z", "X"}


def _is_unused(process_id: int) -> bool:
    """Whether no process has that id, not even one that `/proc` hides."""
    try:
        os.kill(process_id, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        return False
    return False


def _seen_by_the_clock(other: Process, own: Process, *, is_here: bool) -> bool | None:
    """Whether a process is running, where start times depend on a clock that may have been set."""
    is_same_boot = other.boot == own.boot
    if not is_same_boot and not is_here:
        return None
    try:
        began = _began_ms(other.id)
    except (psutil.NoSuchProcess, ValueError, OverflowError):
        return False
    except psutil.Error:
        return None
    if began == other.began:
        return True
    is_another = abs(began - other.began) > _SLACK_MS
    return False if is_same_boot and is_another else None


def _began_ms(process_id: int) -> int:
    """Start time of a running process, in ms since the epoch; `psutil.Error`."""
    process = psutil.Process(process_id)
    if process.status() == psutil.STATUS_ZOMBIE:
        raise psutil.NoSuchProcess(process_id)
    return round(process.create_time() * 1000)


def _machine_name() -> str:
    """A name that is unique among the machines that share the store, as far as can be known."""
    # Machines may share a name, and containers on two machines may share an address.
    return _given_name or f"{gethostname()}-{_network_address()}"


def _network_address() -> str:
    """A hardware address of this machine, preferably one assigned by the manufacturer."""
    addresses = {
        address.address.replace("-", ":").lower()
        for of_one in psutil.net_if_addrs().values()
        for address in of_one
        if address.family == psutil.AF_LINK and address.address.strip("0:-")
    }
    # A bit in the first byte marks the addresses of virtual networks, which come and go.
    return min(addresses, key=lambda each: (int(each[:2], 16) & 2, each), default="")
