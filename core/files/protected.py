"""What no workflow may touch, whatever is allowed around it: the pack's state, and ComfyUI itself.

An allowed folder may well contain ComfyUI, as `/workspace` does in a container, or a home folder. A
workflow that could write there could extend the allow-list, or change a pack's code.

A place is known by its path and by its identity in the file system (device and inode), so that
another spelling of it gives the same answer where case is ignored.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

CUSTOM_NODES = "custom nodes"
"""Key of the packs' folders in what `Protected.load` is given."""

_FOLDS_CASE = sys.platform in {"win32", "darwin"}
_STATE_FILES = ("allowed_dirs.txt", "state.sqlite3")
"""State files that may be links to files elsewhere."""
_PYTHON = ("stdlib", "platstdlib", "purelib", "platlib", "scripts")
"""Names in `sysconfig` of the folders that Python loads code from."""

_Identity = tuple[int, int]


@dataclass(frozen=True)
class _Places:
    """Folders and files, found by their real path or by their identity in the file system."""

    by_path: Mapping[str, str]
    """Description of each, by its path in the form of `_folded`."""
    by_identity: Mapping[_Identity, str]

    @classmethod
    def of(cls, named: Mapping[str, str]) -> _Places:
        """`named` has the description of each place, by its real path."""
        by_path = {_folded(path): what for path, what in named.items()}
        by_identity = {
            identity: what
            for path, what in named.items()
            if (identity := _identity(path)) is not None
        }
        return cls(by_path, by_identity)

    def at(self, path: str, identity: _Identity | None) -> str | None:
        """The description of the place with this path or identity; None if there is none."""
        found = self.by_path.get(_folded(path))
        if found is None and identity is not None:
            found = self.by_identity.get(identity)
        return found


_NOWHERE = _Places({}, {})


class Verdict(NamedTuple):
    """How the place at a path is protected."""

    is_state: bool = False
    """Whether it is, or lies in, the pack's own state."""
    part: str | None = None
    """The part of ComfyUI it lies in, in words; None if it may be written."""


UNPROTECTED = Verdict()

_KNOWN_FOLDERS = 1_000
"""The most folders whose verdicts are cached; a batch uses a few at a time."""


@dataclass(frozen=True)
class Protected:
    """Protected places, and exceptions within them."""

    state: _Places = _NOWHERE
    """The pack's own: neither readable nor writable."""
    program: _Places = _NOWHERE
    """ComfyUI's own: not writable."""
    free: _Places = _NOWHERE
    """Input, output and temp, which may lie within ComfyUI's own."""
    _folders: dict[tuple[str, _Identity | None], Verdict] = field(
        default_factory=dict, repr=False, compare=False
    )

    @classmethod
    def load(
        cls, *, state_dir: str, comfyui: Mapping[str, Collection[str]], free: Collection[str]
    ) -> Protected:
        """Look up where everything is.

        `state_dir` is the folder of the pack's state, `comfyui` has ComfyUI's own folders by their
        descriptions (`CUSTOM_NODES` for those of packs), and `free` has those that may be written.
        """
        state = (state_dir, *(os.path.join(state_dir, name) for name in _STATE_FILES))
        program = dict.fromkeys(map(os.path.realpath, _python()), "Python's own files")
        for what, folders in comfyui.items():
            program.update(dict.fromkeys(map(os.path.realpath, folders), f"ComfyUI's {what}"))
        for folder in comfyui.get(CUSTOM_NODES, ()):
            program.update(dict.fromkeys(_linked(folder), f"ComfyUI's {CUSTOM_NODES}"))
        return cls(
            state=_Places.of({os.path.realpath(path): "" for path in state}),
            program=_Places.of(program),
            free=_Places.of(dict.fromkeys(map(os.path.realpath, free), "")),
        )

    def verdict(self, path: str) -> Verdict:
        """How a full path is protected.

        This takes two system calls: its folder's verdict is cached for as long as that is the same
        folder, by its identity.
        """
        above = os.path.dirname(path)
        within = UNPROTECTED if above == path else self._of_folder(above)
        return self._joined(path, _identity(path), within)

    def _of_folder(self, folder: str) -> Verdict:
        identity = _identity(folder)
        key = (folder, identity)
        known = self._folders.get(key)
        if known is None:
            above = os.path.dirname(folder)
            within = UNPROTECTED if above == folder else self._of_folder(above)
            known = self._joined(folder, identity, within)
            if len(self._folders) >= _KNOWN_FOLDERS:
                self._folders.clear()
            self._folders[key] = known
        return known

    def _joined(self, path: str, identity: _Identity | None, within: Verdict) -> Verdict:
        """The verdict on a path whose folder has the verdict `within`."""
        is_state = within.is_state or self.state.at(path, identity) is not None
        if self.free.at(path, identity) is not None:
            return Verdict(is_state)
        return Verdict(is_state, self.program.at(path, identity) or within.part)

    def is_held_by(self, folder: str) -> bool:
        """Whether any of the places is, or lies in, the folder at a real path."""
        wanted = _Places.of({folder: ""})
        held = {*self.state.by_path, *self.program.by_path}
        return any(
            wanted.at(step, _identity(step)) is not None for path in held for step in _upwards(path)
        )


NOTHING_PROTECTED = Protected()


def _upwards(path: str) -> Iterator[str]:
    """A path, its folder, and so on up to the root."""
    while True:
        yield path
        above = os.path.dirname(path)
        if above == path:
            return
        path = above


def _python() -> Iterator[str]:
    paths = sysconfig.get_paths()
    yield from (paths[name] for name in _PYTHON)
    yield site.getusersitepackages()


def _linked(folder: str) -> Iterator[str]:
    """Real paths of the packs that are links in a folder of packs."""
    try:
        with os.scandir(folder) as entries:
            # A Windows junction does not show as a link.
            links = [entry.path for entry in entries if entry.is_symlink() or os.name == "nt"]
    except OSError:
        return
    yield from map(os.path.realpath, links)


def _identity(path: str) -> _Identity | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    # Some file systems on Windows have no inode numbers.
    return (found.st_dev, found.st_ino) if found.st_ino else None


def _folded(path: str) -> str:
    path = os.path.normcase(path)
    return path.casefold() if _FOLDS_CASE else path
