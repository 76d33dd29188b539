"""The conventions of the pack and of its tests, read from the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_loop.tests.support.sources import (
    files_of_tests,
    imported_modules,
    name_of,
    pack_files,
    tree_of,
)
from batch_loop.tools.layout import ROOT

OF_COMFYUI = re.compile(r"(comfy\w*|server|folder_paths|execution|nodes)(\.|$)")

NODE_FILES = {
    "nodes/io/directory_iterator.py",
    "nodes/io/save_image.py",
    "nodes/loop/batch_complete.py",
    "nodes/loop/end_queue.py",
    "nodes/loop/gather.py",
    "nodes/loop/loop_end.py",
    "nodes/loop/loop_start.py",
}
TOUCH_COMFYUI = NODE_FILES | {"__init__.py", "nodes/host.py", "nodes/runtime.py", "nodes/schema.py"}
"""All others are pure: they can be imported and tested without a ComfyUI."""

FORBIDDEN_CALLS = {
    "send_sync": "events are the executor's: a node answers with its `ui` result",
    "queue_updated": "no node touches the queue",
    "interrupt_processing": "no node ends a prompt",
    "print": "use logging",
    "eval": "nothing is run from text",
    "exec": "nothing is run from text",
    "system": "no other program is started",
    "popen": "no other program is started",
    "create_subprocess_shell": "no shell is given text to run",
}
STARTS_A_PROGRAM = "nodes/io/folder_dialog.py"
"""The only file that starts another program: the operating system's folder dialog."""
FORBIDDEN_IMPORTS = {
    "subprocess": "no other program is started",
    "pip": "a node pack does not install",
    "ensurepip": "a node pack does not install",
}
FORBIDDEN_IN_TESTS = {
    r"\bsleep\(": "wait on a condition",
    r"wait_for_timeout|waitForTimeout": "wait on a condition",
    r"\bmark\.skip|\bpytest\.skip|importorskip|\bxfail\b": "a test runs or is not there",
    r"sys\.modules\[.(comfy|server|folder_paths|execution|nodes)": "no made-up ComfyUI",
}

PACK = pytest.mark.parametrize("path", pack_files(), ids=name_of)


def called_names(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, node
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node


def puts_on_a_queue(name: str, call: ast.Call) -> bool:
    return name in {"put", "put_nowait"} and "queue" in ast.unparse(call.func).lower()


def test_the_node_files_are_where_this_test_thinks() -> None:
    files = {name_of(path) for path in pack_files()}
    assert files >= TOUCH_COMFYUI


@PACK
def test_only_the_host_and_the_node_files_touch_comfyui(path: Path) -> None:
    if name_of(path) not in TOUCH_COMFYUI:
        assert [name for name in imported_modules(path) if OF_COMFYUI.match(name)] == []


@PACK
def test_only_the_extension_knows_the_node_files(path: Path) -> None:
    node_modules = {"." + name.removesuffix(".py").replace("/", ".") for name in NODE_FILES}
    if path != ROOT / "__init__.py":
        assert node_modules.isdisjoint(imported_modules(path))


@PACK
def test_nothing_forbidden_is_called(path: Path) -> None:
    found = [
        f"line {call.lineno}: {name}: {FORBIDDEN_CALLS.get(name, 'no node queues a prompt')}"
        for name, call in called_names(tree_of(path))
        if name in FORBIDDEN_CALLS or puts_on_a_queue(name, call)
    ]
    assert found == []


@PACK
def test_only_the_folder_dialog_starts_a_program(path: Path) -> None:
    names = [node.attr for node in ast.walk(tree_of(path)) if isinstance(node, ast.Attribute)]
    started = [name for name in names if name.startswith("create_subprocess")]
    expected = ["create_subprocess_exec"] if name_of(path) == STARTS_A_PROGRAM else []
    assert started == expected


@PACK
def test_nothing_forbidden_is_imported(path: Path) -> None:
    roots = {name.split(".", 1)[0] for name in imported_modules(path)}
    assert {name: why for name, why in FORBIDDEN_IMPORTS.items() if name in roots} == {}


@PACK
def test_no_except_without_a_type(path: Path) -> None:
    handlers = [n for n in ast.walk(tree_of(path)) if isinstance(n, ast.ExceptHandler)]
    assert [handler.lineno for handler in handlers if handler.type is None] == []


def test_no_two_modules_of_the_pack_import_each_other() -> None:
    names = {
        "." + name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path
        for path in pack_files()
    }
    imports = {name: set(imported_modules(path)) & names.keys() for name, path in names.items()}
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join([*above, name])
        if name not in done:
            for imported in imports[name] - {name}:
                visit(imported, (*above, name))
            done.add(name)

    for name in names:
        visit(name, ())


@pytest.mark.parametrize("path", files_of_tests(), ids=name_of)
def test_tests_wait_on_conditions_and_are_never_skipped(path: Path) -> None:
    if path == Path(__file__):
        return  # it has to say the words
    text = path.read_text(encoding="utf-8")
    found = {why for pattern, why in FORBIDDEN_IN_TESTS.items() if re.search(pattern, text)}
    assert found == set()
