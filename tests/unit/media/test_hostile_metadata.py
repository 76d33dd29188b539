"""No image fails, holds up the server or fills its memory because of what its file says of it."""

from __future__ import annotations

import io
import logging
import struct
import time
import tracemalloc

import pytest
import torch
from PIL import Image

from batch_loop.core.common.source_metadata import SourceMetadata
from batch_loop.core.media import profiles, xmp
from batch_loop.core.media.encode import encode
from batch_loop.core.model.formats import Format

WITH_ALL = [Format.JPEG, Format.PNG, Format.PNG_16, Format.WEBP]


def saved(source: SourceMetadata, format_: Format, metadata: dict[str, object]) -> bytes:
    image = torch.rand(4, 4, 3)
    return encode(image, format=format_, quality=90, metadata=metadata, source=source)


class TestXmp:
    @pytest.mark.parametrize(
        ("before", "repeated", "after"),
        [
            (b"", b"<hdrgm:x ", b""),
            (b"", b"<hdrgm:x>", b""),
            (b"<a", b" hdrgm:x='", b">"),
            (b"<a", b" ", b'"x">'),
            (b"<hdrgm:x ", b'"', b"</hdrgm:x>"),
            (b"<hdrgm:", b"x", b" "),
            (b"", b"tiff:Orientation ", b""),
        ],
    )
    def test_the_time_to_edit_it_is_in_proportion(
        self, before: bytes, repeated: bytes, after: bytes
    ) -> None:
        def seconds(nbytes: int) -> float:
            data = before + repeated * (nbytes // len(repeated)) + after
            start = time.thread_time()
            xmp.edited(data, (4, 4))
            return time.thread_time() - start

        small, large = (min(seconds(nbytes) for _ in range(5)) for nbytes in (20_000, 160_000))
        assert large < 30 * small + 0.01  # in proportion 8, by the square 64

    def test_what_is_too_large_is_left_out(self, caplog: pytest.LogCaptureFixture) -> None:
        long = SourceMetadata(xmp=b"<x>" + b" " * xmp.LARGEST + b"</x>")
        with caplog.at_level(logging.WARNING):
            data = saved(long, Format.WEBP, {})
        assert "xmp" not in Image.open(io.BytesIO(data)).info
        assert "XMP data" in caplog.text

    def test_elements_within_others_of_their_name_go_with_them(self) -> None:
        inner = b"<hdrgm:a><hdrgm:a x='>'>1</hdrgm:a>2</hdrgm:a>"
        data = b"<a hdrgm:b = '1' c=\" hdrgm:d='2'\">" + inner + b"<hdrgm:e/>3<hdrgm:f>4</a>"
        assert xmp.edited(data, (4, 4)) == b"<a c=\" hdrgm:d='2'\">3<hdrgm:f>4</a>"


class TestProfile:
    def test_entries_that_overlap_take_no_memory(self) -> None:
        count, room = 4000, 100_000
        whole = 132 + 12 * count + room
        header = bytearray(128)
        header[12:24], header[36:40] = b"mntrGRAYXYZ ", b"acsp"
        tags = (b"kTRC", *(struct.pack(">I", number) for number in range(1, count)))
        entries = b"".join(struct.pack(">4sII", tag, 132, whole - 132) for tag in tags)
        profile = bytes(header) + struct.pack(">I", count) + entries + bytes(room)
        tracemalloc.start()
        made = profiles.for_channels(profile, 3)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert profiles.space_of(made) == "RGB"
        assert most < 10 * len(profile)

    def test_one_that_says_it_has_more_entries_than_it_has(self) -> None:
        header = bytearray(128)
        header[12:24], header[36:40] = b"mntrGRAYXYZ ", b"acsp"
        for table in (b"", b"\xff", b"\xff" * 4, b"\xff" * 4 + b"kTRC" + b"\xff" * 8):
            assert profiles.for_channels(bytes(header) + table, 3) == b""
