"""Decoded frames as pixels: RGB, upright, with the depth that the film has."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from .orientation import Orientation, orientation_of

_BYTE = 8
"""Bits."""

_WHITE_8_BIT = 255
_WHITE_16_BIT = 65535
_WHITE_OF_LIMITED_RANGE = 65283
"""What FFmpeg makes of white in 16 bits, if the film's values leave room for what is brighter."""

_UNIT = Fraction(1, 1000)
"""A time base, which filters are to be told; these look at no times."""


@dataclass(frozen=True)
class _Kind:
    """What a graph of filters is made for."""

    width: int
    height: int
    pixels: str
    """FFmpeg's name of the pixel format."""
    orientation: Orientation
    matrix: int
    value_range: int


class Conversion:
    """Converts the frames of one film to RGB with FFmpeg's filters, as the ffmpeg program does.

    A film that does not say which matrix it has gets that of BT.601, whatever its size. What a film
    says of its transfer curve is not applied: HDR stays as it is. Where colours are stored at half
    the width alone (4:2:2), the program converts a film twice to turn it onto its side: here it is
    turned once it is RGB, and so has the same pixels as if it were not turned.
    """

    def __init__(self, threads: int = 1, size: tuple[int, int] | None = None) -> None:
        """`size` is the width and height to scale all frames to; by default the first one's."""
        self._threads = threads
        self._size = size
        self._kind: _Kind | None = None
        self._graph = Graph()
        self._white = _WHITE_8_BIT

    def pixels(self, frame: VideoFrame) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
        """Convert a frame to [H,W,3]: uint8, or uint16 if the film has more than 8 bits.

        The memory is its own, and is used again when nothing refers to it any more.
        """
        orientation = orientation_of(frame)
        self._size = self._size or orientation.shown(frame.width, frame.height)
        kind = _Kind(
            *(frame.width, frame.height, frame.format.name, orientation),
            *(int(frame.colorspace), int(frame.color_range)),
        )
        if kind != self._kind:
            self._graph, self._kind = self._filters(frame, kind), kind
            self._white = _white(frame)
        self._graph.vpush(frame)
        rgb: npt.NDArray[Any] = self._graph.vpull().to_ndarray()
        return rgb

    def scale(
        self,
        pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16],
        scaled: npt.NDArray[np.float32],
    ) -> None:
        """Write what `pixels` has just returned, from 0 to 1, into an array of the same shape."""
        np.divide(pixels, np.float32(self._white), out=scaled, dtype=np.float32)
        if self._white not in {_WHITE_8_BIT, _WHITE_16_BIT}:
            np.minimum(scaled, 1, out=scaled)

    def _filters(self, frame: VideoFrame, kind: _Kind) -> Graph:
        width, height = self._size or (kind.width, kind.height)
        turned = kind.orientation.filters
        is_rgb_first = kind.orientation.swapped and _is_uneven(frame)
        if is_rgb_first:
            width, height = height, width
        graph = Graph()
        if hasattr(graph, "threads"):  # newer than PyAV 14
            graph.threads = self._threads
        graph.link_nodes(
            graph.add_buffer(
                width=kind.width, height=kind.height, format=frame.format, time_base=_UNIT
            ),
            *(graph.add(*each) for each in turned if not is_rgb_first),
            graph.add("scale", f"{width}:{height}:flags=bicubic"),
            graph.add("format", "rgb48le" if _bits(frame) > _BYTE else "rgb24"),
            *(graph.add(*each) for each in turned if is_rgb_first),
            graph.add("buffersink"),
        )
        graph.configure()
        return graph


def _bits(frame: VideoFrame) -> int:
    return max(component.bits for component in frame.format.components)


def _is_uneven(frame: VideoFrame) -> bool:
    """Whether colours are stored at another part of the width than of the height."""
    pixels, side = frame.format, 64
    return pixels.chroma_width(side) != pixels.chroma_height(side)


def _white(frame: VideoFrame) -> int:
    """The value that FFmpeg's conversion gives white."""
    bits, pixels = _bits(frame), frame.format
    if bits <= _BYTE:
        return _WHITE_8_BIT
    if pixels.is_rgb:
        return _WHITE_16_BIT
    if frame.color_range == ColorRange.JPEG or pixels.name.startswith("gray"):
        return ((1 << bits) - 1) << (16 - bits)
    return _WHITE_OF_LIMITED_RANGE
