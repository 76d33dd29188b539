"""The conventions of the pack and of its tests, read from the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from batch_loop.tests.support.sources import (
    Findings,
    assert_nothing_in,
    files_of_tests,
    imported_modules,
    line_at,
    name_of,
    pack_files,
    tree_of,
)
from batch_loop.tools.layout import ROOT

OF_COMFYUI = re.compile(r"(comfy\w*|server|folder_paths|execution|nodes)(\.|$)")

NODE_FILES = {
    "nodes/io/after_learning.py",
    "nodes/io/directory_iterator.py",
    "nodes/io/frame_iterator.py",
    "nodes/io/row_iterator.py",
    "nodes/values/row_value.py",
    "nodes/io/save_image.py",
    "nodes/values/companion_image.py",
    "nodes/values/companion_text.py",
    "nodes/io/save_text.py",
    "nodes/values/variant_value.py",
    "nodes/values/variants.py",
    "nodes/io/save_video.py",
    "nodes/io/audio_iterator.py",
    "nodes/io/video_iterator.py",
    "nodes/loop/assemble_video.py",
    "nodes/loop/batch_complete.py",
    "nodes/loop/contact_sheet.py",
    "nodes/loop/end_queue.py",
    "nodes/loop/gather.py",
    "nodes/loop/loop_end.py",
    "nodes/loop/loop_start.py",
}
TOUCH_COMFYUI = NODE_FILES | {
    "__init__.py",
    "core/comfy/history.py",
    "core/comfy/model_files.py",
    "core/comfy/host.py",
    "core/comfy/queue_entries.py",
    "core/comfy/runtime.py",
    "core/comfy/schema.py",
    "nodes/io/folder_iterator.py",
    "nodes/io/iterator.py",
    "nodes/values/companion.py",
    "nodes/io/saving.py",
}
"""All other files can be imported and tested without a ComfyUI."""

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
STARTS_A_PROGRAM = "core/choosing/folder_dialog.py"
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


def called_names(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, node
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node


def puts_on_a_queue(name: str, call: ast.Call) -> bool:
    return name in {"put", "put_nowait"} and "queue" in ast.unparse(call.func).lower()


def test_the_node_files_are_where_this_test_expects_them() -> None:
    files = {name_of(path) for path in pack_files()}
    assert files >= TOUCH_COMFYUI


def test_only_the_host_and_the_node_files_touch_comfyui() -> None:
    def look(path: Path) -> Findings:
        if name_of(path) in TOUCH_COMFYUI:
            return []
        return [each for each in imported_modules(path) if OF_COMFYUI.match(each[1])]

    assert_nothing_in(pack_files(), look)


def test_only_the_extension_knows_the_node_files() -> None:
    node_modules = {"." + name.removesuffix(".py").replace("/", ".") for name in NODE_FILES}

    def look(path: Path) -> Findings:
        if path == ROOT / "__init__.py":
            return []
        return [each for each in imported_modules(path) if each[1] in node_modules]

    assert_nothing_in(pack_files(), look)


def test_nothing_forbidden_is_called() -> None:
    def look(path: Path) -> Findings:
        for name, call in called_names(tree_of(path)):
            if name in FORBIDDEN_CALLS or puts_on_a_queue(name, call):
                why = FORBIDDEN_CALLS.get(name, "no node queues a prompt")
                yield call.lineno, f"{name}: {why}"

    assert_nothing_in(pack_files(), look)


def test_only_the_folder_dialog_starts_a_program() -> None:
    def started(path: Path) -> Iterator[tuple[int, str]]:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Attribute) and node.attr.startswith("create_subprocess"):
                yield node.lineno, node.attr

    starter = ROOT / STARTS_A_PROGRAM
    assert [name for _, name in started(starter)] == ["create_subprocess_exec"]
    assert_nothing_in((path for path in pack_files() if path != starter), started)


def test_nothing_forbidden_is_imported() -> None:
    def look(path: Path) -> Findings:
        for line, name in imported_modules(path):
            root = name.split(".", 1)[0]
            if root in FORBIDDEN_IMPORTS:
                yield line, f"{root}: {FORBIDDEN_IMPORTS[root]}"

    assert_nothing_in(pack_files(), look)


def test_no_except_without_a_type() -> None:
    def look(path: Path) -> Findings:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ExceptHandler) and node.type is None:
                yield node.lineno, "except without a type"

    assert_nothing_in(pack_files(), look)


def test_no_two_modules_of_the_pack_import_each_other() -> None:
    names = {
        "." + name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path
        for path in pack_files()
    }
    imports = {
        name: {imported for _, imported in imported_modules(path)} & names.keys()
        for name, path in names.items()
    }
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join([*above, name])
        if name not in done:
            for imported in imports[name] - {name}:
                visit(imported, (*above, name))
            done.add(name)

    for name in names:
        visit(name, ())


def test_tests_wait_on_conditions_and_are_never_skipped() -> None:
    def look(path: Path) -> Findings:
        text = path.read_text(encoding="utf-8")
        for pattern, why in FORBIDDEN_IN_TESTS.items():
            for match in re.finditer(pattern, text):
                yield line_at(text, match.start()), f"{match.group()}: {why}"

    this = Path(__file__)  # it has to contain the words
    assert_nothing_in((path for path in files_of_tests() if path != this), look)
