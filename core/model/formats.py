"""The formats that results are saved in, their file extensions and sizes, and where texts go."""

from __future__ import annotations

import functools
import io
from collections.abc import Collection
from enum import Enum

from PIL import Image


class Format(str, Enum):
    """A format to save in; users see the values."""

    SOURCE = "same as source"
    """The format of the source file, see `format_of`."""
    PNG = "PNG"
    """Lossless for 8 bits."""
    PNG_16 = "PNG 16-bit"
    """Lossless: for height maps, gradients, and images that will be edited further."""
    JPEG = "JPEG"
    """Drops the alpha channel and keeps the colours below it. Metadata is EXIF, as in WebP; today
    ComfyUI's page does not read it from a JPEG file. There is room for 64 KB: if more is needed,
    the largest entries are left out, with a warning in the log."""
    WEBP = "WebP"
    """Lossless at quality 100."""
    TIFF = "TIFF"
    """Lossless. Metadata is EXIF, as in WebP; ComfyUI's page does not read it from TIFF so far."""
    BMP = "BMP"
    """Drops the alpha channel, like JPEG, and has no room for metadata."""
    AVIF = "AVIF"
    """Always lossy. Only where Pillow can write it."""


class VideoContainer(str, Enum):
    """A container to save a film in; users see the values, which are ComfyUI's own."""

    MP4 = "mp4"
    MKV = "mkv"
    WEBM = "webm"


class VideoCodec(str, Enum):
    """How a film is compressed; users see the values, which are ComfyUI's own."""

    AUTO = "auto"
    """As it is, if the container can have it; else the usual one of the container."""
    H264 = "h264"
    AV1 = "av1"


def video_not_written(container: str, codec: str, known: Collection[str]) -> str | None:
    """Why a film cannot be saved so by a ComfyUI that knows these values; None if it can be."""
    for name, value in (("container", container), ("codec", codec)):
        if value not in known:
            return (
                f"{name} is {value}, which this ComfyUI cannot write. Install a newer one, or "
                f"choose another {name}, such as {_USUAL[name]}."
            )
    if container == VideoContainer.WEBM.value and codec == VideoCodec.H264.value:
        return (
            "container is webm and codec is h264, which WebM cannot hold: set codec to av1 or "
            "auto, or container to mp4."
        )
    return None


_USUAL = {"container": "mp4", "codec": "auto"}


class FilmCodec(str, Enum):
    """How a film that is made of results is compressed; users see the values."""

    H264 = "H.264"
    HEVC = "HEVC"
    VP9 = "VP9"
    AV1 = "AV1"
    PRORES = "ProRes"


class FilmDepth(str, Enum):
    """How many bits each colour of a film has; users see the values."""

    EIGHT = "8 bit"
    TEN = "10 bit"


class MissingResults(str, Enum):
    """What to do if a film is to be made of results, and some are missing; users see the values."""

    REFUSE = "refuse"
    REPEAT = "repeat the frame before"


WITHOUT_ALPHA = frozenset({Format.JPEG, Format.BMP})
"""Formats in which nothing can be transparent."""

_EXTENSIONS = {
    Format.PNG: (".png", ".apng"),
    Format.PNG_16: (".png", ".apng"),
    Format.JPEG: (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    Format.WEBP: (".webp",),
    Format.TIFF: (".tif", ".tiff"),
    Format.BMP: (".bmp", ".dib"),
    Format.AVIF: (".avif",),
}


def format_of(extension: str) -> Format:
    """Return the format to save in for a source with this extension, such as ".jpg" or ".JPG".

    PNG, which is lossless, for formats that cannot be written, such as GIF.
    """
    extension = extension.lower()
    found = next((each for each, all_ in _EXTENSIONS.items() if extension in all_), Format.PNG)
    return Format.PNG if found is Format.AVIF and not can_write_avif() else found


NO_AVIF = (
    "This Pillow cannot write AVIF files: install a newer one (pip install --upgrade pillow), or "
    "set format to another one, such as WebP."
)


@functools.cache
def can_write_avif() -> bool:
    """Whether this machine's Pillow does; known by writing one, as some only read them."""
    try:
        Image.new("RGB", (1, 1)).save(io.BytesIO(), "AVIF", speed=10, max_threads=1)
    except Exception:  # noqa: BLE001 Pillow may not know the format, nor its library an encoder
        return False
    return True


LARGEST_AVIF_SIDE, LARGEST_AVIF = 1 << 15, 1 << 28
"""The pixels up to which libavif, which most programs use, opens a file; it writes larger ones."""


def fits_into_avif(width: int, height: int) -> bool:
    """Whether an image of this size can be opened once it is saved as AVIF."""
    return max(width, height) <= LARGEST_AVIF_SIDE and width * height <= LARGEST_AVIF


def extension_of(format: Format) -> str:  # noqa: A002 - the word users see
    """Return the usual extension of a format other than `SOURCE`, with its dot."""
    return extensions_of(format)[0]


def extensions_of(format: Format) -> tuple[str, ...]:  # noqa: A002 - the word users see
    """Return all extensions of a format other than `SOURCE`, with their dots."""
    return _EXTENSIONS[format]


class Compression(str, Enum):
    """What the size of a file is worth; users see the values."""

    AS_TIME_ALLOWS = "as the model's time allows"
    """As small as it gets while the model works on the next image."""
    FAST = "fast"
    SMALL = "small"


class SaveTo(str, Enum):
    """Where texts are saved; users see the values."""

    SOURCE = "beside the source"
    """In the folder of the image that the text belongs to."""
    FOLDER = "folder"
    """In the folder that is entered."""


class TextExtension(str, Enum):
    """The extension of a text file.

    Only these, as prompts reach a server without a login, and some texts are programs.
    """

    TXT = ".txt"
    CAPTION = ".caption"
    JSON = ".json"
    MARKDOWN = ".md"
