"""The figures as a picture, for the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt

from .rows import Chart

COLORS = ("tab:blue", "tab:gray")
INCHES_OF_ONE, HEIGHT = 5.0, 4.0
DPI = 110


def plot(charts: Sequence[Chart], path: Path) -> None:
    """Draw the charts side by side, if there are any."""
    if not charts:
        return
    size = (INCHES_OF_ONE * len(charts), HEIGHT)
    figure, places = plt.subplots(1, len(charts), figsize=size, layout="constrained", squeeze=False)
    for place, chart in zip(places[0], charts, strict=True):
        _draw(place, chart)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DPI)
    plt.close(figure)


def _draw(place: Any, chart: Chart) -> None:
    for color, (label, y) in zip(COLORS, chart.y.items(), strict=True):
        place.plot(chart.x, y, color=color, label=label)
    place.set(title=chart.title, xlabel=chart.x_label, ylabel=chart.y_label, xscale=chart.x_scale)
    if min(map(min, chart.y.values())) >= 0:
        place.set_ylim(bottom=0)
    place.legend()
