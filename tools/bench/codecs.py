"""How long image files take to be read and written: the pack's way, and others beside it.

Everybody begins or ends with floats, as ComfyUI has them; those that know 8 bits alone are lent
the pack's conversion. `Pillow` is called as ComfyUI's nodes call it. What is compared with but is
no part of the pack is measured where it is installed.
"""

from __future__ import annotations

import importlib
import io
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from ...core.background.read_ahead import read_image
from ...core.media.encode import encode
from ...core.media.pixels import to_float, to_uint8
from ...core.model.formats import Format
from ..drawings import DRAWINGS
from .rows import Measured, Row
from .setting import Setting

HEIGHT, WIDTH = 3000, 4000
MEASURED = ("photo", "noise", "flat")
QUALITY = 90
PILLOWS_LEVEL = 4  # as ComfyUI's Save Image
OTHERS_LEVEL = 1  # the quickest that they compress with
OURS, COMFYUI = "Batch Loop", "ComfyUI"


@dataclass(frozen=True)
class Coded:
    """One line of the table."""

    image: str
    """Which drawing."""
    operation: str
    """What is done, as "PNG write"."""
    codec: str
    """Who does it."""
    milliseconds: float
    """The best of some runs."""
    bytes: int | None
    """How large the file is; None if pixels alone are converted."""
    megapixels: float
    difference: float | None
    """The largest one to what Pillow or ComfyUI make of it, in steps of 255 (0: identical); to the
    original where a file is written. None for lossy files that are written."""


def measure(setting: Setting) -> Measured:
    """Read and write each drawing in each format, with every codec that there is."""
    setting.say("codecs")
    found = measure_codecs(HEIGHT, WIDTH, setting.of(3, 1))
    by_codec = {(each.image, each.operation, each.codec): each for each in found}
    rows = []
    for ours in found:
        if ours.codec == OURS:
            own = by_codec[ours.image, ours.operation, COMFYUI]
            what = f"{ours.operation}, {WIDTH}x{HEIGHT} ({ours.image})"
            against = "as ComfyUI's nodes do it"
            rows.append(Row(what, "ms", ours.milliseconds, own.milliseconds, against))
    return Measured(rows, {"codecs": [asdict(each) for each in found]})


def measure_codecs(height: int, width: int, runs: int) -> list[Coded]:
    """Measure everything on images of that size; each time is the best of `runs`."""
    rows = []
    for name in MEASURED:
        drawing = _Drawing(name, DRAWINGS[name](height, width), runs)
        rows += [*drawing.conversions(), *drawing.png(), *drawing.jpeg()]
        if name != "noise":  # of which WebP makes nothing, slowly
            rows += drawing.webp()
    return rows


