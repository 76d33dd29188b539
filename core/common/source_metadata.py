"""What a source file says about its image, beside the pixels."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SourceMetadata:
    """The metadata of a source, as its file has it; empty where it has none."""

    profile: bytes = field(default=b"", repr=False)
    """The ICC profile that the decoded pixels are in: without one they are in sRGB."""
    exif: bytes = field(default=b"", repr=False)
    """From its byte order mark on, without the letters "Exif" before that."""
    xmp: bytes = field(default=b"", repr=False)
    dots_per_inch: float | None = None
    """As the file has it beside its EXIF data; None if it does not, or not the same both ways."""
    transparent: bool = False
    """Whether the image is transparent anywhere."""

    def profile_only(self) -> SourceMetadata:
        """The same without what only tells about the photograph: its colours stay as they are."""
        return SourceMetadata(self.profile)


NO_METADATA = SourceMetadata()
