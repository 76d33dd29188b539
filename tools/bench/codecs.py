"""What codecs take for one image of 12 megapixels, apart from all else: `coding`, as lines."""

from __future__ import annotations

from dataclasses import asdict

from .coding import COMFYUI, HEIGHT, OURS, WIDTH, Coded, measure_codecs
from .rows import Measured, Row
from .setting import Setting

SERIES = "codecs"


def measure(setting: Setting) -> Measured:
    """Read and write each drawing in each format, with every codec that there is."""
    setting.say("codecs")
    found = measure_codecs(HEIGHT, WIDTH, setting.of(3, 1))
    by_codec = {(each.image, each.operation, each.codec): each for each in found}
    rows = [
        _row(each, by_codec[each.image, each.operation, COMFYUI])
        for each in found
        if each.codec == OURS
    ]
    return Measured(rows, {SERIES: [asdict(each) for each in found]})


def _row(ours: Coded, own: Coded) -> Row:
    what = f"{ours.operation}, {WIDTH}x{HEIGHT} ({ours.image})"
    return Row(what, "ms", ours.milliseconds, own.milliseconds, "as ComfyUI's nodes do it")
