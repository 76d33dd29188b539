"""Opening a film: which files are films, which of their streams is shown, why one is refused."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from ..common.errors import UnreadableFilm, quoted

DEMUXERS = "mov,matroska,avi,mpegts,mpeg,asf,flv,ogg,mxf"
"""The accepted formats, by FFmpeg's names.

By itself it takes a file for what the content is, whatever it is called, and some formats are
lists of other files, and of addresses, that it would open.
"""

_OPTIONS = {"format_whitelist": DEMUXERS, "protocol_whitelist": "file"}

_PICTURE_NOT_FILM = 0x400
"""FFmpeg's disposition of a stream that is one attached picture, such as a cover."""

_IS_DEFAULT = 0x1
_DEFAULT_COUNTS = 5_000_000
"""Pixels that the ffmpeg program adds to a stream marked as the default one."""

_REASONS: dict[type[Exception], str] = {
    av.error.FileNotFoundError: "the file is gone",
    av.error.PermissionError: "the user that runs ComfyUI may not read it",
    av.error.IsADirectoryError: "it is a folder",
    MemoryError: "there is not enough memory for it",
}

_NO_FILM = "it is not a video, or of a format that Batch Loop does not read"
_NO_END = (
    "its end is missing, where this format lists the frames, so it was not recorded or copied "
    "completely"
)
_FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
"""The names of what MP4 and MOV files may begin with: they consist of boxes."""

_BOX_START = 8
"""Bytes, of the size and the name."""


@dataclass(frozen=True)
class OpenFilm:
    """A film that is open, and the stream of it that is shown."""

    path: str
    container: InputContainer
    stream: VideoStream

    @property
    def lists_frames(self) -> bool:
        """Whether the format is one that lists all frames in its header: MP4 and MOV."""
        return self.container.format.name.startswith("mov,")

    def close(self) -> None:
        """Close the file."""
        self.container.close()


def open_film(path: str, threads: int = 1, file: BinaryIO | None = None) -> OpenFilm:
    """Open the film at a real path, or in an open `file`; up to `threads` threads decode it.

    Of several streams it takes the one that the ffmpeg program does: the largest, where one that is
    marked as the default has an advantage. Attached pictures are none. Raises UnreadableFilm.
    """
    with reading(path):
        where = address(path) if file is None else file
        container = av.open(where, mode="r", container_options=_OPTIONS)
        try:
            stream = _shown(container, path)
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = threads
        except BaseException:
            container.close()
            raise
    return OpenFilm(path, container, stream)


def address(path: str) -> str:
    """How FFmpeg is told of the file at a real path; raises ValueError for a pipe or a device.

    It would wait for what comes out of one.
    """
    with contextlib.suppress(OSError):  # FFmpeg says what is wrong
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise ValueError("it is not a plain file")
    # The prefix keeps FFmpeg from taking a part of the name for a protocol.
    return f"file:{path}"


@contextlib.contextmanager
def reading(path: str) -> Iterator[None]:
    """Raise whatever goes wrong in the block as UnreadableFilm, with the reason."""
    try:
        yield
    except UnreadableFilm:
        raise
    except Exception as error:  # of any type: PyAV raises Python's and its own
        raise unreadable(path, _reason_of(path, error)) from error


def unreadable(path: str, reason: str) -> UnreadableFilm:
    """The error for a film that cannot be read at all."""
    return UnreadableFilm(
        f"Cannot read the video {quoted(path)}: {reason}. Convert it to an MP4 file with a video "
        "editor, or take it out of the folder, and run again.",
        reason,
    )


def _shown(container: InputContainer, path: str) -> VideoStream:
    streams = container.streams.video
    films = [each for each in streams if not each.disposition.value & _PICTURE_NOT_FILM]
    if not films:
        if _lacks_its_end(path):
            raise ValueError(_NO_END)
        raise ValueError("it has a picture, but no video" if streams else "it has no picture")
    # Without a decoder, PyAV has no context.
    known = [each for each in films if each.codec_context is not None]
    if not known:
        raise ValueError("this FFmpeg has no decoder for it")
    return max(known, key=_score)


def _score(stream: VideoStream) -> int:
    is_default = stream.disposition.value & _IS_DEFAULT
    return stream.width * stream.height + _DEFAULT_COUNTS * is_default


def _reason_of(path: str, error: Exception) -> str:
    if type(error) in _REASONS:
        return _REASONS[type(error)]
    if isinstance(error, av.error.InvalidDataError) or _is_of_another_format(error):
        return _NO_END if _lacks_its_end(path) else _NO_FILM
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).strip().rstrip(".") or type(error).__name__


def _is_of_another_format(error: Exception) -> bool:
    """Whether FFmpeg was not to open what it found."""
    return isinstance(error, av.error.FFmpegError) and error.errno == errno.EINVAL


def _lacks_its_end(path: str) -> bool:
    """Whether a file begins as MP4 and MOV files do, and has no whole list of its frames."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        end, at = os.fstat(file.fileno()).st_size, 0
        while at + _BOX_START <= end:
            file.seek(at)
            size, name = int.from_bytes(file.read(4), "big"), file.read(4)
            if size == 1:  # the size follows, in 64 bits
                size = int.from_bytes(file.read(8), "big")
            if name == b"moov":
                return at + size > end
            if size < _BOX_START or (at == 0 and name not in _FIRST_BOXES):
                return at > 0
            at += size
        return at > 0
    return False
