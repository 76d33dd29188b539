"""What a codec takes for one image of 12 megapixels, apart from all else.

Ours are `nodes.io.encode` and `nodes.io.decode`, which the nodes call; what they are held against
is Pillow as ComfyUI's own nodes call it. Whoever has a closer look at the codecs adds it here.
"""

from __future__ import annotations

import importlib
import io
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps

from .folders import large_picture
from .rows import Measured, Row
from .setting import Setting

QUALITY = 95
COMFYUI_PNG = {"compress_level": 4}
FORMATS: dict[str, dict[str, Any]] = {
    "PNG": COMFYUI_PNG,
    "JPEG": {"quality": QUALITY},
    "WebP": {"quality": QUALITY},
}
"""What Pillow is given for each."""


def measure(setting: Setting) -> Measured:
    """Encode and decode one image a few times, and take the fastest."""
    tries = setting.of(3, 1)
    picture = large_picture()
    image = torch.from_numpy(picture.astype(np.float32) / 255)
    rows = []
    with tempfile.TemporaryDirectory(dir=setting.base) as folder:
        for format_ in FORMATS:
            setting.say(f"codecs: {format_}")
            path = Path(folder).resolve() / f"picture.{format_.lower()}"
            path.write_bytes(_pillow_encode(image, format_))
            encoders = partial(_encode, image, format_), partial(_pillow_encode, image, format_)
            decoders = partial(_decode, path), partial(_pillow_decode, path)
            for what, (ours, own) in (("encode", encoders), ("decode", decoders)):
                rows.append(
                    Row(
                        f"{what} {format_} of 4000x3000",
                        "s",
                        _fastest(ours, tries),
                        _fastest(own, tries),
                        "Pillow, as ComfyUI's nodes use it",
                    )
                )
    return Measured(rows)


def _encode(image: torch.Tensor, format_: str) -> object:
    pack = _of_the_pack("encode")
    return pack.encode(image, format=pack.Format(format_), quality=QUALITY, metadata=None)


def _decode(path: Path) -> object:
    return _of_the_pack("decode").decode(str(path))


def _of_the_pack(name: str) -> Any:
    # By name: as a command, this package and the pack's `nodes` are two beside each other; the
    # tests and mypy know both below `batch_loop`.
    return importlib.import_module(f"nodes.io.{name}")


def _pillow_encode(image: torch.Tensor, format_: str) -> bytes:
    pixels = np.clip(255.0 * image.cpu().numpy(), 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format_, **FORMATS[format_])
    return buffer.getvalue()


def _pillow_decode(path: Path) -> torch.Tensor:
    with Image.open(path) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGB")
    return torch.from_numpy(np.array(picture).astype(np.float32) / 255.0)[None]


def _fastest(run: Callable[[], object], tries: int) -> float:
    seconds = []
    for _ in range(tries):
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    return min(seconds)
