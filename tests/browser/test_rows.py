"""Rows of a table, one a run: the card of Row Iterator, and all that is shown of rows."""

from __future__ import annotations

import re
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from batch_loop.tests.browser.comfy_page import run_to_the_end
from batch_loop.tests.browser.selection import CLASSIC, NODES_2
from batch_loop.tests.support.graphs import iterator, node
from batch_loop.tools.graphs import filled_in
from batch_loop.tools.layout import DEFAULT, OLDEST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from batch_loop.tests.browser.batch import Batch
    from batch_loop.tests.browser.comfy_page import ComfyPage
    from batch_loop.tests.browser.side_panel import SidePanel
    from batch_loop.tools.client import ComfyClient
    from batch_loop.tools.server import ComfyServer

ROWS, SAVE = "1", "2"
ITERATOR = "BatchLoopRowIterator"

pytestmark = pytest.mark.usefixtures("renderer")


class Table:
    """A workflow that saves the text of each row, and what it has saved."""

    def __init__(self, client: ComfyClient, server: ComfyServer) -> None:
        self.client = client
        self.name = uuid.uuid4().hex[:12]
        self.input: Path = server.input
        self.output: Path = server.output / self.name

    def graph(self, **settings: object) -> dict[str, Any]:
        """The workflow, with these settings of Row Iterator."""
        saver = {"save_to": "folder", "folder": self.name}
        return filled_in(
            self.client,
            {
                ROWS: node(ITERATOR, **settings),
                SAVE: node("BatchLoopSaveText", text=[ROWS, 2], loop=[ROWS, 0], **saver),
            },
        )

    def write(self, content: str, name: str = "prompts.csv") -> str:
        """Write a file of rows into a folder of the input folder; returns it as `file` names it."""
        folder = self.input / self.name
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
        return f"{self.name}/{name}"

    def open(self, comfy: ComfyPage, graph: dict[str, Any]) -> None:
        """Open the workflow, with an id of its own: typed rows are told apart by nothing else."""
        comfy.load(graph, workflow=str(uuid.uuid4()))

    @property
    def saved(self) -> list[str]:
        """The texts that are in the files, in the order of the files' names."""
        return [path.read_text(encoding="utf-8") for path in sorted(self.output.glob("*.txt"))]


@pytest.fixture
def table(client: ComfyClient, server: ComfyServer) -> Table:
    return Table(client, server)


def test_rows_that_are_typed_run_one_by_one(
    comfy: ComfyPage, client: ComfyClient, table: Table
) -> None:
    table.open(comfy, table.graph())
    card = comfy.card(ITERATOR)
    expect(card).to_contain_text("No rows yet")
    comfy.set_widget(ROWS, "text", "a red fox\nb blue whale\nc green parrot\n")
    expect(card).to_contain_text("3 rows")
    expect(card).to_contain_text("text lines")
    expect(card.get_by_role("cell")).to_have_text(["a red fox", "b blue whale", "c green parrot"])
    comfy.press_button("Run", ITERATOR)
    expect(card).to_contain_text("All 3 rows done")
    run_to_the_end(comfy, client)
    assert table.saved == ["a red fox", "b blue whale", "c green parrot"]


def test_the_card_says_whether_the_file_or_what_is_typed_counts(
    comfy: ComfyPage, table: Table
) -> None:
    file = table.write("prompt\na fox\nan owl\n")
    table.open(comfy, table.graph(text="a red fox\n"))
    card = comfy.card(ITERATOR)
    expect(card.get_by_role("cell")).to_have_text(["a red fox"])
    unused = card.get_by_text("The file counts: what is typed into text is not used.")
    expect(unused).to_be_hidden()
    comfy.set_widget(ROWS, "file", file)
    expect(card.get_by_role("cell")).to_have_text(["a fox", "an owl"])
    expect(unused).to_be_visible()
    comfy.set_widget(ROWS, "text", "")
    expect(unused).to_be_hidden()


def test_a_row_to_try_is_chosen_by_its_title(
    comfy: ComfyPage, client: ComfyClient, table: Table
) -> None:
    words = "".join(f"row {number}\n" for number in range(120))
    table.open(comfy, table.graph(text=f"{words}a red fox\nb blue whale\n"))
    comfy.press_button("Choose the row to try", ITERATOR)
    window = comfy.page.get_by_role("dialog", name="Choose the row to try")
    rows = window.get_by_role("listitem")
    expect(rows).to_have_count(100)
    window.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(122)
    expect(window.get_by_role("button", name="Show more")).to_have_count(0)
    window.get_by_role("searchbox", name="Part of a row").fill("WHALE")
    expect(rows).to_have_count(1)
    expect(rows.locator(".batch-loop-tile")).to_have_text("bbw")
    window.get_by_role("searchbox").fill("no such row")
    expect(window).to_contain_text("No row has this in it.")
    window.get_by_role("searchbox").fill("")
    window.get_by_role("button", name="row 3", exact=True).click()
    expect(window).to_have_count(0)
    comfy.wait_until_submitted(1)
    client.wait_until_idle()
    expect(comfy.card(ITERATOR)).to_contain_text("Tried: row 3")
    assert table.saved == []


CSV = """name;prompt;steps;seed;note
fox;a red fox;2;1;x
whale;a blue whale;many;2;y
owl;an owl;3;3;
"""


def test_a_table_is_chosen_among_the_allowed_folders(comfy: ComfyPage, table: Table) -> None:
    file = table.write(CSV)
    (table.input / file).with_name("other.png").write_bytes(b"")
    table.open(comfy, table.graph())
    comfy.press_button("Choose a file", ITERATOR)
    window = comfy.page.get_by_role("dialog", name="Choose a file with rows")
    # Other tests have chosen one elsewhere.
    window.get_by_role("button", name="input", exact=True).click()
    window.get_by_role("button", name=table.name).click()
    expect(window).to_contain_text("1 table in this folder")
    window.get_by_role("button", name="prompts.csv").click()
    expect(window).to_have_count(0)
    assert comfy.saved_widgets(ITERATOR)[0] == file
    card = comfy.card(ITERATOR)
    expect(card).to_contain_text("3 rows")
    expect(card).to_contain_text("CSV, semicolon, UTF-8, with a header")
    expect(card.get_by_role("columnheader").first).to_have_text("name")
    # How many there is room for differs.
    expect(card.get_by_role("columnheader").last).to_have_text(re.compile(r"\+[123]"))
    expect(card.get_by_role("cell", name="a blue whale")).to_be_visible()
    comfy.set_widget(ROWS, "file", f"{table.name}/gone.csv")
    expect(card).to_contain_text("This table cannot be used")
    expect(card.get_by_role("table")).to_have_count(0)
    comfy.faults.clear()  # the browser notes what the server refuses


@pytest.mark.parametrize("is_typed", [False, True], ids=["in a file", "typed"])
def test_a_row_that_is_added_or_edited_waits_to_be_run(
    comfy: ComfyPage, client: ComfyClient, table: Table, *, is_typed: bool
) -> None:
    rows = ["a red fox", "b blue whale"]

    def write() -> str:
        text = "".join(f"{row}\n" for row in rows)
        return text if is_typed else table.write(text, "prompts.txt")

    def change() -> None:
        written = write()
        if is_typed:
            comfy.set_widget(ROWS, "text", written)
        else:
            comfy.look_again()

    table.open(comfy, table.graph(**{"text" if is_typed else "file": write()}))
    card = comfy.card(ITERATOR)
    expect(card).to_contain_text("2 rows")
    comfy.press_button("Run", ITERATOR)
    expect(card).to_contain_text("All 2 rows done")
    run_to_the_end(comfy, client)
    comfy.close_toasts()
    for change_it, waits in ((partial(rows.append, "c owl"), 1), (partial(rows.append, "d"), 2)):
        change_it()
        change()
        count = f"{waits} new row" if waits == 1 else f"{waits} new rows"
        expect(card).to_contain_text(f"{count}: press Run.")
    rows[0] = "a green fox"
    rows[2:] = []
    change()
    expect(card).to_contain_text("1 new row: press Run.")
    comfy.press_button("Run", ITERATOR)
    run_to_the_end(comfy, client)
    expect(card).not_to_contain_text("new row")
    assert sorted(table.saved) == ["a green fox", "a red fox", "b blue whale"]


