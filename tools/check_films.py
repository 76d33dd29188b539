"""Holds the frames that the pack reads of films against those of the ffmpeg program.

`python -m tools.check_films` makes films of many kinds with the program `ffmpeg`, decodes each with
it, and compares every frame: in order, backwards, and in a random order. Other films are compared
if their paths are given. Films of more than 8 bits are compared in 16. It prints a table, and fails
if a pixel is more than one step of 255 apart.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .made_films import make_films
from .pack import pack

_MOST_APART = 1
"""Steps of 255."""

_ORDERS = ("apart in order", "backwards", "jumping")

_DAMAGED = "damaged"
"""In the names of films that are damaged behind their middle."""

_JUMPS = 60
"""Frames of a film that are read in a random order."""

_SEED = 20


@dataclass
class Compared:
    """What came out for one film."""

    name: str
    theirs: int = 0
    """Frames of the ffmpeg program."""
    ours: int = 0
    said: int | None = None
    """Frames by the film's facts."""
    damaged: list[int] = field(default_factory=list)
    """Frames that are errors here."""
    apart: dict[str, float] = field(default_factory=dict)
    """The largest difference, in steps of 255, by the order of reading."""
    cut_off: bool = False
    milliseconds: float = 0
    """For a frame, in order."""
    note: str = ""

    @property
    def is_equal(self) -> bool:
        """Whether the frames are the same; what is damaged is not compared."""
        counted = self.theirs == self.ours or self.damaged or "joined_late" in self.name
        return bool(counted) and all(each <= _MOST_APART for each in self.apart.values())


def decoded_by_ffmpeg(path: Path, stream: Any, size: tuple[int, int]) -> npt.NDArray[Any]:
    """All frames of a film: [N,H,W,3], 8 bits or 16; none if the program refuses it."""
    is_deep = any(component.bits > 8 for component in stream.format.components)  # noqa: PLR2004
    command = [
        *("ffmpeg", "-v", "quiet", "-i", str(path), "-map", f"0:{stream.index}", "-fps_mode"),
        *("passthrough", "-f", "rawvideo", "-pix_fmt", "rgb48le" if is_deep else "rgb24", "-"),
    ]
    raw = subprocess.run(command, capture_output=True, check=False).stdout  # noqa: S603
    values = np.frombuffer(raw, np.uint16 if is_deep else np.uint8)
    width, height = size
    return values.reshape(-1, height, width, 3)


def compare(path: Path) -> Compared:
    """Compare one film."""
    result = Compared(path.name)
    errors, opening = pack("core.common.errors"), pack("core.films.opening")
    try:
        said = pack("core.films.facts").facts(str(path))
        opened = pack("core.films.film_frames").FilmFrames(str(path))
    except errors.UnreadableFilm as error:
        result.note = error.reason
        return result
    with closing(opening.open_film(str(path))) as film:
        theirs = decoded_by_ffmpeg(path, film.stream, (said.width, said.height))
    result.said, result.cut_off = said.frames, opened.is_cut_off
    result.theirs, result.ours = len(theirs), opened.count
    with opened:
        began = time.perf_counter()
        for number in range(opened.count):
            try:
                opened.frame(number)
            except errors.UnreadableFrame as error:
                result.damaged.append(number)
                result.note = error.reason
        result.milliseconds = (time.perf_counter() - began) / opened.count * 1000
        # What is behind a damaged frame may be made of it, and each FFmpeg mends in its own way.
        end = opened.count // 2 if _DAMAGED in path.name else opened.count
        sound = [each for each in range(end) if each not in result.damaged]
        some = random.Random(_SEED).choices(sound, k=_JUMPS)  # noqa: S311
        # FFmpeg before 8 showed frames at the start that refer to what is not there.
        more = max(0, len(theirs) - opened.count)
        for order, numbers in zip(_ORDERS, (sound, sound[::-1], some), strict=True):
            apart = (_apart(opened.frame(each), theirs[each + more]) for each in numbers)
            result.apart[order] = max(apart)
    return result


def _apart(ours: Any, theirs: npt.NDArray[Any]) -> float:
    """The largest difference of a frame, in steps of 255."""
    white = np.float32(np.iinfo(theirs.dtype).max)
    return float(np.abs(ours.image[0].numpy() - theirs / white).max() * 255)


def table(results: Iterable[Compared]) -> str:
    """The results in Markdown."""
    names = ("film", "ffmpeg", "here", "by its facts", "damaged", *_ORDERS, "cut off", "ms", "")
    rows = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    for each in results:
        cells = (
            *(each.name, each.theirs, each.ours, each.said, len(each.damaged)),
            *(f"{each.apart.get(order, 0):.2f}" for order in _ORDERS),
            *("yes" if each.cut_off else "no", f"{each.milliseconds:.1f}"),
            each.note if each.is_equal else f"DIFFERS {each.note}",
        )
        rows.append(f"| {' | '.join(str(cell) for cell in cells)} |")
    return "\n".join(rows)


def main() -> int:
    """Compare all, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", nargs="*", type=Path, help="films to compare; else some are made")
    parser.add_argument("--keep", type=Path, help="the folder to make the films in, and to keep")
    chosen = parser.parse_args()
    if not shutil.which("ffmpeg"):
        sys.exit("The program ffmpeg is not there. Install it, and try again.")
    with tempfile.TemporaryDirectory() as folder:
        films = chosen.films or make_films(chosen.keep or Path(folder))
        results = [compare(path) for path in films]
    sys.stdout.write(table(results) + "\n")
    return 0 if all(each.is_equal for each in results) else 1


if __name__ == "__main__":
    sys.exit(main())
