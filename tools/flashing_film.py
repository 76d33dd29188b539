"""A long film in which each frame tells its number, and beeps sound where it flashes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from PIL import Image

WIDTH, HEIGHT = 160, 90
FPS = 25
RATE = 48_000
BLOCK = 20
"""Pixels, of a block that is a bit of the frame's number; two rows of them are enough."""
COLUMNS, ROWS = WIDTH // BLOCK, 2
DARK, BRIGHT = 20, 235

APART = 10
"""Seconds from one flash to the next."""
FIRST_FLASH = 3 * FPS
"""The frame of the first."""
BEEP_SECONDS, BEEP_HZ = 0.1, 1000
LOUD = 0.2
"""Of a beep whose loudest is 0.5."""

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Shown:
    """What a film shows and sounds."""

    numbers: list[int]
    """The number that each frame tells."""
    times: list[float]
    """When each is shown, in frames."""
    flashes: list[float]
    """When it flashes, in frames."""
    beeps: list[float]
    """When it begins to beep, in frames, after the film's first frame."""

    @property
    def out_of_step(self) -> float:
        """How many frames a beep is before or behind its flash, at most."""
        pairs = zip(self.flashes, self.beeps, strict=False)
        return round(max((abs(beep - flash) for flash, beep in pairs), default=0.0), 2)


def flashes_in(frames: int) -> range:
    """The frames of a film that flash."""
    return range(FIRST_FLASH, frames, APART * FPS)


def picture(number: int) -> Pixels:
    """A frame [H,W,3]: blocks for the bits of its number; below them it is white if it flashes."""
    shown = np.full((HEIGHT, WIDTH, 3), DARK, np.uint8)
    bits = np.array([number >> bit & 1 for bit in range(COLUMNS * ROWS)], bool)
    blocks = bits.reshape(ROWS, COLUMNS).repeat(BLOCK, 0).repeat(BLOCK, 1)
    shown[: ROWS * BLOCK][blocks] = BRIGHT
    if number in flashes_in(number + 1):
        shown[ROWS * BLOCK :] = BRIGHT
    return shown


def number_in(pixels: Pixels) -> int:
    """The number that a frame tells."""
    half = BLOCK // 2
    centres = pixels[half : ROWS * BLOCK : BLOCK, half::BLOCK].mean(-1).reshape(-1)
    return sum(1 << bit for bit, value in enumerate(centres) if value > (DARK + BRIGHT) / 2)


def make(path: Path, frames: int, late: float = 0.0) -> Path:
    """Make a film of so many frames, with frames that depend on later ones; its beeps may be late.

    `late` is in seconds.
    """
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(
            "libx264", rate=FPS, options={"preset": "ultrafast", "bf": "3", "g": "50"}
        )
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        voice: Any = container.add_stream("aac", rate=RATE, layout="mono")
        second = voice.rate
        for number in range(frames):
            frame = VideoFrame.from_ndarray(picture(number), "rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
            if number % FPS == 0:
                sound = AudioFrame.from_ndarray(_second(number, late)[None], "fltp", "mono")
                sound.sample_rate, sound.pts = RATE, number // FPS * second
                sound.time_base = Fraction(1, RATE)
                container.mux(voice.encode(sound))
        container.mux(stream.encode(None))
        container.mux(voice.encode(None))
    return path


def _second(first: int, late: float) -> npt.NDArray[np.float32]:
    """The samples [T] of the second that begins with a frame."""
    samples = np.zeros(RATE, np.float32)
    tone = np.sin(2 * np.pi * BEEP_HZ * np.arange(round(BEEP_SECONDS * RATE)) / RATE) / 2
    for flash in flashes_in(first + FPS):
        at = round(((flash - first) / FPS + late) * RATE)
        if 0 <= at <= RATE - len(tone):
            samples[at : at + len(tone)] = tone
    return samples


def shown_in(path: Path) -> Shown:
    """What a film shows and sounds."""
    numbers, times, flashes = list[int](), list[float](), list[float]()
    with av.open(str(path)) as film:
        start = 0.0
        for frame in film.decode(video=0):
            pixels = frame.to_ndarray(format="rgb24")
            at = float((frame.pts or 0) * (frame.time_base or 0)) * FPS
            start = start if numbers else at
            numbers.append(number_in(pixels))
            times.append(round(at - start, 3))
            if pixels[ROWS * BLOCK + BLOCK :].mean() > (DARK + BRIGHT) / 2:
                flashes.append(times[-1])
    return Shown(numbers, times, flashes, [each - start for each in _beeps(path)])


def _beeps(path: Path) -> Iterator[float]:
    last = -1.0
    with av.open(str(path)) as film:
        for sound in film.decode(audio=0) if film.streams.audio else ():
            loud = np.flatnonzero(np.abs(sound.to_ndarray()).max(0) > LOUD)
            begun = float((sound.pts or 0) * (sound.time_base or 0))
            for at in loud:
                time = begun + at / sound.sample_rate
                if time - last > BEEP_SECONDS:
                    yield time * FPS
                last = time


def numbers_in(paths: Iterable[Path]) -> list[int]:
    """The numbers that pictures tell."""
    found = []
    for path in paths:
        with Image.open(path) as image:
            found.append(number_in(np.asarray(image.convert("RGB"))))
    return found
