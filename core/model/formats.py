"""The formats that a result is saved in, and what their files are called."""

from __future__ import annotations

from enum import Enum


class Format(str, Enum):
    """A format to save in; the values are what users see."""

    SOURCE = "same as source"
    """The format of the file that the image came from, see `format_of`."""
    PNG = "PNG"
    """Loses nothing that 8 bits can hold."""
    PNG_16 = "PNG 16-bit"
    """Loses nothing: for height maps, gradients, and what is to be edited further."""
    JPEG = "JPEG"
    """Has no alpha channel: it is dropped, the colours below it stay. Metadata is EXIF, as in WebP,
    which ComfyUI's page does not read today; what does not fit into the 64 KB that there are, the
    largest first, is left out with a warning in the log."""
    WEBP = "WebP"
    """Loses nothing at the best quality, 100."""
    TIFF = "TIFF"
    """Loses nothing. Metadata is EXIF, as in WebP, which ComfyUI's page does not read today."""
    BMP = "BMP"
    """Has no alpha channel, as JPEG, and no place for metadata."""


_EXTENSIONS = {
    Format.PNG: (".png", ".apng"),
    Format.PNG_16: (".png", ".apng"),
    Format.JPEG: (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    Format.WEBP: (".webp",),
    Format.TIFF: (".tif", ".tiff"),
    Format.BMP: (".bmp", ".dib"),
}


def format_of(extension: str) -> Format:
    """Return the format to save in for a source with this extension (".jpg", in any case).

    PNG, which loses nothing, for what cannot be written in its own format (as GIF and AVIF).
    """
    extension = extension.lower()
    return next(
        (format_ for format_, all_ in _EXTENSIONS.items() if extension in all_),
        Format.PNG,
    )


def extension_of(format: Format) -> str:  # noqa: A002 - the word users see
    """Return the usual extension of a format, with its dot. `format` is not `SOURCE`."""
    return extensions_of(format)[0]


def extensions_of(format: Format) -> tuple[str, ...]:  # noqa: A002 - the word users see
    """Return every extension that files of a format have. `format` is not `SOURCE`."""
    return _EXTENSIONS[format]
