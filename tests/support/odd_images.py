"""A few hundred odd and broken image files, the same ones each time.

None of them is in the repository: Pillow writes the intact ones, and a seeded random number
generator breaks copies of them.
"""

from __future__ import annotations

import contextlib
import io
import random
import struct
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, PngImagePlugin

SEED = 3
WIDTH, HEIGHT = 40, 24

MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "La", "CMYK", "YCbCr", "LAB")
DEEP_MODES = ("HSV", "I", "F", "I;16", "I;16L", "I;16B")
NOT_TRIED = {"PDF", "EPS"}
"""Pillow writes PDF but does not read it; how it reads EPS depends on what else is installed."""

Grey = npt.NDArray[np.float32]


@dataclass(frozen=True)
class OddFile:
    """An odd or broken file."""

    name: str
    data: bytes
    is_sound: bool = False
    """Whether it must be decodable; a broken one may or may not be."""
    grey: Grey | None = None
    """[H,W], the expected pixels of grey with more than 8 bits, which Load Image clips. If the file
    is not sound, its format may have less precision, or a smaller image."""
    is_animated: bool = False
    """Whether it was made from a file with several frames, all of which Load Image reads."""


def odd_files() -> list[OddFile]:
    """All odd files, sorted by name; names are unique."""
    files = [*_sound(), *_deep(), *_written_by_pillow(), *_bombs(), *_nothing_of_an_image()]
    files += [*_broken(), *_wrong_extensions()]
    by_name = {file.name: file for file in files}
    if len(by_name) != len(files):
        raise AssertionError("two odd files have one name")
    return [by_name[name] for name in sorted(by_name)]


def write_odd_files(folder: Path) -> list[OddFile]:
    """Write all odd files into `folder`."""
    files = odd_files()
    for file in files:
        (folder / file.name).write_bytes(file.data)
    return files


def _colours(width: int = WIDTH, height: int = HEIGHT, seed: int = SEED) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def _with_alpha() -> Image.Image:
    image = _colours().convert("RGBA")
    image.putalpha(_colours(seed=SEED + 1).getchannel(0))
    return image


def _bytes(image: Image.Image, format_: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def _sound() -> Iterator[OddFile]:
    for name, data in _sound_stills():
        yield OddFile(name, data, is_sound=True)
    for name, data in _animated():
        yield OddFile(name, data, is_sound=True, is_animated=True)


def _sound_stills() -> Iterator[tuple[str, bytes]]:
    rgb, rgba = _colours(), _with_alpha()
    for width, height in ((1, 1), (1, 500), (500, 1), (2, 3)):
        small = _colours(width, height)
        for extension, format_ in (("png", "PNG"), ("jpg", "JPEG"), ("webp", "WEBP")):
            yield f"size-{width}x{height}.{extension}", _bytes(small, format_)
    for mode in MODES:
        for orientation in range(1, 9) if mode == "RGB" else ():
            exif = Image.Exif()
            exif[0x0112] = orientation
            yield f"turned-{orientation}.jpg", _bytes(rgb, "JPEG", exif=exif)
            yield f"turned-{orientation}.png", _bytes(rgba, "PNG", exif=exif)
    yield "progressive.jpg", _bytes(rgb, "JPEG", progressive=True)
    yield "progressive-cmyk.jpg", _bytes(rgb.convert("CMYK"), "JPEG", progressive=True)
    yield "adobe-cmyk.jpg", _bytes(rgb.convert("CMYK"), "JPEG")
    for sampling in ("4:4:4", "4:2:2", "4:2:0"):
        name = sampling.replace(":", "")
        yield f"sampling-{name}.jpg", _bytes(rgb, "JPEG", subsampling=sampling)
    yield "interlaced.png", _interlaced_png()
    yield "rgb16.png", _png(WIDTH, HEIGHT, 16, 2, _rows(6))
    yield "rgba16.png", _png(WIDTH, HEIGHT, 16, 6, _rows(8))
    yield "la16.png", _png(WIDTH, HEIGHT, 16, 4, _rows(4))
    yield from _palettes(rgb)
    icc, lab = _profile("sRGB"), _profile("LAB")
    for extension, format_ in (("png", "PNG"), ("jpg", "JPEG"), ("tif", "TIFF"), ("webp", "WEBP")):
        yield f"icc.{extension}", _bytes(rgb, format_, icc_profile=icc)
        yield f"icc-of-another-space.{extension}", _bytes(rgb, format_, icc_profile=lab)
        yield f"icc-that-is-none.{extension}", _bytes(rgb, format_, icc_profile=b"no profile" * 9)
    yield "icc-cmyk.jpg", _bytes(rgb.convert("CMYK"), "JPEG", icc_profile=icc)
    huge = Image.Exif()
    huge[0x010E] = "description " * 5000
    yield "exif-huge.jpg", _bytes(rgb, "JPEG", exif=huge)
    huge[0x010F] = "maker " * 50_000
    yield "exif-huge.png", _bytes(rgb, "PNG", exif=huge)
    yield "exif-huge.webp", _bytes(rgb, "WEBP", exif=huge)
    yield "exif-that-is-none.jpg", _bytes(rgb, "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    texts = PngImagePlugin.PngInfo()
    for number in range(200):
        texts.add_text(f"key {number}", "value \N{PILE OF POO}\n" * number, zip=number % 2 == 0)
    yield "texts.png", _bytes(rgb, "PNG", pnginfo=texts)
    for compression in ("tiff_lzw", "tiff_deflate", "packbits", "jpeg"):
        name = compression.removeprefix("tiff_")
        yield f"compressed-{name}.tif", _bytes(rgb, "TIFF", compression=compression)
    yield "lossless.webp", _bytes(rgba, "WEBP", lossless=True, exact=True)


def _profile(space: Literal["sRGB", "LAB"]) -> bytes:
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile(space)).tobytes())
    data[24:36] = bytes(12)  # the time of creation
    return bytes(data)


