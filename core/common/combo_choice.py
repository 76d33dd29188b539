"""The choices of a combo widget."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

from .errors import InvalidSetting

Choice = TypeVar("Choice", bound=Enum)


def chosen(choices: type[Choice], value: str, name: str) -> Choice:
    """The choice with this value, for the combo called `name`; InvalidSetting if there is none.

    Not every version of ComfyUI checks the value of a V3 combo against its options.
    """
    try:
        return choices(value)
    except ValueError:
        options = ", ".join(repr(choice.value) for choice in choices)
        message = f"{name} was {value!r}, which is not one of its options. Choose {options}."
        raise InvalidSetting(message) from None
