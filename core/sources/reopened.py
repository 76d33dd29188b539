"""A file that is open only while it is read."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, cast

from ..common.sight import FileChanged, FileStamp, stamp_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class ReopenedFile(io.RawIOBase):
    """A file to read, which can be released, and is opened again where it is read on.

    On Windows nobody can save a file that is open elsewhere. For one thread at a time.
    """

    def __init__(self, opened: Callable[[], BinaryIO]) -> None:
        """`opened` opens the file; what it raises is raised by whatever reads."""
        self._opened = opened
        self._file: BinaryIO | None = None
        self._stamp: FileStamp | None = None
        """The file's when it was first opened."""
        self._position = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read on; raises FileChanged if the file is not the one that was opened first."""
        count = cast("io.BufferedIOBase", self._open()).readinto(buffer)
        self._position += count
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position, and return it; raises FileChanged like `readinto`."""
        file = self._open()
        self._position = file.seek(offset, whence)
        return self._position

    def release(self) -> None:
        """Close the file until it is read on."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def close(self) -> None:
        """Close the file for good."""
        self.release()
        super().close()

    def _open(self) -> BinaryIO:
        if self.closed:
            raise ValueError("the file is closed")
        if self._file is None:
            self._file = self._opened()
            try:
                self._go_on_in(self._file)
            except BaseException:
                self.release()
                raise
        return self._file

    def _go_on_in(self, file: BinaryIO) -> None:
        stamp = stamp_of(file.fileno())
        if self._stamp not in {None, stamp}:
            raise FileChanged("the file was changed or replaced while it was read")
        self._stamp = stamp
        file.seek(self._position)
