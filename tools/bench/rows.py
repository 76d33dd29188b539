"""What is measured: a line with a value, what it is held against, and the target it has to meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
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

    def is_met_by(self, reached: float) -> bool:
        """Whether a figure is within the limit, which belongs to it."""
        return reached <= self.limit if self.bound == "most" else reached >= self.limit


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
    def reached(self) -> float | None:
        """What the target limits; None where there is no target, or nothing to hold it against."""
        if self.target is None:
            return None
        difference = None if self.other is None else self.ours - self.other
        return {"value": self.ours, "ratio": self.ratio, "difference": difference}[self.target.of]

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        return self.reached is not None and self.target.is_met_by(self.reached)

    def as_json(self) -> dict[str, Any]:
        """For the file of figures, with what follows from the rest."""
        return {**asdict(self), "ratio": self.ratio, "met": self.met}


@dataclass(frozen=True)
class Measured:
    """What one measurement came to."""

    rows: list[Row]
    series: dict[str, Any] = field(default_factory=dict)
    """Figures for the picture, beside those of the lines."""


def row_of(found: Mapping[str, Any]) -> Row:
    """The line that `as_json` was given."""
    given = {each.name: found[each.name] for each in fields(Row)}
    target = given["target"]
    return Row(**{**given, "target": target and Target(**target)})
