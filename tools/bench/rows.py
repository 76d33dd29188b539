"""What is measured: lines with a value, what it is compared with, and its target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Target:
    """The limit for a line."""

    limit: float
    of: Literal["value", "ratio", "difference"] = "value"
    """The value itself, or its ratio to or difference from the other one."""
    bound: Literal["most", "least"] = "most"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    unit: str
    ours: float
    """Batch Loop's value."""
    other: float | None = None
    """What it is compared with."""
    against: str = ""
    """What `other` is the value of."""
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """Batch Loop's value divided by the other one, if any."""
        return self.ours / self.other if self.other else None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        difference = None if self.other is None else self.ours - self.other
        every = {"value": self.ours, "ratio": self.ratio, "difference": difference}
        reached, limit = every[self.target.of], self.target.limit
        if reached is None:  # there is nothing to compare it with
            return False
        return reached <= limit if self.target.bound == "most" else reached >= limit


@dataclass(frozen=True)
class Chart:
    """A part of the picture."""

    title: str
    x_label: str
    y_label: str
    x: list[float]
    y: dict[str, list[float]]
    """By name: Batch Loop's figures, then the other ones."""
    x_scale: str = "linear"


@dataclass(frozen=True)
class Measured:
    """The result of one measurement."""

    rows: list[Row]
    chart: Chart | None = None
    codecs: list[dict[str, Any]] | None = None
    """The lines of the codecs' own table."""
    photographs: list[dict[str, Any]] | None = None
    """The lines of the table of batches of photographs."""


def row_of(found: Mapping[str, Any]) -> Row:
    """The line that `asdict` has turned into this dictionary."""
    target = found["target"]
    return Row(**{**found, "target": target and Target(**target)})
