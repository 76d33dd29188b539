"""The figures as a picture, for the documentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt

from .memory import EARLY

OURS, OTHER = "tab:blue", "tab:gray"
INCHES_OF_ONE, HEIGHT = 5.0, 4.0
DPI = 110


def plot(series: Mapping[str, Any], path: Path) -> None:
    """Draw what was measured, one chart for each series; nothing where there is none."""
    charts: dict[str, Callable[[Any, Any], None]] = {
        "iteration": _iteration,
        "large": _large,
        "memory": _memory,
    }
    measured = [name for name in charts if name in series]
    if not measured:
        return
    figure, places = plt.subplots(
        1,
        len(measured),
        figsize=(INCHES_OF_ONE * len(measured), HEIGHT),
        layout="constrained",
        squeeze=False,
    )
    for place, name in zip(places[0], measured, strict=True):
        charts[name](place, series[name])
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DPI)
    plt.close(figure)


def _iteration(place: Any, series: list[dict[str, float]]) -> None:
    sizes = [each["images"] for each in series]
    place.semilogx(
        sizes, [each["ours_ms"] for each in series], "o-", color=OURS, label="Batch Loop"
    )
    plain = [each["plain_ms"] for each in series]
    place.semilogx(sizes, plain, "--", color=OTHER, label="as long, without Batch Loop")
    place.set(title="One iteration", xlabel="images in the folder", ylabel="ms")
    place.set_ylim(bottom=0)
    place.legend()


def _large(place: Any, series: list[dict[str, Any]]) -> None:
    models = list(dict.fromkeys(each["model"] for each in series))
    labels = [
        f"{each['format']},\n{'computes' if models.index(each['model']) else 'waits'}"
        for each in series
    ]
    middle = range(len(series))
    width = 0.4
    own = [each["own_s"] for each in series]
    place.bar([at - width / 2 for at in middle], own, width, color=OTHER, label="ComfyUI's nodes")
    ours = [each["ours_s"] for each in series]
    place.bar([at + width / 2 for at in middle], ours, width, color=OURS, label="Batch Loop")
    place.set_xticks(list(middle), labels, fontsize="small")
    place.set(title="One image of 12 megapixels, 200 ms model", ylabel="s")
    place.legend()


def _memory(place: Any, series: dict[str, list[float]]) -> None:
    for name, color, label in (
        ("own", OTHER, "ComfyUI's nodes"),
        ("ours", OURS, "Batch Loop"),
    ):
        held = series[name]
        more = [each - held[EARLY - 1] for each in held[EARLY - 1 :]]
        place.plot(range(EARLY, len(held) + 1), more, color=color, label=label)
    place.set(
        title=f"Memory of the server since iteration {EARLY}", xlabel="iterations", ylabel="MB"
    )
    place.legend()
