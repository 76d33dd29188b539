"""What one iteration costs: by the size of the folder, beside no loop at all, and without a file.

Rounds of a few prompts, all submitted before the first of them begins, are run by turns: in each
folder, without our nodes, and on a server that keeps the state of its loops in memory alone. So
whatever else the machine does falls on all of them alike. Nothing is saved: that is `saving.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ..client import ComfyClient, Prompt
from ..defaults import filled_in
from . import graphs
from .folders import small_images
from .prompts import median_ms, run_behind_gate, seconds_after_first
from .rows import Measured, Row, Target
from .setting import Setting

FEWEST, KEPT = 10, 1000
SIZES = (FEWEST, KEPT, 20_000, 100_000)
IN_A_ROUND = 45
"""Prompts of a round: so many that what a server puts off, as the events for its page, falls due
within it."""
MOST_TIMES_FEWEST = 1.1
MOST_MS_OVER_PLAIN = 3.0
MOST_MS_OF_STATE = 1.0
PLAIN, IN_MEMORY = "plain", "in memory"

Contender = Callable[[], float]
"""Runs a round, and returns the seconds of one prompt."""


def measure(setting: Setting) -> Measured:
    """Run the rounds, and take the median of each contender's."""
    sizes = [size for size in SIZES if not setting.is_quick or size != SIZES[-2]]
    kept = setting.server("iteration")
    forgetful = setting.server("iteration-in-memory", {"BATCH_LOOP_STATE": "memory"})
    for size in sizes:
        small_images(kept.input / _folder(size), size)
    small_images(kept.input / PLAIN, KEPT)
    small_images(forgetful.input / _folder(KEPT), KEPT)
    with kept, forgetful, kept.client() as client, forgetful.client() as other:
        contenders: dict[str, Contender] = {
            _folder(size): _Loop(client, kept.base, size) for size in sizes
        }
        contenders[PLAIN] = _Plain(client, kept.base)
        contenders[IN_MEMORY] = _Loop(other, forgetful.base, KEPT)
        found = _run(contenders, setting)
    by_size = {size: found[_folder(size)] for size in sizes}
    return Measured(_rows(by_size, found), {"iteration": _series(by_size, found[PLAIN])})


def _run(contenders: dict[str, Contender], setting: Setting) -> dict[str, float]:
    for run in contenders.values():
        run()  # takes the listing, and is not measured
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    rounds = setting.of(12, 3)
    for number in range(rounds):
        for name, run in contenders.items():
            seconds[name].append(run())
        if number % 3 == 0:
            setting.say(f"iteration: round {number + 1} of {rounds}")
    return {name: median_ms(each) for name, each in seconds.items()}


def _rows(by_size: dict[int, float], found: dict[str, float]) -> list[Row]:
    least, most = min(by_size), max(by_size)
    rows = []
    for size, ms in by_size.items():
        target = Target(MOST_TIMES_FEWEST, "ratio") if size == most else None
        other = None if size == least else by_size[least]
        against = "" if other is None else f"in a folder of {least}"
        what = f"one iteration in a folder of {size:,} images (64x64, nothing saved)"
        rows.append(Row(what, "ms", ms, other, against, target))
    rows += [
        Row(
            f"one iteration in a folder of {most:,} images",
            "ms",
            by_size[most],
            found[PLAIN],
            "Load Image in as long a workflow without Batch Loop",
            Target(MOST_MS_OVER_PLAIN, "difference"),
        ),
        Row(
            f"one iteration with its state in a file, in a folder of {KEPT:,} images",
            "ms",
            by_size[KEPT],
            found[IN_MEMORY],
            "with BATCH_LOOP_STATE=memory",
            Target(MOST_MS_OF_STATE, "difference"),
        ),
    ]
    return rows


def _series(by_size: dict[int, float], plain: float) -> list[dict[str, float]]:
    return [{"images": size, "ours_ms": ms, "plain_ms": plain} for size, ms in by_size.items()]


def _folder(size: int) -> str:
    return f"of-{size}"


class _Loop:
    """Rounds over one folder; goes on with it, and starts over when it would come to its end.

    No batch ends within a round. So a folder of few images is gone through by several loops.
    """

    def __init__(self, client: ComfyClient, scratch: Path, size: int) -> None:
        self._client = client
        self._scratch = scratch
        self._folder = _folder(size)
        self._share = min(IN_A_ROUND, size - 1)
        self._size = self._left = size
        self._names = [str(number) for number in range(-(-IN_A_ROUND // self._share))]
        self._prompts = [
            filled_in(client, graphs.loop(self._folder, loop_name=name)) for name in self._names
        ]

    def __call__(self) -> float:
        if self._left <= self._share:
            for name in self._names:
                again = {"directory": self._folder, "loop_name": name}
                self._client.post_json("/batch_loop/loops/reset", again)
            self._left = self._size
        self._left -= self._share
        return _round(self._client, self._scratch, self._prompts * self._share)


class _Plain:
    """Rounds without our nodes, each prompt with the name of another image."""

    def __init__(self, client: ComfyClient, scratch: Path) -> None:
        self._client = client
        self._scratch = scratch
        self._prompt = filled_in(client, graphs.plain(""))
        self._next = 0

    def __call__(self) -> float:
        prompts = []
        for _ in range(IN_A_ROUND):
            self._next += 1
            image = f"{PLAIN}/img{self._next}.png"
            prompts.append(graphs.with_image(self._prompt, image))
        return _round(self._client, self._scratch, prompts)


def _round(client: ComfyClient, scratch: Path, prompts: Sequence[Prompt]) -> float:
    timings, _ = run_behind_gate(client, scratch, prompts)
    return seconds_after_first(timings)
