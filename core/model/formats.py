"""The formats that results are saved in, their file extensions, and where texts go."""

from __future__ import annotations

from enum import Enum


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


WITHOUT_ALPHA = frozenset({Format.JPEG, Format.BMP})
"""Formats in which nothing can be transparent."""

_EXTENSIONS = {
    Format.PNG: (".png", ".apng"),
    Format.PNG_16: (".png", ".apng"),
    Format.JPEG: (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    Format.WEBP: (".webp",),
    Format.TIFF: (".tif", ".tiff"),
    Format.BMP: (".bmp", ".dib"),
}


def format_of(extension: str) -> Format:
    """Return the format to save in for a source with this extension, such as ".jpg" or ".JPG".

    PNG, which is lossless, for formats that cannot be written, such as GIF and AVIF.
    """
    extension = extension.lower()
    return next(
        (format_ for format_, all_ in _EXTENSIONS.items() if extension in all_),
        Format.PNG,
    )


def extension_of(format: Format) -> str:  # noqa: A002 - the word users see
    """Return the usual extension of a format other than `SOURCE`, with its dot."""
    return extensions_of(format)[0]


def extensions_of(format: Format) -> tuple[str, ...]:  # noqa: A002 - the word users see
    """Return all extensions of a format other than `SOURCE`, with their dots."""
    return _EXTENSIONS[format]


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
