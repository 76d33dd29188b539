"""The kinds of files that folders are gone through for, by their extensions."""

from __future__ import annotations

from enum import Enum


class FileKind(str, Enum):
    """What a folder's items are; the values are stored, see `core.model.loop_key`."""

    IMAGES = ""
    VIDEOS = "videos"
    AUDIO = "audio"


_PNG = (".png", ".apng")
_JPEG = (".jpg", ".jpeg", ".jpe", ".jfif")
_WEBP = (".webp",)

PNG_EXTENSIONS, JPEG_EXTENSIONS = frozenset(_PNG), frozenset(_JPEG)
WEBP_EXTENSIONS = frozenset(_WEBP)

IMAGE_EXTENSIONS = frozenset(
    (
        *(*_PNG, *_JPEG, *_WEBP),
        *(".avif", ".bmp", ".dib", ".gif", ".jp2", ".mpo", ".pbm", ".pgm", ".pnm", ".ppm"),
        *(".qoi", ".tga", ".tif", ".tiff"),
    )
)
"""The files of "All images": still images that Pillow, and so ComfyUI's Load Image, can decode."""

VIDEO_EXTENSIONS = frozenset(
    (
        *(".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg"),
        *(".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv"),
    )
)
"""Films that FFmpeg, and so ComfyUI's Load Video, can decode."""

AUDIO_EXTENSIONS = frozenset(
    (
        *(".aac", ".aif", ".aiff", ".au", ".flac", ".m4a", ".mka", ".mp3", ".oga", ".ogg"),
        *(".opus", ".wav", ".wma"),
    )
)
"""Sounds that FFmpeg, and so ComfyUI's Load Audio, can decode."""

EXTENSIONS_OF = {
    FileKind.IMAGES: IMAGE_EXTENSIONS,
    FileKind.VIDEOS: VIDEO_EXTENSIONS,
    FileKind.AUDIO: AUDIO_EXTENSIONS,
}
"""The extensions of each kind, in lower case, with their dots."""
