"""What one iteration costs: by the size of the folder, without a loop, without a file, and saving.

Rounds of a few prompts are run in turn. All prompts of a round are submitted before the first of
them begins.
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
"""Prompts of a round: enough for work that the server puts off, such as events, to fall into it."""
MOST_TIMES_FEWEST = Target(1.1, "ratio")
MOST_MS_OVER_PLAIN = Target(3.0, "difference")
MOST_MS_OF_STATE = Target(1.0, "difference")
PLAIN, IN_MEMORY = "plain", "in memory"

SMALL = "small"
OURS, OWN = "ours", "own"
IN_A_SAVING_ROUND = 9


def measure(setting: Setting) -> Measured:
    """Save nothing, in each folder, without our nodes, and with the state in memory."""
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
    small = f"{what} (64x64, nothing saved)"
    least, *larger, most = sizes
    rows = [Row(small.format(least), "ms", found[least])]
    for size in (*larger, most):
        limit = MOST_TIMES_FEWEST if size == most else None
        fewest = (found[least], f"in a folder of {least}", limit)
        rows.append(Row(small.format(size), "ms", found[size], *fewest))
    against = "Load Image in as long a workflow without Batch Loop"
    plain = (found[PLAIN], against, MOST_MS_OVER_PLAIN)
    rows.append(Row(what.format(most), "ms", found[most], *plain))
    in_a_file = f"one iteration with its state in a file, in a folder of {KEPT:,} images"
    forgetful = (found[IN_MEMORY], "with BATCH_LOOP_STATE=memory", MOST_MS_OF_STATE)
    return [*rows, Row(in_a_file, "ms", found[KEPT], *forgetful)]


def _loop(client: ComfyClient, server: ComfyServer, size: int) -> Iterator[float]:
    """The seconds of rounds over one folder, which is started over before its end.

    No batch ends within a round, so a folder of few images is taken through by several loops.
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
    """The seconds of rounds without our nodes, each prompt with another image name."""
    prompt = filled_in(client, graphs.plain(""))
    numbers = itertools.count(1)
    while True:
        names = [f"img{number}.png" for number in itertools.islice(numbers, IN_A_ROUND)]
        yield round_seconds(client, server, graphs.with_images(prompt, PLAIN, names))


def measure_saving(setting: Setting) -> Measured:
    """Save where many results are already, with our nodes and with ComfyUI's own."""
    rounds, there = setting.of(20, 4), setting.of(20_000, 2_000)
    server = setting.server("saving")
    names = small_images(server.input / SMALL, (rounds + 1) * IN_A_SAVING_ROUND + 1)
    small_images(server.output / OURS, there, "before")
    # Named like the files of Save Image, which looks through all of them for the next number.
    for number, path in enumerate(small_images(server.output / OWN, there, "before"), start=1):
        (server.output / OWN / path).rename(server.output / OWN / f"result_{number:05}_.png")
    with server, server.client() as client:
        ours = [filled_in(client, graphs.loop(SMALL, saving={"folder": OURS}))] * IN_A_SAVING_ROUND
        own = filled_in(client, graphs.own(graphs.SAVE_IMAGE))
        owns = iter(graphs.with_images(own, SMALL, names))
        contenders = {
            OURS: lambda: round_seconds(client, server, ours),
            OWN: lambda: round_seconds(client, server, [*itertools.islice(owns, len(ours))]),
        }
        seconds = setting.by_turns("saving", contenders, rounds)
    what = f"one iteration that saves a PNG of 64x64, with {there:,} results there before"
    found = median_ms(seconds[OURS]), median_ms(seconds[OWN])
    return Measured([Row(what, "ms", *found, "Load Image, Save Image")])
