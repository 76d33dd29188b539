"""Kills a real server in the middle of a long film, and looks at the film that comes out.

Frame Iterator, with several frames at a time, and Save Image (Batch) run on a film, and in the end
Assemble Video on their results. A seed decides the moments of the kills, the last of which comes
while the film is assembled. Each time the server is started again on the same folders.
`python -m tools.crash_film` writes its figures to `docs/figures/crash_film.json`.
"""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from . import trial
from .client import ComfyClient
from .errors import ToolError
from .flashing_film import FPS, flashes_in, make, numbers_in, shown_in
from .graphs import COMPLETE, END, ITERATOR, SAVE, Graph, filled_in, node
from .layout import HELPERS
from .results import RunResult
from .server import ComfyServer
from .trial import TEMPORARY, again, checked, command, look_until, says_stop, wait

FILM, WINDOW = "film.mp4", 16
FRAMES, MADE, RECORD, ASSEMBLE = "frames", "made", "record", "assemble"
AHEAD = 6
"""Prompts in the queue."""
MOST_WAIT = 0.2
"""Seconds, from the window that a kill waits for to the kill: in all of the work on the next."""
MOST_ASSEMBLING = 3.0
"""The same, from the start of the film that is made."""
LOOK_SECONDS = 0.02
MOST_SECONDS = 1800.0
"""For a prompt: the last one encodes a long film."""
STATUS = 6
"""Frame Iterator's output that says which window it is."""


@dataclass
class Figures(trial.Figures):
    """What came out; `images` are the frames of the film."""

    windows: int = 0
    redone: int = 0
    """Windows that were done again."""
    twice: int = 0
    """Frames that the film made of the results has more than once."""
    out_of_place: int = 0
    """Frames of that film that are not shown when they are in the source."""
    beeps: int = 0
    missing_beeps: int = 0
    """Flashes and beeps that the film made has not, or has too many."""
    out_of_step: float = 0.0
    """How many frames a beep is before or behind its flash, at most, in the film made."""
    source_out_of_step: float = 0.0
    """The same in the source: sound is encoded in parts."""

    def most(self) -> dict[str, float]:
        """Every frame once and in its place, a window done again a kill, the sound in step."""
        none = dict.fromkeys(("twice", "out_of_place", "missing_beeps"), 0)
        return super().most() | none | {"redone": sum(self.events.values()), "out_of_step": 1.0}


