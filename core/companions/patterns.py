"""Patterns that name the companion of an image, such as `{stem}_mask.png` or `../masks/{stem}.*`.

A pattern is relative to the folder of the image itself, or a full path. It has the fields that
`finished_as` of Directory Iterator has. In its last part, `*` stands for any text, and as an
extension for one of those that can be read.
"""

from __future__ import annotations

import functools
import os
import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..common.errors import InvalidSetting, PathRefused, is_control
from ..common.file_kinds import IMAGE_EXTENSIONS
from ..files.path_texts import check_is_here
from ..files.same_file import folded
from ..model.result_names import PATTERN_FIELDS, ResultName, check_length, fields_of
from ..model.selection import Companion, CompanionKind

ANY = "*"

_ANY = "\0"
"""What stands for `*` in a name that is filled in: a stem may have a `*` itself, but no NUL."""

TEXT_EXTENSIONS = frozenset(
    {
        *(".caption", ".csv", ".json", ".log", ".md", ".tags", ".text", ".tsv", ".txt"),
        *(".xml", ".yaml", ".yml"),
    }
)
"""The files that a pattern with `*` takes for texts."""

_EXTENSIONS = {CompanionKind.IMAGE: IMAGE_EXTENSIONS, CompanionKind.TEXT: TEXT_EXTENSIONS}

_SPELLED = {
    kind: frozenset(each for name in names for each in (name, name.upper()))
    for kind, names in _EXTENSIONS.items()
}

_EXAMPLES = {
    CompanionKind.IMAGE: "{stem}_mask.png or ../masks/{stem}.*",
    CompanionKind.TEXT: "{stem}.txt or ../captions/{stem}.*",
}


@dataclass(frozen=True)
class Wanted:
    """The name that a companion has, in its folder."""

    pieces: tuple[str, ...]
    """The text before, between and behind each `*`."""
    kind: CompanionKind

    @property
    def exact(self) -> str | None:
        """The name itself; None if the pattern has a `*`."""
        return self.pieces[0] if len(self.pieces) == 1 else None

    @property
    def names(self) -> list[str] | None:
        """All names that it may be; None if `*` stands for more than an extension."""
        if self.exact is not None:
            return [self.exact]
        if not self._any_extension:
            return None
        return [self.pieces[0][:-1] + each for each in sorted(_SPELLED[self.kind])]

    def matches(self, name: str) -> bool:
        """Whether a file's name is one that the pattern with a `*` stands for."""
        if not can_be_read(name, self.kind):
            return False
        if self._any_extension:
            return posixpath.splitext(name)[0] == self.pieces[0][:-1]
        if name.startswith(".") and not self.pieces[0].startswith("."):
            return False
        return _fits(name, self.pieces)

    @property
    def _any_extension(self) -> bool:
        return len(self.pieces) == 2 and not self.pieces[1] and self.pieces[0].endswith(".")  # noqa: PLR2004 one *

    def folded(self) -> Wanted:
        """The same for the names of a folder that treats `A` and `a` as one, see `same_file`."""
        return Wanted(tuple(map(folded, self.pieces)), self.kind)


def can_be_read(name: str, kind: CompanionKind) -> bool:
    """Whether a file is a companion of a kind by its extension, in lower or upper case."""
    return posixpath.splitext(name)[1] in _SPELLED[kind]


