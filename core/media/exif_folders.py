"""Reading the folders of EXIF data, and writing them anew."""

# Names and numbers follow the TIFF specification, revision 6.0.

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

ASCII, SHORT, LONG = 2, 3, 4
_FOLDER = 13

_SIZES = {
    **dict.fromkeys((1, ASCII, 6, 7, 129), 1),
    **dict.fromkeys((SHORT, 8), 2),
    **dict.fromkeys((LONG, 9, 11, _FOLDER), 4),
    **dict.fromkeys((5, 10, 12, 16, 17, 18), 8),
}
"""Bytes of one value of each kind."""

_FOLDERS = frozenset({0x8769, 0x8825, 0xA005})
"""Tags of the folders within others: the camera's settings, the place, and the file's rules."""
_MAKER_NOTE, _ORIENTATION = 0x927C, 0x0112

_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
"""The beginnings of EXIF data, and the order of bytes that each stands for."""

_HEADER, _ENTRY, _INLINE = 8, 12, 4
_MOST_ENTRIES = 10_000
"""Cameras write a few hundred."""
_MOST_FOLDERS = 8
"""Twice as many as there should be."""


class DamagedExif(ValueError):
    """Raised for EXIF data that is not as specified."""


@dataclass(frozen=True)
class Entry:
    """A tag with its value."""

    tag: int
    kind: int
    count: int
    value: bytes = field(repr=False)
    at: int | None = None
    """The offset to keep the value at; None if it may be anywhere."""
    folder: Folder | None = None
    """The folder that the entry leads to, if it does."""


@dataclass
class Folder:
    """Entries that belong together."""

    entries: list[Entry]


def read(exif: bytes) -> tuple[str, Folder]:
    """The order of bytes, as `struct` has it, and the first folder of EXIF data with all in it.

    The folder after it, of a thumbnail, is not read, and entries whose values are not in the data
    are passed over. Raises `DamagedExif`.
    """
    order = _ORDERS.get(exif[:4], "")
    if not order:
        raise DamagedExif("it begins with neither of the two byte orders")
    try:
        (start,) = struct.unpack_from(order + "I", exif, 4)
        return order, _Reader(exif, order).folder(start)
    except struct.error as error:
        raise DamagedExif(str(error)) from error


def orientation_only(exif: bytes) -> bytes:
    """EXIF data with no other entry than the orientation; b"" if there is none, or it is damaged.

    If there are several, all are in it.
    """
    order = _ORDERS.get(exif[:4], "")
    if not order or len(exif) < _HEADER:
        return b""
    (start,) = struct.unpack_from(order + "I", exif, 4)
    if start + 2 > len(exif):
        return b""
    (count,) = struct.unpack_from(order + "H", exif, start)
    tag = struct.pack(order + "H", _ORIENTATION)
    places = range(start + 2, start + 2 + count * _ENTRY, _ENTRY)
    found = [exif[place : place + _ENTRY] for place in places if exif[place : place + 2] == tag]
    if not found or len(found[-1]) < _ENTRY:
        return b""
    return exif[:4] + struct.pack(order + "IH", _HEADER, len(found)) + b"".join(found) + bytes(4)


