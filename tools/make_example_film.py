"""Makes `examples/films/balloons.mp4`, a film of two seconds with sound.

Run `python -m tools.make_example_film`; the result is committed. Balloons rise over a landscape,
while a tone rises with them.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image, ImageDraw

from .layout import EXAMPLE_FILM
from .make_example_images import BALLOONS, MORNING, SMOOTHING, balloon, landscape

SIZE = (320, 180)
FRAMES, FPS = 48, 24
SOUND_RATE = 16000
LOW, HIGH = 220.0, 440.0
"""The tone at the beginning and at the end, in hertz."""
LOUDNESS = 0.2
SEED = 1


def make_film(path: Path = EXAMPLE_FILM) -> None:
    """Write the film: H.264 with AAC."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without the encoder's version, files of the same pixels are alike.
    with av.open(str(path), "w", options={"movflags": "+faststart", "fflags": "+bitexact"}) as film:
        pictures: Any = film.add_stream("libx264", rate=FPS, options={"crf": "20", "threads": "1"})
        pictures.width, pictures.height = SIZE
        pictures.pix_fmt = "yuv420p"
        pictures.codec_context.time_base = Fraction(1, FPS)
        sound: Any = film.add_stream("aac", rate=SOUND_RATE, layout="mono")
        for number, picture in enumerate(_pictures()):
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), "rgb24").reformat(
                format="yuv420p"
            )
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            film.mux(pictures.encode(frame))
        film.mux(pictures.encode(None))
        samples = av.AudioFrame.from_ndarray(_tone()[None], "fltp", "mono")
        samples.rate, samples.pts = SOUND_RATE, 0
        film.mux(sound.encode(samples))
        film.mux(sound.encode(None))


def _pictures() -> list[Image.Image]:
    """Balloons of all colours, each at its own speed."""
    width, height = (SMOOTHING * side for side in SIZE)
    background = landscape(0, MORNING, (width, height))
    random = np.random.default_rng(SEED)
    count = len(BALLOONS)
    columns = (random.permutation(count) + 0.5) / count * width
    radii = random.uniform(0.09, 0.13, count) * height
    starts, ends = random.uniform(0.6, 0.8, count), random.uniform(0.15, 0.35, count)
    pictures = []
    for time in np.linspace(0, 1, FRAMES):
        picture = background.copy()
        draw = ImageDraw.Draw(picture)
        for number, colour in enumerate(BALLOONS):
            high = ((1 - time) * starts[number] + time * ends[number]) * height
            sway = 0.02 * width * np.sin(2 * np.pi * (time + number / count))
            balloon(draw, (columns[number] + sway, high), radii[number], colour)
        pictures.append(picture.reduce(SMOOTHING))
    return pictures


def _tone() -> np.ndarray[Any, np.dtype[np.float32]]:
    """A tone that rises as long as the film lasts, -1 to 1."""
    part = np.arange(FRAMES * SOUND_RATE // FPS) / (FRAMES * SOUND_RATE // FPS)
    turns = np.cumsum(LOW + (HIGH - LOW) * part) / SOUND_RATE
    return (LOUDNESS * np.sin(2 * np.pi * turns)).astype(np.float32)


if __name__ == "__main__":
    make_film()
