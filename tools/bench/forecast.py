"""How right the forecast is: what is told while a batch runs, against what it takes in the end."""

from __future__ import annotations

import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .. import graphs
from ..client import ComfyClient
from ..errors import ToolError
from ..graphs import filled_in
from .models import waiting
from .photographs import photographs
from .prompts import run_all
from .rows import Measured, Row, Target
from .setting import Setting, meanwhile

FOLDER, RESULTS = "photographs", "results"
LOOK_SECONDS = 0.15
MOST_WRONG = Target(15)
"""Percent of what the whole batch takes, from a quarter of its images on."""


@dataclass(frozen=True)
class Case:
    """A batch to be forecast."""

    format: str
    model_seconds: float
    waiting: int = 0
    """Prompts that wait while one runs."""
    seed: int = 0
    """Of the photographs' order; by name for 0."""

    @property
    def words(self) -> str:
        """What it is, for the table."""
        parts = [
            f"to {self.format}",
            f"a model that waits {self.model_seconds:g} s" if self.model_seconds else "no model",
            f"{self.waiting} prompts waiting" if self.waiting else "",
            f"in random order {self.seed}" if self.seed else "",
        ]
        return ", ".join(filter(None, parts))


CASES = (
    Case("PNG", 0.2),
    Case("PNG", 0.2, waiting=3),
    Case("PNG", 0.2, seed=1),
    Case("PNG", 0.2, seed=2, waiting=3),
    Case("JPEG", 0.2),
    Case("WebP", 0.2),
    Case("PNG", 0.0, seed=3),
    Case("PNG", 1.0, seed=4),
)


def measure(setting: Setting) -> Measured:
    """Run each batch on a new server, and compare what was told with how it came out."""
    folder = setting.base / "forecast"
    names = photographs(folder, setting.of(40, 12), smallest=1)
    rows = []
    for number, case in enumerate(CASES, 1):
        setting.say(f"forecast: {number} of {len(CASES)}, {case.words}")
        ours = max(map(abs, _errors(setting, case, [folder / name for name in names])))
        of = f"{len(names)} photographs {case.words}"
        what = f"forecast of {of}: the most that it was wrong by, from a quarter of them on"
        rows.append(Row(what, "%", ours, target=MOST_WRONG))
    return Measured(rows)


def _errors(setting: Setting, case: Case, images: Sequence[Path]) -> list[float]:
    """By how many percent of the whole each forecast was wrong; above 0 if it said too much."""
    told = _told(setting, case, images)
    whole = told[-1]["seconds"]
    due = [each for each in told if len(images) // 4 <= each["done"] < len(images)]
    if not due or any(each["remaining"] is None for each in due):
        raise ToolError(f"the batch {case.words} had no forecast when a quarter of it was done")
    return [100 * (each["seconds"] + each["remaining"] - whole) / whole for each in due]


def _told(setting: Setting, case: Case, images: Sequence[Path]) -> list[Mapping[str, Any]]:
    """What was said of the batch, from its first image on to its end."""
    server = setting.new_server()
    _fill(server.input / FOLDER, images, case.seed)
    work = waiting(case.model_seconds)(image=graphs.IMAGE)
    graph = graphs.two_nodes(FOLDER, work, {"folder": RESULTS, "format": case.format})
    with server, server.client() as client:
        with meanwhile(partial(_loops, client), LOOK_SECONDS) as seen:
            run_all(client, [filled_in(client, graph)] * len(images), waiting=case.waiting)
        seen.append(_loops(client))
    shutil.rmtree(server.base)
    return [loop for loops in seen for loop in loops]


def _loops(client: ComfyClient) -> list[Mapping[str, Any]]:
    known = client.get_json("/batch_loop/loops")["loops"]
    return [client.get_json(f"/batch_loop/loops/{loop['id']}") for loop in known]


def _fill(folder: Path, images: Sequence[Path], seed: int) -> None:
    """Put the images into a new folder, under names that have this order."""
    in_order = list(images)
    if seed:
        random.Random(seed).shuffle(in_order)  # noqa: S311 - no secret
    folder.mkdir(parents=True)
    for number, image in enumerate(in_order, 1):
        (folder / f"{number:02d}{image.suffix}").hardlink_to(image)
