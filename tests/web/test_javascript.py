"""The web extension: its unit tests, in the Node that playwright brings, and its conventions."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable

from batch_loop.tools.layout import ROOT

UNIT_TESTS = sorted(Path(__file__).parent.glob("*.test.mjs"))
MODULES = sorted((ROOT / "web").rglob("*.js"))
ENTRY = ROOT / "web" / "batch_loop.js"

FORBIDDEN = {
    r"\.prototype\b|__proto__|setPrototypeOf": "ComfyUI is not patched",
    r"\bapp\.\w+ = |\bapi\.\w+ = ": "ComfyUI is not patched",
    r"frontendVersion|__COMFYUI_FRONTEND_VERSION__|comfyui_version": "look for what is needed",
    r"\bconsole\.log\b|\bdebugger\b": "left over",
}


@pytest.mark.parametrize("path", UNIT_TESTS, ids=lambda path: path.name)
def test_unit(path: Path) -> None:
    node, _ = compute_driver_executable()
    done = subprocess.run([node, "--test", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_conventions(path: Path) -> None:
    code = path.read_text(encoding="utf-8")
    assert {why for pattern, why in FORBIDDEN.items() if re.search(pattern, code)} == set()
    if path != ENTRY:
        # The browser loads every module by itself, too: only the entry may reach for ComfyUI.
        assert not re.search(r"\bscripts/|registerExtension|addEventListener\(\"exec", code)
