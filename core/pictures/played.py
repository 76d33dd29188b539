"""What a browser plays of a film or a sound: the file itself, under the type of its content."""

from __future__ import annotations

from contextlib import suppress
from typing import BinaryIO

from ..common.errors import UnreadableSound
from ..films.sound import opened_sound

_MEDIA_TYPES = {
    "mov": "video/mp4",
    "matroska": "video/webm",
    "ogg": "video/ogg",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "aac": "audio/aac",
}
"""By FFmpeg's first name of a format. Browsers play sounds alone under the type of a film, too."""


def media_type(file: BinaryIO) -> str:
    """The media type of an open film or sound; empty if no browser reads its format.

    Whether a browser can decode what is in it, only the browser knows. Empty for any other file.
    """
    file.seek(0)
    with suppress(UnreadableSound), opened_sound("", file) as container:
        return _MEDIA_TYPES.get(container.format.name.split(",")[0], "")
    return ""
