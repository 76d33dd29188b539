"""The encoding of a text file, found out from its bytes."""

from __future__ import annotations

import codecs
import locale
from collections.abc import Iterator
from typing import BinaryIO

from ...common.errors import InvalidSetting

_MARKS = {
    codecs.BOM_UTF8: "UTF-8",
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""Those of UTF-32 come first: one of them begins like one of UTF-16."""

_WIDE = {
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
}

LAST_RESORT = "Windows-1252"
_NAMES = {"cp1252": LAST_RESORT, "utf-8": "UTF-8", "utf-16": "UTF-16"}

_CHUNK = 1 << 20
_MOST_LOOKED_AT = 128 << 20
"""A file that is longer has the encoding of its beginning, in bytes: looking at so much takes a
few hundredths of a second to some tenths."""

_SAMPLE = 4096
_ASCII = bytes([*b"\t\n\r", *range(0x20, 0x7F)])
_OTHERS = 4
"""Of the bytes of a text in UTF-16 one in so many, at least, is none of these."""


def known_encoding(name: str) -> str:
    """The encoding that the user names, as `encoding_of` would; raises InvalidSetting."""
    try:
        "".encode(name)
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        message = (
            f"encoding was {name!r}, which is not the name of a text encoding. Enter one such as "
            "UTF-8, UTF-16 or Windows-1252, or leave it empty."
        )
        raise InvalidSetting(message) from None
    return _NAMES.get(codec.removesuffix("-sig"), name)


def encoding_of(file: BinaryIO) -> str:
    """The encoding of a text file, by a name that Python knows.

    What its mark says; UTF-16 if every other byte tends to be zero; UTF-8 if it is valid as such;
    else the system's encoding, if the bytes are valid in it; else Windows-1252. Empty if it cannot
    be a text, as there are zeros elsewhere, or few among characters of ASCII.
    """
    file.seek(0)
    head = file.read(_SAMPLE)
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    if 0 in head:
        return _without_mark(head)
    system = locale.getpreferredencoding(False)  # noqa: FBT003 - it takes nothing else
    system = _NAMES.get(codecs.lookup(system).name, system)
    return next((each for each in ("UTF-8", system) if _is_valid(file, each)), LAST_RESORT)


def codec_of(file: BinaryIO, encoding: str) -> str:
    """What to decode a file with, so that its mark is no part of the text."""
    file.seek(0)
    head = file.read(_SAMPLE)
    name = codecs.lookup(encoding).name
    if name == "utf-8":
        return "utf-8-sig"
    family = name.removesuffix("-le").removesuffix("-be")
    if family not in _WIDE:
        return name
    if head.startswith(_WIDE[family]):
        # With the byte order in its name, a codec would keep the mark.
        return family
    if name != family:
        return name
    # Without a mark, the order that Windows has, unless the zeros say another.
    is_big = family == "utf-16" and _without_mark(head) == "UTF-16-BE"
    return f"{family}-be" if is_big else f"{family}-le"


def _without_mark(head: bytes) -> str:
    """UTF-16 by the place of the zeros, which no other text has; empty if they say nothing.

    Characters up to U+00FF, such as line breaks, have a zero as their upper byte.
    """
    if _OTHERS * len(head.translate(None, _ASCII)) < len(head):
        return ""
    upper_first, upper_last = head[::2].count(0), head[1::2].count(0)
    encoding = "UTF-16-LE" if upper_last > upper_first else "UTF-16-BE"
    few, many = sorted((upper_first, upper_last))
    return encoding if many > 4 * few else ""


def _is_valid(file: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    is_ascii_alike = encoding in {"UTF-8", LAST_RESORT}
    between = True
    try:
        for chunk in _chunks(file):
            # Many times as fast, and most files are nothing else.
            if is_ascii_alike and between and chunk.isascii():
                continue
            decoder.decode(chunk)
            between = not decoder.getstate()[0]
    except UnicodeDecodeError:
        return False
    return True


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    for _ in range(_MOST_LOOKED_AT // _CHUNK):
        chunk = file.read(_CHUNK)
        if not chunk:
            return
        yield chunk
