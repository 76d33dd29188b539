"""Server processes: what tells one from all others, and whether it is still at work.

A process is known by what no clock has a part in: which start of the system it belongs to, which
world of process ids it lives in (containers have one each), its id there, and when it began, as the
system itself counts. Whoever cannot be seen from here is not judged.
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
"""How a `Process.boot` begins that is only a time, which moves when somebody sets the clock."""
_SLACK_MS = 120_000
"""By how much the time at which a process began may move, where that is by the clock."""


@dataclass(frozen=True)
class Process:
    """A process of any machine."""

    machine: str
    boot: str
    """Which start of the system it belongs to: no two have the same. Empty where not known."""
    space: str
    """In which world of process ids it lives. Empty where that cannot be seen."""
    id: int
    began: int
    """When it began: ticks since the system's start on Linux, ms since the epoch elsewhere."""
    mark: str
    """Drawn by chance: so the name is its own where nothing else is known."""

    @property
    def name(self) -> str:
        """Its name, which no other process has, before or after it."""
        return f"{self.machine}/{self.boot}:{self.space}:{self.id}:{self.began}:{self.mark}"

    @property
    def place(self) -> str:
        """Where its id means this process: what ids are given out by."""
        return f"{self.machine}/{self.boot}:{self.space}"

    @staticmethod
    def named(name: str) -> Process | None:
        """The process of a name; None for a name of another form."""
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
    """Give this machine a name that no other has; before `this_process` is asked for.

    Empty: it has the one of the network, and its address there.
    """
    global _given_name  # noqa: PLW0603 - there is one machine
    _given_name = name


@functools.cache
def this_process() -> Process:
    """The process that this is."""
    process_id = os.getpid()
    if sys.platform == "linux":
        boot, space, began = _linux_identity()
    else:
        boot = f"{_ROUGHLY}{psutil.boot_time() / 60:.0f}"
        space, began = "all", _began_ms(process_id)
    return Process(_machine_name(), boot, space, process_id, began, secrets.token_hex(4))


def is_at_work(name: str, *, is_here: bool = False) -> bool | None:
    """Whether the process of that name still runs; None where it cannot be judged from here.

    With `is_here` it is known to belong to this machine, whatever its name says of that.
    """
    own, other = this_process(), Process.named(name)
    if other is None:
        return _is_at_work_by_its_old_name(name, own.machine)
    if not own.boot or not other.boot or (other.machine != own.machine and not is_here):
        return None
    if own.boot.startswith(_ROUGHLY):
        return _seen_by_the_clock(other, own, is_here=is_here)
    if other.boot != own.boot:
        # This machine was started again, or another one has its name.
        return False if is_here else None
    return _seen_on_linux(other) if own.space and other.space == own.space else None


def _linux_identity() -> tuple[str, str, int]:
    """This process's start of the system, world of ids, and own beginning."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
        began = _stat("self")[1]
    except (OSError, ValueError, IndexError):
        return "", "", 0
    return boot, _linux_space(), began


def _linux_space() -> str:
    """The world of process ids and, as beginnings are told by it, of time; empty if not known."""
    if not _shows_own_ids():
        return ""
    found = []
    for kind in ("pid", "time"):
        try:
            found.append(os.readlink(f"/proc/self/ns/{kind}").strip(f"{kind}:[]"))
        except OSError:  # of the kind `time` there is none on older systems
            found.append("")
    return ".".join(found) if found[0] else ""


def _shows_own_ids() -> bool:
    """Whether `/proc` is of this process's own world of ids, and not of the one around it."""
    try:
        return os.readlink("/proc/self") == str(os.getpid())
    except OSError:
        return False


def _stat(process: int | str) -> tuple[str, int]:
    """The state of a process, and the tick at which it began; OSError, ValueError, IndexError."""
    with open(f"/proc/{process}/stat", "rb") as file:
        # Its name comes before, in brackets, and may hold anything.
        fields = file.read().rpartition(b")")[2].split()
    return fields[0].decode("ascii", "replace"), int(fields[19])


def _seen_on_linux(other: Process) -> bool | None:
    """Whether a process of this world of ids runs; None if it hides."""
    if not _shows_own_ids():
        return None
    try:
        state, began = _stat(other.id)
    except (FileNotFoundError, ProcessLookupError):
        return False if _is_nobody(other.id) else None
    except (OSError, ValueError, IndexError):
        return None
    # One that has ended, and whose parent has not asked how, keeps its id, and works no more.
    return began == other.began and state not in {"Z", "X"}


def _is_nobody(process_id: int) -> bool:
    """Whether no process has that id, also none that `/proc` hides."""
    try:
        os.kill(process_id, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        return False
    return False


def _seen_by_the_clock(other: Process, own: Process, *, is_here: bool) -> bool | None:
    """Whether a process runs where beginnings are told by the clock, which may have been set."""
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
    """When a process that works began; `psutil.Error`."""
    process = psutil.Process(process_id)
    if process.status() == psutil.STATUS_ZOMBIE:
        raise psutil.NoSuchProcess(process_id)
    return round(process.create_time() * 1000)


def _is_at_work_by_its_old_name(name: str, machine: str) -> bool | None:
    """As `is_at_work`, for `machine/id/seconds`, as earlier versions of the pack named them.

    Such a name does not say who can see its process, so only one that is seen is judged.
    """
    of_machine, *process = name.rsplit("/", 2)
    if of_machine != machine or len(process) != 2:  # noqa: PLR2004 - id, and when it began
        return None
    try:
        began = _began_ms(int(process[0])) / 1000
    except (psutil.Error, ValueError, OverflowError):
        return None
    return True if f"{began:.3f}" == process[1] else None


def _machine_name() -> str:
    """A name that no other machine has that shares the store, as far as can be known."""
    # Machines may have the same name, and containers on two of them the same address.
    return _given_name or f"{gethostname()}-{_network_address()}"


def _network_address() -> str:
    """A hardware address of this machine: one that its maker gave, where there is one."""
    addresses = {
        address.address.replace("-", ":").lower()
        for of_one in psutil.net_if_addrs().values()
        for address in of_one
        if address.family == psutil.AF_LINK and address.address.strip("0:-")
    }
    # Those of virtual networks, which come and go, are marked in the first byte.
    return min(addresses, key=lambda each: (int(each[:2], 16) & 2, each), default="")
