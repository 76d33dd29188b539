"""The pack's own modules, for tools that use them without a server."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
from typing import Any

from .layout import ROOT

NAME = "batch_loop"


def pack(name: str) -> Any:
    """Import a module by its dotted path below the root, such as `core.media.formats.encode`.

    The pack imports itself relatively, and only ComfyUI can import the root's own `__init__.py`.
    So the root is registered under the name that the tests use.
    """
    if NAME not in sys.modules:
        spec = importlib.machinery.ModuleSpec(NAME, loader=None, is_package=True)
        spec.submodule_search_locations = [str(ROOT)]
        sys.modules[NAME] = importlib.util.module_from_spec(spec)
    return importlib.import_module(f"{NAME}.{name}")
