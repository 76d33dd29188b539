"""The layers: the folders have one order, and each imports only those before it."""

from __future__ import annotations

from pathlib import Path

from batch_loop.tests.support.sources import imported_modules, name_of, pack_files
from batch_loop.tools.house import DESIGN, FOLDERS, drawn

ORDER = (*FOLDERS, ".")
"""The root's own `__init__.py` may import everything."""

BESIDE_EACH_OTHER = {
    ("core/media", "core/files"),
    ("core/media", "core/store"),
    ("nodes/io", "nodes/loop"),
}
"""Pairs of folders of which the later does not import the earlier, though the order allows it."""


def folder_of(path: str) -> str:
    return Path(path).parent.as_posix()


def crossings() -> set[tuple[str, str, str]]:
    """Each import from one folder into another: the file, its folder, and the folder imported."""
    modules = {
        "." + name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path
        for path in pack_files()
    }
    found = set()
    for path in pack_files():
        here = folder_of(name_of(path))
        for _line, name in imported_modules(path):
            # A folder itself, as in `from .core import routes`, does not tell what is imported.
            if name in modules and modules[name].name != "__init__.py":
                found.add((name_of(path), here, folder_of(name_of(modules[name]))))
    return {crossing for crossing in found if crossing[1] != crossing[2]}


def test_every_folder_has_a_place_in_the_order() -> None:
    # A folder of folders has only its `__init__.py`.
    folders = {folder_of(name_of(path)) for path in pack_files() if path.name != "__init__.py"}
    assert folders | {"."} == set(ORDER)


def test_a_folder_imports_only_folders_before_it() -> None:
    found = crossings()
    assert len(found) > len(ORDER)
    wrong = [
        f"{file}: {there}"
        for file, here, there in found
        if ORDER.index(there) > ORDER.index(here) or (there, here) in BESIDE_EACH_OTHER
    ]
    assert sorted(wrong) == []


def test_no_folder_has_too_many_files() -> None:
    """About a dozen: few enough to find a behaviour by reading the names."""
    counts = {
        folder: sum(folder_of(name_of(path)) == folder for path in pack_files()) for folder in ORDER
    }
    assert {folder: count for folder, count in counts.items() if count > 15} == {}


def test_the_design_s_diagrams_are_generated_from_the_code() -> None:
    text = DESIGN.read_text(encoding="utf-8")
    assert drawn(text) == text, "make them anew: python -m tools.house"
