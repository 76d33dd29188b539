"""Holds the frames that the pack reads of films against those of the ffmpeg program.

`python -m tools.check_films` makes films of many kinds with the program `ffmpeg`, decodes each with
it, and compares every frame: in order, backwards, in a random order, and as Frame Iterator goes on
after its server was killed: in windows, from a random one on, with a decoder that is new. Other
films are compared if their paths are given. Films of more than 8 bits are compared in 16. It prints
a table, writes `docs/figures/check_films.json` unless paths are given, and fails if a pixel is more
than one step of 255 apart, or if a film is refused of which the program reads a frame.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .made_films import make_films
from .pack import pack
from .programs import run, version_of
from .trial import write_figures

_MOST_APART = 1
"""Steps of 255."""

_ORDERS = ("apart in order", "backwards", "jumping", "after a kill")

_DAMAGED = "damaged"
"""In the names of films that are damaged behind their middle."""

_JUMPS = 60
"""Frames of a film that are read in a random order."""

_SEED = 20

_KILLS, _TURNS = 6, 3
"""How often a film is begun anew, and the windows that are then read."""

_FRAMES, _OVERLAP = 4, 1
"""Of a window."""

_BUDGET = 10**8
"""Bytes, for frames that are decoded ahead."""


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
        """Whether the frames are the same; what is damaged is not compared.

        A film that is refused has to be one of which the program reads nothing, and has a reason.
        """
        if not self.ours:
            return bool(self.note) and not self.theirs
        # Of a film that was cut off, the program may show what there is of a last frame.
        is_whole = self.theirs == self.ours or (self.cut_off and self.theirs == self.ours + 1)
        counted = is_whole or self.damaged or "joined_late" in self.name
        return bool(counted) and all(each <= _MOST_APART for each in self.apart.values())


def decoded_by_ffmpeg(path: Path, stream: Any, size: tuple[int, int]) -> npt.NDArray[Any]:
    """All frames of a film: [N,H,W,3], 8 bits or 16; none if the program refuses it."""
    is_deep = any(component.bits > 8 for component in stream.format.components)  # noqa: PLR2004
    turns = _quarters_of_422(path, stream)
    command = [
        *("ffmpeg", "-v", "quiet", *(("-noautorotate",) if turns else ()), "-i", str(path)),
        *("-map", f"0:{stream.index}", "-fps_mode", "passthrough", "-f", "rawvideo"),
        *("-pix_fmt", "rgb48le" if is_deep else "rgb24", "-"),
    ]
    raw = subprocess.run(command, capture_output=True, check=False).stdout  # noqa: S603
    values = np.frombuffer(raw, np.uint16 if is_deep else np.uint8)
    width, height = size if turns % 2 == 0 else size[::-1]
    return np.rot90(values.reshape(-1, height, width, 3), turns, (1, 2))


def _quarters_of_422(path: Path, stream: Any) -> int:
    """By how many quarters to the left a film is turned whose colours are halved in width alone.

    To turn such a picture, the program converts it to another form first, so it has other colours.
    """
    if "422" not in stream.format.name:
        return 0
    asked = ["-v", "quiet", "-select_streams", "v:0", "-show_entries", "stream_side_data=rotation"]
    said = run(["ffprobe", *asked, "-of", "csv=p=0", path]).stdout.split()
    return int(said[0].strip(",")) // 90 % 4 if said else 0


def compare(path: Path) -> Compared:
    """Compare one film."""
    result = Compared(path.name)
    errors, opening = pack("core.common.errors"), pack("core.films.opening")
    try:
        said = pack("core.films.facts").facts(str(path))
        opened = pack("core.films.film_frames").FilmFrames(str(path))
    except errors.UnreadableFilm as error:
        result.note, result.theirs = error.reason, counted_by_ffmpeg(path)
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
        more = 0 if opened.is_cut_off else max(0, len(theirs) - opened.count)
        *orders, after_a_kill = _ORDERS
        for order, numbers in zip(orders, (sound, sound[::-1], some), strict=True):
            apart = (_apart(opened.frame(each).image[0], theirs[each + more]) for each in numbers)
            result.apart[order] = max(apart)
    result.apart[after_a_kill] = _apart_after_kills(path, theirs[more:], opened.count, set(sound))
    return result


def counted_by_ffmpeg(path: Path) -> int:
    """How many frames the ffmpeg program reads of a film."""
    command = ["ffmpeg", "-v", "quiet", "-i", str(path), "-map", "0:V:0", "-fps_mode"]
    command += ["passthrough", "-f", "framecrc", "-"]
    lines = subprocess.run(command, capture_output=True, check=False).stdout.splitlines()  # noqa: S603
    return sum(not line.startswith(b"#") for line in lines)


def _apart_after_kills(path: Path, theirs: npt.NDArray[Any], count: int, sound: set[int]) -> float:
    """The largest difference of windows that Frame Iterator's source lists and opens anew."""
    found = [0.0]
    for chance in range(_KILLS):
        frames_ahead, listed, ask = _frame_iterator(path)
        began = random.Random(_SEED + chance).randrange(len(listed))  # noqa: S311
        for item in listed[began : began + _TURNS]:
            asked = ask(item)
            first = pack("core.sources.frames").frame_in(item)
            numbers = range(first, min(first + _FRAMES, count))
            if sound.issuperset(numbers):
                shot = frames_ahead.open(asked)
                pairs = zip(shot.images, numbers, strict=True)
                found += [_apart(image, theirs[number]) for image, number in pairs]
            # As while the workflow runs on the one before.
            following = listed.index(item) + 1
            if following < len(listed):
                frames_ahead.begin(ask(listed[following]))
    return max(found)


