"""The sound of a file, decoded to one waveform."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import av
import numpy as np
import numpy.typing as npt
import torch
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from ..common.errors import UnreadableSound, quoted
from .cut_off import check_length, check_wav
from .opening import DEMUXERS, address

_OPTIONS = {
    "format_whitelist": f"{DEMUXERS},aac,ac3,aiff,au,caf,flac,mp3,wav,w64",
    "protocol_whitelist": "file",
}
"""The accepted formats are those of films, whose sound a pattern may ask for, and those of sounds;
see `core.films.opening`."""

_REASONS: dict[type[Exception], str] = {
    av.error.FileNotFoundError: "the file is gone",
    av.error.PermissionError: "the user that runs ComfyUI may not read it",
    av.error.IsADirectoryError: "it is a folder",
    MemoryError: "there is not enough memory for it",
}
_NO_DECODER = "this FFmpeg has no decoder for it"
_NO_SOUND = "it is not a sound, or of a format that Batch Loop does not read"


@dataclass(frozen=True)
class Sound:
    """A decoded sound."""

    waveform: torch.Tensor
    """[1,C,T] float32, -1 to 1 (files of floats may go beyond): the channels as the file has them.
    """
    sample_rate: int
    """Samples of each channel per second."""

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.waveform.shape[-1] / self.sample_rate


def read_sound(path: str) -> Sound:
    """Decode the sound of the file at a real path, at its own rate.

    Of several sounds it takes the one that FFmpeg does, which is that with the most channels. What
    is damaged is left out, as players do. Raises UnreadableSound, also for a sound that lacks its
    end, see `core.films.cut_off`.
    """
    parts: list[npt.NDArray[np.float32]] = []
    rate = 0
    with opened_sound(path) as container, _reading(path):
        stream = best_sound(container)
        if stream is None:
            raise ValueError(_NO_DECODER if container.streams.audio else "it has no sound")
        # Asked before it is decoded, as a file that is being copied may be whole by then.
        check_wav(path)
        for frame in frames_of(container, stream):
            part = samples_of(frame)
            rate = rate or frame.sample_rate
            if frame.sample_rate != rate or (parts and len(part) != len(parts[0])):
                raise ValueError("its rate or its number of channels changes midway")
            parts.append(part)
        if not rate or not parts:
            raise ValueError("nothing of it can be decoded")
        waveform = np.concatenate(parts, axis=1)
        check_length(container, stream, waveform.shape[1] / rate)
    return Sound(torch.from_numpy(waveform)[None], rate)


def samples_of(frame: AudioFrame) -> npt.NDArray[np.float32]:
    """The samples of a decoded frame, [C,T] float32, -1 to 1."""
    samples: npt.NDArray[Any] = frame.to_ndarray()
    if not frame.format.is_planar:  # [1,T*C]: the channels take turns
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype == np.uint8:
        return np.ascontiguousarray((samples.astype(np.float32) - 128) / 128)
    if np.issubdtype(samples.dtype, np.integer):
        most = -float(np.iinfo(samples.dtype).min)
        return np.ascontiguousarray((samples / most).astype(np.float32))
    return np.ascontiguousarray(samples, np.float32)


@contextlib.contextmanager
def opened_sound(path: str, file: BinaryIO | None = None) -> Iterator[InputContainer]:
    """Open the file at a real path, or an open `file`, for its sound; raises UnreadableSound."""
    with _reading(path):
        where = address(path) if file is None else file
        container = av.open(where, mode="r", container_options=_OPTIONS)
    with container:
        yield container


def best_sound(container: InputContainer) -> AudioStream | None:
    """The sound that is heard; None if there is none that this FFmpeg can decode."""
    # Without a decoder, PyAV has no context.
    known = [each for each in container.streams.audio if each.codec_context is not None]
    return max(known, key=lambda each: each.channels) if known else None


def frames_of(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """Decode a sound; what is damaged is left out."""
    for packet in container.demux(stream):
        with contextlib.suppress(av.error.InvalidDataError):  # the next one may be sound
            yield from stream.codec_context.decode(packet if packet.size else None)


@contextlib.contextmanager
def _reading(path: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # of any type: PyAV raises Python's and its own
        reason = _reason_of(error)
        raise UnreadableSound(
            f"Cannot read the sound {quoted(path)}: {reason}. Convert it to a WAV file with a "
            "sound editor, or take it out of the folder, and run again. To go on without such "
            "sounds, set error_handling to Skip on error.",
            reason,
        ) from error


def _reason_of(error: Exception) -> str:
    if type(error) in _REASONS:
        return _REASONS[type(error)]
    if isinstance(error, av.error.FFmpegError) and not isinstance(error, OSError):
        return _NO_SOUND
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).strip().rstrip(".") or type(error).__name__
