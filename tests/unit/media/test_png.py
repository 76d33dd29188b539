from __future__ import annotations

import io
import json
import math
import struct
import zlib
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from batch_loop.core.common.errors import UnwritableImage
from batch_loop.core.media.effort import Effort
from batch_loop.core.media.formats.encode import encode
from batch_loop.core.media.png import choice, filters, sample, zlib_stream
from batch_loop.core.media.png import encode as encoder
from batch_loop.core.media.png.rows import Layout
from batch_loop.core.media.png.zlib_stream import Way
from batch_loop.core.model.formats import Format
from batch_loop.tests.support.drawings import DRAWINGS
from batch_loop.tests.support.png_files import png_file

Pixels = np.ndarray[Any, Any]


def noise(*shape: int, dtype: type = np.uint8) -> Pixels:
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def by_pillow(data: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(data)))


def chunks_of(data: bytes) -> list[tuple[bytes, bytes]]:
    """Each chunk's type and content; its checksum is verified."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    found, position = [], 8
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        kind, content = data[position + 4 : position + 8], data[position + 8 :][:length]
        (checksum,) = struct.unpack_from(">I", data, position + 8 + length)
        assert checksum == zlib.crc32(kind + content)
        found.append((kind, content))
        position += 12 + length
    return found


def by_hand(data: bytes) -> Pixels:
    """[H,W,C] of a PNG file with whole bytes, decoded strictly by the specification."""
    chunks = chunks_of(data)
    width, height, bits, kind, *rest = struct.unpack(">IIBBBBB", chunks[0][1])
    assert (chunks[0][0], chunks[-1], rest) == (b"IHDR", (b"IEND", b""), [0, 0, 0])
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[kind]
    pixel = channels * bits // 8
    stream = zlib.decompressobj()
    rows = stream.decompress(b"".join(content for kind, content in chunks if kind == b"IDAT"))
    assert stream.eof
    assert stream.unused_data == b""
    length = 1 + width * pixel
    assert len(rows) == height * length
    above = [0] * (length - 1)
    result = bytearray()
    for number in range(height):
        filter_, *row = rows[number * length : (number + 1) * length]
        for place, value in enumerate(row):
            left = row[place - pixel] if place >= pixel else 0
            corner = above[place - pixel] if place >= pixel else 0
            row[place] = (value + expected(filter_, left, above[place], corner)) % 256
        result += bytes(row)
        above = row
    values = np.frombuffer(result, np.uint8 if bits == 8 else ">u2")
    return values.reshape(height, width, channels)


def expected(filter_: int, left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    by_distance = sorted((left, up, corner), key=lambda value: abs(guess - value))  # stable
    return (0, left, up, (left + up) // 2, by_distance[0])[filter_]


class TestPixels:
    @pytest.mark.parametrize("shape", [(7, 9), (7, 9, 1), (7, 9, 2), (7, 9, 3), (7, 9, 4)])
    @pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
    def test_every_kind_of_image_is_encoded(self, shape: tuple[int, ...], dtype: type) -> None:
        pixels = noise(*shape, dtype=dtype)
        data = png_file(pixels)
        assert np.array_equal(by_hand(data).reshape(shape), pixels)
        found = by_pillow(data)
        if dtype is np.uint16 and len(shape) == 3 and shape[2] > 1:
            pixels = (pixels >> 8).astype(np.uint8)  # Pillow has only 8 bits for colours
        if dtype is np.uint16 and shape[2:] == (2,):
            found = found[:, :, [0, 3]]  # and reads grey with alpha as RGBA
        assert np.array_equal(found.reshape(pixels.shape), pixels)

    @pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (2, 2), (31, 3), (33, 5), (200, 7)])
    @pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
    def test_every_size_is_encoded(self, size: tuple[int, int], dtype: type) -> None:
        pixels = noise(*size, 3, dtype=dtype)
        assert np.array_equal(by_hand(png_file(pixels)), pixels)

    @pytest.mark.parametrize("filter_", filters.FILTERS)
    @pytest.mark.parametrize("way", Way)
    @pytest.mark.parametrize("band", [1, 100, 1 << 20])
    def test_every_filter_works_in_bands_of_any_size(
        self, filter_: int, way: Way, band: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(encoder, "best", lambda _layout, _effort: (filter_, way))
        monkeypatch.setattr(encoder, "_BAND", band)
        for dtype in (np.uint8, np.uint16):
            pixels = noise(12, 11, 4, dtype=dtype)
            data = png_file(pixels)
            assert np.array_equal(by_hand(data), pixels)
            if dtype is np.uint8:
                assert np.array_equal(by_pillow(data), pixels)

    def test_paeth_follows_the_specification(self) -> None:
        steps = np.unique(np.concatenate([np.arange(0, 256, 15), [1, 2, 127, 128, 129, 253, 254]]))
        triples = np.stack(np.meshgrid(*[steps.astype(np.uint8)] * 3)).reshape(3, 1, -1)
        found = filters._paeth(*triples)[0].tolist()
        assert found == [expected(4, *triple) for triple in triples[:, 0].T.tolist()]

    def test_an_array_that_is_not_contiguous_is_encoded(self) -> None:
        pixels = noise(3, 40, 30)
        for turned in (pixels.transpose(1, 2, 0), pixels.transpose(2, 1, 0)[::-2]):
            assert np.array_equal(by_pillow(png_file(turned)), turned)

    @pytest.mark.parametrize("name", DRAWINGS)
    @pytest.mark.parametrize("effort", Effort)
    def test_every_drawing_is_encoded(self, name: str, effort: Effort) -> None:
        pixels = DRAWINGS[name](300, 400)
        assert np.array_equal(by_pillow(png_file(pixels, effort=effort)), pixels)

    @settings(max_examples=60, deadline=None)
    @given(
        size=st.tuples(st.integers(1, 90), st.integers(1, 40)),
        channels=st.integers(1, 4),
        dtype=st.sampled_from([np.uint8, np.uint16]),
        effort=st.sampled_from(Effort),
        seed=st.integers(0, 99),
        values=st.sampled_from([2, 7, 256]),
        repeated=st.integers(1, 5),
    )
    def test_images_of_every_kind_are_encoded_with_each_effort(  # noqa: PLR0913 - one image
        self,
        *,
        size: tuple[int, int],
        channels: int,
        dtype: type,
        effort: Effort,
        seed: int,
        values: int,
        repeated: int,
    ) -> None:
        """From noise to patterns that repeat themselves, so that each way is taken by some."""
        random = np.random.default_rng(seed)
        part = random.integers(0, values, (size[0], size[1], channels), dtype)
        pixels = np.concatenate([part] * repeated)
        assert np.array_equal(by_hand(png_file(pixels, effort=effort)), pixels)


class TestSize:
    @pytest.mark.parametrize("name", DRAWINGS)
    def test_is_no_larger_than_pillows_and_smaller_with_more_effort(self, name: str) -> None:
        pixels = DRAWINGS[name](750, 1000)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG", compress_level=4)
        sizes = [len(png_file(pixels, effort=effort)) for effort in Effort]
        assert sizes[0] <= 1.01 * len(buffer.getvalue())
        assert sizes == sorted(sizes, reverse=True)


class TestChoice:
    @pytest.mark.parametrize(
        "shape",
        [
            (1, 1, 1),
            (1, 400_000, 3),
            (128, 60_000, 4),
            (100_000, 1, 3),
            (200_000, 40, 1),
            (9, 9, 3),
            (3000, 4000, 3),
            (129, 5000, 2),
        ],
    )
    @pytest.mark.parametrize("effort", Effort)
    def test_a_sample_is_small_and_never_empty_and_all_that_is_asked_for(
        self, shape: tuple[int, int, int], effort: Effort
    ) -> None:
        height, width, pixel = shape

        asked = []

        def pixels(rows: slice, columns: slice) -> Pixels:
            assert 0 <= rows.start < rows.stop <= height
            assert 0 <= columns.start < columns.stop <= width
            part = (rows.stop - rows.start, columns.stop - columns.start, pixel)
            asked.append(math.prod(part))
            return np.zeros(part, np.uint8)

        layout = Layout(height, width * pixel, pixel, pixels)
        most = sample._SAMPLE[effort]
        for taken, least in (
            (lambda: sample.parts_of_rows(layout, effort), min(height * width * pixel, most // 2)),
            (lambda: sample.whole_rows(layout, 12), 1),
        ):
            asked.clear()
            found, kept = taken()
            of_sample = kept.sum() * found.shape[1]
            assert least <= of_sample <= max(most, 12 * sample._REACH)
            assert found.shape[1] % pixel == 0
            assert len(kept) == len(found) - 1
            assert sum(asked) <= found.size  # converting a pixel takes longer than looking at it

    @pytest.mark.parametrize("effort", Effort)
    def test_the_quickest_ways_are_for_camera_noise_alone(self, effort: Effort) -> None:
        assert self.way("noise", effort) in zlib_stream.SCOUTS
        for name in ("text", "flat"):
            assert self.way(name, effort) in {Way.REPEATS, Way.MOST_REPEATS}

    def test_a_photo_takes_more_time_with_more_effort(self) -> None:
        assert self.way("photo", Effort.FAST) is Way.NEAR
        assert self.way("photo", Effort.SMALL) in {Way.VALUES, Way.RUNS}

    @staticmethod
    def way(name: str, effort: Effort) -> Way:
        pixels = DRAWINGS[name](1500, 2000)
        layout = Layout(1500, 6000, 3, lambda *part: pixels[part])
        return choice.best(layout, effort)[1]


class TestRefused:
    @pytest.mark.parametrize("shape", [(4, 4, 5), (0, 4, 3), (4, 0, 1)])
    def test_other_shapes_than_images_are_refused(self, shape: tuple[int, int, int]) -> None:
        with pytest.raises(ValueError, match="cannot have the shape"):
            png_file(np.zeros(shape, np.uint8))

    def test_other_types_are_refused(self) -> None:
        with pytest.raises(ValueError, match="64 bits"):
            png_file(np.zeros((4, 4), np.float64))


class TestTexts:
    METADATA: Any = {  # noqa: RUF012 - never changed
        "prompt": {"title": "caf\u00e9: \u732b \U0001f600"},
        "workflow": {"nodes": list(range(500))},
        "schl\u00fcssel": None,
    }

    def test_are_chunk_for_chunk_pillows(self) -> None:
        data = encode(torch.zeros(4, 4, 3), format=Format.PNG, quality=1, metadata=self.METADATA)
        info = PngImagePlugin.PngInfo()
        for key, value in self.METADATA.items():
            info.add_text(key, json.dumps(value))
        buffer = io.BytesIO()
        Image.new("RGB", (4, 4)).save(buffer, "PNG", pnginfo=info)
        ours = [chunk for chunk in chunks_of(data) if chunk[0] != b"IDAT"]
        assert ours == [chunk for chunk in chunks_of(buffer.getvalue()) if chunk[0] != b"IDAT"]
        assert [kind for kind, _ in ours] == [b"IHDR", *[b"tEXt"] * 3, b"IEND"]

    def test_a_key_that_png_cannot_hold_is_refused(self) -> None:
        with pytest.raises(UnwritableImage, match="4x4 pixels as PNG"):
            encode(torch.zeros(4, 4, 3), format=Format.PNG, quality=1, metadata={"\u732b": 1})
