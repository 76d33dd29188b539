"""An input of an iterator, and the values that it accepts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from ...common.combo_choice import chosen
from ...common.errors import InvalidSetting

LARGEST_NUMBER = 2**31 - 1
"""Largest value of the number widgets."""


@dataclass(frozen=True)
class Setting:
    """An input of the node, of the type of its default."""

    name: str
    default: str | bool | int | Enum
    tooltip: str
    least: int = 0
    most: int = LARGEST_NUMBER
    """Limits of a number, inclusive."""
    longest: int | None = None
    """Most characters of a text."""
    lines: bool = False
    """Whether a text has several lines."""
    shown_with: tuple[str, Enum] | None = None
    """The setting, and its value, with which this one has a meaning: the page hides it else."""
    advanced: bool = False
    """Whether the page shows it only once More settings is unfolded."""

    def of(self, value: Any) -> Any:
        """Convert a value that ComfyUI has accepted for this input; InvalidSetting.

        Links can bring values that the widget does not offer: a number that is too small is raised
        to the least.
        """
        default = self.default
        if isinstance(default, Enum):
            return chosen(type(default), value, self.name)
        if isinstance(default, bool):
            return bool(value)
        if isinstance(default, int):
            return max(self.least, int(value))
        text = str(value)
        if self.longest is not None and len(text) > self.longest:
            raise InvalidSetting(
                f"{self.name} has {len(text)} characters, and begins with {text[:40]!r}. It may "
                f"have at most {self.longest}: choose a shorter one."
            )
        return text

    def of_json(self, value: Any) -> Any:
        """Like `of`, for untrusted JSON, whose values must have the setting's type."""
        kind = type(self.default)
        if kind is str and not isinstance(value, str):
            raise InvalidSetting(f"{self.name} must be text.")
        if kind is bool and not isinstance(value, bool):
            raise InvalidSetting(f"{self.name} must be true or false.")
        if kind is int and not (type(value) is int and self.least <= value <= self.most):
            raise InvalidSetting(
                f"{self.name} must be a whole number from {self.least} to {self.most}."
            )
        return self.of(value)
