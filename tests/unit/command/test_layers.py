"""The command's files import in one direction, and nothing from the nodes."""

from __future__ import annotations

from pathlib import Path

from batch_loop.tests.support.sources import imported_modules
from batch_loop.tools.environments import pyproject
from batch_loop.tools.layout import ROOT

COMMAND = ROOT / "batch_loop_cli"

LAYERS = """
    errors api_format ctrl_c progress
    page_format.shown_values page_format.widget_values
    page_format.texts
    page_format.prompt
    page_format.controls
    refusals changes
    client workflow display
    ending reports same_batch servers auto_queue
    contact_sheet batches
    run
    main
    __main__
""".strip().splitlines()
"""From the bottom up: each file imports only files from the lines above its own."""


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(COMMAND).with_suffix("").parts)


def test_each_file_imports_only_files_below_it() -> None:
    files = {name_of(path): path for path in COMMAND.rglob("*.py") if path.name != "__init__.py"}
    assert sorted(files) == sorted(name for layer in LAYERS for name in layer.split())
    known: set[str] = set()
    for layer in LAYERS:
        for name in layer.split():
            modules = {module for _, module in imported_modules(files[name])}
            imported = {module for module in modules if module.startswith(".")}
            assert all(each.startswith(".batch_loop_cli.") for each in imported), name
            own = {each.removeprefix(".batch_loop_cli.") for each in imported} & files.keys()
            assert own <= known, f"{name} imports {own - known}"
        known.update(layer.split())


def test_pip_installs_all_of_it() -> None:
    folders = {path.parent.relative_to(ROOT) for path in COMMAND.rglob("*.py")}
    packages = pyproject()["tool"]["setuptools"]["packages"]
    assert sorted(packages) == sorted(".".join(folder.parts) for folder in folders)