def _frame_iterator(path: Path) -> tuple[Any, list[str], Callable[[str], Any]]:
    """What a new server knows of a film: an opener, the items, and how to ask for one."""
    ahead = pack("core.background.frames_ahead")
    budget = pack("core.background.budget").MemoryBudget(_BUDGET)
    frames_ahead = ahead.FramesAhead(budget)
    opener = pack("core.turn.openers.of_parts").FrameOpener(frames_ahead)
    real = path.resolve()
    keys, selections = pack("core.model.loop_key"), pack("core.model.selection")
    key = keys.LoopKey("", str(real), source=keys.FRAMES)
    options = (("frames", str(_FRAMES)), ("overlap", str(_OVERLAP)))
    selection = selections.Selection(options=options)
    folder = str(real.parent)
    allowed = pack("core.files.allowed_paths").AllowedFolders(folder, folder, folder)
    source = pack("core.sources.frames").Frames(frames_ahead.count)
    asked = pack("core.turn.openers.opener").Asked
    items = list(source.listed(key, selection, seed=0))
    return opener, items, lambda item: asked(key, item, selection, allowed)


def _apart(ours: Any, theirs: npt.NDArray[Any]) -> float:
    """The largest difference of a frame, in steps of 255; [H,W,3] each."""
    white = np.float32(np.iinfo(theirs.dtype).max)
    return float(np.abs(ours.numpy() - theirs / white).max() * 255)


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


def _figures(results: Iterable[Compared]) -> dict[str, Any]:
    """What there is to keep of a run; how long it took is no part of it."""
    films = {
        each.name: {
            "frames": each.ours,
            **({"refused": each.note} if not each.ours else {}),
            **({"damaged": len(each.damaged)} if each.damaged else {}),
            **({"cut_off": True} if each.cut_off else {}),
            "apart": {order: round(value, 2) for order, value in each.apart.items()},
        }
        for each in results
    }
    return {"program": version_of("ffmpeg", "-version"), "films": films}


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
    if not chosen.films:
        write_figures("check_films", _figures(results))
    return 0 if all(each.is_equal for each in results) else 1


if __name__ == "__main__":
    sys.exit(main())
