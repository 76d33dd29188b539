"""Imports the pack's core with nothing installed but what the pack and ComfyUI require.

Run as a program, in the root: its argument is the required packages, as JSON. It answers with the
modules that it has hidden. The part that imports ComfyUI itself is left out.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection
from importlib import metadata
from pathlib import Path

_WITH_COMFYUI = "core.comfy."
_WITH_A_DRIVER = {f"core.store.databases.{name}" for name in ("round_trip", "together")}
"""Imported when a database is opened, where a missing driver is reported."""


def main(required: Collection[str]) -> None:
    """Hide all other packages, and import."""
    needed: set[str] = set()
    left = {_name(each) for each in required}
    while left:
        name = left.pop()
        needed.add(name)
        try:
            requires = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        left |= {_name(each) for each in requires if "extra ==" not in each} - needed
    hidden = {
        module
        for module, packages in metadata.packages_distributions().items()
        if needed.isdisjoint(map(_name, packages))
    }
    sys.meta_path.insert(0, _Hiding(hidden))
    from tools.pack import pack  # noqa: PLC0415

    for file in sorted(Path("core").rglob("*.py")):
        module = ".".join(file.with_suffix("").parts)
        if not module.startswith(_WITH_COMFYUI) and module not in _WITH_A_DRIVER:
            pack(module)
    json.dump(sorted(hidden), sys.stdout)


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", found.group()).lower() if found else ""


class _Hiding:
    def __init__(self, hidden: Collection[str]) -> None:
        self._hidden = hidden

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        if name.split(".", maxsplit=1)[0] in self._hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
