"""What one iteration costs: by the size of the folder, beside no loop at all, and without a file.

Rounds of a few prompts, all submitted before the first of them begins, are run by turns: in each
folder, without our nodes, and on a server that keeps the state of its loops in memory alone.
Nothing is saved: that is `saving.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

from .. import graphs
from ..client import ComfyClient
from ..graphs import filled_in
from .folders import small_images
from .prompts import median_ms, run_held_up, seconds_after_first
from .rows import Measured, Row, Target
from .setting import Setting

FEWEST, KEPT = 10, 1000
SIZES = (FEWEST, KEPT, 20_000, 100_000)
SMALL_SIZES = (FEWEST, KEPT, 100_000)
IN_A_ROUND = 45
"""Prompts of a round: so many that what a server puts off, as the events for its page, falls due
within it."""
MOST_TIMES_FEWEST = 1.1
MOST_MS_OVER_PLAIN = 3.0
MOST_MS_OF_STATE = 1.0
PLAIN, IN_MEMORY = "plain", "in memory"


def measure(setting: Setting) -> Measured:
    """Run the rounds, and take the median of each contender's."""
    sizes = SMALL_SIZES if setting.is_quick else SIZES
    kept = setting.server("iteration")
    forgetful = setting.server("iteration-in-memory", {"BATCH_LOOP_STATE": "memory"})
    for size in sizes:
        small_images(kept.input / str(size), size)
    small_images(kept.input / PLAIN, KEPT)
    small_images(forgetful.input / str(KEPT), KEPT)
    with kept, forgetful, kept.client() as client, forgetful.client() as other:
        contenders: dict[str, Callable[[], float]] = {
            str(size): _loop(client, kept.base, size).__next__ for size in sizes
        }
        contenders[PLAIN] = _plain(client, kept.base).__next__
        contenders[IN_MEMORY] = _loop(other, forgetful.base, KEPT).__next__
        seconds = setting.by_turns("iteration", contenders, setting.of(12, 3))
    found = {name: median_ms(each) for name, each in seconds.items()}
    by_size = {size: found[str(size)] for size in sizes}
    series = [
        {"images": size, "ours_ms": ms, "plain_ms": found[PLAIN]} for size, ms in by_size.items()
    ]
    return Measured(_rows(by_size, found), {"iteration": series})


def _rows(by_size: dict[int, float], found: dict[str, float]) -> list[Row]:
    (least, fewest), *larger = by_size.items()
    most, largest = larger[-1]
    what = "one iteration in a folder of {:,} images"
    rows = [Row(f"{what.format(least)} (64x64, nothing saved)", "ms", fewest)]
    rows += [
        Row(
            f"{what.format(size)} (64x64, nothing saved)",
            "ms",
            ms,
            fewest,
            f"in a folder of {least}",
            Target(MOST_TIMES_FEWEST, "ratio") if size == most else None,
        )
        for size, ms in larger
    ]
    against = "Load Image in as long a workflow without Batch Loop"
    limit = Target(MOST_MS_OVER_PLAIN, "difference")
    rows.append(Row(what.format(most), "ms", largest, found[PLAIN], against, limit))
    kept = f"one iteration with its state in a file, in a folder of {KEPT:,} images"
    limit = Target(MOST_MS_OF_STATE, "difference")
    in_memory = found[IN_MEMORY]
    rows.append(Row(kept, "ms", by_size[KEPT], in_memory, "with BATCH_LOOP_STATE=memory", limit))
    return rows


def _loop(client: ComfyClient, scratch: Path, size: int) -> Iterator[float]:
    """Rounds over one folder, started over when they would come to its end; their seconds.

    No batch ends within a round. So a folder of few images is gone through by several loops.
    """
    share = min(IN_A_ROUND, size - 1)
    names = [str(number) for number in range(-(-IN_A_ROUND // share))]
    prompts = [filled_in(client, graphs.loop(str(size), loop_name=name)) for name in names]
    while True:
        for _ in range((size - 1) // share):
            yield seconds_after_first(run_held_up(client, scratch, prompts * share))
        for name in names:
            again = {"directory": str(size), "loop_name": name}
            client.post_json("/batch_loop/loops/reset", again)


def _plain(client: ComfyClient, scratch: Path) -> Iterator[float]:
    """Rounds without our nodes, each prompt with the name of another image; their seconds."""
    prompt = filled_in(client, graphs.plain(""))
    numbers = itertools.count(1)
    while True:
        images = [f"{PLAIN}/img{number}.png" for number in itertools.islice(numbers, IN_A_ROUND)]
        prompts = [graphs.with_image(prompt, image) for image in images]
        yield seconds_after_first(run_held_up(client, scratch, prompts))
