"""The page in other languages: ComfyUI's setting changes all of it, the pack's only its texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from batch_loop.tests.browser.batch import Batch
from batch_loop.tests.browser.comfy_page import EXAMPLE, PACK, ComfyPage
from batch_loop.tests.browser.selection import NODES_2
from batch_loop.tests.support import markdown
from batch_loop.tests.support.locales import OWN, tree
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.layout import OLDEST
from batch_loop.tools.server import ComfyServer

ITERATOR = "BatchLoopDirectoryIterator"
AS_BEFORE = {"Comfy.Locale": "en", "BatchLoop.Language": "comfyui"}

OpenIn = Callable[..., ComfyPage]


@pytest.fixture
def open_in(first_tab: ComfyPage, client: ComfyClient) -> Iterator[OpenIn]:
    """Open a tab with these language settings; at the end it may not have had errors.

    It is in the same browser, which has most of the page's files cached.
    """
    opened: list[ComfyPage] = []

    def open_in(**languages: str) -> ComfyPage:
        client.post("/settings", {**AS_BEFORE, **languages})
        comfy = ComfyPage(first_tab.page.context.new_page(), first_tab.url)
        opened.append(comfy)
        comfy.open()
        return comfy

    yield open_in
    client.post("/settings", AS_BEFORE)
    faults = [fault for comfy in opened for fault in comfy.faults]
    for comfy in opened:
        comfy.page.close()
    assert not faults, "\n".join(faults)


def shown(comfy: ComfyPage) -> dict[str, dict[str, Any]]:
    """The titles of the pack's nodes on screen and of their widgets and sockets, by node id."""
    found: dict[str, dict[str, Any]] = comfy.page.evaluate(
        """() => Object.fromEntries(app.graph._nodes
            .filter((node) => node.type.startsWith("BatchLoop"))
            .map((node) => [node.type, {
                title: node.title,
                widgets: Object.fromEntries(
                    (node.widgets ?? []).map(({ name, label }) => [name, label])),
                inputs: Object.fromEntries(node.inputs.map(
                    ({ name, label, localized_name }) => [name, label ?? localized_name])),
                outputs: node.outputs.map(
                    ({ label, localized_name }) => label ?? localized_name),
            }]))"""
    )
    return found


def check_nodes(comfy: ComfyPage, language: str) -> None:
    """Compare the nodes' texts with those of a language."""
    nodes, texts, own = shown(comfy), tree(language, "nodeDefs"), tree(language, "main")[OWN]
    assert len(nodes) == 5
    for node, found in nodes.items():
        names = texts[node]
        assert found["title"] == names["display_name"]
        labels = {**found["inputs"], **found["widgets"]}
        for name, label in names["inputs"].items():
            assert labels[name] == label["name"]
        outputs = [label["name"] for label in names.get("outputs", {}).values()]
        assert found["outputs"] == outputs
    choose = own["card"]["choose"]["label"]
    card = comfy.card(label=own["card"]["label"])
    expect(card.get_by_role("button", name=choose, exact=True)).to_be_visible()


def check_template(comfy: ComfyPage, language: str) -> None:
    """Open a template: its note and titles must be in a language, and count as no change of it."""
    comfy.call("openTemplate", PACK, EXAMPLE)
    texts = tree(language, "main")[OWN]["templates"]
    (note,) = comfy.saved_widgets("MarkdownNote")
    assert note.split("\n\n")[0] == texts["choose"]
    assert note.endswith(texts["captionOwn"])
    groups = comfy.page.evaluate("app.graph._groups.map(({ title }) => title)")
    assert groups == [texts[name] for name in ("howTo", "folder", "workAndText")]
    before = comfy.page.evaluate(
        "app.extensionManager.workflow.activeWorkflow.changeTracker.initialState"
    )
    (kept,) = (node for node in before["nodes"] if node["type"] == "MarkdownNote")
    assert kept["widgets_values"] == [note]


def beginning(text: str) -> str:
    """The part of a text before its first placeholder."""
    return text.partition("{")[0]


def run_to_the_end(comfy: ComfyPage, batch: Batch, language: str) -> None:
    """Wait for the end of the batch and start it over; both messages must be in a language."""

    def is_complete() -> bool:
        state = batch.state()
        return state is not None and bool(state["complete"])

    texts = tree(language, "main")[OWN]
    wait_for(is_complete, "the batch to be complete", timeout=120)
    comfy.toast(beginning(texts["notice"]["complete"]))
    comfy.wait_until_off()
    comfy.close_toasts()
    label = texts["startOver"]["title"]
    comfy.card(label=texts["card"]["label"]).get_by_role("button", name=label, exact=True).click()
    question = comfy.page.get_by_role("dialog", name=texts["startOver"]["question"])
    question.get_by_role("button", name=label, exact=True).click()
    run = texts["run"]["run"]["label"]
    said = comfy.toast(texts["startOver"]["done"].replace("{button}", run))
    expect(said).to_contain_text(label)


@pytest.mark.parametrize(
    ("language", "instant"),
    [
        pytest.param("zh", "运行 (实时)", id="zh"),
        pytest.param("ja", "実行する (即時)", id="ja", marks=pytest.mark.one_frontend),
    ],
)
def test_comfyui_s_language_is_used(
    open_in: OpenIn, batch: Batch, language: str, instant: str
) -> None:
    comfy = open_in(**{"Comfy.Locale": language})
    comfy.load(batch.graph())
    check_nodes(comfy, language)
    # The menu names the mode as the help in this language does.
    page = markdown.HELP / "BatchLoopDirectoryIterator" / f"{language}.md"
    assert f"**{instant}**" in page.read_text(encoding="utf-8")
    comfy.choose(instant)
    comfy.press_run()
    run_to_the_end(comfy, batch, language)


def test_the_pack_may_have_its_own_language(open_in: OpenIn, batch: Batch) -> None:
    comfy = open_in(**{"BatchLoop.Language": "de"})
    check_template(comfy, "de")
    comfy.load(batch.graph())
    check_nodes(comfy, "de")
    comfy.run_instant()
    run_to_the_end(comfy, batch, "de")


def test_options_are_shown_in_the_language_and_saved_in_english(
    open_in: OpenIn, server: ComfyServer, renderer: str
) -> None:
    texts = tree("de", "main")[OWN]
    stop, skip = texts["options"]["error_handling"].values()
    if server.frontend == OLDEST.frontend:
        stop, skip = tree("en", "main")[OWN]["options"]["error_handling"].values()
    comfy = open_in(**{"BatchLoop.Language": "de"})
    comfy.call("newNodes", [ITERATOR])
    expect(comfy.card(label=texts["card"]["label"])).to_contain_text(texts["card"]["noFolder"])
    if renderer == NODES_2:
        node = comfy.page.locator(".lg-node")
        node.get_by_text(stop, exact=True).click()
        comfy.page.get_by_role("option", name=skip, exact=True).click()
        # Once the list is closed, it is there only as what is chosen.
        expect(node.get_by_text(skip, exact=True)).to_have_count(1)
    else:
        comfy.page.mouse.click(*comfy.call("placeOfWidget", ITERATOR, "error_handling"))
        menu = comfy.page.locator(".litecontextmenu")
        expect(menu.get_by_text(stop, exact=True)).to_be_visible()
        menu.get_by_text(skip, exact=True).click()
        expect(menu).to_have_count(0)
    assert "Skip on error" in comfy.saved_widgets(ITERATOR)
    (sent,) = comfy.page.evaluate("app.graphToPrompt().then(({ output }) => Object.values(output))")
    assert sent["inputs"]["error_handling"] == "Skip on error"
