"""Whether two spellings of a path mean the same file.

Some file systems ignore case (those of Windows and macOS, exFAT, SMB), and macOS also ignores which
of two ways an é is written in. This depends on the folder, not on the operating system, so the
folder is examined.
"""

from __future__ import annotations

import contextlib
import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..model.shared_roots import NO_ROOTS, Roots
from .leftovers import temporary_name
from .real_paths import opened_folder, scanned
from .same_folder import way_from

_Place = tuple[int, int]
"""A folder, by device and inode."""

_known: dict[_Place, bool] = {}
_identities: dict[str, tuple[_Place, str]] = {}


def identity(path: str, roots: Roots = NO_ROOTS, home: str = "") -> str:
    """The identity of the file at a real path, the same for each of its spellings.

    It is itself a path, though perhaps not in the file system's spelling; the folders of `roots`,
    which machines share, keep theirs. The file need not exist. If it is in the folder `home`, the
    path leads through that, see `way_from`.
    """
    if home:
        folder, name = os.path.split(path)
        path = os.path.join(way_from(home, folder), name)
    return _within_root(path, _identity(path), roots)


@dataclass(frozen=True)
class Spelled:
    """How the files of one folder are told apart."""

    folder: str
    """The folder's identity; a file's `identity` is this and its own name."""
    is_folded: bool

    def name(self, name: str) -> str:
        """The identity of a name within the folder."""
        name = os.path.normcase(name)
        return folded(name) if self.is_folded else name

    def names(self, names: Sequence[str]) -> Sequence[str]:
        """The identities of several names."""
        if self.is_folded or os.name == "nt":
            return [self.name(name) for name in names]
        return names


class Identities:
    """Like `identity`, for many paths at once: each folder is examined once."""

    def __init__(self, roots: Roots = NO_ROOTS, home: str = "") -> None:
        self._roots = roots
        self._home = home
        self._folders: dict[str, Spelled] = {}

    def __call__(self, path: str) -> str:
        """The identity of a path."""
        folder, name = os.path.split(path)
        spelled = self.of_folder(folder, name)
        return os.path.join(spelled.folder, spelled.name(name))

    def of_folder(self, folder: str, name: str) -> Spelled:
        """How the files in a folder are told apart; `name` may be one of them."""
        if folder not in self._folders:
            way = way_from(self._home, folder) if self._home else folder
            whole = os.path.normcase(way)
            is_folded = folds(whole, os.path.normcase(name))
            path = os.path.join(way, name)
            found = os.path.join(_identity(whole), os.path.normcase(name))
            within = os.path.dirname(_within_root(path, found, self._roots))
            self._folders[folder] = Spelled(within, is_folded)
        return self._folders[folder]


def _identity(path: str) -> str:
    folder, name = os.path.split(os.path.normcase(path))
    if not name:
        return path
    place = _place(folder)
    known = _identities.get(folder)
    if place is None or known is None or known[0] != place:
        whole = _identity(folder)
        if place is not None:
            _identities[folder] = place, whole
    else:
        whole = known[1]
    own = folded(name)
    # If the name is the same either way, the folder is not examined: it may not be an allowed one.
    return os.path.join(whole, own if own == name or _folds(folder, name, place) else name)


def _within_root(path: str, found: str, roots: Roots) -> str:
    """The identity `found` of a path, with its shared folder in its own spelling."""
    shared = roots.shared(path)
    if path in {shared, found}:
        return found
    depth = shared.count("/")
    own, others = path.split(os.sep), found.split(os.sep)
    return os.sep.join(own[: len(own) - depth] + others[len(others) - depth :])


def folded(name: str) -> str:
    """The same text for all spellings that some file system treats as one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def folds(folder: str, name: str = "") -> bool:
    """Whether the folder at a real path treats `A` and `a` as the same name.

    One that does not exist yet is treated like the folder that it will be in. `name` may be in it,
    and is tried first. If nothing tells, it is true: an unneeded number in a name does no harm.
    """
    return _folds(folder, name, _place(folder))


def _folds(folder: str, name: str, place: _Place | None) -> bool:
    if place is None:
        above, own = os.path.split(folder)
        return folds(above, own) if own else True
    if place not in _known:
        found = _examine(folder, name)
        if found is None:
            return True
        _known[place] = found
    return _known[place]


def _examine(folder: str, name: str) -> bool | None:
    """Try it on a file in the folder, or on one that is created and deleted for this."""
    for each in _names(folder, name):
        other = each.swapcase()
        # Some letters have no other case, or several.
        if other != each and folded(other) == folded(each):
            if not os.path.lexists(os.path.join(folder, other)):
                if os.path.lexists(os.path.join(folder, each)):
                    return False
                continue  # It is gone: an unfinished file that now has its final name.
            # Both names exist: of one file, unless both are listed.
            return other not in set(_entries(folder))
    return _try_new_file(folder)


def _names(folder: str, first: str) -> Iterator[str]:
    if first and os.path.lexists(os.path.join(folder, first)):
        yield first
    yield from _entries(folder)


def _entries(folder: str) -> Iterator[str]:
    with contextlib.suppress(OSError), scanned(folder) as entries:
        for entry in entries:
            yield entry.name


def _try_new_file(folder: str) -> bool | None:
    name = temporary_name()
    try:
        with opened_folder(folder) as where:
            own, other = (
                (each if where is not None else os.path.join(folder, each))
                for each in (name, name.swapcase())
            )
            os.close(os.open(own, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600, dir_fd=where))
            try:
                os.stat(other, dir_fd=where, follow_symlinks=False)
            except FileNotFoundError:
                return False
            finally:
                os.unlink(own, dir_fd=where)
            return True
    except OSError:
        return None


def _place(folder: str) -> _Place | None:
    try:
        found = os.stat(folder)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino
