"""The documentation against the files of the project."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from batch_loop.nodes.names import ENV_PREFIX, ROUTE_PREFIX, node_id
from batch_loop.tests.support import markdown
from batch_loop.tests.support.locales import translations, tree
from batch_loop.tests.support.sources import classes_of_the_pack, name_of
from batch_loop.tools.layout import ROOT
from batch_loop.tools.requirements import of_project, package_name

README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
TASKS_HEADING = "What do you want to do?"
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
        file = (markdown.folder_of(page) / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in markdown.anchors(read(file))):
            lost.append(target)
    assert lost == []


def test_each_node_has_a_help_page_and_each_help_page_a_node() -> None:
    ids = {node_id(name) for name in classes_of_the_pack()}
    assert {path.stem for path in markdown.HELP.glob("*.md")} == ids
    translated = {(page.parent.name, page.stem) for page in markdown.HELP.glob("*/*.md")}
    assert translated == {(node, language) for node in ids for language in translations()}


@pytest.mark.parametrize("page", sorted(markdown.HELP.glob("*/*.md")), ids=name_of)
def test_each_help_page_says_what_the_english_one_does(page: Path) -> None:
    english, text = read(markdown.HELP / f"{page.parent.name}.md"), read(page)
    assert markdown.levels(text) == markdown.levels(english)
    assert markdown.rows(text) == markdown.rows(english)
    assert list(markdown.targets(text)) == list(markdown.targets(english))
    # The names of nodes' inputs and outputs, in another order where the language wants it.
    assert sorted(markdown.spans(text)) == sorted(markdown.spans(english))
    names = [re.findall(r"^\|[^|`]*`([^`]+)`", each, re.MULTILINE) for each in (text, english)]
    assert names[0] == names[1]


@pytest.mark.parametrize("page", sorted(markdown.HELP.glob("*/*.md")), ids=name_of)
def test_each_help_page_calls_the_node_what_the_node_is_called(page: Path) -> None:
    node = tree(page.stem, "nodeDefs")[page.parent.name]
    text = read(page)
    assert text.startswith(f"# {node['display_name']}\n")
    labels = {
        label["name"] for label in (*node["inputs"].values(), *node.get("outputs", {}).values())
    }
    first = {row.split("|")[1] for row in text.splitlines() if row.startswith("|")}
    assert {label for label in labels if not any(label in cell for cell in first)} == set()


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
    code = "".join(read(path) for path in (ROOT / "nodes" / "routes").glob("*.py"))
    calls = re.findall(r"\btable\.(get|post)\(f\"\{ROUTE_PREFIX\}([^\"]*)\"", code)
    routes = {
        f"{verb.upper()} {ROUTE_PREFIX}{path}".replace("{{loop}}", "{id}").replace(
            "{{kind:json|csv}}", "{kind}"
        )
        for verb, path in calls
    }
    described = re.findall(r"^### `(.+)`$", read(ROOT / "docs" / "routes.md"), re.MULTILINE)
    assert set(described) == routes != set()


def test_each_environment_variable_is_in_the_table() -> None:
    code = "".join(read(path) for path in (ROOT / "nodes").rglob("*.py"))
    names = {f"{ENV_PREFIX}{name}" for name in re.findall(r"ENV_PREFIX \+ \"(\w+)\"", code)}
    assert set(markdown.table(SETTINGS, "variable")) == names != set()


def test_each_setting_of_the_page_is_in_the_table() -> None:
    code = "".join(read(path) for path in (ROOT / "web").rglob("*.js"))
    ids = set(re.findall(r"\"(BatchLoop\.[\w.]+)\"", code))
    assert set(markdown.table(SETTINGS, "setting")) == ids != set()


def test_the_readme_leads_to_each_page_and_to_each_help_page() -> None:
    pages = {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}
    helps = {f"web/docs/{path.name}" for path in (ROOT / "web" / "docs").glob("*.md")}
    assert pages | helps <= set(markdown.targets(README))


def test_each_task_has_its_page() -> None:
    tasks = {f"docs/{name}.md" for name in markdown.TASKS}
    assert tasks <= set(markdown.targets(markdown.section(README, TASKS_HEADING)))


@pytest.mark.parametrize("page", markdown.pages(), ids=name_of)
def test_a_route_that_is_named_is_described(page: Path) -> None:
    described = read(ROOT / "docs" / "routes.md")
    named = re.findall(r"`((?:GET|POST) /batch_loop/[^`\s]*)`", read(page))
    assert [route for route in named if f"### `{route}`" not in described] == []


@pytest.mark.parametrize("page", markdown.pages(), ids=name_of)
def test_a_template_that_is_named_is_there(page: Path) -> None:
    names = {path.stem for path in (ROOT / "examples").glob("*.json")}
    assert set(re.findall(r"\*\*([a-z]+_[a-z_]+)\*\*", read(page))) - names == set()


@pytest.mark.parametrize("page", markdown.pages(), ids=name_of)
def test_lines_are_short_enough_to_be_compared(page: Path) -> None:
    long = [
        line
        for line in read(page).splitlines()
        if len(line) > MOST_CHARACTERS and not line.lstrip().startswith(("|", "!", "<", "```"))
    ]
    assert [line for line in long if "─" not in line] == []
