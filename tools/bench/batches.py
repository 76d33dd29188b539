"""Batches of photographs in each set-up: into each format, with each model, with each setting.

Each run has a server that has just started, so it includes what only a first run costs. ComfyUI's
own nodes, which take far longer, have one turn between those of ours.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...core.model.formats import can_write_avif
from .batch_rows import (
    BARE_COMPUTING,
    BARE_JPEG,
    BARE_PNG,
    BARE_WEBP,
    MAIN,
    OWN,
    TO_JPEG,
    TO_WEBP,
    TRIED_FAST,
    TRIED_SMALL,
    WITH_COMPUTING,
    WITH_LONG,
    rows,
)
from .batch_run import COLD, Batch, Run
from .models import Work, calibrated, computing, waiting
from .photographs import megapixels, photographs
from .rows import Chart, Measured, Row, Target
from .set_up import (
    AVIF,
    BARE,
    COMFYUI,
    COMPUTES,
    FAST,
    JPEG,
    LONG,
    LOSSLESS,
    OURS,
    PART,
    PNG,
    SMALL,
    WAITS,
    WEBP,
    Found,
    SetUp,
)
from .setting import Setting

COUNT, QUICK_COUNT = 24, 4
ROUNDS = 3
LONG_SECONDS = 2.0
QUALITY = 95

IN_TURN = (MAIN, BARE_PNG, TO_JPEG, BARE_JPEG)
"""Run in each round."""
ONCE = (
    TO_WEBP,
    BARE_WEBP,
    TRIED_FAST,
    TRIED_SMALL,
    WITH_COMPUTING,
    BARE_COMPUTING,
    SetUp(OURS, JPEG, COMPUTES),
    WITH_LONG,
    SetUp(OURS, LOSSLESS, step=PART),
    SetUp(OURS, AVIF, step=PART),
)
SAVING: Mapping[str, Mapping[str, Any]] = {
    PNG: {"format": PNG},
    JPEG: {"format": JPEG},
    WEBP: {"format": WEBP, "quality": QUALITY},
    LOSSLESS: {"format": WEBP, "quality": 100},
    AVIF: {"format": AVIF},
}


def measure(setting: Setting) -> Measured:
    """Run the same photographs in every set-up."""
    folder = setting.base / "photographs"
    names = photographs(folder, setting.of(COUNT, QUICK_COUNT))
    runs = _Runs(setting, folder, names, _models(setting)).every()
    found = {each: _found(each, its, runs[OWN]) for each, its in runs.items()}
    sizes = [megapixels(folder / name) for name in names]
    what = f"{len(names)} photographs of {min(sizes):.0f} to {max(sizes):.0f} megapixels"
    of_each = {OURS: MAIN, COMFYUI: OWN}
    lines = {name: _each_image(runs[set_up]) for name, set_up in of_each.items()}
    numbers = [float(number) for number in range(1, len(names) + 1)]
    chart = Chart("Each photograph of a batch, 200 ms model", "photograph", "s", numbers, lines)
    table = [asdict(each) for each in found.values()]
    return Measured(
        [*rows(what, found), *_size_rows(runs), _memory_row(what, runs)], chart, photographs=table
    )


def _models(setting: Setting) -> Mapping[str, Work]:
    with setting.new_server() as server, server.client() as client:
        products, alone = calibrated(client)
    setting.say(f"photographs: {products} products of matrices take {alone:.3f} s")
    return {WAITS: waiting(), COMPUTES: computing(products), LONG: waiting(LONG_SECONDS)}


@dataclass(frozen=True)
class _Runs:
    """Runs set-ups over the same photographs."""

    setting: Setting
    folder: Path
    names: Sequence[str]
    models: Mapping[str, Work]

    def every(self) -> dict[SetUp, list[Run]]:
        """The runs of each set-up."""
        runs = {set_up: [self.run(set_up)] for set_up in (MAIN, OWN, *IN_TURN[1:])}
        for _ in range(1, self.setting.of(ROUNDS, 1)):
            for set_up in IN_TURN:
                runs[set_up].append(self.run(set_up))
        for set_up in ONCE:
            if set_up.format != AVIF or can_write_avif():
                runs[set_up] = [self.run(set_up)]
        return runs

    def run(self, set_up: SetUp) -> Run:
        """One run of a set-up over its photographs."""
        names = self.names[:: set_up.step]
        self.setting.say(f"photographs: {len(names)} {set_up}")
        batch = Batch(self.setting, self.folder, names, self.models[set_up.model])
        if set_up.nodes == COMFYUI:
            return batch.comfyui()
        if set_up.nodes == BARE:
            return batch.bare(**{"quality": QUALITY, **SAVING[set_up.format]})
        return batch.ours(**SAVING[set_up.format], compression=set_up.compression)


def _found(set_up: SetUp, runs: Sequence[Run], own: Sequence[Run]) -> Found:
    def median(of: Callable[[Run], float]) -> float:
        return statistics.median(map(of, runs))

    is_lossless = set_up.format in {PNG, LOSSLESS}
    return Found(
        set_up.nodes,
        set_up.format,
        set_up.model,
        "" if set_up.nodes == COMFYUI else set_up.compression,
        len(runs[0].images),
        set_up.step > 1,
        median(lambda run: run.median),
        median(lambda run: run.whole),
        _each_image(runs)[:COLD],
        median(lambda run: run.middle),
        median(lambda run: run.cpu),
        runs[0].megabytes,
        _size(runs) / _size(own, set_up.step) if is_lossless else None,
        median(lambda run: run.first_seconds),
        median(lambda run: run.peak_mb),
    )


def _each_image(runs: Iterable[Run]) -> list[float]:
    """Seconds of each image, the median over the runs."""
    return [*map(statistics.median, zip(*(run.images for run in runs), strict=True))]


def _size(runs: Sequence[Run], step: int = 1) -> float:
    """Megabytes of all results, or of every such."""
    return sum(runs[0].sizes[::step]) / 1e6


def _memory_row(what: str, runs: Mapping[SetUp, Sequence[Run]]) -> Row:
    """What the images take, whatever else a process holds."""

    def most(set_up: SetUp) -> float:
        return statistics.median(run.peak_mb - run.idle_mb for run in runs[set_up])

    named = f"{what} {MAIN}: most memory of the server, but what it held before"
    return Row(named, "MB", most(MAIN), most(BARE_PNG), BARE)


def _size_rows(runs: Mapping[SetUp, Sequence[Run]]) -> Iterator[Row]:
    """Whether a long model leaves the time for files as small as can be."""
    ours, small = _size(runs[WITH_LONG]), _size(runs[TRIED_SMALL], WITH_LONG.step)
    what = f"{len(runs[WITH_LONG][0].sizes)} of these photographs {WITH_LONG}: size of all results"
    yield Row(what, "MB", ours, small, f"compression *{SMALL}*", Target(1.01, "ratio"))
    sizes, fast = (runs[each][0].sizes[:: WITH_LONG.step] for each in (TRIED_SMALL, TRIED_FAST))
    least = (fast[0] + sum(sizes[1:-1]) + fast[-1]) / 1e6
    which = f"*{SMALL}*, the first and the last *{FAST}*, as nothing hides them"
    yield Row("the same: size of all results", "MB", ours, least, which)
