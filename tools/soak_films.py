"""Hundreds of videos, and a film of thousands of frames: does a server's memory stay as it is?

Video Iterator and Save Video (Batch) run on videos with sound. Frame Iterator, with several frames
at a time, and Save Image (Batch) run on one film, and in the end Assemble Video on their results.
Nodes of ComfyUI that do much the same run for comparison. Each workflow has a server of its own.
`python -m tools.soak_films` writes its figures to `docs/figures/soak_films.json`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

from .client import ComfyClient
from .errors import ToolError
from .graphs import COMPLETE, END, ITERATOR, LOAD, SAVE, Graph, filled_in, node
from .made_films import make_film
from .pack import pack
from .process_memory import forget_most, memory_of, most_of
from .server import ComfyServer
from .trial import TEMPORARY, Limited, checked, command, look_until

MOST_GROWTH_MB = 10.0
TENTHS = 10

FPS = 25
MADE = (
    f"-f lavfi -i testsrc2=r={FPS}:s={{size}}:d={{seconds}} -f lavfi -i sine=d={{seconds}} "
    "-c:v libx264 -pix_fmt yuv420p -c:a aac"
)
VIDEOS, VIDEO_SIZE, VIDEO_SECONDS = "videos", "320x180", 2
FILM, WIDTH, HEIGHT, WINDOW = "film.mp4", 256, 144, 8

RESULTS, ASSEMBLE = "results", "assemble"
MOST_SECONDS = 3600.0
"""For a prompt: the last one encodes a long film."""
LOOK_SECONDS = 0.05


@dataclass
class OwnLevels(Limited):
    """The memory of a server, in MB, over prompts that are alike: of ComfyUI's own nodes.

    What it has after the first tenth of them is what it takes: all libraries are loaded by then.
    """

    prompts: int
    rss_mb: list[float] = field(default_factory=list)
    """Before the first prompt, and after each tenth of them."""
    pss_mb: list[float] = field(default_factory=list)
    most_mb: float = 0.0
    """The most (RSS) at any moment after the first tenth."""
    grown_mb: float = 0.0
    """From after the first tenth to the end (RSS)."""


@dataclass
class Levels(OwnLevels):
    """The same of our nodes."""

    lost: int = 0
    """Results that are not there."""
    stray_files: int = 0
    """Unfinished files that were never deleted."""

    def most(self) -> dict[str, float]:
        """Nothing is lost, and the memory stays as it is."""
        return {"lost": 0, "stray_files": 0, "grown_mb": MOST_GROWTH_MB}


@dataclass
class Moment(Limited):
    """The memory of a server, in MB (RSS), before, during and after one prompt."""

    before_mb: float
    most_mb: float
    after_mb: float
    grown_mb: float
    """From before it to the most."""
    frames: int = 0
    """Of the film that it makes of results."""
    lost: int = 0
    """Frames that the film lacks, and one for the sound."""

    def most(self) -> dict[str, float]:
        """Nothing is lost, and it takes hardly more than the prompts before it."""
        return {"lost": 0, "grown_mb": MOST_GROWTH_MB}


Kind = TypeVar("Kind", bound=OwnLevels)


class Run:
    """A workflow that a server runs again and again, on the films of the folder `sources`."""

    def __init__(
        self, base: Path, name: str, graph: Graph, part: Callable[[int], Graph] = lambda _: {}
    ) -> None:
        """`part` has the nodes that are different in the prompt with a number."""
        self.server = ComfyServer(base / name, flags=["--input-directory", str(base / "sources")])
        self._graph, self._part = graph, part

    def measured(self, levels: Kind) -> Kind:
        """Run the prompts of `levels`, and fill these in; the server is running."""
        self._note(levels)
        with tqdm(total=levels.prompts, unit="prompt", disable=None) as bar:
            for tenth in range(TENTHS):
                first, end = (levels.prompts * each // TENTHS for each in (tenth, tenth + 1))
                self._run(first, end)
                bar.update(end - first)
                self._note(levels)
                if tenth == 0:
                    forget_most(self._pid)
        levels.most_mb = most_of(self._pid)
        levels.grown_mb = round(levels.rss_mb[-1] - levels.rss_mb[1], 1)
        return levels

    def moment(self, number: int) -> Moment:
        """Run the prompt with a number on the server, which is running."""
        before = memory_of(self._pid).rss
        forget_most(self._pid)
        self._run(number, number + 1)
        most, after = most_of(self._pid), memory_of(self._pid).rss
        return Moment(before, most, after, round(most - before, 1))

    def stray_files(self) -> int:
        """How many unfinished files there are."""
        return sum(1 for _ in self.server.base.rglob(f"*{TEMPORARY}"))

    def _run(self, first: int, end: int) -> None:
        # A client for a part of the prompts, as it keeps all of their events.
        with self.server.client() as client:
            prompt = filled_in(client, {**self._graph, **self._part(first)})
            for number in range(first, end):
                result = client.run({**prompt, **self._part(number)}, timeout=MOST_SECONDS)
                if result.status != "success":
                    raise ToolError(f"prompt {number} ended with {result.status}: {result.error}")
            if not look_until(lambda: _is_noted(client), LOOK_SECONDS):
                raise ToolError("it was never noted how the last prompts ended")
            # ComfyUI keeps the last 10,000 prompts, which would take ever more memory.
            client.post("/history", {"clear": True})

    def _note(self, levels: OwnLevels) -> None:
        memory = memory_of(self._pid)
        levels.rss_mb.append(memory.rss)
        levels.pss_mb.append(memory.pss)

    @property
    def _pid(self) -> int:
        if self.server.pid is None:
            raise ToolError(f"ComfyUI has ended; see {self.server.log_path}")
        return self.server.pid


def _is_noted(client: ComfyClient) -> bool:
    """Whether it is noted of all prompts how they ended, which the history tells."""
    return not any(loop["finishing"] for loop in client.get_json("/batch_loop/loops")["loops"])


def _facts(path: Path) -> Any:
    return pack("core.films.facts").facts(str(path))


def videos(base: Path, count: int) -> dict[str, Any]:
    """Save videos as they are, with our nodes and with ComfyUI's."""
    names = _make_videos(base / "sources" / VIDEOS, count)
    ours = Run(
        base,
        "videos",
        {
            ITERATOR: node("BatchLoopVideoIterator", directory=VIDEOS),
            SAVE: node(
                "BatchLoopSaveVideo", video=[ITERATOR, 1], loop=[ITERATOR, 0], folder=RESULTS
            ),
        },
    )
    own = Run(
        base,
        "videos-own",
        {SAVE: node("SaveVideo", video=[LOAD, 0], filename_prefix=f"{RESULTS}/video")},
        lambda number: {LOAD: node("LoadVideo", file=f"{VIDEOS}/{names[number]}")},
    )

    def measured() -> Levels:
        with ours.server:
            levels = ours.measured(Levels(count))
        saved = [ours.server.output / RESULTS / name for name in names]
        levels.lost = sum(not path.is_file() or not _facts(path).has_audio for path in saved)
        levels.stray_files = ours.stray_files()
        return levels

    return {
        "Video Iterator, Save Video (Batch)": checked(measured),
        "Load Video, Save Video of ComfyUI": _own(own, count),
    }