def _palettes(rgb: Image.Image) -> Iterator[tuple[str, bytes]]:
    for colours in (2, 4, 16, 256):
        palette = rgb.quantize(colours)
        yield f"palette-{colours}.png", _bytes(palette, "PNG")
        yield f"palette-{colours}-one-clear.png", _bytes(palette, "PNG", transparency=1)
        alphas = bytes(255 * number // (colours - 1) for number in range(colours))
        yield f"palette-{colours}-all-partly.png", _bytes(palette, "PNG", transparency=alphas)
        yield f"palette-{colours}.gif", _bytes(palette, "GIF", transparency=1)
    grey = rgb.convert("L")
    yield "grey-one-clear.png", _bytes(grey, "PNG", transparency=17)
    yield "colour-one-clear.png", _bytes(rgb, "PNG", transparency=(1, 2, 3))


def _animated() -> Iterator[tuple[str, bytes]]:
    frames = [_colours(seed=seed) for seed in range(4)]
    together: dict[str, Any] = {"save_all": True, "append_images": frames[1:], "duration": 50}
    yield "animated.gif", _bytes(frames[0], "GIF", **together)
    yield "animated.png", _bytes(frames[0], "PNG", **together)
    yield "animated.apng", _bytes(frames[0], "PNG", default_image=True, **together)
    yield "animated.webp", _bytes(frames[0], "WEBP", **together)
    yield "animated-clear.gif", _bytes(_with_alpha(), "GIF", **together)
    pages = {"save_all": True, "append_images": frames[1:]}
    yield "pages.tif", _bytes(frames[0], "TIFF", **pages)
    sizes = {"save_all": True, "append_images": [_colours(7, 9), _colours(90, 3)]}
    yield "pages-of-other-sizes.tif", _bytes(frames[0], "TIFF", **sizes)
    modes = {"save_all": True, "append_images": [_with_alpha(), frames[1].convert("1")]}
    yield "pages-of-other-modes.tif", _bytes(frames[0], "TIFF", **modes)
    yield "pages.mpo", _bytes(frames[0], "MPO", **pages)


def _deep() -> Iterator[OddFile]:
    """More than 8 bits of grey, with pixels computed by hand as formats/decode.py documents."""
    random_numbers = np.random.default_rng(SEED)
    word = random_numbers.integers(0, 65536, (HEIGHT, WIDTH), dtype=np.uint16)
    as_grey = word.astype(np.float32) / np.float32(65535)
    image = Image.fromarray(word)
    for extension, format_ in (("png", "PNG"), ("tif", "TIFF"), ("pgm", "PPM")):
        yield OddFile(f"grey16.{extension}", _bytes(image, format_), is_sound=True, grey=as_grey)
    big = word.astype(">u2").tobytes()
    yield OddFile(
        "grey16-big.pgm", b"P5 %d %d 65535\n" % (WIDTH, HEIGHT) + big, is_sound=True, grey=as_grey
    )
    integers = random_numbers.integers(-9, 2**20, (HEIGHT, WIDTH), dtype=np.int32)
    positive = np.maximum(integers.astype(np.float32), 0)
    data = _bytes(Image.fromarray(integers), "TIFF")
    yield OddFile("grey32.tif", data, is_sound=True, grey=positive / positive.max())
    floats = random_numbers.random((HEIGHT, WIDTH), dtype=np.float32)
    for name, values in (("unit", floats), ("bright", floats * 40), ("below", floats - 0.5)):
        white = max(values.max(), np.float32(1))
        expected = (np.maximum(values, 0) / white).astype(np.float32)
        data = _bytes(Image.fromarray(values), "TIFF")
        yield OddFile(f"float-{name}.tif", data, is_sound=True, grey=expected)
    holes = floats.copy()
    holes[::2] = np.nan
    expected = np.nan_to_num(holes, nan=0.0)
    yield OddFile(
        "float-nan.tif", _bytes(Image.fromarray(holes), "TIFF"), is_sound=True, grey=expected
    )


def _written_by_pillow() -> Iterator[OddFile]:
    """Every mode in every format that accepts it; some of these files cannot be read back."""
    Image.init()
    extensions = {
        format_: extension for extension, format_ in Image.registered_extensions().items()
    }
    for format_ in sorted(Image.SAVE.keys() & extensions.keys() - NOT_TRIED):
        for mode in (*MODES, *DEEP_MODES):
            image = _in_mode(mode)
            # Formats reject modes with various errors.
            with contextlib.suppress(Exception), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                data = _bytes(image, format_)
                # RGBa (premultiplied alpha) needs another name: some systems ignore case.
                name = mode.replace(";", "-").replace("a", "-premultiplied")
                name = f"mode-{name}-{format_.lower()}{extensions[format_]}"
                yield OddFile(name, data, grey=_grey_of(image) if mode in DEEP_MODES else None)


def _grey_of(image: Image.Image) -> Grey | None:
    if image.mode == "HSV":
        return None
    values = np.asarray(image).astype(np.float32)
    white = max(values.max(), np.float32(1 if image.mode == "F" else 65535))
    result: Grey = (values / white).astype(np.float32)
    return result


def _in_mode(mode: str) -> Image.Image:
    if mode.startswith("I;16"):
        # A palindrome in both byte orders: not all of Pillow's writers keep the order.
        return Image.new(mode, (WIDTH, HEIGHT), 0x0202)
    if mode in {"PA", "La"}:
        return _with_alpha().convert("LA").convert(mode)
    if mode == "RGBa":
        return _with_alpha().convert(mode)
    if mode == "LAB":
        return Image.new(mode, (WIDTH, HEIGHT), (120, 30, 200))
    if "A" in mode:
        return _with_alpha().convert(mode)
    return _colours().convert(mode)


def _bombs() -> Iterator[OddFile]:
    """Headers that promise 30,000 x 30,000 pixels, and data that decompresses to a huge size."""
    side = 30_000
    few = b"\0" * 64
    yield OddFile("bomb.png", _png(side, side, 8, 2, few))
    yield OddFile("bomb-1-bit.png", _png(side, side, 1, 0, few))
    yield OddFile("bomb.gif", b"GIF89a" + struct.pack("<HH", side, side) + b"\xf0\0\0" + few)
    frame = b"," + struct.pack("<HHHH", 0, 0, side, side) + b"\0\x08" + few
    small = b"GIF89a" + struct.pack("<HH", 9, 9) + b"\xf0\0\0" + bytes(6)
    yield OddFile("bomb-in-frame.gif", small + frame)
    bmp = struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 118, 0, 0, 54, 40, side, side, 1, 24, *[0] * 6)
    yield OddFile("bomb.bmp", bmp + few)
    yield OddFile("bomb.ppm", b"P6 %d %d 255\n" % (side, side) + few)
    yield OddFile("bomb-plain.ppm", b"P3 %d %d 255\n" % (side, side) + b"1 2 3 " * 9)
    yield OddFile("bomb.tga", struct.pack("<BBB5xHHHHBB", 0, 0, 2, 0, 0, side, side, 24, 0) + few)
    yield OddFile("bomb.qoi", b"qoif" + struct.pack(">IIBB", side, side, 3, 0) + few)
    jpeg = bytearray(_bytes(_colours(), "JPEG"))
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = struct.pack(">HH", side, side)
    yield OddFile("bomb.jpg", bytes(jpeg))
    tiff = _bytes(_colours(), "TIFF")
    for old in (struct.pack("<HHII", 256, 4, 1, WIDTH), struct.pack("<HHII", 257, 4, 1, HEIGHT)):
        tiff = tiff.replace(old, old[:8] + struct.pack("<I", side))
    for tag, value in ((256, WIDTH), (257, HEIGHT)):
        old = struct.pack("<HHIHH", tag, 3, 1, value, 0)
        tiff = tiff.replace(old, old[:8] + struct.pack("<HH", side, 0))
    yield OddFile("bomb.tif", tiff)
    blown_up = zlib.compress(b"\0" * 20_000_000, 9)
    text = _chunk(b"zTXt", b"key\0\0" + blown_up)
    yield OddFile("bomb-in-text.png", _png(4, 4, 8, 0, b"\0" * 20, before=text))
    profile = _chunk(b"iCCP", b"key\0\0" + blown_up)
    yield OddFile("bomb-in-profile.png", _png(4, 4, 8, 0, b"\0" * 20, before=profile))


