"""The name of a film that is made of results, and whose the files are that are there already."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

from ..common.errors import UnwritableImage, quoted
from ..films.opening import open_film
from ..model.if_exists import IfExists
from ..model.shared_roots import NO_ROOTS, Roots

_MARK = "batch_loop"
"""The name, in a film's metadata, of what tells which batch it was made of."""


@dataclass(frozen=True)
class Mark:
    """What a film was made of, as written into it: nothing that tells of paths."""

    by: str
    """The loop and the node."""
    of: str
    """A digest of all that it was made of."""

    @classmethod
    def made_by(
        cls,
        loop: str,
        node: str,
        files: Iterable[str],
        settings: Mapping[str, object],
        roots: Roots = NO_ROOTS,
    ) -> Mark:
        """The mark of a film made of files as they are now; the same on each machine."""
        made_of = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
        for path in files:
            said = roots.shared(path)
            with suppress(OSError):  # if it is gone, reading it says so
                found = os.stat(path)
                said = f"{said}\0{found.st_size}\0{found.st_mtime_ns}"
            made_of.update(said.encode("utf-8", "surrogatepass") + b"\n")
        by = hashlib.sha256(f"{loop}\0{node}".encode()).hexdigest()[:16]
        return cls(by, made_of.hexdigest())

    @classmethod
    def in_film(cls, path: str) -> Mark | None:
        """The mark of the film at a real path; None if it has none, or cannot be read."""
        with suppress(Exception), open_film(path).container as container:
            for name, text in container.metadata.items():
                if name.lower() == _MARK:  # Matroska writes it in capitals
                    said = json.loads(text)
                    return cls(str(said["by"]), str(said["of"]))
        return None

    @property
    def metadata(self) -> dict[str, str]:
        """As a film's metadata has it."""
        return {_MARK: json.dumps({"by": self.by, "of": self.of})}


@dataclass(frozen=True)
class Place:
    """Where a film goes."""

    path: str
    """Real path."""
    if_exists: IfExists
    """OVERWRITE if what is there may be replaced; else nothing may be there."""
    is_there: bool = False
    """Whether it is there already, and nothing is to be done."""


def places(
    stem: str, extension: str, if_exists: IfExists, mark: Mark, sources: Sequence[str]
) -> Iterator[Place]:
    """Where a film may go, the first choice first: the next one counts if that is taken by then.

    A film of the same node and batch counts as its own, and is not made again if it was made of the
    same files with the same settings. None of `sources`, real paths, is replaced. `stem` is the
    real path without an extension.
    """
    for number in count():
        path = f"{stem}_{number}{extension}" if number else stem + extension
        if not os.path.lexists(path):
            yield Place(path, IfExists.SKIP)
            # It is taken meanwhile: maybe by the same film, as another server has seen the end too.
        found = Mark.in_film(path)
        if found == mark or if_exists is IfExists.SKIP:
            yield Place(path, if_exists, is_there=True)
        is_own = found is not None and found.by == mark.by
        if if_exists is IfExists.OVERWRITE or (if_exists is IfExists.OVERWRITE_OWN and is_own):
            if not any(_is_same(path, each) for each in sources):
                yield Place(path, IfExists.OVERWRITE)
            elif if_exists is IfExists.OVERWRITE:
                raise UnwritableImage(
                    f"Saving to {quoted(path)} would overwrite the video that this batch reads, so "
                    "nothing was written. Choose another folder, a prefix or a suffix, or set "
                    "if_exists to rename."
                )


def _is_same(path: str, other: str) -> bool:
    with suppress(OSError):
        return os.path.samefile(path, other)
    return False
