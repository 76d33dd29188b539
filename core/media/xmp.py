"""Editing XMP data, as far as it describes the file rather than the photograph.

It comes from anywhere, and may be megabytes: every expression here takes time in proportion.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

LARGEST = 2_000_000
"""Bytes of XMP data that are edited: more than editors write, and less than a second's work."""

_ORIENTATION = rb"""(tiff:Orientation\s*(?:=\s*["']|>\s*))[0-9]+"""

_SIZES = (
    (rb"""((?:tiff:ImageWidth|exif:PixelXDimension)\s*(?:=\s*["']|>\s*))[0-9]+""", 0),
    (rb"""((?:tiff:ImageLength|exif:PixelYDimension)\s*(?:=\s*["']|>\s*))[0-9]+""", 1),
)

_OF_THE_FILE = rb"xmpNote:HasExtendedXMP|GCamera:(?:MotionPhoto|MicroVideo)\w*|hdrgm:\w+"
"""What tells of more in the source's file: more XMP, a video, a second image that brightens it."""

_NOT_KEPT = _OF_THE_FILE + rb"|xmp:Thumbnails|Container:Directory"
"""Elements with the same meaning, thumbnails, and the list of a file's further images."""

# No tag goes beyond the next "<", which XML does not allow within one, so none is read twice.
_TAG = rb"""<(/?)([\w.:-]+)(?=[\s/>])([^<>"']*(?:(?:"[^"<]*"|'[^'<]*')[^<>"']*)*)>"""
_ATTRIBUTE = rb"""\s([^\s=<>"'/]+)\s*=\s*(?:"[^"<]*"|'[^'<]*')"""

_Span = tuple[int, int]


def edited(xmp: bytes, size: tuple[int, int]) -> bytes:
    """XMP data for an upright result of (width, height), from that of its source."""
    xmp = _without(xmp, _spans(xmp))
    xmp = re.sub(_ORIENTATION, rb"\g<1>1", xmp)
    for pattern, place in _SIZES:
        xmp = re.sub(pattern, rb"\g<1>" + str(size[place]).encode(), xmp)
    return xmp


def _spans(xmp: bytes) -> Iterator[_Span]:
    """Where the attributes and elements are that are not kept, in no order."""
    starts: defaultdict[bytes, list[int]] = defaultdict(list)
    for tag in re.finditer(_TAG, xmp):
        closes, name, rest = tag.groups()
        if not re.fullmatch(_NOT_KEPT, name):
            for attribute in re.finditer(_ATTRIBUTE, rest):
                if re.fullmatch(_OF_THE_FILE, attribute[1]):
                    yield tag.start(3) + attribute.start(), tag.start(3) + attribute.end()
        elif closes:
            if starts[name]:
                yield starts[name].pop(), tag.end()
        elif rest.endswith(b"/"):
            yield tag.span()
        else:
            starts[name].append(tag.start())


def _without(xmp: bytes, spans: Iterable[_Span]) -> bytes:
    kept, position = [], 0
    for start, end in sorted(spans):
        if start > position:
            kept.append(xmp[position:start])
        position = max(position, end)
    return b"".join([*kept, xmp[position:]])
