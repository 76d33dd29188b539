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
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from PIL import Image

from ..drawings import DRAWINGS
from ..pack import pack

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


def measure_codecs(height: int = HEIGHT, width: int = WIDTH, runs: int = 3) -> list[Coded]:
    """Measure everything on images of that size; each time is the best of `runs`."""
    rows = []
    for name in MEASURED:
        bench = _Bench(name, DRAWINGS[name](height, width), runs)
        rows += [*bench.conversions(), *bench.png(), *bench.jpeg()]
        if name != "noise":  # of which WebP makes nothing, slowly
            rows += bench.webp()
    return rows


class _Bench:
    """The measurements of one image."""

    def __init__(self, name: str, pixels: Any, runs: int) -> None:
        self._name = name
        self._pixels = pixels
        self._image = torch.from_numpy(pixels.astype(np.float32) / np.float32(255))
        self._runs = runs

    def conversions(self) -> Iterator[Coded]:
        ours = pack("core.media.pixels")
        image, pixels = self._image, self._pixels
        yield self._row("to uint8", OURS, lambda: ours.to_uint8(image), pixels)
        yield self._row("to uint8", COMFYUI, lambda: _comfyuis_uint8(image), pixels)
        scaled = self._image.numpy()
        yield self._row("to float", OURS, lambda: ours.to_float(pixels), scaled)
        yield self._row("to float", COMFYUI, lambda: pixels.astype(np.float32) / 255.0, scaled)

    def png(self) -> Iterator[Coded]:
        files = {
            OURS: lambda: self._encoded("PNG"),
            COMFYUI: lambda: self._by_pillow("PNG", compress_level=PILLOWS_LEVEL),
        }
        if (cv2 := _other("cv2")) is not None:
            level = [cv2.IMWRITE_PNG_COMPRESSION, OTHERS_LEVEL]
            files["OpenCV"] = lambda: bytes(
                cv2.imencode(".png", self._uint8()[:, :, ::-1], level)[1]
            )
        if (torchvision := _other("torchvision.io")) is not None:
            files["torchvision"] = lambda: bytes(
                torchvision.encode_png(
                    torch.from_numpy(self._uint8()).permute(2, 0, 1), OTHERS_LEVEL
                )
                .numpy()
                .data
            )
        if (imagecodecs := _other("imagecodecs")) is not None:
            files["imagecodecs"] = lambda: imagecodecs.png_encode(self._uint8(), level=OTHERS_LEVEL)
        for codec, write in files.items():
            yield self._row("PNG write", codec, write, self._pixels)
        yield from self._reads("PNG", self._encoded("PNG"))

    def jpeg(self) -> Iterator[Coded]:
        yield self._row("JPEG write", OURS, lambda: self._encoded("JPEG"))
        yield self._row("JPEG write", COMFYUI, lambda: self._by_pillow("JPEG", quality=QUALITY))
        if (simplejpeg := _other("simplejpeg")) is not None:
            options = {"quality": QUALITY, "colorsubsampling": "420"}  # as Pillow
            yield self._row(
                "JPEG write",
                "simplejpeg",
                lambda: simplejpeg.encode_jpeg(self._uint8(), **options),
            )
        yield from self._reads("JPEG", self._encoded("JPEG"))

    def webp(self) -> Iterator[Coded]:
        yield self._row("WebP write", OURS, lambda: self._encoded("WebP"))
        yield self._row("WebP write", COMFYUI, lambda: self._by_pillow("WEBP", quality=QUALITY))
        yield self._row("WebP lossless", OURS, lambda: self._encoded("WebP", 100), self._pixels)
        options = {"lossless": True, "quality": 100, "exact": True}
        yield self._row(
            "WebP lossless", COMFYUI, lambda: self._by_pillow("WEBP", **options), self._pixels
        )

    def _reads(self, format_: str, data: bytes) -> Iterator[Coded]:
        reference = _read(data).astype(np.float32) / np.float32(255)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "image")
            path.write_bytes(data)
            for codec, read in self._readers(format_, data, path).items():
                yield self._row(f"{format_} read", codec, read, reference, data)

    def _readers(self, format_: str, data: bytes, path: Path) -> dict[str, Callable[[], Any]]:
        ours, to_float = pack("core.media.decode"), pack("core.media.pixels").to_float
        readers: dict[str, Callable[[], Any]] = {
            OURS: lambda: ours.decode(str(path)).image[0],
            COMFYUI: lambda: _read(data).astype(np.float32) / 255.0,
        }
        if (cv2 := _other("cv2")) is not None:
            buffer = np.frombuffer(data, np.uint8)
            readers["OpenCV"] = lambda: to_float(cv2.imdecode(buffer, cv2.IMREAD_COLOR)[:, :, ::-1])
        if (torchvision := _other("torchvision.io")) is not None:
            tensor = torch.frombuffer(bytearray(data), dtype=torch.uint8)
            readers["torchvision"] = lambda: to_float(
                torchvision.decode_image(tensor).permute(1, 2, 0).numpy()
            )
        if (imagecodecs := _other("imagecodecs")) is not None:
            read = imagecodecs.png_decode if format_ == "PNG" else imagecodecs.jpeg8_decode
            readers["imagecodecs"] = lambda: to_float(read(data))
        return readers

    def _uint8(self) -> Any:
        return pack("core.media.pixels").to_uint8(self._image)

    def _by_pillow(self, format_: str, **options: Any) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(_comfyuis_uint8(self._image)).save(buffer, format_, **options)
        return buffer.getvalue()

    def _encoded(self, format_: str, quality: int = QUALITY) -> bytes:
        encoder = pack("core.media.encode")
        data: bytes = encoder.encode(
            self._image, format=encoder.Format(format_), quality=quality, metadata=None
        )
        return data

    def _row(
        self,
        operation: str,
        codec: str,
        work: Callable[[], Any],
        reference: Any = None,
        data: bytes | None = None,
    ) -> Coded:
        """Time the work. It gives a file's bytes or pixels, which should be the reference's."""
        milliseconds, result = _best(work, self._runs)
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


def _best(work: Callable[[], Any], runs: int) -> tuple[float, Any]:
    best, result = float("inf"), None
    for _ in range(runs):
        start = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - start)
    return 1000 * best, result


def _difference(found: Any, reference: Any) -> float:
    scale = 1 if reference.dtype == np.uint8 else 255
    most = np.abs(found.astype(np.float32) - reference.astype(np.float32)).max()
    return float(most * np.float32(scale))


def _read(data: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def _comfyuis_uint8(image: torch.Tensor) -> Any:
    return np.clip(255.0 * image.numpy(), 0, 255).astype(np.uint8)


def _other(name: str) -> ModuleType | None:
    """A package that may not be there."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
