"""Parts of ComfyUI's V3 schema that only some of its versions have."""

from __future__ import annotations

import dataclasses
from enum import Enum
from typing import Any, TypeVar

from comfy_api.v0_0_2 import io as comfy_io

from .loop.errors import InvalidSetting
from .names import CATEGORY, SOCKET_TYPE

Choice = TypeVar("Choice", bound=Enum)

LoopSocket = comfy_io.Custom(SOCKET_TYPE)
"""The type of the `loop` sockets."""

_NEWER = frozenset({"search_aliases"})
"""Fields that 0.3.52 does not have, and that the node works without."""


def schema(**fields: Any) -> comfy_io.Schema:
    """A schema in the pack's category, less what this ComfyUI does not know."""
    known = {field.name for field in dataclasses.fields(comfy_io.Schema)}
    fields = {name: value for name, value in fields.items() if name not in _NEWER - known}
    return comfy_io.Schema(category=CATEGORY, **fields)


def advanced(widget: comfy_io.Input) -> comfy_io.Input:
    """`widget`, shown only when a person asks for the advanced inputs."""
    if hasattr(widget, "advanced"):
        widget.advanced = True
    else:
        # The frontend knew the flag before the schema did.
        widget.extra_dict = {**widget.extra_dict, "advanced": True}
    return widget


def combo(name: str, choices: type[Choice], default: Choice, tooltip: str) -> comfy_io.Input:
    """A combo widget with the values of an enumeration."""
    options = [choice.value for choice in choices]
    return comfy_io.Combo.Input(name, options=options, default=default.value, tooltip=tooltip)


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