def _make_videos(folder: Path, count: int) -> list[str]:
    """Make as many different videos with sound; returns their names."""
    folder.mkdir(parents=True)
    made = MADE.format(size=VIDEO_SIZE, seconds=VIDEO_SECONDS * count)
    cut = f"-g {VIDEO_SECONDS * FPS} -f segment -segment_time {VIDEO_SECONDS} -reset_timestamps 1"
    make_film(folder, "%04d.mp4", f"{made} {cut}")
    names = sorted(path.name for path in folder.iterdir())
    for name in names[count:]:  # the rest of the sound
        (folder / name).unlink()
    return names[:count]


def frames(base: Path, count: int) -> dict[str, Any]:
    """Save the frames of a film, and make a film of them; save as many with ComfyUI's nodes."""
    sources = base / "sources"
    sources.mkdir(exist_ok=True)
    make_film(sources, FILM, MADE.format(size=f"{WIDTH}x{HEIGHT}", seconds=count / FPS))
    ours = Run(base, "frames", _graph_of_frames())
    own = Run(
        base,
        "frames-own",
        {SAVE: node("SaveImage", images=[LOAD, 0], filename_prefix=f"{RESULTS}/frame")},
        lambda number: {LOAD: node("EmptyImage", **_SIZE, batch_size=WINDOW, color=number)},
    )
    turns = math.ceil(count / WINDOW)

    def measured() -> Levels:
        # In the last one the film is made.
        levels = ours.measured(Levels(turns - 1))
        saved = sum(1 for _ in ours.server.output.rglob("*.png"))
        levels.lost = (turns - 1) * WINDOW - saved
        levels.stray_files = ours.stray_files()
        return levels

    def assembled() -> Moment:
        moment = ours.moment(turns - 1)
        (film,) = ours.server.output.rglob("*.mp4")
        made = _facts(film)
        moment.frames = made.frames
        moment.lost = count - made.frames + (not made.has_audio)
        return moment

    with ours.server:
        found = {
            "Frame Iterator, Save Image (Batch)": checked(measured),
            "then Assemble Video": checked(assembled),
        }
    return {**found, "Empty Image, Save Image of ComfyUI": _own(own, turns)}


_SIZE = {"width": WIDTH, "height": HEIGHT}


def _graph_of_frames() -> Graph:
    loop, after_it = {"loop": [ITERATOR, 0]}, {"loop": [END, 0]}
    done = {"complete": [COMPLETE, 0]}
    return {
        ITERATOR: node("BatchLoopFrameIterator", film=FILM, frames=WINDOW),
        SAVE: node("BatchLoopSaveImage", image=[ITERATOR, 1], folder=RESULTS, **loop),
        END: node("BatchLoopLoopEnd", after=[SAVE, 0], **loop),
        COMPLETE: node("BatchLoopBatchComplete", **after_it),
        ASSEMBLE: node("BatchLoopAssembleVideo", folder=RESULTS, **done, **after_it),
    }


def _own(run: Run, prompts: int) -> dict[str, Any]:
    """What there is to compare with: it has no limits."""
    with run.server:
        return checked(lambda: run.measured(OwnLevels(prompts)))


def measure(base: Path, **how: int) -> dict[str, Any]:
    """The figures of all workflows, by their nodes."""
    return {**videos(base, how["videos"]), **frames(base, how["frames"])}


if __name__ == "__main__":
    command("soak_films", measure, videos=300, frames=20_000)
