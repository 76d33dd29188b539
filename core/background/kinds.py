"""What encoding costs, by format and effort."""

from __future__ import annotations

from ..model.formats import Format
from .costs import Kind

_LOSSLESS = 100

# The ratios are those of processor seconds for real photographs: of several, the higher ones.
_KINDS = {
    Format.PNG: Kind("PNG", (1.0, 2.0, 4.5), parallel=True),
    Format.PNG_16: Kind("PNG 16-bit", (1.0, 2.5, 5.0), parallel=True),
    Format.JPEG: Kind("JPEG", (1.0, 1.8, 3.4), parallel=False),
    Format.WEBP: Kind("WebP", (1.0, 1.25, 2.7), parallel=False),
    Format.TIFF: Kind("TIFF", (1.0, 1.0, 4.0), parallel=False),
    Format.BMP: Kind("BMP", (1.0, 1.0, 1.0), parallel=False),
    Format.AVIF: Kind("AVIF", (1.0, 3.5, 12.0), parallel=True),
}
_LOSSLESS_WEBP = Kind("lossless WebP", (1.0, 3.5, 7.0), parallel=False)


def kind_of(format: Format, quality: int) -> Kind:  # noqa: A002 - the word users see
    """How results of a format other than `SOURCE` are encoded."""
    if format is Format.WEBP and quality >= _LOSSLESS:
        return _LOSSLESS_WEBP
    return _KINDS[format]
