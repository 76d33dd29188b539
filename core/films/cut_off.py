"""Whether a film or a sound ends earlier than its header says."""

from __future__ import annotations

import os
import re
import struct
from contextlib import closing
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from .opening import OpenFilm, open_film

_TOLERATED = 0.05
"""How much shorter than said a film that is not cut off may be, as a part of its length."""

_TOLERATED_SECONDS = 0.5
"""The same for short films: lengths are rounded."""

_SAY_HOW_LONG = {"aiff", "au", "flac"}
"""Formats whose header says it, and FFmpeg repeats it whatever is there, by FFmpeg's names.

It does not repeat what a WAV file says, so that is read here. An MP3 file may say it, too, but
programs that cut one often leave that as it was. Of most others FFmpeg tells what is there.
"""

_WAV = re.compile(rb"RIFF.{4}WAVE", re.DOTALL)

_CHUNK_START = 8
"""Bytes, of the name and the size."""

_NOT_KNOWN = 0x7F00_0000
"""From so many bytes on, a header says only that its program did not know it yet, as in a pipe."""

_DAMAGED_SECONDS = 0.5
"""How much of a compressed sound may be missing: what is damaged is left out."""


def is_cut_off(film: OpenFilm, packets: int, last: int) -> bool:
    """Whether a film of so many packets, the last of which is shown at a time, lacks its end."""
    stream = film.stream
    if film.lists_frames and _listed(stream) > packets:
        return True
    said = film.container.duration
    if not said or stream.time_base is None:
        return False
    until = ((film.container.start_time or 0) + said) / av.time_base
    until -= max(_TOLERATED_SECONDS, _TOLERATED * said / av.time_base)
    end = float(last * stream.time_base) + _frame_seconds(stream)
    # The sound may be longer than the picture.
    return end < until and _end_of_the_others(film) < until


def check_length(container: InputContainer, stream: AudioStream, seconds: float) -> None:
    """Raise ValueError if a sound of which so many seconds were decoded is said to be longer."""
    if container.format.name not in _SAY_HOW_LONG or not stream.duration or not stream.time_base:
        return
    said = float(stream.duration * stream.time_base)
    sample = stream.codec_context.format
    is_plain = stream.codec_context.name.startswith("pcm_")
    if is_plain and said * stream.rate * stream.channels * sample.bytes >= _NOT_KNOWN:
        return
    lacking = said - seconds
    if lacking >= (1 / stream.rate if is_plain else _DAMAGED_SECONDS):
        message = (
            f"its end is missing, or more of it: {seconds:.2f} of {said:.2f} seconds are there"
        )
        raise ValueError(message)


def check_wav(path: str) -> None:
    """Raise ValueError if the file at a real path is a WAV file and says that it is larger."""
    with Path(path).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if not _WAV.fullmatch(file.read(12)):
            return
        while len(head := file.read(_CHUNK_START)) == _CHUNK_START:
            (said,) = struct.unpack("<I", head[4:])
            there = size - file.tell()
            if head[:4] != b"data":
                file.seek(said + said % 2, os.SEEK_CUR)
                continue
            if there < said < _NOT_KNOWN:
                message = f"its end is missing: {there:,} of {said:,} bytes of its sound are there"
                raise ValueError(message)
            return


def _listed(stream: VideoStream) -> int:
    """How many packets the header lists, without those that a list of edits leaves out."""
    entries: Any = getattr(stream, "index_entries", ())  # newer than PyAV 14
    return len(entries) or stream.frames


def _end_of_the_others(film: OpenFilm) -> float:
    """Seconds; reads the file once more."""
    end = 0.0
    with closing(open_film(film.path)) as again:
        others = [each for each in again.container.streams if each.index != film.stream.index]
        if not others:
            return end
        try:
            for packet in again.container.demux(others):
                if packet.pts is not None:
                    end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        except av.error.FFmpegError:
            return end
    return end


def _frame_seconds(stream: VideoStream) -> float:
    return 1 / float(stream.average_rate) if stream.average_rate else 0.0
