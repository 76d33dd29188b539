"""Parts of ComfyUI's V3 schema that only some of its versions have."""

from __future__ import annotations

import copy
import dataclasses
import functools
from collections.abc import Callable, Collection
from enum import Enum
from typing import Any

import comfy_api.v0_0_2 as comfy_api
from comfy_api.v0_0_2 import io as comfy_io

from ..common.combo_choice import Choice
from ..common.names import CATEGORY, ROW_SOCKET_TYPE, SOCKET_TYPE, VARIANTS_SOCKET_TYPE
from ..model.settings.setting import Setting

LoopSocket = comfy_io.Custom(SOCKET_TYPE)
"""The type of the `loop` sockets."""

RowSocket = comfy_io.Custom(ROW_SOCKET_TYPE)
"""The type of the `row` sockets."""

VariantsSocket = comfy_io.Custom(VARIANTS_SOCKET_TYPE)
"""The type of the `variants` sockets."""

_KNOWN = {field.name for field in dataclasses.fields(comfy_io.Schema)}

_NEWER = frozenset({"search_aliases"})
"""Fields that 0.3.52 lacks, and that nodes can do without."""


HAS_VIDEO = hasattr(comfy_io, "Video") and hasattr(comfy_api, "InputImpl")
"""Whether this ComfyUI has videos as values."""

HAS_AUDIO = hasattr(comfy_io, "Audio")
"""Whether it has sounds as values."""


class _Once(comfy_io.Schema):
    """A schema of which ComfyUI is given again what it has made of it once.

    ComfyUI asks for it several times for each node in each prompt, and more than half of what it
    takes to check a small workflow would be to describe the same inputs again.
    """

    def finalize(self) -> None:
        """Add what ComfyUI adds to a schema, on the first call."""
        if "finalize" not in self._done:
            super().finalize()
            self._done.add("finalize")

    def validate(self) -> None:
        """Raise what ComfyUI finds wrong with it, until nothing is."""
        if "validate" not in self._done:
            super().validate()
            self._done.add("validate")

    def get_v1_info(self, cls: Any) -> Any:
        """ComfyUI's description of the node, with inputs that the caller may change."""
        # It names the pack's module, which ComfyUI tells the class only once that is loaded.
        module = getattr(cls, "RELATIVE_PYTHON_MODULE", None)
        info = self._infos.get(module)
        if info is None:
            info = self._infos[module] = super().get_v1_info(cls)
        own = copy.copy(info)
        own.input = {
            kind: {name: (*of[:1], *map(dict, of[1:])) for name, of in inputs.items()}
            for kind, inputs in info.input.items()
        }
        return own

    @functools.cached_property
    def _done(self) -> set[str]:
        return set()

    @functools.cached_property
    def _infos(self) -> dict[object, Any]:
        """By module."""
        return {}


def built_once(define: Callable[[Any], comfy_io.Schema]) -> Callable[[Any], comfy_io.Schema]:
    """Build a node's schema on the first call, and give the same one on later ones.

    ComfyUI asks for it several times for each input in each prompt; building it each time would
    take longer than everything else that the nodes do.
    """
    built: list[comfy_io.Schema] = []

    @functools.wraps(define)
    def defined(cls: Any) -> comfy_io.Schema:
        if not built:
            built.append(define(cls))
        return built[0]

    return defined


def schema(**fields: Any) -> comfy_io.Schema:
    """A schema in the pack's category, without fields that this ComfyUI does not know."""
    fields = {name: value for name, value in fields.items() if name not in _NEWER - _KNOWN}
    return _Once(category=CATEGORY, **fields)


def internal_schema(part_of: str, **fields: Any) -> comfy_io.Schema:
    """The schema of a node that only other nodes create, and that no menu offers."""
    description = f"A part of {part_of}, made while that runs. Use {part_of}."
    # Frontends leave deprecated nodes out of their menus, too.
    hidden = "is_dev_only" if "is_dev_only" in _KNOWN else "is_deprecated"
    return schema(description=description, **fields, **{hidden: True})


def raw_link(socket: comfy_io.Input) -> comfy_io.Input:
    """`socket`, so that its node is given the link itself, `[node id, output]`, as the value.

    ComfyUI then has nothing to evaluate, and a blocked output behind the link does not block the
    node: it can first decide whether it needs the value, and then get it by an expansion.
    """
    return _with_option(socket, "rawLink")


def _with_option(of: comfy_io.Input, option: str, value: object = True) -> comfy_io.Input:  # noqa: FBT002 as ComfyUI's options are
    if hasattr(of, option):
        setattr(of, option, value)
    else:
        # ComfyUI had the option before its V3 schema did, or the pack's page alone has it.
        of.extra_dict = {**of.extra_dict, option: value}
    return of


def widget(setting: Setting, listing: Collection[str] = ()) -> comfy_io.Input:
    """The input of a setting, with a widget of its kind.

    The page is told which settings, those of `listing`, it has to ask for the items with.
    """
    name, default, tooltip = setting.name, setting.default, setting.tooltip
    made: comfy_io.Input
    if isinstance(default, Enum):
        made = combo(name, type(default), default, tooltip)
    elif isinstance(default, bool):
        made = comfy_io.Boolean.Input(name, default=default, tooltip=tooltip)
    elif isinstance(default, int):
        limits = {"min": setting.least, "max": setting.most}
        made = comfy_io.Int.Input(name, default=default, tooltip=tooltip, **limits)
    else:
        made = comfy_io.String.Input(
            name, default=default, tooltip=tooltip, multiline=setting.lines
        )
    if name in listing:
        made = _with_option(made, "selects_images")
    if setting.shown_with:
        made = shown_with(made, *setting.shown_with)
    return advanced(made) if setting.advanced else made


def advanced(of: comfy_io.Input) -> comfy_io.Input:
    """`of`, which the page shows only once More settings is unfolded."""
    return _with_option(of, "advanced")


def shown_with(of: comfy_io.Input, other: str, value: Enum) -> comfy_io.Input:
    """`of`, which the page shows only while the setting `other` has that value."""
    return _with_option(of, "shown_with", [other, value.value])


def combo(
    name: str, choices: type[Choice], default: Choice, tooltip: str, *, optional: bool = False
) -> comfy_io.Input:
    """A combo widget with the values of an enumeration."""
    options = [choice.value for choice in choices]
    return comfy_io.Combo.Input(
        name, options=options, default=default.value, tooltip=tooltip, optional=optional
    )
