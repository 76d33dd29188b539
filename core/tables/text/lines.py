"""The text of a table: its lines, as often as they are wanted, from a file or typed."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
from collections.abc import Callable, Generator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, TypeAlias

from .encodings import LAST_RESORT, codec_of, encoding_of, known_encoding
from .refusal import NUL, TYPED, refusal, refuse_nul
from .row_count import about_rows, has_ascii

Lines: TypeAlias = Generator[str, None, None]

_SAMPLE_LINES = 1_000
_SAMPLE_CHARACTERS = 1 << 20
_CHUNK = 1 << 20
_LONGEST_END = 4
"""Bytes of a line end, at most."""


@dataclass(frozen=True)
class Text:
    """A table's text."""

    name: str
    """For messages: that of its file."""
    encoding: str
    """Empty if it was typed."""
    size: int
    """In bytes, or in characters if it was typed."""
    lines: Callable[[], Lines]
    """The lines from the first on, each with its line break; a new call begins anew. Raises
    UnreadableTable where bytes are not valid in the encoding."""
    close: Callable[[], object] = lambda: None
    count: Callable[[str], int | None] = lambda _quote: None
    """About how many lines there are that are not empty, and not between two of a quote; None if
    telling it would take as long as reading them. Not while `lines` are being read."""

    def sample(self) -> tuple[list[str], bool]:
        """The first lines, and whether those are all."""
        found, characters = list[str](), 0
        lines = self.lines()
        with contextlib.closing(lines):
            for line in islice(lines, _SAMPLE_LINES):
                found.append(line)
                characters += len(line)
                if characters > _SAMPLE_CHARACTERS:
                    break
            return found, next(lines, None) is None


def text_of_file(file: BinaryIO, name: str, encoding: str) -> Text:
    """The text of a file, which is seekable; `encoding` is the option of this name."""
    found = known_encoding(encoding) if encoding else encoding_of(file)
    if not found:
        raise _holds_nul_bytes(name, _line_of_nul(file))
    codec = codec_of(file, found)
    size = file.seek(0, os.SEEK_END)

    def lines() -> Lines:
        file.seek(0)
        stream = io.TextIOWrapper(file, encoding=codec, newline="")
        try:
            # No `yield from`, which would close the stream, and so the file, when left.
            for number, line in enumerate(stream, 1):
                if NUL in line:
                    raise _holds_nul_bytes(name, number)
                yield line
        except UnicodeError as error:
            raise _not_decoded(file, name, found, codec) from error
        finally:
            # The file may be closed by now, and it is not the stream that closes it.
            with contextlib.suppress(ValueError):
                stream.detach()

    def count(quote: str) -> int | None:
        if not has_ascii(codec):
            return None
        file.seek(0)
        return about_rows(file, quote)

    return Text(name, found, size, lines, file.close, count)


def text_as_typed(text: str) -> Text:
    """The text that was typed into a node."""

    def count(quote: str) -> int:
        return about_rows(io.BytesIO(text.encode("utf-8", "surrogatepass")), quote)

    def lines() -> Lines:
        for number, line in enumerate(io.StringIO(text, newline=""), 1):
            refuse_nul(TYPED, [line], number)
            yield line

    return Text(TYPED, "", len(text), lines, count=count)


def ends_with_line(file: BinaryIO) -> bool:
    """Whether the last line of a file has a line end, in any encoding that is read here."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _LONGEST_END))
    # In UTF-16 and UTF-32, its other bytes are zero.
    return file.read().strip(b"\0").endswith((b"\n", b"\r"))


def _line_of_nul(file: BinaryIO) -> int:
    """The line of the first zero byte, in a file that has one."""
    file.seek(0)
    line = 1
    for chunk in iter(lambda: file.read(_CHUNK), b""):
        before, zero, _ = chunk.partition(b"\0")
        line += before.count(b"\n")
        if zero:
            break
    return line


def _holds_nul_bytes(name: str, line: int) -> Exception:
    reason = (
        "this file holds NUL bytes, as no text does: it is likely UTF-16 without a mark, or damaged"
    )
    remedy = "Save it anew as UTF-8, or set encoding to UTF-16 if it is that, and run again."
    return refusal(name, reason, remedy, line)


def _not_decoded(file: BinaryIO, name: str, encoding: str, codec: str) -> Exception:
    """The error for bytes that are not valid, with their line."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(codec)()
    line, reason = 1, "it ends in the middle of a character"
    for chunk in iter(lambda: file.read(_CHUNK), b""):
        try:
            line += decoder.decode(chunk).count("\n")
        except UnicodeDecodeError as error:
            # With the bytes that were left over from the chunk before.
            before = error.object[: error.start]
            line += codecs.decode(before, codec, "ignore").count("\n")
            shown = error.object[error.start : error.end].hex(" ").upper()
            reason = f"the bytes {shown} are no text in {encoding}"
            break
    others = " or ".join(each for each in (LAST_RESORT, "UTF-8", "UTF-16") if each != encoding)
    remedy = (
        f"Set encoding to the one that the file was saved in, such as {others}, or save it anew as "
        "UTF-8, and run again."
    )
    return refusal(name, reason, remedy, line)
