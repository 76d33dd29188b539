"""No image fails, holds up the server or fills its memory because of what its file says of it."""

from __future__ import annotations

import io
import json
import logging
import struct
import time
import tracemalloc

import pytest
import torch
from PIL import Image

from batch_loop.core.common.source_metadata import SourceMetadata
from batch_loop.core.media import exif, profiles, xmp
from batch_loop.core.media.formats.decode import decode
from batch_loop.core.media.formats.encode import encode
from batch_loop.core.model.formats import Format
from batch_loop.tests.support.photographs import (
    CAMERA,
    MAKER_NOTE,
    MODEL,
    THUMBNAIL,
    photograph,
)
from batch_loop.tests.support.photographs import exif as camera_exif

WITH_ALL = [Format.JPEG, Format.PNG, Format.PNG_16, Format.WEBP]


EXIF, USER_COMMENT = 0x8769, 0x9286


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

    def test_one_too_large_for_jpeg_is_left_out(self, caplog: pytest.LogCaptureFixture) -> None:
        header = bytearray(128)
        header[12:24], header[36:40] = b"mntrRGB XYZ ", b"acsp"
        large = SourceMetadata(bytes(header) + bytes(17_000_000))
        with caplog.at_level(logging.WARNING):
            data = saved(large, Format.JPEG, {})
        assert "icc_profile" not in Image.open(io.BytesIO(data)).info
        assert "colour profile" in caplog.text


def folder(order: str, *entries: tuple[int, int, int, int]) -> bytes:
    """A folder of EXIF data: of each entry tag, kind, count, and number or offset."""
    table = b"".join(struct.pack(order + "HHII", *entry) for entry in entries)
    return struct.pack(order + "H", len(entries)) + table + bytes(4)


def with_workflows() -> bytes:
    """EXIF data of a camera in which several savers have left a workflow, as text and in letters
    of two bytes."""
    made = Image.Exif()
    made.load(camera_exif())
    own = made.get_ifd(EXIF)
    own[USER_COMMENT] = b"UNICODE\0" + 'Workflow:{"of": "a stranger"}'.encode("utf-16-le")
    made[0x010E] = 'Workflow: {"of": "a stranger"}'
    made[0x0131] = 'prompt:{"of": "a stranger", "long": "' + "x" * 30_000 + '"}'
    return made.tobytes().removeprefix(exif.PREFIX)


