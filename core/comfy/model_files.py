"""The files that ComfyUI lists by kind, such as LoRAs."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

import folder_paths

from ..common.errors import InvalidSetting, quoted
from ..common.natural_order import natural_key

_NOT_MODELS = {"configs", "custom_nodes"}


def kinds_of_files() -> list[str]:
    """The kinds that ComfyUI has folders for, in order of their names."""
    return sorted(set(folder_paths.folder_names_and_paths) - _NOT_MODELS)


def files_of(kind: str, patterns: Sequence[str]) -> tuple[str, ...]:
    """The files of a kind that match patterns such as `style/*`, in natural order, each once.

    Upper and lower case are the same, and so are "/" and a backslash. Raises InvalidSetting for a
    pattern that matches none, and for a kind that there is no folder for.
    """
    if kind not in kinds_of_files():
        raise InvalidSetting(
            f"kind was {quoted(kind)}, which ComfyUI has no folder for. Choose another one."
        )
    names = sorted(folder_paths.get_filename_list(kind), key=natural_key)
    found: dict[str, None] = {}
    for pattern in patterns:
        wanted = _folded(pattern)
        matching = [name for name in names if fnmatch.fnmatchcase(_folded(name), wanted)]
        # A name may have brackets in it.
        matching = matching or [name for name in names if _folded(name) == wanted]
        if not matching:
            raise InvalidSetting(
                f"values has {quoted(pattern)}, and ComfyUI lists no file of the kind {kind} that "
                f"it matches; it lists {len(names)}. Write a name as ComfyUI shows it, or a "
                "pattern such as * for all of them."
            )
        found.update(dict.fromkeys(matching))
    return tuple(found)


def _folded(name: str) -> str:
    return name.replace("\\", "/").casefold()
