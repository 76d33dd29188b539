"""The project's own files, for the tests that read them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from batch_loop.tools.layout import ROOT

Findings = Iterable[tuple[int, str]]
"""Problems in a file: line number and description."""


def pack_files() -> list[Path]:
    """All Python files that ComfyUI loads."""
    folders = (ROOT / "core", ROOT / "nodes")
    return [ROOT / "__init__.py", *sorted(path for each in folders for path in each.rglob("*.py"))]


def files_of_tests() -> list[Path]:
    """All files with tests or helpers for them."""
    return sorted(
        path
        for path in (ROOT / "tests").rglob("*")
        if path.suffix in {".py", ".js", ".mjs"} and "node_modules" not in path.parts
    )


def name_of(path: Path) -> str:
    """A file's name in reports: its path from the root."""
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    """A file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), name_of(path))


def assert_nothing_in(files: Iterable[Path], look: Callable[[Path], Findings]) -> None:
    """Examine each file, and fail with all findings, as `file:line: what`."""
    found = [f"{name_of(path)}:{line}: {what}" for path in files for line, what in look(path)]
    assert not found, "\n".join(["found:", *found])


def line_at(text: str, place: int) -> int:
    """The line number, from 1, of a position in a text."""
    return text.count("\n", 0, place) + 1


def imported_modules(path: Path) -> Iterator[tuple[int, str]]:
    """The absolute names of all modules that a file imports, with line numbers.

    Relative imports are named from the root: `core/files/a.py` with `from ..model import items`
    gives `.core.model` and `.core.model.items`; the dot distinguishes them from ComfyUI's.
    """
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.lineno, node.module or ""
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1]
            module = ".".join(["", *base, *([node.module] if node.module else [])])
            yield node.lineno, module
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def classes_of_the_pack() -> set[str]:
    """Names of the node classes that the extension gives ComfyUI."""
    for statement in tree_of(ROOT / "__init__.py").body:
        if isinstance(statement, ast.AnnAssign) and ast.unparse(statement.target) == "NODES":
            assert isinstance(statement.value, ast.List)
            return {ast.unparse(element) for element in statement.value.elts}
    raise AssertionError("__init__.py has no list NODES")