@pytest.mark.parametrize(("width", "columns"), [(300, 2), (400, 3), (520, 4)])
def test_as_many_columns_of_a_table_are_shown_as_can_be_read(
    comfy: ComfyPage, table: Table, renderer: str, width: int, columns: int
) -> None:
    table.open(comfy, table.graph(file=table.write(CSV)))
    comfy.page.evaluate(
        "([id, width]) => { const node = app.graph.getNodeById(id);"
        " node.setSize([width, node.size[1]]); }",
        [ROWS, width],
    )
    names = comfy.card(ITERATOR).get_by_role("columnheader")
    if renderer == CLASSIC:  # the page makes a node no narrower than its content
        expect(names).to_have_count(columns + 1)
    expect(names.last).to_have_text(re.compile(r"\+[123]"))
    *shown, more = names.all_text_contents()
    assert shown == ["name", "prompt", "steps", "seed"][: len(shown)]
    assert more == f"+{5 - len(shown)}"
    for name in names.all():
        assert name.evaluate("({ scrollWidth, clientWidth }) => scrollWidth - clientWidth") <= 0


def test_the_panel_shows_rows_by_their_titles(
    panel: SidePanel, comfy: ComfyPage, client: ComfyClient, table: Table
) -> None:
    table.open(comfy, table.graph(text="a red fox\nb blue whale\n"))
    comfy.press_button("Run", ITERATOR)
    expect(comfy.card(ITERATOR)).to_contain_text("All 2 rows done")
    run_to_the_end(comfy, client)
    comfy.close_toasts()
    panel.open()
    panel.choose("typed text")
    row = panel.row("a red fox")
    expect(row).to_contain_text("Done")
    expect(row.locator(".batch-loop-tile")).to_have_text("arf")
    row.click()
    expect(panel.viewer.get_by_role("heading")).to_have_text("a red fox")
    expect(panel.viewer.locator(".batch-loop-viewer-row")).to_have_text("a red fox")
    expect(panel.viewer.locator(".batch-loop-viewer-text")).to_have_text("a red fox")
    comfy.page.keyboard.press("Escape")
    assert not [asked for asked in panel.asked if "thumbnail" in asked]


VALUE, CUT, IMAGES = "3", "4", "5"


def cut_by_steps(table: Table, **settings: object) -> dict[str, Any]:
    """A workflow that saves as many letters of the text as `steps` says."""
    graph = table.graph(**settings)
    graph[VALUE] = node("BatchLoopRowValue", row=[ROWS, 1], column="steps", default="")
    graph[CUT] = node("StringSubstring", string=[ROWS, 2], start=0, end=[VALUE, 1])
    graph[SAVE]["inputs"]["text"] = [CUT, 0]
    return graph


def offered(comfy: ComfyPage) -> list[str]:
    """What Row Value's column can be chosen from."""
    values: list[str] = comfy.page.evaluate(
        "id => app.graph.getNodeById(id).widgets.find(({ name }) => name === 'column')"
        ".options.values",
        VALUE,
    )
    return values


def choose_column(comfy: ComfyPage, renderer: str, shown: str, column: str) -> None:
    """Open the list of Row Value's column, which shows one, and choose another."""
    comfy.page.evaluate("id => app.canvas.centerOnNode(app.graph.getNodeById(id))", VALUE)
    if renderer == NODES_2:
        drawn = comfy.page.locator(f".lg-node[data-node-id='{VALUE}']")
        drawn.get_by_text(shown, exact=True).click()
        comfy.page.get_by_role("option", name=column, exact=True).click()
        expect(drawn.get_by_text(column, exact=True)).to_have_count(1)
        return
    comfy.page.mouse.click(*comfy.call("placeOfWidget", "BatchLoopRowValue", "column"))
    menu = comfy.page.locator(".litecontextmenu")
    menu.get_by_text(column, exact=True).click()
    expect(menu).to_have_count(0)