class TestExif:
    @pytest.mark.parametrize("format_", WITH_ALL)
    @pytest.mark.parametrize("embeds", [True, False])
    @pytest.mark.parametrize("camera", [True, False])
    def test_nothing_is_left_of_an_earlier_workflow(
        self, format_: Format, *, embeds: bool, camera: bool
    ) -> None:
        text = "w" * 25_000
        if camera:
            data = photograph(exif=exif.PREFIX + with_workflows())
        else:
            data = saved(SourceMetadata(), Format.WEBP, {"workflow": {"pass": "first", "is": text}})
        sizes = set()
        for number in range(3):
            metadata = {"workflow": {"pass": number, "is": text}, "prompt": {"pass": number}}
            source = decode(io.BytesIO(data)).metadata
            data = saved(source, format_, metadata if embeds else {})
            for earlier in ("first", "a stranger", *range(number)):
                quoted = json.dumps(earlier)
                assert f'": {quoted}'.encode() not in data, earlier
            assert "a stranger".encode("utf-16-le") not in data
            assert THUMBNAIL not in data
            assert data.count(text.encode()) == embeds
            image = Image.open(io.BytesIO(data))
            found = image.getexif()
            sizes.add(len(image.info.get("exif", b"")))
            if camera:
                assert (found[0x010F], found[0x0110]) == (CAMERA, MODEL)
                assert found.get_ifd(EXIF)[0x927C] == MAKER_NOTE
            elif not embeds:
                assert not found
        assert len(sizes) == 1

    def test_a_workflow_goes_into_the_room_before_a_maker_s_note(self) -> None:
        before = with_workflows()
        for _ in range(3):
            after = exif.edited(before, {"prompt": "{" + "y" * 20_000 + "}"}, (4, 4))
            assert after.index(MAKER_NOTE) == before.index(MAKER_NOTE)
            assert len(after) <= len(before)
            before = after

    def test_one_too_large_for_jpeg_never_loses_an_image(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        fits = 0
        for nbytes in range(65_000, 65_700, 20):
            made = Image.Exif()
            made[0x010F], made[0x8298] = CAMERA, "c" * nbytes
            source = SourceMetadata(exif=made.tobytes().removeprefix(exif.PREFIX))
            caplog.clear()
            with caplog.at_level(logging.WARNING):
                data = saved(source, Format.JPEG, {})
            is_kept = Image.open(io.BytesIO(data)).getexif().get(0x010F) == CAMERA
            assert is_kept is ("EXIF data" not in caplog.text)
            fits += is_kept
        assert 0 < fits < 35

    @pytest.mark.parametrize("order", ["<", ">"])
    @pytest.mark.parametrize("kind", ["values", "folders", "chain", "same folder"])
    def test_what_overlaps_takes_no_memory_and_no_time(self, order: str, kind: str) -> None:
        head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
        many = range(3000)
        if kind == "values":
            data = folder(order, *((0x1000 + n, 7, 50_000, 8 + n) for n in many)) + bytes(50_000)
        elif kind == "folders":
            data = folder(order, *((0x8769, 4, 1, 8 + 12 * n) for n in many))
        elif kind == "same folder":
            data = folder(order, *((0x8769, 4, 1, 8) for _ in many))
        else:
            data = b"".join(folder(order, (0x8769, 4, 1, 8 + 18 * (n + 1))) for n in many)
        source = SourceMetadata(exif=head + data)
        tracemalloc.start()
        saved(source, Format.WEBP, {"workflow": {}})
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < 30 * len(source.exif)


def scan(kind: int, count: int, value: bytes, unit: int) -> bytes:
    """A TIFF file of 2 x 2 grey pixels, whose resolution is a value of any kind."""
    pixels, values = 200, 204
    entries = [
        (0x0100, 3, 1, 2),
        (0x0101, 3, 1, 2),
        (0x0102, 3, 1, 8),
        (0x0103, 3, 1, 1),
        (0x0106, 3, 1, 1),
        (0x0111, 4, 1, pixels),
        (0x0116, 3, 1, 2),
        (0x0117, 4, 1, 4),
    ]
    inline = struct.unpack("<I", value.ljust(4, b"\0"))[0] if len(value) <= 4 else values
    resolution = [(0x011A, kind, count, inline), (0x011B, kind, count, inline)]
    data = folder("<", *entries, *resolution, (0x0128, 3, 1, unit))
    head = b"II*\0" + struct.pack("<I", 8) + data
    return head.ljust(pixels, b"\0") + b"\x10\x20\x30\x40" + value


class TestResolution:
    @pytest.mark.filterwarnings("ignore")  # Pillow warns of what is damaged
    @pytest.mark.parametrize(
        ("kind", "count", "value", "dots"),
        [
            (5, 1, struct.pack("<II", 300, 1), 300),
            (5, 1, struct.pack("<II", 0, 0), None),
            (5, 1, struct.pack("<II", 5, 0), None),
            (5, 1, struct.pack("<II", 0, 5), None),
            (5, 1, struct.pack("<II", 2**32 - 1, 1), None),
            (5, 1, struct.pack("<I", 300), None),
            (5, 0, b"", None),
            (5, 2, struct.pack("<IIII", 300, 1, 300, 1), 300),
            (10, 1, struct.pack("<ii", -300, 1), None),
            (11, 1, struct.pack("<f", float("nan")), None),
            (11, 1, struct.pack("<f", float("inf")), None),
            (12, 1, struct.pack("<d", 1e300), None),
            (2, 4, b"abc\0", None),
            (2, 1, b"\0", None),
            (7, 4, b"\1\2\3\4", None),
            (99, 1, b"", None),
        ],
    )
    def test_an_image_with_a_damaged_one_is_read_and_saved(
        self, kind: int, count: int, value: bytes, dots: float | None
    ) -> None:
        units = {2: 1.0, 3: 2.54}
        if kind in {2, 7}:
            del units[3]  # Pillow itself opens no file with a text per centimetre
        for unit, factor in units.items():
            image = decode(io.BytesIO(scan(kind, count, value, unit)))
            assert image.image.shape == (1, 2, 2, 3)
            expected = None if dots is None else pytest.approx(dots * factor)
            assert image.metadata.dots_per_inch == expected
            for format_ in [*WITH_ALL, Format.TIFF]:
                saved(image.metadata, format_, {})


class TestOrientation:
    @pytest.mark.filterwarnings("ignore")  # Pillow warns of what is damaged
    @pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
    @pytest.mark.parametrize(
        "data", [b"no EXIF data", b"II*\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff"]
    )
    def test_an_image_with_damaged_exif_is_read(self, format_: str, data: bytes) -> None:
        image = decode(io.BytesIO(photograph(format_, exif=exif.PREFIX + data, xmp=b"")))
        assert image.image.shape == (1, 96, 160, 3)

    @pytest.mark.filterwarnings("ignore")  # Pillow warns of what is damaged
    @pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
    def test_it_counts_beside_entries_that_are_damaged(self, format_: str) -> None:
        entries = (
            (0x010F, 2, 2**31, 9),
            (0x0112, 3, 1, 6),
            (0x8769, 4, 1, 2**31),
            (0x9999, 99, 9, 9),
        )
        data = b"II*\0" + struct.pack("<I", 8) + folder("<", *entries)
        image = decode(io.BytesIO(photograph(format_, exif=exif.PREFIX + data, xmp=b"")))
        assert image.image.shape == (1, 160, 96, 3)

    def test_reading_it_reads_nothing_else(self) -> None:
        entries = ((0x1000 + n, 7, 60_000, 8 + n) for n in range(4000))
        data = b"II*\0" + struct.pack("<I", 8) + folder("<", *entries, (0x0112, 3, 1, 6))
        file = io.BytesIO(photograph("WEBP", exif=exif.PREFIX + data + bytes(60_000)))
        tracemalloc.start()
        image = decode(file)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert image.image.shape == (1, 160, 96, 3)
        assert most < 10_000_000
