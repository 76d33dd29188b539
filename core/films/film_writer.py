"""Writing a film, picture by picture, with the sound of another one."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from heapq import merge
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer, OutputContainer
from av.filter import Graph
from av.video.frame import VideoFrame

from ..common.errors import UnwritableImage
from ..common.workers import worker_count
from ..model.formats import FilmDepth
from .added_sound import TimedPacket, sound_packets
from .encoders import Encoder
from .sound import best_sound, opened_sound

Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
"""[H,W,3] RGB: of 8 or of 16 bits."""

_BT709, _LIMITED_RANGE = 1, 1
"""By FFmpeg's numbers: what players take a film for that says nothing."""

_OPTIONS = {
    extension: {"movflags": "use_metadata_tags+faststart"} for extension in (".mp4", ".mov")
}
"""The list of frames comes first, so that a film is shown before all of it is there."""

_OF_THE_DISK = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.ENOENT, errno.EFBIG}
)
"""Errors that are not the encoder's, although FFmpeg reports them.

The last two are of a folder that is gone, and of a file that is too large for its drive."""


@dataclass(frozen=True)
class Times:
    """When the pictures of a film are shown."""

    shown: npt.NDArray[np.int64]
    """[pictures], in units from the film's start; increasing from 0."""
    end: int
    """When the last one ends."""
    unit: Fraction
    """Seconds."""

    @property
    def seconds(self) -> float:
        """How long the film is."""
        return float(self.end * self.unit)


@dataclass(frozen=True)
class SoundOf:
    """The sound of a file."""

    path: str
    """Real path."""
    start: Fraction
    """Where the film begins, in seconds by the clock of the file."""

    @contextmanager
    def opened(self) -> Iterator[OpenSound]:
        """Open the file; raises UnreadableSound."""
        with opened_sound(self.path) as origin:
            yield OpenSound(origin, self.start)


@dataclass(frozen=True)
class OpenSound:
    """The sound of a file that is open."""

    origin: InputContainer
    start: Fraction
    """See `SoundOf`."""


@dataclass(frozen=True)
class Looks:
    """How a film is written."""

    encoder: Encoder
    depth: FilmDepth
    quality: int


@contextmanager
def encoding(message: Callable[[av.error.FFmpegError], str]) -> Iterator[None]:
    """Raise what FFmpeg reports in the block as UnwritableImage, with the message for it.

    Most of its errors are OSErrors and ValueErrors, too, which whoever writes the file would take
    for the disk's. Those that are the disk's are raised as they are.
    """
    try:
        yield
    except av.error.FFmpegError as error:
        if error.errno in _OF_THE_DISK:
            raise
        raise UnwritableImage(message(error)) from error


def write_film(  # noqa: PLR0913 - what a film consists of
    path: str,
    pictures: Iterable[Pixels],
    times: Times,
    looks: Looks,
    *,
    sound: OpenSound | None = None,
    metadata: Mapping[str, str] | None = None,
) -> bool:
    """Write a film to a path whose extension is that of the encoder; whether it has sound.

    The pictures have one size, and are taken one at a time. One row or column is repeated where the
    size is odd, as most codecs need an even one. Each is shown at exactly its time, as far as the
    container can say it (Matroska and WebM: to a millisecond). Raises what `pictures` raises, and
    what PyAV raises.
    """
    options = _OPTIONS.get(looks.encoder.extension, {})
    with av.open(path, "w", options=options) as target:
        target.metadata.update(metadata or {})
        images = _pictures(target, pictures, times, looks)
        sounds = None if sound is None else _sounds(target, sound, times.seconds)
        # In the order of time: the writer keeps what has to wait for the other in memory.
        for *_, packet in merge(images, sounds or (), key=lambda each: each[:2]):
            target.mux(packet)
    return sounds is not None


def _sounds(target: OutputContainer, of: OpenSound, seconds: float) -> Iterator[TimedPacket] | None:
    sound = best_sound(of.origin)
    return None if sound is None else sound_packets(of.origin, sound, target, of.start, seconds)


def _pictures(
    target: OutputContainer, pictures: Iterable[Pixels], times: Times, looks: Looks
) -> Iterator[TimedPacket]:
    """The packets of a stream that is added at once."""
    count = len(times.shown)
    fps = Fraction(count, times.end) / times.unit
    stream: Any = target.add_stream(
        looks.encoder.name,
        rate=fps.limit_denominator(1001),
        options=dict(looks.encoder.options(looks.quality)),
    )
    given = iter(pictures)
    # The header is written before the first packet, and has the size.
    first = next(given)
    stream.height, stream.width = (side + side % 2 for side in first.shape[:2])
    stream.pix_fmt = looks.encoder.format(looks.depth)
    context = stream.codec_context
    context.time_base = times.unit
    context.thread_count = worker_count()
    for name in ("colorspace", "color_primaries", "color_trc"):
        setattr(context, name, _BT709)
    context.color_range = _LIMITED_RANGE
    return _encoded(stream, _chained(first, given), times)


def _encoded(stream: Any, pictures: Iterator[Pixels], times: Times) -> Iterator[TimedPacket]:
    """The packets of a stream; each says for how long it is shown, which few encoders know."""
    first: int | None = None
    held: Any = None
    for packet in _packets(stream, pictures, times):
        if held is not None:
            yield _timed(held)
        first = packet.dts if first is None else first
        following = int(np.searchsorted(times.shown, packet.pts, "right"))
        until = times.shown[following] if following < len(times.shown) else times.end
        packet.duration = int(until) - packet.pts
        held = packet
    if held is not None and first is not None:
        # MP4 adds up from when packets are decoded: the last one makes it as long as the film is.
        held.duration = max(1, times.end + first - held.dts)
        yield _timed(held)


def _packets(stream: Any, pictures: Iterator[Pixels], times: Times) -> Iterator[Any]:
    graph: Graph | None = None
    for number, picture in enumerate(pictures):
        frame = VideoFrame.from_ndarray(_even(picture), _format_of(picture))
        graph = graph or _conversion(frame, stream.pix_fmt)
        graph.vpush(frame)
        converted = graph.vpull()
        assert isinstance(converted, VideoFrame)  # noqa: S101 for the type checker
        converted.pts, converted.time_base = int(times.shown[number]), times.unit
        converted.pict_type = 0  # the encoder decides
        yield from stream.encode(converted)
    yield from stream.encode(None)


def _timed(packet: Any) -> TimedPacket:
    return float(packet.dts * packet.time_base), 0, packet


def _conversion(frame: VideoFrame, pixels: str) -> Graph:
    graph = Graph()
    if hasattr(graph, "threads"):  # newer than PyAV 14
        graph.threads = worker_count()
    graph.link_nodes(
        graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=Fraction(1, 1000),  # filters are to be told one; these look at no times
        ),
        graph.add("scale", "out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd"),
        graph.add("format", pixels),
        graph.add("buffersink"),
    )
    graph.configure()
    return graph


def _even(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    if height % 2 or width % 2:
        rows, columns = np.arange(height + height % 2), np.arange(width + width % 2)
        grown: Pixels = picture[np.minimum(rows, height - 1)][:, np.minimum(columns, width - 1)]
        return grown
    return picture


def _format_of(picture: Pixels) -> str:
    return "rgb24" if picture.dtype == np.uint8 else "rgb48le"


def _chained(first: Pixels, others: Iterator[Pixels]) -> Iterator[Pixels]:
    yield first
    yield from others
