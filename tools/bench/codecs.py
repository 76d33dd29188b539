"""How long image files take to be read and written, by the pack and by other codecs.

All start or end with floats, as ComfyUI has them; codecs that only handle 8 bits use the pack's
conversion. ComfyUI's lines call Pillow as its nodes do. Other codecs are measured if installed.
"""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from ...core.background.read_ahead import read_image
from ...core.media.effort import Effort
from ...core.media.formats.encode import encode
from ...core.media.pixels import to_float, to_uint8
from ...core.model.formats import Format
from ...tests.support.drawings import DRAWINGS
from .photographs import megapixels, sources
from .rows import Measured
from .setting import Setting

HEIGHT, WIDTH = 3000, 4000
DRAWN = ("noise", "flat")
NOISE = "noise"
QUALITY = 90
ENOUGH_MS = 2000
PILLOWS_LEVEL = 4  # as in ComfyUI's Save Image
OTHERS_LEVEL = 1  # the fastest that compresses
OURS, COMFYUI = "Batch Loop", "ComfyUI"
OURS_SMALL = f"{OURS}, *small*"
OPENCV, TORCHVISION, IMAGECODECS = "OpenCV", "torchvision", "imagecodecs"
SIMPLEJPEG = "simplejpeg"

Codecs = Mapping[str, Callable[[], Any]]
"""By name: returns a file's bytes, or its pixels; may raise ImportError."""


@dataclass(frozen=True)
class Coded:
    """One line of the table."""

    image: str
    operation: str
    """Such as "PNG write"."""
    codec: str
    milliseconds: float
    """The best of several runs."""
    bytes: int | None
    """The size of the file; None if pixels are only converted."""
    difference: float | None
    """The largest difference from what Pillow or ComfyUI read, or from the original that was
    written, in steps of 255 (0: identical). None for lossy files that are written."""


def measure(setting: Setting) -> Measured:
    """Read and write each image in each format, with every codec."""
    setting.say("codecs")
    images = {**photographs(), **{name: DRAWINGS[name](HEIGHT, WIDTH) for name in DRAWN}}
    found = measure_codecs(images, setting.of(3, 1))
    return Measured([], codecs=[asdict(each) for each in found])


