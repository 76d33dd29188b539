"""Proof that nobody touches a folder: the kernel reports every access to its contents."""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path

_ALL_EVENTS = 0xFFF
_EVENT = struct.Struct("iIII")
_NAMES = {
    0x001: "read",
    0x002: "written",
    0x004: "changed",
    0x008: "closed after writing",
    0x010: "closed",
    0x020: "opened",
    0x040: "moved away",
    0x080: "moved here",
    0x100: "made",
    0x200: "deleted",
}


class Watch:
    """Records every access, by any process, to a folder and its direct contents from now on."""

    def __init__(self, folder: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.inotify_init1(os.O_NONBLOCK)
        watch = libc.inotify_add_watch(self._descriptor, os.fsencode(folder), _ALL_EVENTS)
        assert watch >= 0, os.strerror(ctypes.get_errno())

    def accesses(self) -> list[str]:
        """The accesses since the last call, such as `read secret.png`."""
        found = []
        while data := self._read():
            position = 0
            while position < len(data):
                _, mask, _, length = _EVENT.unpack_from(data, position)
                position += _EVENT.size
                name = os.fsdecode(data[position : position + length].rstrip(b"\0"))
                position += length
                done = [word for bit, word in _NAMES.items() if mask & bit]
                found.append(f"{', '.join(done)} {name}".strip())
        return found

    def close(self) -> None:
        """Stop watching."""
        os.close(self._descriptor)

    def _read(self) -> bytes:
        try:
            return os.read(self._descriptor, 65536)
        except BlockingIOError:
            return b""