@dataclass(frozen=True)
class Pattern:
    """A pattern that has been checked."""

    companion: Companion
    name: ResultName
    """Its `folder` is the text before the first part with a field: it may be relative or empty."""

    def of(self, path: str) -> tuple[str, Wanted]:
        """The folder of the companion of the image at a relative path, and its name there.

        The folder is relative to that of the image, unless the pattern is a full path.
        """
        folder, _, name = self.name.of(path).rpartition("/")
        return self._within(folder), self._wanted(name)

    def in_one_folder(self, subfolder: str) -> tuple[str, Callable[[str], Wanted]] | None:
        """Like `of`, for the names of images in one subfolder; None if the folders differ."""
        found = self.name.in_one_folder(subfolder)
        if found is None:
            return None
        folder, name_of = found
        return self._within(folder), lambda name: self._wanted(name_of(name))

    @property
    def is_full_path(self) -> bool:
        """Whether it does not depend on the folder of the image."""
        return os.path.isabs(self.name.folder)

    @property
    def has_one_folder(self) -> bool:
        """Whether the companions of all images of a subfolder lie in `name.folder`."""
        return not any("/" in part for part in self.name.parts)

    def _within(self, folder: str) -> str:
        return posixpath.join(self.name.folder, folder) if folder else self.name.folder

    def _wanted(self, name: str) -> Wanted:
        return Wanted(tuple(name.split(_ANY)), self.companion.kind)


@functools.lru_cache(maxsize=256)
def pattern_of(companion: Companion) -> Pattern:
    """Check the pattern of a companion, as far as its text tells.

    Raises `InvalidSetting` for one that can name no companion, `PathRefused` for one that is no
    path to use.
    """
    text, kind = companion.pattern.strip(), companion.kind
    check_length("pattern", text)
    parts = fields_of(text.replace(os.sep, "/"))
    folder, slash, rest = parts[0].rpartition("/")
    what = next(_faults(folder, (rest, *parts[1:])), None)
    if any(map(is_control, text)):
        what = "has a line break, or another character that cannot be seen"
    elif not text:
        what = "is empty"
    if what is not None:
        message = (
            f"pattern was {text!r}: it {what}. Write how the companion of an image is named, with "
            "{stem} (img1), {filename} (img1.png) and {subfolder}, such as "
            f"{_EXAMPLES[kind]}"
        )
        raise InvalidSetting(message)
    folder = folder or slash
    check_is_here(parts[0])
    if any(":" in part for part in (rest, *parts[1:])):
        message = (
            f"pattern was {text!r}: a colon may only stand in the folder that it begins with, as "
            "Windows takes what follows one for another place. Write the name without it."
        )
        raise PathRefused(message)
    literal = (part.replace(ANY, _ANY) for part in (rest, *parts[1:]))
    return Pattern(companion, ResultName(folder, tuple(literal)))


def _faults(start: str, parts: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with a pattern: the folder that it begins with, and the parts behind that."""
    named, texts = parts[1::2], (start, *parts[::2])
    unknown = [name for name in named if name not in PATTERN_FIELDS]
    if unknown:
        yield f"names {{{unknown[0]}}}, which is not one of the fields"
    if any(brace in text for text in texts for brace in "{}"):
        yield "has a brace without its partner"
    if not {"stem", "filename"} & set(named):
        yield "has neither {stem} nor {filename}, so every image would have the same companion"
    whole = "".join(f"{{{part}}}" if place % 2 else part for place, part in enumerate(parts))
    folders, _, name = whole.rpartition("/")
    if not name:
        yield "ends with a folder, and names no file in it"
    if ANY in start + folders:
        yield "has a * in the name of a folder, and may only have one in that of the file"
    first, last = name.split(ANY)[0], name.split(ANY)[-1]
    if _has_field(name) and not _has_field(first + ANY + last):
        # Every file would have to be compared with every image.
        yield "has the name of the image between two *, and may have it before or behind one"
    if ".." in {*folders.split("/"), name}:
        yield "has .. behind a name in braces"
    if posixpath.normpath(start) == "." and parts == ("", "filename", ""):
        yield "names the image itself"


def _has_field(text: str) -> bool:
    return "{stem}" in text or "{filename}" in text


def _fits(name: str, pieces: tuple[str, ...]) -> bool:
    """Whether a name consists of the pieces with any text between them."""
    first, *between, last = pieces
    if not name.startswith(first):
        return False
    place = len(first)
    for piece in between:
        place = name.find(piece, place)
        if place < 0:
            return False
        place += len(piece)
    return name.endswith(last) and len(name) - len(last) >= place
