"""The files in folders of results: which exist, and whether they are whole.

The pack's own files get their names once they are whole. Other savers create a file under its name,
and the server may end while they write it.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable, Collection, Iterator, Mapping

from ..common.pace import Pace, parts_of
from ..files.real_paths import open_file, scanned
from ..files.same_file import Identities

LOOK_EVERY = 256
"""Files after which other threads get a turn, and the caller may cancel."""

NEWEST = 100
"""The most files of each folder that are read, at both ends, to see whether they are whole.

A server that ends while writing leaves its newest file incomplete. Reading all files would take
minutes on a slow disk, or on another machine.
"""


class ResultFiles:
    """The existing files, by identity; each folder is read once."""

    def __init__(
        self,
        known: Mapping[str, Collection[str]],
        identities: Identities,
        going_on: Callable[[], object],
    ) -> None:
        """`known` has the files of which something is known, by folder."""
        self._known = known
        self._identities = identities
        self._going_on = going_on
        self.folders: dict[str, set[str]] = {}
        """The folders read so far, with the identities of their files."""
        self._newest: dict[str, dict[str, str]] = {}
        """The newest files of each of which nothing is known: their names, by identity."""

    def of(self, folder: str) -> set[str]:
        """The identities of the files in a folder."""
        if folder not in self.folders:
            found = self.folders[folder] = set()
            newest = _Newest()
            known = self._known.get(folder.rstrip(os.sep), ())
            names = list(_files(folder, known, newest, self._going_on))
            if names:
                spelled = self._identities.of_folder(folder, names[0])
                for part in parts_of(names):
                    found.update(spelled.names(part))
                self._newest[folder] = {spelled.name(name): name for name in newest.names()}
        return self.folders[folder]

    def may_be_whole(self, folder: str, name: str) -> bool:
        """Whether a file is whole, or too old to have been left unfinished by a server."""
        own = self._newest[folder].get(name)
        return own is None or _is_whole(os.path.join(folder, own))

    def __contains__(self, path: str) -> bool:
        """Whether there is a file of this identity."""
        folder, name = os.path.split(path)
        return name in self.of(folder)


class _Newest:
    """The newest of many files, at most `NEWEST`."""

    def __init__(self) -> None:
        self._found: list[tuple[int, str]] = []

    def add(self, name: str, time: int) -> None:
        """Consider a file; only the order of the times counts."""
        if len(self._found) < NEWEST:
            heapq.heappush(self._found, (time, name))
        elif time > self._found[0][0]:
            heapq.heapreplace(self._found, (time, name))

    def names(self) -> Iterator[str]:
        """The names of the newest."""
        return (name for _, name in self._found)


def _files(
    folder: str, known: Collection[str], newest: _Newest, going_on: Callable[[], object]
) -> Iterator[str]:
    """Names of the files in a folder; none if it is behind a link, or cannot be read.

    Of files that are not `known`, empty ones are left out, and the newest are noted.
    """
    pace = Pace()
    try:
        if os.path.normcase(os.path.realpath(folder)) != os.path.normcase(os.path.abspath(folder)):
            return
        with scanned(os.path.abspath(folder)) as entries:
            for seen, entry in enumerate(entries):
                if seen % LOOK_EVERY == 0:
                    going_on()
                    pace.rest()
                if not entry.is_file():
                    continue
                # Only Windows gives the size for free; elsewhere it costs a call for each file.
                if os.name == "nt" or entry.name not in known:
                    status = _status(entry)
                    if status is None or not status.st_size:
                        continue
                    if entry.name not in known:
                        newest.add(entry.name, status.st_mtime_ns)
                yield entry.name
    except (OSError, ValueError):  # ValueError: a character that no name can have
        return


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat()
    except OSError:  # it is gone by now, like a file that has got its final name
        return None


_HEAD = 12
_TAIL = 64
"""Bytes to read at the end of a file: some programs append a few more."""

_PNG, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"
_JPEG, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_RIFF, _WEBP = b"RIFF", b"WEBP"


def _is_whole(real_path: str) -> bool:
    """Whether the file at a real path is whole, as far as its first and last bytes tell.

    A PNG, JPEG or WebP file must have its end marker or length. Any other file counts as whole
    unless it begins with nothing but zeros, as after a power cut. A file that cannot be read does
    not.
    """
    try:
        with os.fdopen(open_file(real_path), "rb") as file:
            head = file.read(_HEAD)
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            return _has_end(head, file.read(), size)
    except OSError:
        return False


def _has_end(head: bytes, tail: bytes, size: int) -> bool:
    if head.startswith(_PNG):
        return _PNG_END in tail
    if head.startswith(_JPEG):
        return _JPEG_END in tail
    if head.startswith(_RIFF) and head.endswith(_WEBP):
        return size >= int.from_bytes(head[4:8], "little") + 8
    return bool(head.strip(b"\0"))
