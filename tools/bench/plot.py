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
    sizes, ours, plain = (
        [each[key] for each in series] for key in ("images", "ours_ms", "plain_ms")
    )
    place.semilogx(sizes, ours, "o-", color=OURS, label="Batch Loop")
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
    width = 0.4
    for key, shift, color, label in (
        ("own_s", -width / 2, OTHER, "ComfyUI's nodes"),
        ("ours_s", width / 2, OURS, "Batch Loop"),
    ):
        at = [number + shift for number in range(len(series))]
        place.bar(at, [each[key] for each in series], width, color=color, label=label)
    place.set_xticks(list(range(len(series))), labels, fontsize="small")
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
    title = f"Memory of the server since iteration {EARLY}"
    place.set(title=title, xlabel="iterations", ylabel="MB")
    place.legend()
