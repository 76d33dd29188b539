"""What a film is, from its header and its first frame."""

from __future__ import annotations

import os
from contextlib import closing, suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, BinaryIO

import av
from av.video.frame import VideoFrame

from .opening import OpenFilm, open_film, reading, unreadable
from .orientation import orientation_of
from .packet_index import PacketIndex, packet_index

_TRIED = 250
"""Packets that are looked at for the first frame."""


@dataclass(frozen=True)
class FilmFacts:
    """What is known of a film before its frames are decoded."""

    frames: int | None
    """None if it takes decoding to know, or reading the file where that was not asked for."""
    fps: Fraction
    """Frames per second, on average; 0 if unknown."""
    duration: float
    """Seconds, from the first frame to the end of the last one; 0 if unknown. If the file was not
    read, it is what the header says, often of the sound, too."""
    width: int
    """Pixels of a frame, upright."""
    height: int
    """The same of its height."""
    has_audio: bool
    codec: str
    """FFmpeg's name of it, such as h264."""
    is_cut_off: bool
    """The file ends earlier than its header says."""


def facts(path: str, *, count: bool = True) -> FilmFacts:
    """Say what the film at a real path is; decodes one frame.

    MP4 and MOV files list their frames. Others are read to their end to count them, which takes as
    long as copying them; with `count` False they are not, and count as not cut off. Raises
    UnreadableFilm.
    """
    with closing(open_film(path)) as film, reading(path):
        frame = _first_frame(film)
        stream, container = film.stream, film.container
        width, height = orientation_of(frame).shown(frame.width, frame.height)
        fps = stream.average_rate or stream.guessed_rate or Fraction(0)
        duration = (container.duration or 0) / av.time_base
        if stream.duration and stream.time_base:
            duration = float(stream.duration * stream.time_base)
        has_audio, codec = bool(container.streams.audio), stream.codec_context.codec.canonical_name
        frames, is_cut_off = _listed(film), False
    if frames is None and count:
        with closing(open_film(path)) as film:
            index = packet_index(film)
        if index is not None:
            index = index.beginning_with(frame.pts)
            frames, is_cut_off = len(index.times), index.is_cut_off
            duration = _length(index, film, fps)
    return FilmFacts(frames, fps, duration, width, height, has_audio, codec, is_cut_off)


def shown_size(file: BinaryIO) -> tuple[int, int]:
    """The width and height of an open film, upright, in pixels; raises UnreadableFilm."""
    with closing(open_film("", file=file)) as film, reading(""):
        frame = _first_frame(film)
        return orientation_of(frame).shown(frame.width, frame.height)


def _first_frame(film: OpenFilm) -> VideoFrame:
    context = film.stream.codec_context
    for tried, packet in enumerate(film.container.demux(film.stream)):
        if tried == _TRIED:
            break
        with suppress(av.error.InvalidDataError):  # the next one may be sound
            for frame in context.decode(packet if packet.size else None):
                return frame
    raise unreadable(film.path, "none of its first frames can be decoded")


def _listed(film: OpenFilm) -> int | None:
    """How many frames the header lists; None if it lists none, or more than the file has."""
    entries: Any = getattr(film.stream, "index_entries", ())  # newer than PyAV 14
    if not film.lists_frames or len(entries) != film.stream.frames or not entries:
        return None
    size, shown = os.path.getsize(film.path), 0
    for entry in entries:
        if entry.pos + entry.size > size:
            return None
        shown += not entry.is_discard
    return shown


def _length(index: PacketIndex, film: OpenFilm, fps: Fraction) -> float:
    """Seconds from the first frame to the end of the last one."""
    last = 1 / fps if fps else Fraction(0)
    unit = film.stream.time_base or Fraction(0)
    return float(int(index.times[-1] - index.times[0]) * unit + last)