def _nothing_of_an_image() -> Iterator[OddFile]:
    random_numbers = random.Random(SEED)  # noqa: S311 - not a secret
    for extension in (
        "png",
        "jpg",
        "webp",
        "gif",
        "tif",
        "bmp",
        "avif",
        "jp2",
        "qoi",
        "tga",
        "ppm",
    ):
        yield OddFile(f"empty.{extension}", b"")
        yield OddFile(f"one-byte.{extension}", b"\x89")
        yield OddFile(f"zeros.{extension}", bytes(512))
        yield OddFile(f"noise.{extension}", random_numbers.randbytes(512))
    yield OddFile("text.jpg", b"This is no image.\n" * 20)
    yield OddFile("page.png", b"<!doctype html><title>404</title>")
    yield OddFile("drawing.png", b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    yield OddFile("archive.png", b"PK\5\6" + bytes(18))
    yield OddFile("no-width.png", _png(0, 5, 8, 0, b"\0" * 5))
    yield OddFile("no-height.ppm", b"P6 5 0 255\n")


def _broken() -> Iterator[OddFile]:
    """Sound files, cut off at various places or with flipped bits."""
    random_numbers = random.Random(SEED)  # noqa: S311 - not a secret
    victims = {
        name: (data, False)
        for name, data in _sound_stills()
        if name
        in {
            "turned-1.png",
            "progressive.jpg",
            "interlaced.png",
            "palette-256-one-clear.png",
            "compressed-lzw.tif",
            "lossless.webp",
            "exif-huge.jpg",
        }
    }
    victims |= {name: (data, True) for name, data in _animated() if name.count("-") == 0}
    victims["plain.bmp"] = (_bytes(_colours(), "BMP"), False)
    victims["plain.tga"] = (_bytes(_colours(), "TGA"), False)
    victims["plain.ppm"] = (_bytes(_colours(), "PPM"), False)
    for name, (data, is_animated) in victims.items():
        length = len(data)
        cuts = {
            "in-magic": 3,
            "after-magic": 8,
            "in-header": 20,
            "tenth": length // 10,
            "half": length // 2,
            "most": length - length // 10,
            "last-12": length - 12,
            "last-2": length - 2,
            "last": length - 1,
        }
        for where, end in cuts.items():
            yield OddFile(f"cut-{where}-{name}", data[:end], is_animated=is_animated)
        for number in range(3):
            turned = bytearray(data)
            for _ in range(1 + 8 * number):
                turned[random_numbers.randrange(length)] ^= 1 << random_numbers.randrange(8)
            yield OddFile(f"bits-{number}-{name}", bytes(turned), is_animated=is_animated)
        longer = data + random_numbers.randbytes(100)
        yield OddFile(f"longer-{name}", longer, is_animated=is_animated)


def _wrong_extensions() -> Iterator[OddFile]:
    rgb = _colours()
    formats = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp", "GIF": "gif", "BMP": "bmp"}
    for format_, usual in formats.items():
        for extension in sorted(set(formats.values()) - {usual}):
            data = _bytes(rgb, format_)
            yield OddFile(f"really-{format_.lower()}.{extension}", data, is_sound=True)
    yield OddFile("no extension", _bytes(rgb, "PNG"), is_sound=True)


def _interlaced_png() -> bytes:
    """An 8x8 grey image in seven passes, which Pillow reads but does not write."""
    passes = [(1, 1), (1, 1), (2, 1), (2, 2), (4, 2), (4, 4), (8, 4)]
    rows = bytearray()
    for number, (width, height) in enumerate(passes):
        for row in range(height):
            rows += b"\0" + bytes(30 * number + row + column for column in range(width))
    return _png(8, 8, 8, 0, bytes(rows), interlaced=True)


def _rows(bytes_per_pixel: int) -> bytes:
    random_numbers = random.Random(SEED)  # noqa: S311 - not a secret
    row_length = WIDTH * bytes_per_pixel
    return b"".join(b"\0" + random_numbers.randbytes(row_length) for _ in range(HEIGHT))


def _png(  # noqa: PLR0913 - the fields of a header
    width: int,
    height: int,
    bits: int,
    kind: int,
    rows: bytes,
    *,
    interlaced: bool = False,
    before: bytes = b"",
) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, interlaced)
    pixels = _chunk(b"IDAT", zlib.compress(rows))
    magic = b"\x89PNG\r\n\x1a\n"
    return magic + _chunk(b"IHDR", header) + before + pixels + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
