"""A table of a million rows: what comes before its first item, and what an item costs then."""

from __future__ import annotations

import csv
import itertools
import statistics
import time
from pathlib import Path

from .. import graphs
from ..client import ComfyClient
from ..graphs import Graph, filled_in, node
from .prompts import Timing, run_all, timings
from .rows import Measured, Row, Target
from .setting import Setting

FEW, COUNT = 1_000, 1_000_000
NAME = "rows.csv"
COLUMNS = ("prompt", "seed", "width")
LATEST = 1_000
"""A batch that begins so many rows before the table's end."""
ROUNDS = 3
"""New batches, of which the first item is timed: each has a server of its own."""
PROMPTS, WAITING = 6_000, 2
"""Of the batch that is looked at: it is listed in parts of 2,000 rows."""
PART = 500
MOST_FIRST_SECONDS = Target(1.0, "difference")
MOST_LISTING_SECONDS = Target(15.0)
MOST_TIMES_FEW = Target(1.1, "ratio")
LONGEST = 20
"""One in so many is not counted."""


def measure(setting: Setting) -> Measured:
    """Run tables of few and of many rows, which do nothing, on a real server."""
    count = setting.of(COUNT, COUNT // 10)
    part, prompts = setting.of(PART, PART // 5), setting.of(PROMPTS, 3 * PART // 5)
    firsts: dict[int, list[float]] = {FEW: [], count: []}
    for number in range(setting.of(ROUNDS, 1)):
        for rows, found in firsts.items():
            setting.say(f"rows: first item of {rows:,}, {number + 1}")
            server = setting.server(f"rows-{rows}-{number}")
            make_table(server.input / NAME, rows)
            with server, server.client() as client:
                run_all(client, [_nothing(client)])  # loads ComfyUI's own code
                found.append(_first(client, _graph(client)))
    setting.say(f"rows: {prompts:,} items of {count:,} rows")
    server = setting.server("rows")
    size = make_table(server.input / NAME, count)
    few = "few.csv"
    make_table(server.input / few, FEW)
    with server, server.client() as client:

        def run(number: int, file: str = NAME, **settings: object) -> list[Timing]:
            graph = _graph(client, file, **settings)
            return run_all(client, [graph] * (number + 1), waiting=WAITING)

        few_before = _apart_ms(run(part, few, loop_name="before"))
        timed = run(prompts)
        few_behind = _apart_ms(run(part, few, loop_name="behind"))
        last = _apart_ms(run(part, start_index=count - LATEST, loop_name="end"))
        setting.say("rows: shuffled, so all are listed first")
        shuffled = _first(client, _graph(client, order="shuffle", loop_name="shuffled"))
    parts = [_apart_ms(timed[at : at + part + 1]) for at in range(0, prompts, part)]
    what = f"a table of {count:,} rows ({size / 1e6:.0f} MB of CSV)"
    until = "from POST /prompt to the end of the first item"
    first_of, first_of_few = (statistics.median(firsts[each]) for each in (count, FEW))
    # What the server has done before makes ComfyUI's own share larger, so both have run as much.
    before = (few_before, f"of {FEW:,} rows", MOST_TIMES_FEW)
    behind = (few_behind, f"of {FEW:,} rows, behind as many prompts", MOST_TIMES_FEW)
    limit = MOST_LISTING_SECONDS if count == COUNT else None
    return Measured(
        [
            Row(f"{what}: {until}", "s", first_of, first_of_few, before[1], MOST_FIRST_SECONDS),
            Row(f"{what}: an item, of the first {part}", "ms", parts[0], *before),
            Row(f"the same behind {prompts - part:,} others", "ms", parts[-1], *behind),
            Row(f"the same, the slowest {part} in a row", "ms", max(parts), *behind),
            Row(f"the same of the last {LATEST:,} rows", "ms", last, *behind),
            Row(f"{what}, shuffled: {until}", "s", shuffled, target=limit),
        ]
    )


def make_table(path: Path, rows: int) -> int:
    """Write a table of so many rows, of some 100 bytes each; returns its size in bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(map(_row, range(rows)))
    return path.stat().st_size


def _row(number: int) -> tuple[str, int, int]:
    text = f"photo {number}, a red fox in the snow; and more words, so that it is as long as most"
    return text, number * 7919 % 10**9, 64 + number % 1000


def _graph(client: ComfyClient, file: str = NAME, **settings: object) -> Graph:
    """Row Iterator, and a value of each row; nothing is saved."""
    graph = {
        graphs.ITERATOR: node("BatchLoopRowIterator", file=file, **settings),
        graphs.WORK: node("BatchLoopRowValue", row=graphs.IMAGE, column=COLUMNS[0]),
        graphs.END: node("BatchLoopLoopEnd", loop=[graphs.ITERATOR, 0], after=[graphs.WORK, 0]),
        graphs.COMPLETE: node("BatchLoopBatchComplete", loop=[graphs.END, 0]),
        graphs.STOP: node("BatchLoopEndQueue", stop=[graphs.COMPLETE, 0]),
    }
    return filled_in(client, graph)


def _nothing(client: ComfyClient) -> Graph:
    return filled_in(client, graphs.work_alone(node("BenchPass", image=[graphs.LOAD, 0])))


def _first(client: ComfyClient, prompt: Graph) -> float:
    """Seconds from a prompt's submission, which validates it, to its end."""
    began = time.time()
    prompt_id = client.submit(prompt)
    client.wait(prompt_id, 600.0)
    (timing,) = timings(client, [prompt_id])
    return timing.ended - began


def _apart_ms(timed: list[Timing]) -> float:
    """From the end of one prompt to that of the next, in ms: the mean of all but the longest.

    ComfyUI's history has whole milliseconds, so a median would have them, too; the longest are
    ComfyUI's own collection of garbage, and the listing of the next part.
    """
    apart = sorted(after.ended - before.ended for before, after in itertools.pairwise(timed))
    return 1000 * statistics.fmean(apart[: -len(apart) // LONGEST])