class Batch:
    """A film on a server that is killed."""

    def __init__(self, base: Path, frames: int, chance: random.Random, figures: Figures) -> None:
        self.server = ComfyServer(base, custom_nodes=[HELPERS])
        self.chance, self.figures = chance, figures
        self.record = base / RECORD
        self.server.input.mkdir(parents=True)
        self.source = make(self.server.input / FILM, frames)
        self.windows = math.ceil(frames / WINDOW)
        figures.images, figures.windows = frames, self.windows

    def run(self, kills: int) -> None:
        """Kill the server so many times, then let the batch finish, and look at the results."""
        moments = sorted(self.chance.sample(range(1, self.windows - 1), kills - 1))
        for moment in moments:
            with self.server, self.server.client() as client:
                self._run_until(client, moment)
                wait(self.chance.uniform(0, MOST_WAIT))
                self._kill("in the middle")
        with self.server, self.server.client() as client:
            self._run_until(client, self.windows - 1)
            if not look_until(self._is_assembled, LOOK_SECONDS):
                raise ToolError("the film was never begun")
            wait(self.chance.uniform(0, MOST_ASSEMBLING))
            self._kill("while assembling")
        with self.server, self.server.client() as client:
            self._finish(client)
        self._count()

    @property
    def recorded(self) -> list[str]:
        """The windows whose results were saved."""
        return self.record.read_text(encoding="utf-8").splitlines() if self.record.exists() else []

    def _prompt(self, client: ComfyClient) -> Graph:
        after_it, loop = {"loop": [END, 0]}, {"loop": [ITERATOR, 0]}
        done = {"complete": [COMPLETE, 0]}
        # The picture is the same for all items: the record makes nothing run by itself.
        record = {"image": ["same", 0], "after": [SAVE, 0], "path": str(self.record)}
        graph = {
            ITERATOR: node("BatchLoopFrameIterator", film=FILM, frames=WINDOW),
            SAVE: node("BatchLoopSaveImage", image=[ITERATOR, 1], folder=FRAMES, **loop),
            END: node("BatchLoopLoopEnd", after=[SAVE, 0], **loop),
            COMPLETE: node("BatchLoopBatchComplete", **after_it),
            ASSEMBLE: node("BatchLoopAssembleVideo", folder=MADE, **done, **after_it),
            "same": node("EmptyImage", width=8, height=8),
            RECORD: node("TestRecord", text=[ITERATOR, STATUS], **record),
        }
        return filled_in(client, graph)

    def _run_until(self, client: ComfyClient, windows: int) -> None:
        """Run prompts until so many windows are saved; others wait behind them."""
        prompt = self._prompt(client)
        waiting = deque(client.submit(prompt) for _ in range(AHEAD))
        while len(set(self.recorded)) < windows:
            _check(client.wait(waiting.popleft(), MOST_SECONDS))
            waiting.append(client.submit(prompt))

    def _is_assembled(self) -> bool:
        """Whether the film is being written."""
        return any((self.server.output / MADE).glob(f"*{TEMPORARY}*"))

    def _kill(self, when: str) -> None:
        self.server.kill()
        self.figures.note(when)

    def _finish(self, client: ComfyClient) -> None:
        prompt = self._prompt(client)
        for _ in range(self.windows):
            result = client.run(prompt, timeout=MOST_SECONDS)
            _check(result)
            if says_stop(result):
                break
        if not look_until(lambda: self._is_complete(client), LOOK_SECONDS):
            raise ToolError("the batch is not done")

    def _is_complete(self, client: ComfyClient) -> bool:
        (loop,) = client.get_json("/batch_loop/loops")["loops"]
        return bool(loop["complete"]) and loop["done"] == self.windows and not loop["finishing"]

    def _count(self) -> None:
        """Look at all results, once nothing runs any more."""
        figures, source = self.figures, shown_in(self.source)
        count = len(source.numbers)
        wanted = {_name(number, count): number for number in source.numbers}
        saved = {path.name: path for path in (self.server.output / FRAMES).iterdir()}
        found = {name: saved[name] for name in wanted if name in saved}
        told = numbers_in(found.values())
        figures.lost = count - len(found)
        figures.half_files = len(saved.keys() - found.keys()) + sum(
            number != wanted[name] for name, number in zip(found, told, strict=True)
        )
        figures.stray_files = sum(1 for _ in self.server.base.rglob(f"*{TEMPORARY}*"))
        figures.redone = again(self.recorded)
        (film,) = (self.server.output / MADE).iterdir()
        made = shown_in(film)
        figures.lost += len(set(source.numbers) - set(made.numbers))
        figures.twice = again(made.numbers)
        at = dict(zip(source.numbers, source.times, strict=True))
        shown = zip(made.numbers, made.times, strict=True)
        figures.out_of_place = sum(at.get(number) != time for number, time in shown)
        figures.beeps, flashes = len(made.beeps), len(flashes_in(count))
        figures.missing_beeps = abs(len(made.beeps) - flashes) + abs(len(made.flashes) - flashes)
        figures.out_of_step, figures.source_out_of_step = made.out_of_step, source.out_of_step


def _name(number: int, frames: int) -> str:
    """The name of a frame's result, of a film of so many."""
    first = number - number % WINDOW
    digits = len(str(min(WINDOW, frames - first)))
    return f"{Path(FILM).stem}_{first:06}_{number - first + 1:0{digits}}.png"


def _check(result: RunResult) -> None:
    if result.status != "success":
        raise ToolError(f"a prompt ended with {result.status}: {result.error}")


def run(base: Path, minutes: int, kills: int, seed: int) -> Figures:
    """Kill a server so many times, over a film of so many minutes."""
    figures = Figures(seed=seed)
    chance = random.Random(seed)  # noqa: S311 for chance that can be repeated
    Batch(base, minutes * 60 * FPS, chance, figures).run(kills)
    return figures


if __name__ == "__main__":
    command(
        "crash_film",
        lambda base, **how: checked(partial(run, base, **how)),
        minutes=10,
        kills=5,
        seed=1,
    )
