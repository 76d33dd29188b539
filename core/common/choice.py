"""Choices that a person makes in a combo widget."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

from .errors import InvalidSetting

Choice = TypeVar("Choice", bound=Enum)


def chosen(choices: type[Choice], value: str, name: str) -> Choice:
    """The choice that the combo `name` holds; InvalidSetting for one that does not exist.

    Not every ComfyUI compares the value of a V3 combo with its options.
    """
    try:
        return choices(value)
    except ValueError:
        options = ", ".join(repr(choice.value) for choice in choices)
        message = f"{name} was {value!r}, which is not one of its options. Choose {options}."
        raise InvalidSetting(message) from None
