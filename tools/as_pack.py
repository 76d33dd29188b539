"""Runs a tool that imports the pack: `python -m tools.as_pack bench_registry`.

The pack imports itself relatively, so the tool has to lie in the same package; the root's own
`__init__.py` can only be imported by ComfyUI. So the root is given the name that the tests use.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
from pathlib import Path

from .layout import ROOT

NAME = "batch_loop"


def main() -> int:
    """Run the tool that the first argument names."""
    tool = sys.argv.pop(1)
    spec = importlib.machinery.ModuleSpec(NAME, loader=None, is_package=True)
    spec.submodule_search_locations = [str(ROOT)]
    sys.modules[NAME] = importlib.util.module_from_spec(spec)
    sys.path[:] = [entry for entry in sys.path if Path(entry or Path.cwd()).resolve() != ROOT]
    return int(importlib.import_module(f"{NAME}.tools.{tool}").main())


if __name__ == "__main__":
    sys.exit(main())
