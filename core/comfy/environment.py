"""The settings of this server, read once from the environment."""

from __future__ import annotations

import functools
import logging
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..background.budget import MEGABYTE, MOST_BY_DEFAULT
from ..common.errors import quoted
from ..common.variables import (
    ALLOWED_DIRS_VARIABLE,
    DATABASE_VARIABLE,
    LEASE_VARIABLE,
    MEMORY_VARIABLE,
    ROOTS_VARIABLE,
    SERVER_VARIABLE,
    STATE_VARIABLE,
    cannot_use,
)
from ..engine.outcomes.lease import LEASE_SECONDS, SHORTEST
from ..files.folder_list import full_path_in

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """The settings from the environment; the log reports a value that cannot be used."""

    allowed_dirs: tuple[str, ...] = ()
    """Full paths of folders that may be used in addition to ComfyUI's own."""
    database: str = field(default="", repr=False)
    """Address of the database, which may contain a password; empty for a file.

    The first use reports what is wrong with it; batches are kept nowhere then, see
    `open_postgresql`.
    """
    lease_seconds: float = LEASE_SECONDS
    memory_mb: int | None = None
    """Megabytes for images read ahead or yet to be written; None: a share of the memory."""
    roots: Mapping[str, str] = field(default_factory=dict)
    """Real paths of the folders that machines share, by name."""
    server: str = ""
    """This machine's name; empty for its network name."""
    forgets: bool = False
    """Whether loops are forgotten when ComfyUI ends."""


@functools.cache
def settings() -> Settings:
    """The settings of this process."""
    return read(os.environ)


def read(environ: Mapping[str, str]) -> Settings:
    """Read the settings from an environment."""
    return Settings(
        allowed_dirs=tuple(_allowed_dirs(environ)),
        database=environ.get(DATABASE_VARIABLE, "").strip(),
        lease_seconds=_lease_seconds(environ),
        memory_mb=_memory_mb(environ),
        roots=dict(_roots(environ)),
        server=environ.get(SERVER_VARIABLE, "").strip(),
        forgets=_forgets(environ),
    )


def _allowed_dirs(environ: Mapping[str, str]) -> Iterator[str]:
    for entry in _entries(environ, ALLOWED_DIRS_VARIABLE):
        folder = full_path_in(entry)
        if folder is not None:
            yield folder
        else:
            _tell(
                ALLOWED_DIRS_VARIABLE,
                f"its entry {quoted(entry)} is not a full path",
                "Write the folder from the root on, such as /mnt/photos or D:\\photos",
                "that entry is left out",
            )


def _lease_seconds(environ: Mapping[str, str]) -> float:
    text = environ.get(LEASE_VARIABLE, "").strip()
    if not text:
        return LEASE_SECONDS
    try:
        given = float(text)
    except ValueError:
        given = math.nan
    if given >= SHORTEST and math.isfinite(given):
        return given
    taken = SHORTEST if given < SHORTEST else LEASE_SECONDS
    _tell(
        LEASE_VARIABLE,
        f"it is {text!r}, which is not a number of {SHORTEST:g} seconds or more",
        f"Set it to one, such as {LEASE_SECONDS:g}",
        f"it is {taken:g}",
    )
    return taken


def _memory_mb(environ: Mapping[str, str]) -> int | None:
    text = environ.get(MEMORY_VARIABLE, "").strip()
    if not text:
        return None
    if text.isdecimal():
        return int(text)
    _tell(
        MEMORY_VARIABLE,
        f"it is {text!r}, which is not a whole number of megabytes",
        "Set it to one, such as 1000, or to 0 to switch reading ahead and writing behind off",
        f"it is a tenth of the machine's memory, but at most {MOST_BY_DEFAULT // MEGABYTE}",
    )
    return None


def _roots(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for entry in _entries(environ, ROOTS_VARIABLE):
        name, equals, folder = (part.strip() for part in entry.partition("="))
        if equals and name and "/" not in name and os.path.isabs(folder):
            yield name, os.path.realpath(folder)
        else:
            _tell(
                ROOTS_VARIABLE,
                f"its entry {quoted(entry)} is not a name and the full path of a folder",
                "Write it as name=folder, such as photos=/mnt/photos",
                "that entry is left out",
            )


def _forgets(environ: Mapping[str, str]) -> bool:
    text = environ.get(STATE_VARIABLE, "").strip()
    if text.lower() not in {"", "memory"}:
        _tell(
            STATE_VARIABLE,
            f"it is {text!r}, and can only be memory",
            "Set it to that, or remove it",
            "batches are kept as if it were not set",
        )
    return text.lower() == "memory"


def _entries(environ: Mapping[str, str], variable: str) -> Iterator[str]:
    """The entries of a list variable, without empty ones."""
    return filter(None, (entry.strip() for entry in environ.get(variable, "").split(os.pathsep)))


def _tell(variable: str, fault: str, remedy: str, now: str) -> None:
    _log.warning("%s", cannot_use(variable, fault, remedy, now))
