"""How the file of a result is named after the image that it was made from."""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass

from ..common.errors import InvalidSetting
from ..common.text import is_control
from .formats import Format, extension_of, extensions_of, format_of

_UNNAMEABLE = '/\\\0<>:"|?*'
"""What some system does not take in a file's name."""

CAPTION_EXTENSION = ".txt"
"""Of the text that stands beside a result."""

_FIELD = r"\{([^{}]*)\}"
_SOURCE_EXTENSION = "source_extension"


@dataclass(frozen=True, order=True)
class ResultName:
    """The name of a result, for any source."""

    folder: str
    """Real path of the folder that results go to."""
    parts: tuple[str, ...]
    """Text and the names of fields, by turns: `("", "stem", ".png")`."""

    def of(self, source: str) -> str:
        """The result's path relative to the folder, with "/"; of a source's relative path."""
        fields = _fields(source)
        text = "".join(fields[part] if place % 2 else part for place, part in enumerate(self.parts))
        # An image beside the subfolders has an empty {subfolder}.
        return "/".join(part for part in text.split("/") if part)

    def in_one_folder(self, subfolder: str) -> tuple[str, Callable[[str], str]] | None:
        """As `of`, for many sources of one subfolder: the folder of their results, and their names.

        By a function of the source's own name. None where each result has a folder of its own.
        """
        texts = [
            subfolder if place % 2 and part == "subfolder" else part
            for place, part in enumerate(self.parts)
        ]
        fields = [
            place for place, part in enumerate(self.parts) if place % 2 and part != "subfolder"
        ]
        if not fields:
            return None
        if any("/" in text for text in texts[fields[0] + 1 :]):
            return None
        folder, _, before = "".join(texts[: fields[0]]).rpartition("/")
        folder = "/".join(part for part in folder.split("/") if part)
        if len(fields) == 1 and texts[fields[0]] == "stem":
            after = "".join(texts[fields[0] + 1 :])
            return folder, lambda name: f"{before}{_split(name)[0]}{after}"
        first, is_field = fields[0], set(fields)

        def name_of(name: str) -> str:
            given = _fields(name)
            return before + "".join(
                given[text] if place in is_field else text
                for place, text in enumerate(texts[first:], first)
            )

        return folder, name_of


LONGEST_PATTERN = 4096
"""Bytes of a pattern: far more than anybody writes, and little enough to be held against names."""


def check_length(name: str, pattern: str) -> None:
    """Raise `InvalidSetting` if the pattern that an input of that name has is too long."""
    length = len(pattern.encode("utf-8", "surrogatepass"))
    if length > LONGEST_PATTERN:
        message = (
            f"{name} is {length} bytes long, and begins with {pattern[:40]!r}. A pattern has "
            f"{LONGEST_PATTERN} bytes at the most: write one that is shorter."
        )
        raise InvalidSetting(message)


PATTERN_FIELDS = ("stem", "filename", "subfolder")
"""What a pattern may name in braces."""

PATTERN_EXAMPLE = "upscaled/{stem}_00001_.png"


def parts_of_pattern(text: str) -> tuple[str, ...]:
    """A pattern such as the example above as the parts of a `ResultName`.

    Raises `InvalidSetting` if a field in it is unknown, or if it has neither the stem nor the
    filename.
    """
    parts = tuple(re.split(_FIELD, text))
    named = parts[1::2]
    unknown = [name for name in named if name not in PATTERN_FIELDS]
    if unknown or not {"stem", "filename"} & set(named):
        what = (
            f"names {{{unknown[0]}}}, which is nothing that a name is made of"
            if unknown
            else "has neither {stem} nor {filename}, so every image would have the same result"
        )
        message = (
            f"finished_as was {text!r}: it {what}. Write how results are named, with {{stem}} "
            f"(img1), {{filename}} (img1.png) and {{subfolder}}, such as {PATTERN_EXAMPLE}"
        )
        raise InvalidSetting(message)
    return parts


def saved_as(  # noqa: PLR0913 - one for each input that decides on the name
    folder: str,
    *,
    prefix: str,
    suffix: str,
    format: Format,  # noqa: A002 - the word users see
    keep_subfolders: bool,
    rank: int = 0,
    caption: bool = False,
) -> ResultName:
    """How Save Image (Batch) names its results in the folder at a real path; InvalidSetting.

    With `caption`, how it names the texts beside them. `rank` is how many nodes of the graph come
    before it that save under the same names.
    """
    for name, value in (("prefix", prefix), ("suffix", suffix)):
        if any(mark in value for mark in _UNNAMEABLE):
            message = (
                f"{name} was {value!r}: it becomes a part of a file's name, and cannot hold "
                'any of / \\ < > : " | ? *. To save into a subfolder, write it in folder.'
            )
            raise InvalidSetting(message)
        if any(map(is_control, value)):
            message = (
                f"{name} was {value!a}: it becomes a part of a file's name, and cannot hold line "
                "breaks and other characters that are not shown. Type it again."
            )
            raise InvalidSetting(message)
    suffix = f"{suffix}-{rank + 1}" if rank else suffix
    parts = ("", "subfolder", f"/{prefix}") if keep_subfolders else (prefix,)
    if caption:
        return ResultName(folder, (*parts, "stem", suffix + CAPTION_EXTENSION))
    if format is Format.SOURCE:
        return ResultName(folder, (*parts, "stem", suffix, _SOURCE_EXTENSION, ""))
    return ResultName(folder, (*parts, "stem", suffix + extension_of(format)))


def format_for(source: str, chosen: Format) -> Format:
    """The format that the result of a source is written in."""
    return format_of(posixpath.splitext(source)[1]) if chosen is Format.SOURCE else chosen


def _fields(source: str) -> dict[str, str]:
    subfolder, filename = posixpath.split(source)
    stem, extension = _split(filename)
    return {
        "stem": stem,
        "filename": filename,
        "subfolder": subfolder,
        _SOURCE_EXTENSION: _written_extension(extension),
    }


def _split(filename: str) -> tuple[str, str]:
    """As `posixpath.splitext`, in a fraction of its time for names that begin with no dot."""
    if filename.startswith("."):
        return posixpath.splitext(filename)
    stem, dot, extension = filename.rpartition(".")
    return (stem, dot + extension) if dot else (filename, "")


@functools.lru_cache(maxsize=64)
def _written_extension(extension: str) -> str:
    """The extension that the result of a source with this one has, in the source's format."""
    written = format_of(extension)
    # .jpeg stays .jpeg, but what cannot be written as it was (.gif) gets a new extension.
    return extension if extension.lower() in extensions_of(written) else extension_of(written)
