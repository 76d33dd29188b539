"""The documentation against the files of the project."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from batch_loop.core.common.names import ENV_PREFIX, ROUTE_PREFIX, node_id
from batch_loop.tests.support import markdown
from batch_loop.tests.support.locales import OWN, translations, tree
from batch_loop.tests.support.sources import (
    Findings,
    assert_nothing_in,
    classes_of_the_pack,
    line_at,
    pack_files,
)
from batch_loop.tools.environments import of_project, package_name
from batch_loop.tools.house import DESIGN
from batch_loop.tools.layout import ROOT
from batch_loop.tools.node_snapshot import SNAPSHOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
TASKS_HEADING = "What do you want to do?"
MOST_CHARACTERS = 100
NODES = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
TRANSLATED = sorted(markdown.HELP.glob("*/*.md"))


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_every_relative_link_and_image_leads_somewhere() -> None:
    def look(page: Path) -> Findings:
        text = read(page)
        for target in markdown.targets(text):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = unquote(target).partition("#")
            file = (markdown.folder_of(page) / path).resolve() if path else page
            if not file.exists() or (anchor and anchor not in markdown.anchors(read(file))):
                yield line_at(text, text.index(target)), target

    assert_nothing_in(markdown.pages(), look)


def test_each_node_has_a_help_page_and_each_help_page_a_node() -> None:
    ids = {node_id(name) for name in classes_of_the_pack()}
    assert {path.stem for path in markdown.HELP.glob("*.md")} == ids
    translated = {(page.parent.name, page.stem) for page in markdown.HELP.glob("*/*.md")}
    assert translated == {(node, language) for node in ids for language in translations()}


def what_a_help_page_says(text: str) -> dict[str, list[Any]]:
    """The parts that are the same in every language."""
    return {
        "headings": markdown.levels(text),
        "tables": markdown.rows(text),
        "links": list(markdown.targets(text)),
        # Of inputs and outputs; their order may differ between languages.
        "names": sorted(markdown.spans(text)),
        "names in tables": re.findall(r"^\|[^|`]*`([^`]+)`", text, re.MULTILINE),
    }


def test_each_help_page_has_what_the_english_one_has() -> None:
    def look(page: Path) -> Findings:
        english = what_a_help_page_says(read(markdown.HELP / f"{page.parent.name}.md"))
        for what, own in what_a_help_page_says(read(page)).items():
            if own != english[what]:
                yield 1, f"{what}: {own}, and in English {english[what]}"

    assert_nothing_in(TRANSLATED, look)


def test_each_help_page_uses_the_node_s_labels() -> None:
    def look(page: Path) -> Findings:
        node = tree(page.stem, "nodeDefs")[page.parent.name]
        text = read(page)
        if not text.startswith(f"# {node['display_name']}\n"):
            yield 1, f"the title is not {node['display_name']}"
        first = {row.split("|")[1] for row in text.splitlines() if row.startswith("|")}
        for label in (*node["inputs"].values(), *node.get("outputs", {}).values()):
            if not any(label["name"] in cell for cell in first):
                yield 1, f"no row says {label['name']}"

    assert_nothing_in(TRANSLATED, look)


def test_each_translation_names_an_option_by_its_label_and_its_value() -> None:
    def unnamed(language: str, node: str, combo: dict[str, Any]) -> Iterator[str]:
        labels = tree(language, "main")[OWN]["options"][combo["name"]].values()
        page = read(markdown.HELP / node / f"{language}.md")
        (row,) = re.findall(rf"^\|[^|]*`{combo['name']}` \|(.*)", page, re.MULTILINE)
        for label, value in zip(labels, combo["options"], strict=True):
            both = rf"{re.escape(label)}\W{{2,4}}{re.escape(value)}"  # »label« (value)
            if label != value and not re.search(both, row):
                yield f"{label} ({value})"

    def look(page: Path) -> Findings:
        node = page.parent.name
        for combo in NODES[node]["inputs"]:
            if combo["type"] == "COMBO":
                yield from ((1, name) for name in unnamed(page.stem, node, combo))

    assert_nothing_in(TRANSLATED, look)


def test_the_readme_shows_the_graph_and_the_menu() -> None:
    shown = {target for target in markdown.targets(README) if target.endswith((".jpg", ".png"))}
    assert {"docs/images/six_nodes.jpg", "docs/images/run_instant.png"} <= shown


def test_the_readme_names_each_example() -> None:
    names = {path.stem for path in (ROOT / "examples").glob("*.json")}
    assert {name for name in names if name not in README} == set()


def test_the_readme_names_only_commands_that_exist() -> None:
    commands = set(re.findall(r"`make ([\w-]+)`", README))
    targets = set(re.findall(r"^([\w-]+)(?: [\w-]+)*:", read(ROOT / "Makefile"), re.MULTILINE))
    assert {"demo", "test", "comfy"} <= commands <= targets


def test_each_runtime_dependency_has_its_line() -> None:
    text = read(ROOT / "docs" / "dependencies.md")
    installed = markdown.table(markdown.section(text, "Installed with the pack"), "package")
    assert set(installed) == {package_name(line) for line in of_project()}


def test_each_route_is_described() -> None:
    code = "".join(read(path) for path in (ROOT / "core" / "routes").glob("*.py"))
    calls = re.findall(r"\btable\.(get|post)\(f\"\{ROUTE_PREFIX\}([^\"]*)\"", code)
    routes = {
        f"{verb.upper()} {ROUTE_PREFIX}{path}".replace("{{loop}}", "{id}").replace(
            "{{kind}}", "{kind}"
        )
        for verb, path in calls
    }
    described = re.findall(r"^### `(.+)`$", read(ROOT / "docs" / "routes.md"), re.MULTILINE)
    assert set(described) == routes != set()


def test_each_environment_variable_is_in_the_table() -> None:
    code = "".join(map(read, pack_files()))
    names = {f"{ENV_PREFIX}{name}" for name in re.findall(r"ENV_PREFIX \+ \"(\w+)\"", code)}
    assert set(markdown.table(SETTINGS, "variable")) == names != set()


def test_each_setting_of_the_page_is_in_the_table() -> None:
    code = "".join(read(path) for path in (ROOT / "web").rglob("*.js"))
    ids = set(re.findall(r"\"(BatchLoop\.[\w.]+)\"", code))
    assert set(markdown.table(SETTINGS, "setting")) == ids != set()


def test_the_readme_links_to_each_page_and_each_help_page() -> None:
    pages = {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}
    helps = {f"web/docs/{path.name}" for path in (ROOT / "web" / "docs").glob("*.md")}
    assert pages | helps <= set(markdown.targets(README))


def test_each_task_has_its_page() -> None:
    tasks = {f"docs/{name}.md" for name in markdown.TASKS}
    assert tasks <= set(markdown.targets(markdown.section(README, TASKS_HEADING)))


def test_each_route_that_is_named_is_described() -> None:
    described = read(ROOT / "docs" / "routes.md")

    def look(page: Path) -> Findings:
        text = read(page)
        for match in re.finditer(r"`((?:GET|POST) /batch_loop/[^`\s]*)`", text):
            if f"### {match.group()}" not in described:
                yield line_at(text, match.start()), match.group(1)

    assert_nothing_in(markdown.pages(), look)


def test_each_template_that_is_named_exists() -> None:
    names = {path.stem for path in (ROOT / "examples").glob("*.json")}

    def look(page: Path) -> Findings:
        text = read(page)
        for match in re.finditer(r"\*\*([a-z]+_[a-z_]+)\*\*", text):
            if match.group(1) not in names:
                yield line_at(text, match.start()), match.group(1)

    assert_nothing_in(markdown.pages(), look)


def test_lines_are_short_enough_to_be_compared() -> None:
    def look(page: Path) -> Findings:
        for number, line in enumerate(read(page).splitlines(), 1):
            if len(line) <= MOST_CHARACTERS or "─" in line:
                continue
            is_drawn = page == DESIGN and line.startswith("    ")  # generated from the code
            if not is_drawn and not line.lstrip().startswith(("|", "!", "<", "```")):
                yield number, f"{len(line)} characters"

    assert_nothing_in(markdown.pages(), look)
