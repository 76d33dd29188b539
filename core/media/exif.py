"""Editing EXIF data: it is written anew, with only what is still valid.

So nothing is left behind of what is not kept. Everything may move but a camera maker's own note:
its inner offsets, which only the maker knows, usually count from the beginning of all the data. It
stays where it was, with the rest written before it as far as there is room, and then after it.
"""

# Names and numbers follow the EXIF specification, CIPA DC-008.

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Iterator, Mapping

from PIL import TiffTags

from .exif_folders import ASCII, LONG, SHORT, DamagedExif, Entry, Folder, read, written

__all__ = ["PREFIX", "DamagedExif", "edited"]

PREFIX = b"Exif\0\0"
"""Stands before the data in a JPEG file."""

_EMPTY = b"II*\0" + struct.pack("<IHI", 8, 0, 0)

_LARGEST_SHORT = 0xFFFF

_WIDTH, _HEIGHT = 0x0100, 0x0101
_MODEL, _MAKE = 0x0110, 0x010F
_ORIENTATION = 0x0112
_EXIF_WIDTH, _EXIF_HEIGHT = 0xA002, 0xA003
_SHOWN_AS_CAPTION = frozenset({0x010D, 0x010E})
"""DocumentName and ImageDescription."""

_OF_OTHER_PICTURES = frozenset({0x0111, 0x0117, 0x0144, 0x0145, 0x014A, 0x0201, 0x0202})
"""Tags that say where else in the source's file there are pixels, such as a thumbnail's."""

_WORKFLOW = rb"(?i)(?:ASCII|UNICODE)?(?:prompt|workflow):\s*\{"
"""How the values begin, but for zeros, in which ComfyUI's page finds a workflow, or savers put one.

UserComment says first how its text is encoded, which may be with two bytes for each letter.
"""
_BEGINNING = 100


def edited(exif: bytes, texts: Mapping[str, str], size: tuple[int, int] | None = None) -> bytes:
    """EXIF data for a result of (width, height), from that of its source; b"" if nothing is in it.

    The result is upright, and has no thumbnail and none of the workflows that the source may have
    had. `texts` become entries of text, as ComfyUI's page expects them: `key:text`, in tags that
    the source does not use. Raises `DamagedExif`.
    """
    order, folder = read(exif or _EMPTY)
    _correct(folder, order, size)
    if not texts and not folder.entries:
        return b""
    _add(folder, texts, is_kept=bool(folder.entries))
    return written(order, folder)


def without_orientation(exif: bytes) -> bytes:
    """EXIF data of an upright image without saying so, which means the same.

    Pillow writes the EXIF data of an AVIF file anew where it does, and loses part of it.
    """
    if not exif:
        return b""
    order, folder = read(exif)
    folder.entries = [entry for entry in folder.entries if entry.tag != _ORIENTATION]
    return written(order, folder) if folder.entries else b""


def _correct(folder: Folder, order: str, size: tuple[int, int] | None) -> None:
    """Make a folder that of an upright image of a size, and take out what is not kept."""
    width, height = size or (0, 0)
    numbers = {_ORIENTATION: 1}
    if size is not None:
        numbers |= {_WIDTH: width, _HEIGHT: height, _EXIF_WIDTH: width, _EXIF_HEIGHT: height}
    folder.entries = [
        _numbered(entry, order, numbers[entry.tag]) if entry.tag in numbers else entry
        for entry in folder.entries
        if entry.tag not in _OF_OTHER_PICTURES and not _is_workflow(entry)
    ]
    for entry in folder.entries:
        if entry.folder is not None:
            _correct(entry.folder, order, size)


def _numbered(entry: Entry, order: str, number: int) -> Entry:
    """An entry with a number in place of its own, if it is for one."""
    if entry.kind not in {SHORT, LONG} or entry.count != 1:
        return entry
    kind = SHORT if entry.kind == SHORT and number <= _LARGEST_SHORT else LONG
    return Entry(entry.tag, kind, 1, struct.pack(order + ("H" if kind == SHORT else "I"), number))


def _is_workflow(entry: Entry) -> bool:
    return re.match(_WORKFLOW, entry.value[:_BEGINNING].replace(b"\0", b"")) is not None


def _add(folder: Folder, texts: Mapping[str, str], *, is_kept: bool) -> None:
    taken = {entry.tag for entry in folder.entries}
    tags = _free_tags(taken, is_kept=is_kept)
    for key, text in texts.items():
        tag = _MODEL if key == "prompt" and _MODEL not in taken else next(tags, None)
        if tag is None:  # the source has all of them
            return
        value = f"{key}:{text}".encode("ascii", "replace") + b"\0"
        folder.entries.append(Entry(tag, ASCII, len(value), value))


def _free_tags(taken: Collection[int], *, is_kept: bool) -> Iterator[int]:
    """Tags for texts, counting down from the one that ComfyUI begins with.

    A photograph keeps its own, and gets no caption that viewers would show.
    """
    not_free = {*taken, *(_SHOWN_AS_CAPTION if is_kept else ())}
    for tag in range(_MAKE, 0, -1):
        if TiffTags.lookup(tag).type in {None, TiffTags.ASCII} and tag not in not_free:
            yield tag
