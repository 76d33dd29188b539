"""Opening the store in a SQLite file on this machine."""

from __future__ import annotations

import errno
import logging
import os
import tempfile

from ...model.shared_roots import NO_ROOTS, Roots
from ..interface import Store
from ..memory import MemoryStore
from ..sql.sql_store import SqlStore
from .sqlite_backend import CarriedFiles, SqliteBackend
from .state_file import StateFile

FILE = "state.sqlite3"
CARRIED = "carried"

_PROBE = bytes(65_536)
"""As much as the empty tables need."""
_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of the disk is used up",
    errno.EROFS: "the folder is read-only",
    errno.EACCES: "writing is not permitted there",
    errno.EPERM: "writing is not permitted there",
    errno.ENOTDIR: "a part of the path is a file",
    errno.EEXIST: "a part of the path is a file",
}
_log = logging.getLogger(__name__)


def open_store(folder: str, roots: Roots = NO_ROOTS) -> Store:
    """The store in `folder`, which is created if needed.

    Its file is opened at the first use, which reports what is wrong with it. If nothing can be
    written there at all, the store is kept in memory, and the log says so. Nothing is raised, as
    ComfyUI has to start in any case.
    """
    carried = CarriedFiles(os.path.join(folder, CARRIED))
    try:
        os.makedirs(carried.folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(_PROBE)
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        reason = _REASONS.get(error.errno or 0) or error.strerror or str(error)
        _log.warning(
            "Batch Loop cannot keep its state in %s: %s. Batches work, but are forgotten when "
            "ComfyUI ends. Fix that, and start ComfyUI again.",
            folder,
            reason,
        )
        return MemoryStore(forgets=reason)
    file = StateFile(os.path.join(folder, FILE), carried.tidy)
    return SqlStore(file.engine(), file.engine(), SqliteBackend(file, carried), roots)
