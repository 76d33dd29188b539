"""A small picture of a film, for pages to show."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import BinaryIO

import av
import numpy as np
from av.video.frame import VideoFrame
from PIL import Image

from .conversion import Conversion
from .opening import OpenFilm, open_film, reading, unreadable
from .orientation import orientation_of

_PLACES = (0.1, 0.2, 0.35, 0.5)
"""Where in the film a picture is looked for, as parts of its length; then at its start."""

_BLACK = 24
"""A picture is black if hardly a pixel is brighter than that, of 255: film grain and noise are."""
_HARDLY = 98
"""Percent of the pixels."""

_ENOUGH_SECONDS = 1.5
"""After that, what was found has to do."""

_PACKETS = 60
"""The most packets that are decoded at one place."""


def first_picture(
    path: str,
    width: int,
    clock: Callable[[], float] = time.monotonic,
    *,
    file: BinaryIO | None = None,
) -> Image.Image:
    """Make a picture of the film at a real path, or in an open `file`: RGB, upright.

    It is at most `width` pixels wide.

    It is the first keyframe after a tenth of the film that is not black; if all are that were
    looked at, the brightest. Raises UnreadableFilm.
    """
    best, brightest, until = None, -1.0, clock() + _ENOUGH_SECONDS
    with closing(open_film(path, file=file)) as film, reading(path):
        for frame in _candidates(film):
            picture = small_picture(frame, width)
            brightness = float(np.percentile(np.asarray(picture), _HARDLY))
            if brightness > brightest:
                best, brightest = picture, brightness
            if brightest > _BLACK or clock() > until:
                break
        if best is None:
            raise unreadable(path, "no frame of it can be decoded")
    return best


def _candidates(film: OpenFilm) -> Iterator[VideoFrame]:
    """One frame at each place that can be found; the start comes first if nothing says where."""
    duration = film.container.duration or 0
    start = film.container.start_time or 0
    for place in _PLACES if duration > 0 else ():
        with suppress(av.error.FFmpegError):
            film.container.seek(start + int(place * duration))
            yield from _first_decoded(film)
    with suppress(av.error.FFmpegError):
        film.container.seek(start)
    yield from _first_decoded(film)


def _first_decoded(film: OpenFilm) -> Iterator[VideoFrame]:
    context = film.stream.codec_context
    for tried, packet in enumerate(film.container.demux(film.stream)):
        if tried == _PACKETS:
            return
        with suppress(av.error.FFmpegError):
            for frame in context.decode(packet if packet.size else None):
                yield frame
                return


def small_picture(frame: VideoFrame, width: int) -> Image.Image:
    """A decoded frame, upright, and at most `width` pixels wide: RGB."""
    shown, across = orientation_of(frame).shown(frame.width, frame.height)
    width = min(width, shown)
    height = max(1, round(width * across / shown))
    pixels = Conversion(size=(width, height)).pixels(frame)
    bits = 8 * (pixels.itemsize - 1)  # those that are too many
    return Image.fromarray(np.ascontiguousarray(pixels >> bits, np.uint8))
