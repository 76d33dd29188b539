"""The registry, ComfyUI-Manager and pip are told the same."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from PIL import Image, ImageChops, ImageStat

from batch_loop.core.common.names import NODE_PREFIX
from batch_loop.tools.environments import of_comfyui, of_project, package_name, pyproject
from batch_loop.tools.layout import DEFAULT, OLDEST, ROOT
from batch_loop.tools.make_icon import BANNER, ICON, banner, icon

PYPROJECT = pyproject()


def test_the_manager_installs_what_pip_does() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").split("\n")
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert wanted == PYPROJECT["project"]["dependencies"]


def test_nothing_that_comfyui_brings_is_required() -> None:
    brought = {package_name(line) for line in of_comfyui(DEFAULT.tree)}
    assert brought.isdisjoint(package_name(line) for line in of_project())


def test_it_loads_where_nothing_else_is_installed() -> None:
    required = json.dumps([*of_comfyui(DEFAULT.tree), *of_project()])
    program = [sys.executable, "-m", "tests.support.only_required", required]
    run = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "psycopg" in json.loads(run.stdout)


def test_no_version_is_pinned() -> None:
    assert [line for line in of_project("demo", "test") if re.search(r"==|~=|<|\+", line)] == []


def test_the_registry_gets_the_design_s_names() -> None:
    comfy = PYPROJECT["tool"]["comfy"]
    assert PYPROJECT["project"]["name"] == comfy["PublisherId"] == "batch-loop"
    assert comfy["DisplayName"] == "Batch Loop"
    assert comfy["DisplayName"].replace(" ", "") == NODE_PREFIX


def test_the_registry_gets_the_icon_and_the_banner_that_the_script_draws() -> None:
    raw = "https://raw.githubusercontent.com/batch-loop/batch-loop/main/"
    for name, path, draw in (("Icon", ICON, icon), ("Banner", BANNER, banner)):
        assert PYPROJECT["tool"]["comfy"][name] == raw + path.relative_to(ROOT).as_posix()
        drawn = draw().convert("RGBA")
        with Image.open(path) as committed:
            assert committed.size == drawn.size
            # Not to the bit: Pillow's drawing may change slightly.
            apart = ImageChops.difference(committed.convert("RGBA"), drawn)
        assert sum(ImageStat.Stat(apart).mean) < 2
    assert icon().size == (400, 400)
    width, height = banner().size
    assert 9 * width == 21 * height


def test_the_registry_gets_all_addresses() -> None:
    urls = PYPROJECT["project"]["urls"]
    assert urls.keys() == {"Repository", "Documentation", "Bug Tracker"}
    assert all(url.startswith(urls["Repository"]) for url in urls.values())


def test_it_is_published_by_the_registry_s_own_action_with_a_secret() -> None:
    workflow = (ROOT / ".github" / "workflows" / "publish.yml").read_text(encoding="utf-8")
    assert "Comfy-Org/publish-node-action@v1" in workflow
    assert "personal_access_token: ${{ secrets.REGISTRY_ACCESS_TOKEN }}" in workflow


def test_unit_tests_run_on_each_system_with_each_python() -> None:
    workflow = (ROOT / ".github" / "workflows" / "units.yml").read_text(encoding="utf-8")
    assert "[ubuntu-latest, macos-latest, windows-latest]" in workflow
    named = re.search(r"python: \[(.*)\]", workflow)
    assert named is not None
    promised = [
        name.removeprefix("Programming Language :: Python :: ")
        for name in PYPROJECT["project"]["classifiers"]
        if re.search(r"Python :: 3\.\d+$", name)
    ]
    assert [version.strip('" ') for version in named.group(1).split(",")] == promised


def test_the_extension_is_loaded_once() -> None:
    # WEB_DIRECTORY in __init__.py names it; with both, the browser would load it twice.
    assert "web" not in PYPROJECT["tool"]["comfy"]
    assert "WEB_DIRECTORY" in (ROOT / "__init__.py").read_text(encoding="utf-8")


def test_the_oldest_comfyui_promised_is_tested() -> None:
    assert PYPROJECT["tool"]["comfy"]["requires-comfyui"] == f">={OLDEST.version}"


def test_the_oldest_python_is_the_same_everywhere() -> None:
    oldest = PYPROJECT["project"]["requires-python"].removeprefix(">=")
    assert PYPROJECT["tool"]["mypy"]["python_version"] == oldest
    assert PYPROJECT["tool"]["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"


def test_the_newest_entry_of_the_changelog_is_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[?(\d+\.\d+\.\d+)\]?", changelog, re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == PYPROJECT["project"]["version"]


def test_the_npm_lock_matches_package_json_and_names_no_registry() -> None:
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    text = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    locked = json.loads(text)["packages"]
    assert locked[""]["devDependencies"] == wanted["devDependencies"]
    assert wanted["private"] is True
    assert "dependencies" not in wanted
    others = {name: package for name, package in locked.items() if name}
    assert all(package["dev"] or package["peer"] for package in others.values())
    assert all("integrity" in package for package in others.values())
    # Each person's npm decides where a package comes from.
    assert [name for name, package in others.items() if "resolved" in package] == []
