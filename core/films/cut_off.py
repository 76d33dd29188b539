"""Whether a film ends earlier than its header says."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import av
from av.video.stream import VideoStream

from .opening import OpenFilm, open_film

_TOLERATED = 0.05
"""How much shorter than said a film that is not cut off may be, as a part of its length."""

_TOLERATED_SECONDS = 0.5
"""The same for short films: lengths are rounded."""


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
