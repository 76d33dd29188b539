"""The documentation against the files of the project."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from batch_loop.nodes.names import ENV_PREFIX, ROUTE_PREFIX, node_id
from batch_loop.tests.support import markdown
from batch_loop.tests.support.sources import classes_of_the_pack, name_of
from batch_loop.tools.layout import ROOT
from batch_loop.tools.requirements import of_project, package_name

README = (ROOT / "README.md").read_text(encoding="utf-8")
MOST_CHARACTERS = 100


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", markdown.pages(), ids=name_of)
def test_every_relative_link_and_image_leads_somewhere(page: Path) -> None:
    lost = []
    for target in markdown.targets(read(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in markdown.anchors(read(file))):
            lost.append(target)
    assert lost == []


def test_each_node_has_a_help_page_and_each_help_page_a_node() -> None:
    ids = {node_id(name) for name in classes_of_the_pack()}
    assert {path.stem for path in (ROOT / "web" / "docs").glob("*.md")} == ids


def test_the_readme_shows_the_graph_and_the_menu() -> None:
    shown = {target for target in markdown.targets(README) if target.endswith((".jpg", ".png"))}
    assert {"examples/save_batch.jpg", "docs/images/run_instant.png"} <= shown


def test_the_readme_names_each_example() -> None:
    names = {path.stem for path in (ROOT / "examples").glob("*.json")}
    assert {name for name in names if name not in README} == set()


def test_the_readme_names_the_commands_that_there_are() -> None:
    commands = set(re.findall(r"`make ([\w-]+)`", README))
    targets = set(re.findall(r"^([\w-]+)(?: [\w-]+)*:", read(ROOT / "Makefile"), re.MULTILINE))
    assert {"demo", "test", "comfy"} <= commands <= targets


def test_each_runtime_dependency_has_its_line() -> None:
    text = read(ROOT / "docs" / "dependencies.md")
    installed = markdown.table(markdown.section(text, "Installed with the pack"), "package")
    assert set(installed) == {package_name(line) for line in of_project()}


def test_each_route_is_described() -> None:
    code = read(ROOT / "nodes" / "routes.py")
    calls = re.findall(r"@table\.(get|post)\(f\"\{ROUTE_PREFIX\}([^\"]*)\"", code)
    routes = {
        f"{verb.upper()} {ROUTE_PREFIX}{path}".replace("{{loop}}", "{id}").replace(
            "{{kind:json|csv}}", "{kind}"
        )
        for verb, path in calls
    }
    described = re.findall(r"^### `(.+)`$", read(ROOT / "docs" / "routes.md"), re.MULTILINE)
    assert set(described) == routes != set()


def test_each_environment_variable_is_described() -> None:
    code = "".join(read(path) for path in (ROOT / "nodes").rglob("*.py"))
    names = {f"{ENV_PREFIX}{name}" for name in re.findall(r"ENV_PREFIX \+ \"(\w+)\"", code)}
    assert names != set()
    assert {name for name in names if name not in README} == set()


@pytest.mark.parametrize("page", markdown.pages(), ids=name_of)
def test_lines_are_short_enough_to_be_compared(page: Path) -> None:
    long = [
        line
        for line in read(page).splitlines()
        if len(line) > MOST_CHARACTERS and not line.lstrip().startswith(("|", "!", "<", "```"))
    ]
    assert [line for line in long if "─" not in line] == []
