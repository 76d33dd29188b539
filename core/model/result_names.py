"""File names of results, derived from the image that each was made from."""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass

from ..common.errors import InvalidSetting, is_control
from .formats import Format, VideoContainer, extension_of, extensions_of, format_of
from .titles import label_in

UNNAMEABLE = '/\\\0<>:"|?*'
"""Characters that some operating system does not allow in file names."""
_UNNAMEABLE = frozenset(UNNAMEABLE)

CAPTION_EXTENSION = ".txt"
"""Extension of the text file beside a result."""

_FIELD = r"\{([^{}]*)\}"
_SOURCE_EXTENSION = "source_extension"


@dataclass(frozen=True, order=True)
class ResultName:
    """How the result of any source is named."""

    folder: str
    """Real path of the folder for the results."""
    parts: tuple[str, ...]
    """Text and field names, alternating: `("", "stem", ".png")`."""
    leaves_own_names: bool = False
    """Whether no result of an image gets a number that makes its name another image's own."""

    def of(self, source: str) -> str:
        """The result's path for a source's; both are relative and use "/"."""
        fields = _fields(source)
        text = "".join(fields[part] if place % 2 else part for place, part in enumerate(self.parts))
        # {subfolder} is empty for an image in the folder itself.
        return "/".join(part for part in text.split("/") if part)

    @property
    def before_stem(self) -> str:
        """What a result's own name has before its source's stem; a name must have the stem."""
        place = 2 * self.parts[1::2].index("stem")
        return self.parts[place].rpartition("/")[2]

    @property
    def extension(self) -> str:
        """The extension of all results; empty if they differ in it."""
        return posixpath.splitext(self.parts[-1])[1]

    def in_one_folder(self, subfolder: str) -> tuple[str, Callable[[str], str]] | None:
        """Like `of`, for many sources in one subfolder.

        Returns the folder of their results, and a function from a source's name to its result's
        name. None if each result has a folder of its own.
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
"""Bytes: far more than anybody writes, and short enough to match names quickly."""


def check_length(name: str, pattern: str) -> None:
    """Raise `InvalidSetting` if the pattern in the input called `name` is too long."""
    length = len(pattern.encode("utf-8", "surrogatepass"))
    if length > LONGEST_PATTERN:
        message = (
            f"{name} is {length} bytes long, and begins with {pattern[:40]!r}. A pattern may "
            f"have at most {LONGEST_PATTERN} bytes: write a shorter one."
        )
        raise InvalidSetting(message)


PATTERN_FIELDS = ("stem", "filename", "subfolder", "variant")
"""The fields that a pattern may have in braces.