def test_row_value_offers_the_columns_of_its_table(
    comfy: ComfyPage, table: Table, renderer: str, server: ComfyServer
) -> None:
    columns = ["", "name", "prompt", "steps", "seed", "note"]
    table.open(comfy, cut_by_steps(table, file=table.write(CSV)))
    comfy.page.wait_for_function(
        "([id, count]) => app.graph.getNodeById(id).widgets[0].options.values.length === count",
        arg=[VALUE, len(columns)],
    )
    assert offered(comfy) == columns
    assert comfy.saved_widgets("BatchLoopRowValue")[0] == "steps"
    other = table.write(CSV.replace("steps", "length"), "other.csv")
    comfy.set_widget(ROWS, "file", other)
    comfy.page.wait_for_function(
        "id => app.graph.getNodeById(id).widgets[0].options.values.includes('length')", arg=VALUE
    )
    # What is not there any more stays.
    assert offered(comfy) == ["", "name", "prompt", "length", "seed", "note", "steps"]
    assert comfy.saved_widgets("BatchLoopRowValue")[0] == "steps"
    is_marked = server.frontend not in {OLDEST.frontend, renderer == NODES_2 and DEFAULT.frontend}
    choose_column(comfy, renderer, "steps (not in the table)" if is_marked else "steps", "length")
    assert comfy.saved_widgets("BatchLoopRowValue")[0] == "length"
    graph = comfy.page.evaluate("app.graphToPrompt().then(({ output }) => output)")
    assert graph[VALUE]["inputs"]["column"] == "length"
    comfy.reload_workflow()
    assert comfy.saved_widgets("BatchLoopRowValue")[0] == "length"
    assert comfy.saved_widgets(ITERATOR)[0] == other


def test_a_row_that_fails_is_skipped_and_retried(
    comfy: ComfyPage, client: ComfyClient, table: Table
) -> None:
    table.open(comfy, cut_by_steps(table, file=table.write(CSV), error_handling="Skip on error"))
    comfy.press_button("Run", ITERATOR)
    card = comfy.card(ITERATOR)
    expect(card).to_contain_text("Complete: 2 done, 1 failed")
    run_to_the_end(comfy, client)
    assert table.saved == ["fo", "owl"]
    comfy.close_dialogs()
    comfy.close_toasts()
    comfy.press_button("Retry failed", ITERATOR)
    expect(card).to_contain_text("1 row left")
    comfy.press_button("Continue", ITERATOR)
    expect(card).to_contain_text("Complete: 2 done, 1 failed")
    run_to_the_end(comfy, client)
    comfy.close_dialogs()


def test_a_run_stops_on_a_row_which_is_skipped(
    comfy: ComfyPage, client: ComfyClient, table: Table
) -> None:
    table.open(comfy, cut_by_steps(table, file=table.write(CSV)))
    comfy.press_button("Run", ITERATOR)
    comfy.wait_for_error()
    comfy.settle()
    client.wait_until_idle()
    comfy.wait_until_heard()
    comfy.close_dialogs()
    comfy.close_toasts()
    card = comfy.card(ITERATOR)
    expect(card).to_contain_text("Stopped on whale")
    expect(card.locator(".batch-loop-tile")).to_have_text("wh")
    sent = comfy.submitted
    comfy.press_button("Try one row", ITERATOR)
    comfy.wait_until_submitted(sent + 1)
    client.wait_until_idle()
    comfy.wait_until_heard()
    expect(card).to_contain_text("whale")
    comfy.close_dialogs()
    comfy.press_button("Skip this one", ITERATOR)
    expect(card).to_contain_text("1 failed")
    comfy.press_button("Continue", ITERATOR)
    expect(card).to_contain_text("Complete: 2 done, 1 failed")
    run_to_the_end(comfy, client)
    assert table.saved == ["fo", "owl"]
    comfy.close_toasts()
    comfy.press_button("Start over", ITERATOR)
    comfy.answer_start_over()
    expect(card).to_contain_text("3 rows")


def test_rows_go_together_with_images(
    comfy: ComfyPage, client: ComfyClient, table: Table, new_batch: Callable[..., Batch]
) -> None:
    batch = new_batch("a.png", "b.png")
    graph = table.graph(text="x\ny\n")
    graph[IMAGES] = iterator(batch.name)
    graph[SAVE]["inputs"]["loop"] = [IMAGES, 0]
    table.open(comfy, graph)
    comfy.run_instant()
    expect(comfy.page.get_by_text("All 2 rows done")).to_be_visible()
    expect(comfy.page.get_by_text("All 2 images done")).to_be_visible()
    run_to_the_end(comfy, client)
    assert table.saved == ["x", "y"]
    assert sorted(path.stem for path in table.output.iterdir()) == ["a", "b"]