class _Reader:
    """Reads each folder and each value once, whatever the entries say."""

    def __init__(self, exif: bytes, order: str) -> None:
        self._exif = exif
        self._order = order
        self._folders: set[int] = set()
        self._values: dict[tuple[int, int], bytes] = {}
        self._nbytes = 0
        self._entries = 0
        self._has_note = False

    def folder(self, start: int) -> Folder:
        self._folders.add(start)
        if len(self._folders) > _MOST_FOLDERS:
            raise DamagedExif(f"it has more than {_MOST_FOLDERS} folders")
        (count,) = struct.unpack_from(self._order + "H", self._exif, start)
        self._entries += count
        if self._entries > _MOST_ENTRIES:
            raise DamagedExif(f"it has more than {_MOST_ENTRIES} entries")
        form = struct.Struct(f"{self._order}HHI4s")
        places = range(start + 2, start + 2 + count * _ENTRY, _ENTRY)
        found = (self._entry(*form.unpack_from(self._exif, place)) for place in places)
        return Folder([entry for entry in found if entry is not None])

    def _entry(self, tag: int, kind: int, count: int, inline: bytes) -> Entry | None:
        if kind not in _SIZES:
            return None
        (start,) = struct.unpack(self._order + "I", inline)
        if tag in _FOLDERS:
            if kind not in {LONG, _FOLDER} or start in self._folders:
                return None
            return Entry(tag, kind, 1, b"", folder=self.folder(start))
        size = count * _SIZES[kind]
        if size <= _INLINE:
            return Entry(tag, kind, count, inline[:size])
        if start + size > len(self._exif):
            return None
        is_note = tag == _MAKER_NOTE and start >= _HEADER and not self._has_note
        self._has_note |= is_note
        return Entry(tag, kind, count, self._value(start, size), start if is_note else None)

    def _value(self, start: int, size: int) -> bytes:
        """The bytes from an offset on; several entries may have the same."""
        if (start, size) not in self._values:
            self._nbytes += size
            if self._nbytes > 2 * len(self._exif):
                raise DamagedExif("its values overlap")
            self._values[start, size] = self._exif[start : start + size]
        return self._values[start, size]


def written(order: str, folder: Folder) -> bytes:
    """EXIF data with a folder and all in it."""
    return _Writer(order, folder).data()


class _Writer:
    """Puts one thing after the other, around the value that keeps its place."""

    def __init__(self, order: str, folder: Folder) -> None:
        self._order = order
        self._folder = folder
        notes = [entry for entry in _all(folder) if entry.at is not None]
        self._note = notes[0] if notes else None
        self._before = _HEADER
        """Where the next thing goes that there is room for before the note."""
        self._after = self._until = 0
        if self._note is not None and self._note.at is not None:
            self._until = self._note.at
            self._after = self._note.at + len(self._note.value)
        self._values: dict[bytes, int] = {}
        self._data = bytearray()

    def data(self) -> bytes:
        if self._note is not None and self._note.at is not None:
            self._put(self._note.at, self._note.value)
        mark = b"II*\0" if self._order == "<" else b"MM\0*"
        self._put(0, mark + struct.pack(self._order + "I", self._write(self._folder)))
        return bytes(self._data)

    def _write(self, folder: Folder) -> int:
        """Write a folder with all in it; returns its offset."""
        entries = sorted(folder.entries, key=lambda entry: entry.tag)
        start = self._place(2 + _ENTRY * len(entries) + 4)
        table = struct.pack(self._order + "H", len(entries))
        for entry in entries:
            table += struct.pack(self._order + "HHI", entry.tag, entry.kind, entry.count)
            table += self._inline(entry)
        self._put(start, table + bytes(4))
        return start

    def _inline(self, entry: Entry) -> bytes:
        """The four bytes of an entry for its value, or for the offset of that."""
        if entry.folder is not None:
            start = self._write(entry.folder)
        elif entry.at is not None:
            start = entry.at
        elif len(entry.value) <= _INLINE:
            return entry.value.ljust(_INLINE, b"\0")
        else:
            start = self._values.get(entry.value, 0)
            if not start:
                start = self._values[entry.value] = self._place(len(entry.value))
                self._put(start, entry.value)
        return struct.pack(self._order + "I", start)

    def _place(self, size: int) -> int:
        """Where there is room for some bytes, at an even offset."""
        before, after = (at + at % 2 for at in (self._before, max(self._after, _HEADER)))
        if before + size <= self._until:
            self._before = before + size
            return before
        self._after = after + size
        return after

    def _put(self, start: int, content: bytes) -> None:
        end = start + len(content)
        self._data.extend(bytes(max(0, end - len(self._data))))
        self._data[start:end] = content


def _all(folder: Folder) -> Iterator[Entry]:
    for entry in folder.entries:
        yield entry
        if entry.folder is not None:
            yield from _all(entry.folder)