The stem and the filename have the variant's label, as results do; `variant` is the label alone,
and empty without variants.
"""

PATTERN_EXAMPLE = "upscaled/{stem}_00001_.png"


def fields_of(text: str) -> tuple[str, ...]:
    """Split a text into the parts of a `ResultName`, whatever its fields are called."""
    return tuple(re.split(_FIELD, text))


def parts_of_pattern(text: str) -> tuple[str, ...]:
    """Split a pattern, such as the example above, into the parts of a `ResultName`.

    Raises `InvalidSetting` if a field is unknown, or neither stem nor filename is used.
    """
    parts = fields_of(text)
    named = parts[1::2]
    unknown = [name for name in named if name not in PATTERN_FIELDS]
    if unknown or not {"stem", "filename"} & set(named):
        what = (
            f"names {{{unknown[0]}}}, which is not one of the fields"
            if unknown
            else "has neither {stem} nor {filename}, so every image would have the same result"
        )
        message = (
            f"finished_as was {text!r}: it {what}. Write how results are named, with {{stem}} "
            f"(img1), {{filename}} (img1.png), {{subfolder}} and {{variant}}, such as "
            f"{PATTERN_EXAMPLE}"
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
    """How Save Image (Batch) names its results; raises InvalidSetting.

    `folder` is a real path. `rank` is the number of earlier nodes in the graph that save under the
    same names. With `caption`, the name is that of the text file beside a result.
    """
    before, after = _around_stem(prefix, suffix, rank, keep_subfolders=keep_subfolders)
    if caption:
        return ResultName(folder, (*before, "stem", after + CAPTION_EXTENSION))
    if format is Format.SOURCE:
        return ResultName(folder, (*before, "stem", after, _SOURCE_EXTENSION, ""))
    return ResultName(folder, (*before, "stem", after + extension_of(format)))


def text_saved_as(  # noqa: PLR0913 - one for each input that decides on the name
    folder: str,
    *,
    prefix: str,
    suffix: str,
    extension: str,
    keep_subfolders: bool,
    rank: int = 0,
) -> ResultName:
    """How Save Text (Batch) names its results, see `saved_as`."""
    before, after = _around_stem(prefix, suffix, rank, keep_subfolders=keep_subfolders)
    # Only in the subfolder of an image are all images that its saver looks at. An image in a batch
    # [N,H,W,C] has its number from the start, but a text is never one of several.
    return ResultName(folder, (*before, "stem", after + extension), keep_subfolders)


def video_saved_as(  # noqa: PLR0913 - one for each input that decides on the name
    folder: str,
    *,
    prefix: str,
    suffix: str,
    container: VideoContainer,
    keep_subfolders: bool,
    rank: int = 0,
) -> ResultName:
    """How Save Video (Batch) names its results, see `saved_as`."""
    before, after = _around_stem(prefix, suffix, rank, keep_subfolders=keep_subfolders)
    return ResultName(folder, (*before, "stem", f"{after}.{container.value}"))


def assembled_as(folder: str, *, prefix: str, suffix: str, extension: str) -> ResultName:
    """How a film that is made of results is named; raises InvalidSetting. See `saved_as`."""
    before, after = _around_stem(prefix, suffix, 0, keep_subfolders=False)
    return ResultName(folder, (*before, "stem", after + extension))


def _around_stem(
    prefix: str, suffix: str, rank: int, *, keep_subfolders: bool
) -> tuple[tuple[str, ...], str]:
    """The parts of a name before its stem, and the text behind it; raises InvalidSetting."""
    for name, value in (("prefix", prefix), ("suffix", suffix)):
        if any(mark in value for mark in UNNAMEABLE):
            message = (
                f"{name} was {value!r}: it becomes part of a file name, and cannot contain "
                'any of / \\ < > : " | ? *. To save into a subfolder, write it in folder.'
            )
            raise InvalidSetting(message)
        if any(map(is_control, value)):
            message = (
                f"{name} was {value!a}: it becomes part of a file name, and cannot contain line "
                "breaks or other invisible characters. Type it again."
            )
            raise InvalidSetting(message)
    before = ("", "subfolder", f"/{prefix}") if keep_subfolders else (prefix,)
    return before, f"{suffix}-{rank + 1}" if rank else suffix


def format_for(source: str, chosen: Format) -> Format:
    """The format for the result of a source."""
    return format_of(posixpath.splitext(source)[1]) if chosen is Format.SOURCE else chosen


def nameable(text: str, also: str = "") -> str:
    """A text without what file names cannot have, nor any of `also`; the same if it has none.

    Quotes are left out; other characters, and any blanks, become one blank.
    """
    unnameable = _UNNAMEABLE.union(also) if also else _UNNAMEABLE
    if text.isprintable() and unnameable.isdisjoint(text):
        return text
    kept = text.replace('"', "")
    shown = "".join(" " if is_control(one) or one in unnameable else one for one in kept)
    return " ".join(shown.split())


def _fields(source: str) -> dict[str, str]:
    subfolder, filename = posixpath.split(source)
    stem, extension = _split(filename)
    return {
        "stem": stem,
        "filename": filename,
        "subfolder": subfolder,
        "variant": label_in(filename),
        _SOURCE_EXTENSION: _written_extension(extension),
    }


def _split(filename: str) -> tuple[str, str]:
    """Like `posixpath.splitext`, but much faster for names without a leading dot."""
    if filename.startswith("."):
        return posixpath.splitext(filename)
    stem, dot, extension = filename.rpartition(".")
    return (stem, dot + extension) if dot else (filename, "")


@functools.lru_cache(maxsize=64)
def _written_extension(extension: str) -> str:
    """The extension of a result in the same format as a source with this extension."""
    written = format_of(extension)
    # .jpeg stays .jpeg, but formats that cannot be written (.gif) get a new extension.
    return extension if extension.lower() in extensions_of(written) else extension_of(written)
