"""A still picture of what moves: of a film one that it shows, of a sound how loud it is when."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from ..common.errors import UnreadableFilm, UnreadableSound
from ..films.facts import shown_size
from ..films.first_picture import first_picture
from ..films.sound import best_sound, frames_of, opened_sound, samples_of

LARGEST_MOVING = 1280
"""Pixels of the longer side of a picture that is shown in place of a whole film or sound."""

_GROUND, _WAVE = (36, 38, 42), (138, 180, 214)
"""Colours that can be seen on light and dark pages."""

_ENOUGH_SECONDS = 1.5
"""After that, the wave is drawn of what was decoded until then."""


@dataclass(frozen=True)
class Moving:
    """A film or a sound, as far as a page has to know before it shows it."""

    plays: str
    """`video` or `audio`: what it is played as."""
    width: int
    height: int
    """Pixels of the upright film, or of the sound's picture."""


def moving_picture(file: BinaryIO, size: int) -> Image.Image | None:
    """Make a picture, at most `size` pixels each way, of an open film or sound: RGB.

    None if the file is neither, or nothing of it can be decoded.
    """
    file.seek(0)
    try:
        picture = first_picture("", size, file=file)
    except UnreadableFilm:
        return _sound(file, size)
    picture.thumbnail((size, size))
    return picture


def moving(file: BinaryIO) -> Moving | None:
    """Look at an open film or sound; None as above."""
    file.seek(0)
    with suppress(UnreadableFilm):
        return Moving("video", *shown_size(file))
    picture = _sound(file, LARGEST_MOVING)
    return None if picture is None else Moving("audio", *picture.size)


def _sound(file: BinaryIO, size: int) -> Image.Image | None:
    file.seek(0)
    try:
        peaks = _peaks(file)
    except UnreadableSound:
        return None
    return None if peaks is None else wave(peaks, size)


def _peaks(
    file: BinaryIO, clock: Callable[[], float] = time.monotonic
) -> npt.NDArray[np.float32] | None:
    """The loudest sample of each decoded frame; None if there is none."""
    until, peaks = clock() + _ENOUGH_SECONDS, list[float]()
    with opened_sound("", file) as container:
        stream = best_sound(container)
        for frame in () if stream is None else frames_of(container, stream):
            samples = samples_of(frame)
            if samples.shape[-1] < 2 * _PART:
                peaks.append(float(max(samples.max(initial=0), -samples.min(initial=0))))
            else:  # some formats have frames of many seconds
                parts = np.array_split(np.abs(samples), samples.shape[-1] // _PART, axis=-1)
                peaks += (float(part.max(initial=0)) for part in parts)
            if clock() > until:
                break
    return np.array(peaks, np.float32) if peaks else None


_PART = 1024
"""About how many samples have one peak."""


def wave(peaks: npt.NDArray[np.float32], size: int) -> Image.Image:
    """Draw peaks [N], 0 to 1, as bars around the middle of a picture twice as wide as high."""
    width, height = size, max(1, size // 2)
    edges = np.linspace(0, len(peaks), width + 1).astype(int)[:-1]
    columns = np.maximum.reduceat(np.nan_to_num(peaks), edges)
    half = np.clip(columns, 0, 1) * (height / 2 - 1)
    rows = np.abs(np.arange(height) + 0.5 - height / 2)
    is_wave = rows[:, None] <= np.maximum(half, 0.5)[None, :]
    return Image.fromarray(np.where(is_wave[..., None], _WAVE, _GROUND).astype(np.uint8))
