"""Decoding a film from one of its keyframes onwards, at exactly the right packet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import av
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from .opening import OpenFilm, open_film, reading
from .packet_index import PacketIndex

_Packets: TypeAlias = "Iterator[Packet[VideoStream] | None]"
"""Ends with an empty packet, or None: the decoder then gives what it still has."""


class Walk:
    """Decodes frames in the order they are shown, from where it was told to begin."""

    def __init__(self, path: str, threads: int) -> None:
        self._path = path
        self._threads = threads
        self._film: OpenFilm | None = open_film(path, threads)
        self._is_fresh = True

    @property
    def film(self) -> OpenFilm:
        """The open film; another one after `from_the_start` and `release`."""
        if self._film is None:
            self._film = open_film(self._path, self._threads)
            self._is_fresh = True
        return self._film

    def release(self) -> None:
        """Close the file until anything is asked for."""
        if self._film is not None:
            self._film.close()
            self._film = None

    def from_the_start(self) -> Iterator[VideoFrame]:
        """Begin at the first packet, which not every format can find again."""
        if not self._is_fresh:
            self.release()
        film = self.film
        self._is_fresh = False
        return self._decoded(film, self._packets(film))

    def from_keyframe(self, index: PacketIndex, start: int) -> Iterator[VideoFrame]:
        """Begin at a keyframe by its position in `index.keyframes`; -1 is the film's start."""
        film = self.film
        self._is_fresh = False
        for time in _places(index, start):
            packets = self._sought(film, time)
            for packet in packets:
                frame = index.frame_at(packet.pts) if packet else None
                if packet is None or frame is None:
                    continue
                if index.is_start(packet, start):
                    return self._decoded(film, _chained(packet, packets))
                if index.packets[frame] > index.packets[index.keyframes[start]]:
                    break  # too far
        return self.from_the_start()

    def _sought(self, film: OpenFilm, time: int) -> _Packets:
        try:
            film.container.seek(time, stream=film.stream)
        except av.error.FFmpegError:  # the format has nothing to find it by
            return iter(())
        return self._packets(film)

    @staticmethod
    def _packets(film: OpenFilm) -> _Packets:
        """The packets from here on; what ends the file, also an error, ends them."""
        try:
            yield from film.container.demux(film.stream)
        except av.error.FFmpegError:
            yield None

    def _decoded(self, film: OpenFilm, packets: _Packets) -> Iterator[VideoFrame]:
        context = film.stream.codec_context
        with reading(self._path):
            for packet in packets:
                try:
                    frames = context.decode(packet if packet and packet.size else None)
                except av.error.EOFError:
                    return
                except av.error.FFmpegError:  # the packet is damaged; the next ones may not be
                    continue
                yield from frames


def _chained(first: Packet[VideoStream], others: _Packets) -> _Packets:
    yield first
    yield from others


def _places(index: PacketIndex, start: int) -> Iterator[int]:
    """Times to seek to, for the packet of a keyframe: formats differ in which times they look at.

    What is sought with an earlier time is found by reading on. The last ones are for formats that
    find a place only roughly.
    """
    if start < 0:
        return
    yield int(index.times[index.keyframes[start]])
    yield int(index.decoding_times[start])
    back = 1
    while back <= start:
        yield int(index.decoding_times[start - back])
        back *= 2
