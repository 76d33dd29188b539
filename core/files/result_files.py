"""The files of folders of results: which there are, and whether they are whole.

Those of this pack get their names when they are. Other savers give a file its name first, and may
be ended while they write it.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable, Collection, Iterator, Mapping

from ..common.pace import Pace, parts_of
from .real_paths import open_file, scanned
from .same_file import Identities

LOOK_EVERY = 256
"""Files after which others get a turn, and the caller may cancel."""

NEWEST = 100
"""At most so many files of each folder are read, at both ends, to see whether they are whole.

A server that is ended leaves one that is not, and the newest. Reading them all would take minutes
where the disk is slow, or on another machine.
"""


class ResultFiles:
    """The existing files, by identity; each folder is read once."""

    def __init__(
        self,
        known: Mapping[str, Collection[str]],
        identities: Identities,
        going_on: Callable[[], object],
    ) -> None:
        """`known` are the files that something is known of, by their folders."""
        self._known = known
        self._identities = identities
        self._going_on = going_on
        self.folders: dict[str, set[str]] = {}
        """The folders read so far, with their content."""
        self._newest: dict[str, dict[str, str]] = {}
        """Of each the newest files that nothing is known of: their names, by identity."""

    def of(self, folder: str) -> set[str]:
        """How the files of a folder are told apart."""
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
        """Whether a file of a folder is whole, or so old that nobody can have been ended at it."""
        own = self._newest[folder].get(name)
        return own is None or _is_whole(os.path.join(folder, own))

    def __contains__(self, path: str) -> bool:
        """Whether there is a file of this identity."""
        folder, name = os.path.split(path)
        return name in self.of(folder)


class _Newest:
    """The newest of many files, `NEWEST` at the most."""

    def __init__(self) -> None:
        self._found: list[tuple[int, str]] = []

    def add(self, name: str, time: int) -> None:
        """Consider a file, by any clock of which only the order counts."""
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

    Without empty ones of those that are not `known`, of which the newest are noted as well.
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
                # Only Windows tells this with the name; elsewhere it is a call for each file.
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
    except OSError:  # it is gone by now, as a file that has got its final name
        return None


_HEAD = 12
_TAIL = 64
"""Bytes to read at the end: some programs add a few behind it."""

_PNG, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"
_JPEG, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_RIFF, _WEBP = b"RIFF", b"WEBP"


def _is_whole(real_path: str) -> bool:
    """Whether the file at a real path is whole, as far as its first and last bytes tell.

    A PNG, JPEG or WebP has to have its end. Any other file counts as whole unless it begins with
    zeros alone, as after a power cut. What cannot be read does not count.
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