def photographs() -> dict[str, Any]:
    """Two photographs, [H,W,3] by name: that with the most bytes per pixel, and a usual one."""
    by_density = sorted(sources(), key=lambda path: path.stat().st_size / megapixels(path))
    chosen = (by_density[-1], by_density[len(by_density) // 2])
    return {path.stem: _read(path.read_bytes()) for path in chosen}


def measure_codecs(images: Mapping[str, Any], runs: int) -> list[Coded]:
    """Measure everything on these images, [H,W,3]; each time is the best of `runs`."""
    found = []
    for image, pixels in images.items():
        for operation, codecs, reference, data in _operations(pixels):
            if image == NOISE and operation.startswith("WebP"):
                continue  # slow, and of no use
            for codec, work in codecs.items():
                try:
                    milliseconds, result = _best(work, runs)
                except ImportError:
                    continue
                file = result if isinstance(result, bytes) else data
                size = None if file is None else len(file)
                difference = None if reference is None else _difference(result, reference)
                found.append(Coded(image, operation, codec, milliseconds, size, difference))
    return found


def _operations(pixels: Any) -> Iterator[tuple[str, Codecs, Any, bytes | None]]:
    """What is done, by which codecs, the expected result, and the file that is read."""
    floats = _comfyuis_float(pixels)
    image = torch.from_numpy(floats)

    def ours(format_: str, quality: int = QUALITY) -> dict[str, Callable[[], bytes]]:
        usual = partial(encode, image, format=Format(format_), quality=quality, metadata=None)
        return {
            OURS: partial(usual, effort=Effort.FAST),
            OURS_SMALL: partial(usual, effort=Effort.SMALL),
        }

    def own(format_: str, **options: Any) -> Callable[[], bytes]:
        return lambda: _by_pillow(_comfyuis_uint8(floats), format_, **options)

    def opencv() -> bytes:
        cv2 = import_module("cv2")
        level = [cv2.IMWRITE_PNG_COMPRESSION, OTHERS_LEVEL]
        return bytes(cv2.imencode(".png", to_uint8(image)[:, :, ::-1], level)[1])

    def torchvision() -> bytes:
        channels_first = torch.from_numpy(to_uint8(image)).permute(2, 0, 1)
        encoded = import_module("torchvision.io").encode_png(channels_first, OTHERS_LEVEL)
        return bytes(encoded.numpy().data)

    def imagecodecs() -> Any:
        return import_module("imagecodecs").png_encode(to_uint8(image), level=OTHERS_LEVEL)

    def simplejpeg() -> Any:
        options = {"quality": QUALITY, "colorsubsampling": "420"}  # as in Pillow
        return import_module("simplejpeg").encode_jpeg(to_uint8(image), **options)

    converted = {OURS: lambda: to_uint8(image), COMFYUI: lambda: _comfyuis_uint8(floats)}
    yield "to uint8", converted, pixels, None
    converted = {OURS: lambda: to_float(pixels), COMFYUI: lambda: _comfyuis_float(pixels)}
    yield "to float", converted, floats, None
    png = {**ours("PNG"), COMFYUI: own("PNG", compress_level=PILLOWS_LEVEL)}
    others = {OPENCV: opencv, TORCHVISION: torchvision, IMAGECODECS: imagecodecs}
    yield "PNG write", {**png, **others}, pixels, None
    jpeg = {**ours("JPEG"), COMFYUI: own("JPEG", quality=QUALITY), SIMPLEJPEG: simplejpeg}
    yield "JPEG write", jpeg, None, None
    yield "WebP write", {**ours("WebP"), COMFYUI: own("WEBP", quality=QUALITY)}, None, None
    lossless = own("WEBP", lossless=True, quality=100, exact=True)
    yield "WebP lossless", {**ours("WebP", 100), COMFYUI: lossless}, pixels, None
    for format_, decoder in (("PNG", "png_decode"), ("JPEG", "jpeg8_decode")):
        data = ours(format_)[OURS]()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "image")
            path.write_bytes(data)
            readers, expected = _readers(path, data, decoder), _comfyuis_float(_read(data))
            yield f"{format_} read", readers, expected, data


def _readers(path: Path, data: bytes, decoder: str) -> Codecs:
    """The codecs that read a file; `decoder` is the function of imagecodecs."""

    def opencv() -> Any:
        cv2 = import_module("cv2")
        read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        return to_float(read[:, :, ::-1])

    def torchvision() -> Any:
        tensor = torch.frombuffer(bytearray(data), dtype=torch.uint8)
        read = import_module("torchvision.io").decode_image(tensor)
        return to_float(read.permute(1, 2, 0).numpy())

    return {
        OURS: lambda: read_image(str(path)).image[0],
        COMFYUI: lambda: _comfyuis_float(_read(data)),
        OPENCV: opencv,
        TORCHVISION: torchvision,
        IMAGECODECS: lambda: to_float(getattr(import_module("imagecodecs"), decoder)(data)),
    }


def _best(work: Callable[[], Any], runs: int) -> tuple[float, Any]:
    """The ms of the fastest run, and its result; what takes seconds runs once."""
    best, spent = float("inf"), 0.0
    while runs and spent < ENOUGH_MS:
        began = time.perf_counter()
        result = work()
        took = 1000 * (time.perf_counter() - began)
        best, spent, runs = min(best, took), spent + took, runs - 1
    return best, result


def _by_pillow(pixels: Any, format_: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format_, **options)
    return buffer.getvalue()


def _comfyuis_uint8(floats: Any) -> Any:
    return np.clip(255.0 * floats, 0, 255).astype(np.uint8)


def _comfyuis_float(pixels: Any) -> Any:
    return pixels.astype(np.float32) / 255.0


def _read(data: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def _difference(result: Any, reference: Any) -> float:
    found = _read(result) if isinstance(result, bytes) else np.asarray(result)
    scale = 1 if reference.dtype == np.uint8 else 255
    most = np.abs(found.astype(np.float32) - reference.astype(np.float32)).max()
    return float(most * np.float32(scale))
