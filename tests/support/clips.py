"""Small films and sounds for tests, made with PyAV."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

FPS = 24
WIDTH, HEIGHT = 64, 48
RATE = 44100
HZ = 440

Samples = npt.NDArray[np.float32]


def sweep(seconds: float, rate: int = RATE, channels: int = 1) -> Samples:
    """A sound [C,T], half as loud as can be, that rises: so each moment of it can be told.

    Each channel begins higher than the one before.
    """
    times = np.arange(round(seconds * rate)) / rate
    pitches = [HZ * (1 + channel) * times + HZ * times**2 for channel in range(channels)]
    return np.stack([np.sin(2 * np.pi * pitch) / 2 for pitch in pitches]).astype(np.float32)


def lag(sound: Samples, reference: Samples, rate: int = RATE) -> float:
    """By how many seconds the first channel of a sound comes later than in another one."""
    length = len(sound[0]) + len(reference[0])
    spectrum = np.fft.rfft(sound[0], length) * np.conj(np.fft.rfft(reference[0], length))
    best = int(np.argmax(np.fft.irfft(spectrum, length)))
    return (best - length if best > length // 2 else best) / rate


def make_clip(  # noqa: PLR0913 - each says one thing of the film
    path: Path,
    *,
    frames: int = 24,
    seed: int = 0,
    fps: int = FPS,
    codec: str = "libx264",
    sound: str | None = None,
    seconds: float | None = None,
    channels: int = 2,
    delay: float = 0,
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> Path:
    """Make a film of a moving pattern; `sound` is the codec of a sweep, as long as the film, or
    of `seconds`, which begins after `delay` seconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    width, height = size
    pattern = np.random.default_rng(seed).integers(60, 200, (height, width, 3)).astype(np.uint8)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        voice: Any = None
        if sound is not None:
            layout = {1: "mono", 2: "stereo", 6: "5.1"}[channels]
            rate = 48000 if sound == "libopus" else RATE
            voice = container.add_stream(sound, rate=rate, layout=layout)
        for number in range(frames):
            picture = np.roll(pattern, 2 * number, axis=1)
            frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if voice is not None:
            length = frames / fps if seconds is None else seconds
            samples = sweep(length, voice.rate, channels)
            _encode(container, voice, samples, round(delay * voice.rate))
    return path


def make_sound(
    path: Path,
    samples: Samples,
    *,
    codec: str = "pcm_s16le",
    rate: int = RATE,
) -> Path:
    """Write samples [C,T] to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        layout = {1: "mono", 2: "stereo", 6: "5.1"}[len(samples)]
        options: dict[str, Any] = {"layout": layout}
        stream: Any = container.add_stream(codec, rate=rate, **options)
        _encode(container, stream, samples)
    return path


def _encode(container: Any, stream: Any, samples: Samples, start: int = 0) -> None:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", stream.layout.name)
    frame.sample_rate, frame.pts, frame.time_base = stream.rate, start, Fraction(1, stream.rate)
    container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def damage(path: Path) -> Path:
    """Make a film that cannot be opened: its end is cut off, where MP4 lists its frames."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path
