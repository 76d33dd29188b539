"""The conventions of the extension's JavaScript, read from the code."""

from __future__ import annotations

import re
from pathlib import Path

from batch_loop.tests.support.sources import Findings, assert_nothing_in, line_at
from batch_loop.tools.layout import ROOT

MODULES = sorted((ROOT / "web").rglob("*.js"))
ENTRY = ROOT / "web" / "batch_loop.js"

FORBIDDEN = {
    r"\.prototype\b|__proto__|setPrototypeOf": "ComfyUI is not patched",
    r"\bapp\.\w+ = |\bapi\.\w+ = ": "ComfyUI is not patched",
    r"frontendVersion|__COMFYUI_FRONTEND_VERSION__|comfyui_version": "look for what is needed",
    r"\bconsole\.log\b|\bdebugger\b": "left over",
}
FORBIDDEN_BUT_IN_THE_ENTRY = {
    # The browser also loads every module by itself.
    r"\bscripts/|registerExtension|addEventListener\(\"exec": "only the entry reaches for ComfyUI",
}


def test_nothing_forbidden_is_written() -> None:
    def look(path: Path) -> Findings:
        code = path.read_text(encoding="utf-8")
        forbidden = FORBIDDEN if path == ENTRY else FORBIDDEN | FORBIDDEN_BUT_IN_THE_ENTRY
        for pattern, why in forbidden.items():
            for match in re.finditer(pattern, code):
                yield line_at(code, match.start()), f"{match.group()}: {why}"

    assert ENTRY in MODULES
    assert_nothing_in(MODULES, look)


SETS_ON_OBJECTS = re.compile(
    r"\.(on[A-Z]\w+|getExtraMenuOptions|callback|computeSize|serializeValue|beforeQueued"
    r"|afterQueued|display_name|getOptionLabel) = |target\[name\] = |defineProperty\("
    r"|widget\.options = |slot_types_default|registered_node_types|changeCount|isLoadingGraph"
)


def test_what_is_set_on_comfyui_s_objects_is_in_the_design() -> None:
    design = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    _, section = design.split("### What is set on ComfyUI's objects\n")
    named = set(re.findall(r"`(\w+\.js)`", section.split("\n## ")[0]))
    setting = {
        path.name for path in MODULES if SETS_ON_OBJECTS.search(path.read_text(encoding="utf-8"))
    }
    assert setting == named


COMMENT = re.compile(r"\s*(/\*\*|\*|//)|.*\s// ")
WIDTH = 100


def test_comments_fit_their_lines() -> None:
    def look(path: Path) -> Findings:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if len(line) > WIDTH and COMMENT.match(line):
                yield number, f"{len(line)} characters, of {WIDTH} at most"

    assert_nothing_in(MODULES, look)
