"""What is measured: a line with a value, what it is held against, and the target it has to meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Of = Literal["value", "ratio", "difference"]
Bound = Literal["most", "least"]


@dataclass(frozen=True)
class Target:
    """What a line has to come to: at the most, or at the least."""

    limit: float
    of: Of = "value"
    """The value itself, the value divided by the other one, or the value less the other one."""
    bound: Bound = "most"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    unit: str
    ours: float
    """What was measured of Batch Loop."""
    other: float | None = None
    """The same of what it is held against."""
    against: str = ""
    """What that is."""
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the other value this one is; None without one."""
        return self.ours / self.other if self.other else None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        difference = None if self.other is None else self.ours - self.other
        every = {"value": self.ours, "ratio": self.ratio, "difference": difference}
        reached, limit = every[self.target.of], self.target.limit
        if reached is None:  # there is nothing to hold it against
            return False
        return reached <= limit if self.target.bound == "most" else reached >= limit


@dataclass(frozen=True)
class Chart:
    """A part of the picture."""

    title: str
    x_label: str
    y_label: str
    x: list[Any]
    """Numbers for lines, or texts for bars."""
    y: dict[str, list[float]]
    """By name: Batch Loop's figures, and then the others'."""
    x_scale: str = "linear"


@dataclass(frozen=True)
class Measured:
    """What one measurement came to."""

    rows: list[Row]
    chart: Chart | None = None
    codecs: list[dict[str, Any]] | None = None
    """The lines of a table of their own."""


def row_of(found: Mapping[str, Any]) -> Row:
    """The line that became a dictionary."""
    target = found["target"]
    return Row(**{**found, "target": target and Target(**target)})
