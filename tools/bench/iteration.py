"""What one iteration costs: by the size of the folder, beside no loop at all, and without a file.

Rounds of a few prompts, all submitted before the first of them begins, are run by turns: in each
folder, without our nodes, and on a server that keeps the state of its loops in memory alone.
Nothing is saved: that is `saving.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from .. import graphs
from ..client import ComfyClient
from ..graphs import filled_in
from ..server import ComfyServer
from .folders import small_images
from .prompts import median_ms, round_seconds
from .rows import Chart, Measured, Row, Target
from .setting import Setting

FEWEST, KEPT = 10, 1000
SIZES = (FEWEST, KEPT, 20_000, 100_000)
SMALL_SIZES = (FEWEST, KEPT, 100_000)
IN_A_ROUND = 45
"""Prompts of a round: so many that what a server puts off, as the events for its page, falls due
within it."""
MOST_TIMES_FEWEST = Target(1.1, "ratio")
MOST_MS_OVER_PLAIN = Target(3.0, "difference")
MOST_MS_OF_STATE = Target(1.0, "difference")
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
        contenders: dict[int | str, Callable[[], float]] = {
            size: _loop(client, kept, size).__next__ for size in sizes
        }
        contenders[PLAIN] = _plain(client, kept).__next__
        contenders[IN_MEMORY] = _loop(other, forgetful, KEPT).__next__
        seconds = setting.by_turns("iteration", contenders, setting.of(12, 3))
    found = {name: median_ms(each) for name, each in seconds.items()}
    ours = [found[size] for size in sizes]
    lines = {"Batch Loop": ours, "as long, without Batch Loop": [found[PLAIN]] * len(sizes)}
    chart = Chart("One iteration", "images in the folder", "ms", [*sizes], lines, "log")
    return Measured(_rows(sizes, found), chart)


def _rows(sizes: tuple[int, ...], found: dict[int | str, float]) -> list[Row]:
    what = "one iteration in a folder of {:,} images"
    least, *larger = sizes
    small = f"{what} (64x64, nothing saved)"
    rows = [Row(small.format(least), "ms", found[least])]
    for size in larger:
        limit = MOST_TIMES_FEWEST if size == larger[-1] else None
        fewest = (found[least], f"in a folder of {least}", limit)
        rows.append(Row(small.format(size), "ms", found[size], *fewest))
    plain = (
        found[PLAIN],
        "Load Image in as long a workflow without Batch Loop",
        MOST_MS_OVER_PLAIN,
    )
    rows.append(Row(what.format(larger[-1]), "ms", found[larger[-1]], *plain))
    in_a_file = f"one iteration with its state in a file, in a folder of {KEPT:,} images"
    forgetful = (found[IN_MEMORY], "with BATCH_LOOP_STATE=memory", MOST_MS_OF_STATE)
    return [*rows, Row(in_a_file, "ms", found[KEPT], *forgetful)]


def _loop(client: ComfyClient, server: ComfyServer, size: int) -> Iterator[float]:
    """Rounds over one folder, started over when they would come to its end; their seconds.

    No batch ends within a round. So a folder of few images is gone through by several loops.
    """
    share = min(IN_A_ROUND, size - 1)
    names = [str(number) for number in range(-(-IN_A_ROUND // share))]
    prompts = [filled_in(client, graphs.loop(str(size), loop_name=name)) for name in names]
    while True:
        for _ in range((size - 1) // share):
            yield round_seconds(client, server, prompts * share)
        for name in names:
            again = {"directory": str(size), "loop_name": name}
            client.post_json("/batch_loop/loops/reset", again)


def _plain(client: ComfyClient, server: ComfyServer) -> Iterator[float]:
    """Rounds without our nodes, each prompt with the name of another image; their seconds."""
    prompt = filled_in(client, graphs.plain(""))
    numbers = itertools.count(1)
    while True:
        images = [f"{PLAIN}/img{number}.png" for number in itertools.islice(numbers, IN_A_ROUND)]
        yield round_seconds(client, server, [graphs.with_image(prompt, each) for each in images])
