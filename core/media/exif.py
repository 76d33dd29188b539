"""Editing EXIF data without taking it apart.

What is not changed stays at its place, byte by byte: camera makers' own notes count on that.
"""

# Names and numbers follow the EXIF specification, CIPA DC-008.

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from PIL import TiffTags

PREFIX = b"Exif\0\0"
"""Stands before the data in a JPEG file."""

_EMPTY = b"II*\0" + struct.pack("<IHI", 8, 0, 0)

_ASCII, _SHORT, _LONG = 2, 3, 4
_INTEGERS = {_SHORT: ("H", 0xFFFF), _LONG: ("I", 0xFFFFFFFF)}

_WIDTH, _HEIGHT = 0x0100, 0x0101
_MODEL, _MAKE = 0x0110, 0x010F
_ORIENTATION = 0x0112
_THUMBNAIL, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_EXIF_FOLDER = 0x8769
_EXIF_WIDTH, _EXIF_HEIGHT = 0xA002, 0xA003
_SHOWN_AS_CAPTION = frozenset({0x010D, 0x010E})
"""DocumentName and ImageDescription."""

_WORKFLOW = rb"(?:prompt|workflow):\s*\{"
"""How the entries begin in which ComfyUI's page finds a workflow."""


class DamagedExif(ValueError):
    """Raised for EXIF data that is not as specified."""


@dataclass(frozen=True)
class _Entry:
    """A tag with its value, or where that is."""

    tag: int
    kind: int
    count: int
    value: bytes
    """Four bytes: the value if it fits, else its offset."""
    at: int
    """Offset of these twelve bytes."""


@dataclass
class _Data:
    """EXIF data that is being edited."""

    data: bytearray
    order: str = field(init=False)
    """Of its bytes, as `struct` has it."""

    def __post_init__(self) -> None:
        self.order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(self.data[:4]), "")
        if not self.order:
            raise DamagedExif("it begins with neither of the two byte orders")

    def number(self, kind: str, at: int) -> int:
        return int(struct.unpack_from(self.order + kind, self.data, at)[0])

    def entries(self, folder: int) -> list[_Entry]:
        """The entries of the folder at an offset."""
        count = self.number("H", folder)
        return [self._entry(folder + 2 + 12 * place) for place in range(count)]

    def _entry(self, at: int) -> _Entry:
        tag, kind, count = struct.unpack_from(f"{self.order}HHI", self.data, at)
        return _Entry(tag, kind, count, bytes(self.data[at + 8 : at + 12]), at)

    def integer(self, entry: _Entry) -> int:
        letter, _ = _INTEGERS.get(entry.kind, ("", 0))
        if not letter or entry.count != 1:
            raise DamagedExif(f"tag {entry.tag:#x} is not one integer")
        return int(struct.unpack_from(self.order + letter, entry.value)[0])

    def set_integer(self, entry: _Entry, number: int) -> _Entry:
        """Write a number into an entry, unless it is not for one so large; returns the entry."""
        letter, most = _INTEGERS.get(entry.kind, ("", 0))
        if not letter or entry.count != 1 or number > most:
            return entry
        struct.pack_into(self.order + letter, self.data, entry.at + 8, number)
        return self._entry(entry.at)

    def text(self, entry: _Entry) -> bytes:
        if entry.kind != _ASCII:
            return b""
        if entry.count <= len(entry.value):
            return entry.value[: entry.count]
        start = self.number("I", entry.at + 8)
        return bytes(self.data[start : start + entry.count])


def edited(exif: bytes, texts: Mapping[str, str], size: tuple[int, int] | None = None) -> bytes:
    """EXIF data for a result of (width, height), from that of its source; b"" if nothing is in it.

    The result is upright, and has no thumbnail and none of the workflows that the source may have
    had. `texts` become entries of text, as ComfyUI's page expects them: `key:text`, in tags that
    the source does not use. Raises `DamagedExif`.
    """
    if not exif and not texts:
        return b""
    try:
        return _edited(_Data(bytearray(exif or _EMPTY)), texts, size, is_kept=bool(exif))
    except (struct.error, IndexError) as error:
        raise DamagedExif(str(error)) from error


