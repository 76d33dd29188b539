"""PNG files decoded by torchvision, with Pillow as the reference."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torchvision  # noqa: F401 - as ComfyUI does at its start
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from batch_loop.core.media.formats import from_png
from batch_loop.core.media.formats.decode import DecodedImage, decode
from batch_loop.core.media.png.chunks import SIGNATURE
from batch_loop.tests.support.png_files import png_file
from batch_loop.tools.layout import ROOT

Pixels = np.ndarray[Any, Any]
QUICK = ["L", "RGB", "RGBA"]
MODES = [*QUICK, "1", "LA", "P", "I;16"]
_ORIENTATION = 0x0112


def outcome(data: bytes) -> tuple[object, ...]:
    """What becomes of a file: its pixels, mask and metadata, or the error's kind and words."""
    try:
        found = decode(io.BytesIO(data))
    except Exception as error:  # noqa: BLE001 Pillow raises anything for damaged files
        return type(error), str(error)
    return *map(bytes_of, (found.image, found.mask)), found.image.shape, found.metadata


def bytes_of(tensor: Any) -> bytes:
    values: bytes = tensor.numpy().tobytes()
    return values


def by_pillow(data: bytes) -> tuple[object, ...]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(from_png, "_decoder", lambda: None)
        return outcome(data)


def is_quick(data: bytes) -> bool:
    """Whether a sound file is decoded without Pillow."""
    with Image.open(io.BytesIO(data)) as image:
        content = np.frombuffer(bytearray(data), np.uint8)
        return image.mode in QUICK and from_png.decode(content, image.mode, image.size) is not None


def chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def chunks_of(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = len(SIGNATURE)
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        yield data[position + 4 : position + 8], data[position + 8 :][:length]
        position += 12 + length


def with_chunks(*chunks: tuple[bytes, bytes]) -> bytes:
    return SIGNATURE + b"".join(chunk(kind, content) for kind, content in chunks)


def noise(*shape: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def saved(image: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()


def picture(mode: str, height: int, width: int, seed: int = 0) -> Image.Image:
    if mode == "I;16":
        return Image.fromarray(noise(height, width, 2, seed=seed).view(np.uint16)[:, :, 0])
    return Image.fromarray(noise(height, width, 4, seed=seed)).convert(mode)


def interlaced(pixels: Pixels) -> bytes:
    """An RGB file in Adam7's seven passes."""
    passes = ((0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4))
    passes = (*passes, (2, 4, 0, 2), (0, 2, 1, 2), (1, 2, 0, 1))
    parts = (pixels[top::down, left::right] for top, down, left, right in passes)
    rows = b"".join(b"\0" + row.tobytes() for part in parts if part.size for row in part)
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 2, 0, 0, 1)
    return with_chunks((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))


class TestKinds:
    @settings(max_examples=80, deadline=None)
    @given(
        mode=st.sampled_from(MODES),
        size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
        seed=st.integers(0, 99),
        level=st.sampled_from([0, 1, 9]),
        orientation=st.sampled_from([None, 1, 2, 5, 6, 8]),
        dpi=st.booleans(),
        texts=st.booleans(),
        transparency=st.booleans(),
    )
    def test_each_is_as_by_pillow(  # noqa: PLR0913 - one file
        self,
        *,
        mode: str,
        size: tuple[int, int],
        seed: int,
        level: int,
        orientation: int | None,
        dpi: bool,
        texts: bool,
        transparency: bool,
    ) -> None:
        image = picture(mode, *size, seed=seed)
        options: dict[str, Any] = {"compress_level": level}
        if orientation is not None:
            exif = Image.Exif()
            exif[_ORIENTATION] = orientation
            options["exif"] = exif
        if dpi:
            options["dpi"] = (300, 300)
        if texts:
            options["pnginfo"] = PngImagePlugin.PngInfo()
            options["pnginfo"].add_text("prompt", "{}")
        if transparency and mode in {"L", "P", "RGB"}:
            options["transparency"] = (1, 2, 3) if mode == "RGB" else 1
        data = saved(image, **options)
        assert outcome(data) == by_pillow(data)
        assert is_quick(data) == (mode in QUICK)

    @pytest.mark.parametrize("channels", [1, 2, 3, 4])
    @pytest.mark.parametrize("kind", [np.uint8, np.uint16])
    def test_our_own_are_as_by_pillow(self, channels: int, kind: type) -> None:
        pixels = noise(70, 90, channels, 2).view(np.uint16)[..., 0].astype(kind)
        data = png_file(pixels)
        assert outcome(data) == by_pillow(data)
        assert is_quick(data) == (kind is np.uint8 and channels != 2)

    @pytest.mark.parametrize("filter_", range(5))
    def test_each_filter(self, filter_: int) -> None:
        rows = b"".join(bytes([filter_]) + row.tobytes() for row in noise(30, 40 * 3))
        header = struct.pack(">IIBBBBB", 40, 30, 8, 2, 0, 0, 0)
        data = with_chunks((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
        assert outcome(data) == by_pillow(data)
        assert is_quick(data)

    @pytest.mark.parametrize("bits", [1, 2, 4])
    def test_few_bits_of_grey_are_left_to_pillow(self, bits: int) -> None:
        rows = b"".join(b"\0" + row.tobytes() for row in noise(30, 5 * bits))
        header = struct.pack(">IIBBBBB", 40, 30, bits, 0, 0, 0, 0)
        data = with_chunks((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
        assert outcome(data) == by_pillow(data)
        assert not is_quick(data)

    def test_an_interlaced_file_is_left_to_pillow(self) -> None:
        data = interlaced(noise(21, 19, 3))
        assert outcome(data) == by_pillow(data) == outcome(saved(Image.fromarray(noise(21, 19, 3))))
        assert not is_quick(data)

    def test_an_animation_is_left_to_pillow(self) -> None:
        frames = [picture("RGB", 20, 30, seed) for seed in range(3)]
        data = saved(frames[0], save_all=True, append_images=frames[1:])
        assert outcome(data) == by_pillow(data)
        assert not is_quick(data)

    def test_what_comes_behind_the_pixels_is_read(self) -> None:
        exif = Image.Exif()
        exif[_ORIENTATION] = 6
        whole = list(chunks_of(saved(picture("RGB", 20, 30), exif=exif)))
        behind = sorted(whole, key=lambda each: (each[0] == b"eXIf") + 2 * (each[0] == b"IEND"))
        assert behind != whole
        data = with_chunks(*behind)
        assert outcome(data) == by_pillow(data) == outcome(with_chunks(*whole))

    def test_pixels_in_many_chunks_and_what_follows_the_end(self) -> None:
        header, (_, pixels), end = chunks_of(saved(picture("RGB", 20, 30)))
        parts = [(b"IDAT", pixels[at : at + 7]) for at in range(0, len(pixels), 7)]
        data = with_chunks(header, *parts, end) + b"more"
        assert outcome(data) == by_pillow(data)
        assert is_quick(data)

    def test_a_size_that_is_not_pillows(self) -> None:
        content = np.frombuffer(bytearray(saved(picture("RGB", 20, 30))), np.uint8)
        assert from_png.decode(content, "RGB", (20, 30)) is None
        assert from_png.decode(content, "RGBA", (30, 20)) is None


class TestDamage:
    @pytest.mark.parametrize("mode", QUICK)
    def test_any_length_and_any_flipped_bit_is_as_by_pillow(
        self, mode: str, capfd: pytest.CaptureFixture[str]
    ) -> None:
        whole = saved(picture(mode, 6, 7), dpi=(72, 72))
        numbers = np.random.default_rng(5)
        for place in range(len(whole)):
            flipped = bytearray(whole)
            flipped[place] ^= 1 << int(numbers.integers(8))
            for data in (whole[:place], bytes(flipped)):
                assert outcome(data) == by_pillow(data)
        assert capfd.readouterr().err == ""

    @pytest.mark.parametrize("shape", [(6, 7), (300, 200)])
    def test_damage_below_right_checksums_is_as_by_pillow(self, shape: tuple[int, int]) -> None:
        header, *chunks, end = chunks_of(saved(picture("RGB", *shape)))
        stream = b"".join(content for _, content in chunks)
        numbers = np.random.default_rng(5)
        last = range(len(stream) - 12, len(stream))
        streams = [stream[:length] for length in (*range(12), *last)]
        streams += [stream + b"more", zlib.compress(zlib.decompress(stream) + b"more")]
        for place in (*range(40), *numbers.integers(len(stream), size=60), *last):
            flipped = bytearray(stream)
            flipped[place] ^= 1 << int(numbers.integers(8))
            streams.append(bytes(flipped))
        for each in streams:
            data = with_chunks(header, (b"IDAT", each), end)
            assert outcome(data) == by_pillow(data)

    def test_any_header_is_as_by_pillow(self) -> None:
        (_, header), pixels, end = chunks_of(saved(picture("RGB", 6, 7)))
        for place in range(len(header)):
            # The first bytes of both sides: only what is too large for any memory.
            for value in (255,) if place in {0, 4} else (0, 1, 2, 3, 4, 6, 7, 8, 16, 255):
                changed = header[:place] + bytes([value]) + header[place + 1 :]
                data = with_chunks((b"IHDR", changed), pixels, end)
                assert outcome(data) == by_pillow(data)

    def test_any_order_of_chunks_is_as_by_pillow(self) -> None:
        header, (_, stream), end = chunks_of(saved(picture("RGB", 6, 7)))
        halves = (b"IDAT", stream[:50]), (b"IDAT", stream[50:])
        chunks = [header, *halves, end, (b"tEXt", b"a\0b"), (b"ABCD", b""), (b"PLTE", b"abc")]
        numbers = np.random.default_rng(5)
        for length in range(300):
            some = numbers.integers(len(chunks), size=2 + length % 6)
            all_others = 1 + numbers.permutation(len(chunks) - 1)
            for order in (some, [0, *all_others]):
                data = with_chunks(*(chunks[place] for place in order))
                assert outcome(data) == by_pillow(data)


@pytest.mark.parametrize("error", [RuntimeError, AttributeError])
def test_pillow_does_without_torchvisions_own_error(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """By its release, torchvision raises either where it was built without libpng."""
    data = saved(picture("RGB", 6, 7))
    expected = by_pillow(data)

    def without_libpng(_data: object) -> DecodedImage:
        raise error("torchvision was built without libpng")

    monkeypatch.setattr(from_png, "_decoder", lambda: without_libpng)
    assert outcome(data) == expected


def test_torchvision_is_not_imported_for_an_image() -> None:
    """That takes a second or more, which ComfyUI's start has spent anyway."""
    script = """
import io, sys
sys.path.insert(0, sys.argv[1])
from PIL import Image
from tools.pack import pack
decode = pack("core.media.formats.decode").decode
buffer = io.BytesIO()
Image.new("RGB", (5, 4)).save(buffer, "PNG")
assert decode(buffer).image.shape == (1, 4, 5, 3)
assert "torchvision" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script, str(ROOT)], check=True, timeout=60)
