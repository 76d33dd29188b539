"""Where the frames of a film are, from its packets alone: nothing is decoded."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import av
import numpy as np
import numpy.typing as npt
from av.packet import Packet
from av.video.stream import VideoStream

from .cut_off import is_cut_off
from .opening import OpenFilm

_NO_TIMES_SHOWN = "avi"
"""The format that has times of decoding alone. FFmpeg knows those of showing for some codecs."""


@dataclass(frozen=True)
class PacketIndex:
    """The frames of a film in the order they are shown, by the packets that hold them.

    About 12 bytes a frame, and 24 a keyframe. Times are in units of the stream's time base.
    """

    times: npt.NDArray[np.int64]
    """[frames], when each frame is shown; increasing."""
    packets: npt.NDArray[np.int32]
    """[frames], the number of each frame's packet in the file."""
    keyframes: npt.NDArray[np.int32]
    """[keyframes], the frames at which decoding can begin, in the order of their packets."""
    decoding_times: npt.NDArray[np.int64]
    """[keyframes], when each of them is decoded, or shown if the file does not say."""
    sizes: npt.NDArray[np.int32]
    """[keyframes], the bytes of their packets."""
    is_cut_off: bool
    """The film ends earlier than its header says."""

    def frame_at(self, time: int | None) -> int | None:
        """The number of the frame that is shown at exactly this time; None if there is none."""
        if time is None:
            return None
        found = int(np.searchsorted(self.times, time))
        return found if found < len(self.times) and self.times[found] == time else None

    def is_start(self, packet: Packet[VideoStream], start: int) -> bool:
        """Whether a packet is that of a keyframe, given by its position in `keyframes`.

        After a seek, MPEG program streams may give a packet another one's time.
        """
        return (
            packet.is_keyframe
            and packet.pts == self.times[self.keyframes[start]]
            and packet.size == self.sizes[start]
        )

    def start_for(self, frame: int) -> int:
        """The last of `keyframes`, by its position, from which a frame can be decoded.

        It is -1 for the start of the file. A frame that is shown before a keyframe needs an earlier
        one, even if its packet is behind: it refers to frames before the keyframe.
        """
        key_packets = self.packets[self.keyframes]
        start = int(np.searchsorted(key_packets, self.packets[frame], "right")) - 1
        while start >= 0 and self.keyframes[start] > frame:
            start -= 1
        return start

    def beginning_with(self, time: int | None) -> PacketIndex:
        """The index of a film whose first frame that can be decoded is shown at this time.

        A film that was cut out of another one, or recorded from its middle, may have frames before
        it that refer to what is not there, so decoders leave them out.
        """
        first = self.frame_at(time)
        if not first or self._begins_with_a_keyframe:
            return self
        kept = self.keyframes >= first
        return PacketIndex(
            self.times[first:],
            self.packets[first:],
            (self.keyframes[kept] - first).astype(np.int32),
            self.decoding_times[kept],
            self.sizes[kept],
            self.is_cut_off,
        )

    @property
    def _begins_with_a_keyframe(self) -> bool:
        """If so, all frames can be decoded unless they are damaged."""
        first = self.keyframes[:1]
        return bool(first.size) and first[0] == 0 and self.packets[0] == 0


class _Packets:
    """What is noted of packets while the file is read; flat, as there are many."""

    def __init__(self) -> None:
        self.shown = array("q")
        self.numbers = array("l")
        self.key_shown = array("q")
        self.key_decoded = array("q")
        self.key_sizes = array("l")
        self.count = 0
        self.last_corrupt: int | None = None
        self.untimed_before_second_key = 0
        self.untimed = 0
        self.delays = set[int]()
        """How much later frames are shown than decoded; not all, if that differs."""

    def add(self, packet: Packet[VideoStream]) -> None:
        number, self.count = self.count, self.count + 1
        if packet.is_discard:  # before the start, or cut out: decoded but not shown
            return
        self.last_corrupt = number if packet.is_corrupt else None
        if packet.pts is None:
            self.untimed += 1
            # Some muxers leave out negative times, which those of frames have that refer to what
            # was cut away: decoders leave them out.
            self.untimed_before_second_key += len(self.key_shown) == 1
            return
        self.shown.append(packet.pts)
        self.numbers.append(number)
        if len(self.delays) <= 1:
            self.delays.add(packet.pts - (packet.pts if packet.dts is None else packet.dts))
        if packet.is_keyframe:
            self.key_shown.append(packet.pts)
            self.key_decoded.append(packet.pts if packet.dts is None else packet.dts)
            self.key_sizes.append(packet.size)


def packet_index(film: OpenFilm) -> PacketIndex | None:
    """Read a film that was just opened to its end; None if its packets do not tell its frames.

    It is then not known how many there are, nor how to find one, without decoding them all.
    """
    packets, ended_badly = _Packets(), False
    try:
        for packet in film.container.demux(film.stream):
            if packet.size:
                packets.add(packet)
    except (av.error.FFmpegError, OSError):
        ended_badly = True
    if packets.untimed > packets.untimed_before_second_key:
        return None
    is_reordered = film.stream.codec_context.has_b_frames
    if is_reordered and len(packets.delays) == 1 and film.container.format.name == _NO_TIMES_SHOWN:
        return None
    shown = np.array(packets.shown, np.int64)
    numbers = np.array(packets.numbers, np.int32)
    if packets.last_corrupt is not None and numbers.size and numbers[-1] == packets.last_corrupt:
        shown, numbers, ended_badly = shown[:-1], numbers[:-1], True
    order = np.argsort(shown, kind="stable")
    times = shown[order]
    if not times.size or (np.diff(times) <= 0).any():
        return None
    kept = np.isin(np.array(packets.key_shown, np.int64), times)
    return PacketIndex(
        times,
        numbers[order],
        np.searchsorted(times, np.array(packets.key_shown, np.int64)[kept]).astype(np.int32),
        np.array(packets.key_decoded, np.int64)[kept],
        np.array(packets.key_sizes, np.int32)[kept],
        ended_badly or is_cut_off(film, packets.count, int(times[-1])),
    )