class _Drawing:
    """The measurements of one image."""

    def __init__(self, name: str, pixels: Any, runs: int) -> None:
        self._name = name
        self._pixels = pixels
        self._floats = pixels.astype(np.float32) / np.float32(255)
        self._image = torch.from_numpy(self._floats)
        self._runs = runs

    def conversions(self) -> Iterator[Coded]:
        image, pixels = self._image, self._pixels
        yield self._row("to uint8", OURS, lambda: to_uint8(image), pixels)
        yield self._row("to uint8", COMFYUI, self._comfyuis_uint8, pixels)
        yield self._row("to float", OURS, lambda: to_float(pixels), self._floats)
        yield self._row("to float", COMFYUI, lambda: _comfyuis_float(pixels), self._floats)

    def png(self) -> Iterator[Coded]:
        writers = {
            OURS: lambda: self._encoded("PNG"),
            COMFYUI: lambda: self._by_pillow("PNG", compress_level=PILLOWS_LEVEL),
        }
        if cv2 := _other("cv2"):
            level = [cv2.IMWRITE_PNG_COMPRESSION, OTHERS_LEVEL]
            writers["OpenCV"] = lambda: bytes(
                cv2.imencode(".png", self._uint8()[:, :, ::-1], level)[1]
            )
        if torchvision := _other("torchvision.io"):
            writers["torchvision"] = lambda: bytes(
                torchvision.encode_png(_channels_first(self._uint8()), OTHERS_LEVEL).numpy().data
            )
        if imagecodecs := _other("imagecodecs"):
            writers["imagecodecs"] = lambda: imagecodecs.png_encode(
                self._uint8(), level=OTHERS_LEVEL
            )
        for codec, write in writers.items():
            yield self._row("PNG write", codec, write, self._pixels)
        yield from self._reads("PNG", imagecodecs and imagecodecs.png_decode)

    def jpeg(self) -> Iterator[Coded]:
        yield self._row("JPEG write", OURS, lambda: self._encoded("JPEG"))
        yield self._row("JPEG write", COMFYUI, lambda: self._by_pillow("JPEG", quality=QUALITY))
        if simplejpeg := _other("simplejpeg"):
            options = {"quality": QUALITY, "colorsubsampling": "420"}  # as Pillow
            write = lambda: simplejpeg.encode_jpeg(self._uint8(), **options)  # noqa: E731
            yield self._row("JPEG write", "simplejpeg", write)
        imagecodecs = _other("imagecodecs")
        yield from self._reads("JPEG", imagecodecs and imagecodecs.jpeg8_decode)

    def webp(self) -> Iterator[Coded]:
        options = {"lossless": True, "quality": 100, "exact": True}
        for operation, ours, own, reference in (
            ("WebP write", QUALITY, {"quality": QUALITY}, None),
            ("WebP lossless", 100, options, self._pixels),
        ):
            write, its = (
                partial(self._encoded, "WebP", ours),
                partial(self._by_pillow, "WEBP", **own),
            )
            yield self._row(operation, OURS, write, reference)
            yield self._row(operation, COMFYUI, its, reference)

    def _reads(self, format_: str, imagecodecs: Callable[[bytes], Any] | None) -> Iterator[Coded]:
        data = self._encoded(format_)
        reference = _read(data).astype(np.float32) / np.float32(255)
        readers: dict[str, Callable[[], Any]] = {COMFYUI: lambda: _comfyuis_float(_read(data))}
        if cv2 := _other("cv2"):
            buffer = np.frombuffer(data, np.uint8)
            readers["OpenCV"] = lambda: to_float(cv2.imdecode(buffer, cv2.IMREAD_COLOR)[:, :, ::-1])
        if torchvision := _other("torchvision.io"):
            tensor = torch.frombuffer(bytearray(data), dtype=torch.uint8)
            readers["torchvision"] = lambda: to_float(
                torchvision.decode_image(tensor).permute(1, 2, 0).numpy()
            )
        if imagecodecs is not None:
            readers["imagecodecs"] = lambda: to_float(imagecodecs(data))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "image")
            path.write_bytes(data)
            readers[OURS] = lambda: read_image(str(path)).image[0]
            for codec, read in readers.items():
                yield self._row(f"{format_} read", codec, read, reference, data)

    def _row(
        self,
        operation: str,
        codec: str,
        work: Callable[[], Any],
        reference: Any = None,
        data: bytes | None = None,
    ) -> Coded:
        """Time the work. It gives a file's bytes or pixels, which should be the reference's."""
        milliseconds = float("inf")
        for _ in range(self._runs):
            began = time.perf_counter()
            result = work()
            milliseconds = min(milliseconds, 1000 * (time.perf_counter() - began))
        if isinstance(result, bytes):
            data = result
            result = None if reference is None else _read(result)
        height, width, _ = self._pixels.shape
        return Coded(
            image=self._name,
            operation=operation,
            codec=codec,
            milliseconds=milliseconds,
            bytes=None if data is None else len(data),
            megapixels=height * width / 1e6,
            difference=None if result is None else _difference(np.asarray(result), reference),
        )

    def _encoded(self, format_: str, quality: int = QUALITY) -> bytes:
        return encode(self._image, format=Format(format_), quality=quality, metadata=None)

    def _by_pillow(self, format_: str, **options: Any) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(self._comfyuis_uint8()).save(buffer, format_, **options)
        return buffer.getvalue()

    def _uint8(self) -> Any:
        return to_uint8(self._image)

    def _comfyuis_uint8(self) -> Any:
        return np.clip(255.0 * self._image.numpy(), 0, 255).astype(np.uint8)


def _comfyuis_float(pixels: Any) -> Any:
    return pixels.astype(np.float32) / 255.0


def _channels_first(pixels: Any) -> torch.Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1)


def _read(data: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def _difference(found: Any, reference: Any) -> float:
    scale = 1 if reference.dtype == np.uint8 else 255
    most = np.abs(found.astype(np.float32) - reference.astype(np.float32)).max()
    return float(most * np.float32(scale))


def _other(name: str) -> Any:
    """A package that may not be there."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
