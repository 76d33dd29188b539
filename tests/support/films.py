"""Films made with PyAV, in which each frame shows its number in large blocks."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from PIL import Image

WIDTH, HEIGHT = 96, 64
BLOCK = 16
BITS = 12
FPS = 25
RATE = 16000
CLICK = RATE // 100
"""Samples."""

Pixels = npt.NDArray[np.uint8]


def numbered(number: int) -> Pixels:
    """A picture [H,W,3] of a number: a block for each bit, white or dark; the lowest comes first.

    The last two rows of blocks are of other colours, so the film has some.
    """
    picture = np.full((HEIGHT, WIDTH, 3), (200, 90, 60), np.uint8)
    for bit in range(BITS):
        row, column = divmod(bit, WIDTH // BLOCK)
        there = picture[row * BLOCK : (row + 1) * BLOCK, column * BLOCK : (column + 1) * BLOCK]
        there[:] = 235 if number >> bit & 1 else 20
    return picture


def number_in(image: Any) -> int:
    """The number that a picture [H,W,3] shows, 0 to 1."""
    centres = np.asarray(image)[BLOCK // 2 :: BLOCK, BLOCK // 2 :: BLOCK].mean(-1)
    bits = centres[: BITS // (WIDTH // BLOCK)].reshape(-1) > 0.5
    return sum(1 << bit for bit, is_white in enumerate(bits) if is_white)


def make_film(  # noqa: PLR0913 - each says one thing of the film
    path: Path,
    codec: str = "libx264",
    *,
    frames: int = 60,
    pixels: str = "yuv420p",
    options: dict[str, str] | None = None,
    muxer: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
    times: Iterable[int] | None = None,
    pictures: Iterable[Pixels] | None = None,
    sound: float = 0,
    clicks: Iterable[float] = (),
) -> Path:
    """Make a film of numbered frames, or of `pictures`; `times` are in 25ths of a second.

    `sound` is how many seconds of silence it has, but for `clicks` at these seconds.
    """
    with av.open(str(path), "w", options=muxer or {}) as container:
        container.metadata.update(metadata or {})
        stream: Any = container.add_stream(codec, rate=FPS, options=options or {})
        shown = list(map(numbered, range(frames)) if pictures is None else pictures)
        stream.height, stream.width = shown[0].shape[:2]
        stream.pix_fmt = pixels
        stream.codec_context.time_base = Fraction(1, FPS)
        tone: Any = container.add_stream("aac", rate=RATE, layout="mono") if sound else None
        for picture, time in zip(shown, times or range(len(shown)), strict=False):
            frame = VideoFrame.from_ndarray(picture, "rgb24").reformat(format=pixels)
            frame.pts, frame.time_base = time, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if tone:
            samples = np.zeros((1, round(RATE * sound)), np.float32)
            for click in clicks:
                at = round(RATE * click)
                samples[0, at : at + CLICK] = np.tile([0.9, -0.9], CLICK // 2)
            audio = av.AudioFrame.from_ndarray(samples, "fltp", "mono")
            audio.rate, audio.pts = RATE, 0
            container.mux(tone.encode(audio))
            container.mux(tone.encode(None))
    return path


def numbers_in(folder: Path) -> list[int]:
    """The numbers that the PNG files of a folder show, in the order of their names."""
    return [number_in(np.asarray(Image.open(path)) / 255) for path in sorted(folder.glob("*.png"))]


def shown_in(film: Path, larger: int = 1) -> tuple[list[int], list[float]]:
    """The numbers that a film's frames show, and when, in 25ths of a second.

    The frames are so many times larger than those of `make_film`.
    """
    with av.open(str(film)) as container:
        frames = list(container.decode(video=0))
        pictures = [frame.to_ndarray(format="rgb24")[::larger, ::larger] for frame in frames]
        numbers = [number_in(picture / 255) for picture in pictures]
        return numbers, [round(float(frame.pts * frame.time_base) * FPS, 3) for frame in frames]


def clicks_in(path: Path) -> list[float]:
    """When the clicks of a film begin, in seconds after its first picture."""
    found: list[float] = []
    with av.open(str(path)) as film:
        first = film.streams.video[0]
        start = float((first.start_time or 0) * (first.time_base or 0))
        for frame in film.decode(audio=0):
            loud = np.abs(frame.to_ndarray()).max(0) > 0.4
            for at in np.flatnonzero(loud):
                time = float(frame.pts * frame.time_base) + at / frame.sample_rate - start
                if not found or time - found[-1] > CLICK / RATE * 3:
                    found.append(time)
    return found


def cut_out(path: Path, source: Path, first: int) -> Path:
    """Copy the packets of a film so that it begins at frame `first`, in the midst of others.

    MP4 files then have a list of edits: what is decoded before the first frame is not shown.
    """
    with av.open(str(source)) as film, av.open(str(path), "w") as container:
        stream = film.streams.video[0]
        copied = container.add_stream_from_template(stream)
        start = round(first / FPS / stream.time_base) if stream.time_base else 0
        for packet in film.demux(stream):
            if packet.dts is not None and packet.pts is not None:
                packet.pts, packet.dts = packet.pts - start, packet.dts - start
                packet.stream = copied
                container.mux(packet)
    return path


def joined(path: Path, *sources: Path) -> Path:
    """Copy the packets of one film behind those of another, whatever they are."""
    with av.open(str(path), "w") as container:
        copied: Any = None
        end = Fraction(0)
        for source in sources:
            with av.open(str(source)) as film:
                stream = film.streams.video[0]
                copied = copied or container.add_stream_from_template(stream)
                packets = [packet for packet in film.demux(stream) if packet.size]
                for number, packet in enumerate(packets):
                    packet.pts = packet.dts = round(
                        (end + Fraction(number, FPS)) / packet.time_base
                    )
                    packet.stream = copied
                    container.mux(packet)
                end += Fraction(len(packets), FPS)
    return path


def beside(path: Path, *sources: Path) -> Path:
    """Copy films into one file, as streams beside each other."""
    with ExitStack() as stack, av.open(str(path), "w") as container:
        films = [stack.enter_context(av.open(str(source))).streams.video[0] for source in sources]
        copied = [container.add_stream_from_template(film) for film in films]
        for film, stream in zip(films, copied, strict=True):
            for packet in film.container.demux(film):
                if packet.size:
                    packet.stream = stream
                    container.mux(packet)
    return path


def turn(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Write a display matrix into an MP4 file: where a point to the right and one below go."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 44
    a, b, c, d = (value << 16 for value in matrix)
    data[at : at + 36] = b"".join(
        value.to_bytes(4, "big", signed=True) for value in (a, b, 0, c, d, 0, 0, 0, 1 << 30)
    )
    path.write_bytes(data)
    return path


def spoil(path: Path, *frames: int) -> Path:
    """Overwrite the packets of frames of an MP4 file with zeros, which are none of any codec."""
    with av.open(str(path)) as film:
        packets = [(each.pos, each.size) for each in film.demux(video=0) if each.size]
    data = bytearray(path.read_bytes())
    for frame in frames:
        at, size = packets[frame]
        data[at : at + size] = bytes(size)
    path.write_bytes(data)
    return path


def shortened(path: Path, part: float) -> Path:
    """Cut the end of a file off, so that a part is left."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    return path