def _edited(
    exif: _Data, texts: Mapping[str, str], size: tuple[int, int] | None, *, is_kept: bool
) -> bytes:
    folder = exif.number("I", 4)
    entries = exif.entries(folder)
    _drop_thumbnail(exif, folder + 2 + 12 * len(entries))
    if size is not None:
        for entry in entries:
            if entry.tag == _EXIF_FOLDER:
                _correct(exif, exif.entries(exif.integer(entry)), size)
    kept = [entry for entry in _correct(exif, entries, size) if not _is_workflow(exif, entry)]
    if texts or len(kept) < len(entries):
        _append_folder(exif, kept, texts, is_kept=is_kept)
    return bytes(exif.data)


def _correct(exif: _Data, entries: list[_Entry], size: tuple[int, int] | None) -> list[_Entry]:
    """Make an image upright and of a size, as far as entries of one folder tell."""
    width, height = size or (0, 0)
    numbers = {_ORIENTATION: 1}
    if size is not None:
        numbers |= {_WIDTH: width, _HEIGHT: height, _EXIF_WIDTH: width, _EXIF_HEIGHT: height}
    return [
        exif.set_integer(entry, numbers[entry.tag]) if entry.tag in numbers else entry
        for entry in entries
    ]


def _is_workflow(exif: _Data, entry: _Entry) -> bool:
    return re.match(_WORKFLOW, exif.text(entry)) is not None


def _drop_thumbnail(exif: _Data, link: int) -> None:
    """Take out the second folder, whose offset stands at `link`, and the thumbnail in it."""
    folder = exif.number("I", link)
    if not folder:
        return
    struct.pack_into("<I", exif.data, link, 0)
    found = {entry.tag: exif.integer(entry) for entry in _thumbnail_of(exif, folder)}
    start, length = found.get(_THUMBNAIL, 0), found.get(_THUMBNAIL_LENGTH, 0)
    if start > link and length:
        # It may show what was cut away from the photograph.
        end = min(start + length, len(exif.data))
        exif.data[start:end] = bytes(max(0, end - start))
        if end == len(exif.data):
            del exif.data[start:]


def _thumbnail_of(exif: _Data, folder: int) -> Iterator[_Entry]:
    for entry in exif.entries(folder):
        if entry.tag in {_THUMBNAIL, _THUMBNAIL_LENGTH}:
            yield entry


def _append_folder(
    exif: _Data, kept: list[_Entry], texts: Mapping[str, str], *, is_kept: bool
) -> None:
    """Replace the first folder by one at the end, with entries and texts."""
    data = exif.data
    entries = list(kept)
    tags = _free_tags({entry.tag for entry in kept}, is_kept=is_kept)
    for key, text in texts.items():
        tag = _MODEL if key == "prompt" and all(e.tag != _MODEL for e in kept) else next(tags)
        value = f"{key}:{text}".encode("ascii", "replace") + b"\0"
        data += bytes(len(data) % 2)
        at = struct.pack(f"{exif.order}I", len(data))
        entries.append(_Entry(tag, _ASCII, len(value), at, 0))
        data += value
    data += bytes(len(data) % 2)
    struct.pack_into(f"{exif.order}I", data, 4, len(data))
    data += struct.pack(f"{exif.order}H", len(entries))
    for entry in sorted(entries, key=lambda entry: entry.tag):
        data += struct.pack(f"{exif.order}HHI", entry.tag, entry.kind, entry.count) + entry.value
    data += bytes(4)


def _free_tags(taken: Collection[int], *, is_kept: bool) -> Iterator[int]:
    """Tags for texts, counting down from the one that ComfyUI begins with.

    A photograph keeps its own, and gets no caption that viewers would show.
    """
    not_free = {*taken, *(_SHOWN_AS_CAPTION if is_kept else ())}
    for tag in range(_MAKE, 0, -1):
        if TiffTags.lookup(tag).type in {None, TiffTags.ASCII} and tag not in not_free:
            yield tag
