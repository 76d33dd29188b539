"""`batch-loop run` on the rows of tables: files and typed text, alone and beside images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.integration.test_command import batch_loop, the_line_of
from batch_loop.tests.support.batches import records
from batch_loop.tests.support.graphs import SAVE, WORK, Graph, node, save
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.graphs import filled_in
from batch_loop.tools.layout import EXAMPLES

SECONDS = 60
ROWS, VALUE, RECORD = "rows", "value", "record"
TABLE = "prompt;size\na red fox;8\na blue cat;16\nan owl;24\n"
PROMPTS = ["a red fox", "a blue cat", "an owl"]


def pictures(client: ComfyClient, folder: str, record: Path, **settings: Any) -> Graph:
    """A picture for each row, of the size in its column `size`; each row's text is recorded."""
    return filled_in(
        client,
        {
            ROWS: node("BatchLoopRowIterator", **settings),
            VALUE: node("BatchLoopRowValue", row=[ROWS, 1], column="size", default="8"),
            WORK: node(
                "EmptyImage", width=[VALUE, 1], height=[VALUE, 1], batch_size=1, color=0xFF0000
            ),
            SAVE: save([WORK, 0], folder, loop=[ROWS, 0]),
            RECORD: node("TestRecord", image=[SAVE, 0], text=[ROWS, 2], path=str(record)),
        },
    )


class Case:
    """A table of three rows, and a workflow with a picture for each row."""

    def __init__(self, client: ComfyClient, workspace: Workspace) -> None:
        self.client = client
        self.workspace = workspace
        self.table = workspace.input / "prompts.csv"
        self.table.write_text(TABLE, encoding="utf-8")
        self.named = f"{workspace.name}/prompts.csv"
        self.workflow = workspace.scratch / "workflow.json"
        self.record = workspace.scratch / "record"
        self.write(pictures(client, workspace.name, self.record))

    def write(self, workflow: object) -> None:
        self.workflow.write_text(json.dumps(workflow), encoding="utf-8")

    def run(self, *arguments: object) -> tuple[int, str, str]:
        return batch_loop(self.client.url, "run", self.workflow, *arguments)

    @property
    def ran(self) -> list[str]:
        return records(self.record)

    @property
    def sizes(self) -> list[int]:
        """The widths of the results, the smallest first."""
        found = []
        for path in self.workspace.output.glob("*.png"):
            with Image.open(path) as image:
                found.append(image.width)
        return sorted(found)


@pytest.fixture
def case(client: ComfyClient, workspace: Workspace) -> Case:
    return Case(client, workspace)


@pytest.mark.oldest_too
def test_each_row_of_a_file_is_done_once(case: Case, tmp_path: Path) -> None:
    report, sheet = tmp_path / "report.json", tmp_path / "sheet.png"
    file = ["--set", f"RowIterator.file={case.named}"]
    code, out, err = case.run(*file, "--report", report, "--contact-sheet", sheet)
    assert (code, case.ran) == (0, PROMPTS), err
    assert out.startswith("3 of 3 done, complete")
    assert case.sizes == [8, 16, 24]
    loop = json.loads(report.read_text(encoding="utf-8"))
    assert loop["directory"] == str(case.table.resolve())
    assert [(item["title"], item["state"]) for item in loop["items"]] == [
        (prompt, "done") for prompt in PROMPTS
    ]
    with Image.open(sheet) as picture:
        colours = {colour for _, colour in picture.getcolors(1 << 16) or ()}
    assert (255, 0, 0) in colours
    # It is complete already, until a row is added.
    assert case.run(*file)[0] == 0
    assert case.ran == PROMPTS
    case.table.write_text(f"{TABLE}a dog;32\n", encoding="utf-8")
    assert batch_loop(case.client.url, "reset", case.table.resolve())[0] == 0
    assert case.run(*file)[0] == 0
    assert case.ran == [*PROMPTS, *PROMPTS, "a dog"]


def test_rows_can_be_typed_and_their_titles_are_told(case: Case) -> None:
    text = f"RowIterator.text={case.workspace.name}\n1..3\na cat"
    case.write(pictures(case.client, case.workspace.name, case.record, file=case.named))
    code, _, err = case.run("--set", text)
    assert code == 2
    assert "Row Iterator does not read it" in the_line_of(err)
    name = f"RowIterator.loop_name={case.workspace.name}"
    code, out, err = case.run(
        *("--json", "--set", text, "--set", "RowIterator.file=", "--set", name),
        *("--set", "RowValue.column=", "--set", "RowValue.default=8", "--on-error", "skip"),
    )
    # The first column of two of them is no number.
    assert (code, case.ran) == (1, ["1", "2", "3"]), err
    lines = [json.loads(line) for line in out.splitlines()]
    end = lines.pop()
    assert {line["event"] for line in lines} == {"item"}
    assert lines[0]["filename"] == case.workspace.name
    assert [item["title"] for item in end["failures"]] == [case.workspace.name, "a cat"]
    assert "which is no whole number" in end["failures"][1]["reason"]
    (line,) = [
        line
        for line in batch_loop(case.client.url, "status")[1].splitlines()
        if case.workspace.name in line
    ]
    assert line.endswith(f"3 of 5 done, 2 failed, complete  (typed text) {case.workspace.name}")


BROKEN = "prompt;size\na red fox;8\na blue cat;huge\nan owl;24\n"


@pytest.fixture
def broken(case: Case) -> Case:
    """In one of the rows, the size is no number."""
    case.table.write_text(BROKEN, encoding="utf-8")
    case.write(pictures(case.client, case.workspace.name, case.record, file=case.named))
    return case


def test_it_stops_at_a_broken_row_and_goes_on_once_it_is_mended(broken: Case) -> None:
    code, out, err = broken.run("--json")
    assert (code, broken.ran) == (3, PROMPTS[:1])
    problem = json.loads(out.splitlines()[-1])["problem"]
    assert problem.startswith("BatchLoopRowValue (node value): Column")
    assert 'Column "size" of the row "a blue cat" has "huge"' in the_line_of(err)
    broken.table.write_text(TABLE, encoding="utf-8")
    code, _, err = broken.run("--set", "RowIterator.loop_name=mended")
    assert (code, broken.ran[1:]) == (0, PROMPTS), err


def test_it_can_skip_a_broken_row(broken: Case, tmp_path: Path) -> None:
    report = tmp_path / "report.csv"
    code, out, _ = broken.run("--on-error", "skip", "--report", report)
    assert (code, broken.ran) == (1, ["a red fox", "an owl"])
    assert out.startswith("2 of 3 done, 1 failed, complete")
    assert '\n  a blue cat: Column "size"' in out
    assert ",a blue cat,failed," in report.read_text(encoding="utf-8")
    assert batch_loop(broken.client.url, "retry", broken.table.resolve())[0] == 0
    # Nothing asks for a number any more.
    sizes = ["--set", f"{WORK}.width=8", "--set", f"{WORK}.height=8"]
    assert broken.run(*sizes, "--on-error", "skip")[0] == 0
    assert broken.ran[2:] == ["a blue cat"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--set", "RowIterator.file=none.csv"], 10, "There is no file"),
        (["--set", "RowIterator.file=/etc/passwd"], 10, "BatchLoopRowIterator"),
        (["--set", "RowIterator.file="], 10, "No table is chosen"),
        (["--set", "RowIterator.limit=-1"], 10, "BatchLoopRowIterator"),
        (["--set", "RowIterator.nothing=1"], 2, "BatchLoopRowIterator has no input 'nothing'"),
    ],
    ids=["no file", "not allowed", "no table", "a wrong limit", "no input"],
)
def test_a_wrong_command_line_says_what_to_do(
    case: Case, arguments: list[str], code: int, words: str
) -> None:
    found, _, err = case.run(*arguments)
    assert (found, case.ran) == (code, [])
    assert words in err.splitlines()[-1]


def test_a_range_that_is_too_long_is_refused_before_anything_runs(case: Case) -> None:
    code, _, err = case.run("--set", "RowIterator.text=1 to 100000000")
    assert (code, case.ran) == (10, [])
    assert "line 1: with this range there are 100,000,000 rows" in the_line_of(err)


def widgets(client: ComfyClient, graph: Graph) -> list[dict[str, Any]]:
    """The nodes of a graph as the page saves them, with their values in the order of the inputs."""
    types = client.get_json("/object_info")
    saved = []
    for key, each in graph.items():
        declared = types[each["class_type"]]["input"]
        names = [name for part in ("required", "optional") for name in declared.get(part, {})]
        inputs = each["inputs"]
        values = [inputs[name] for name in names if not isinstance(inputs.get(name, []), list)]
        sockets = [
            {"name": name, "type": "*", "link": None}
            for name in names
            if name not in inputs or isinstance(inputs[name], list)
        ]
        saved.append(
            {"id": key, "type": each["class_type"], "inputs": sockets, "widgets_values": values}
        )
    return saved


def as_saved_by_the_page(client: ComfyClient, graph: Graph) -> dict[str, Any]:
    nodes = widgets(client, graph)
    links: list[list[Any]] = []
    for each in nodes:
        for place, slot in enumerate(each["inputs"]):
            value = graph[each["id"]]["inputs"].get(slot["name"])
            if value is not None:
                slot["link"] = len(links)
                links.append([len(links), value[0], value[1], each["id"], place, "*"])
    return {"nodes": nodes, "links": links}


def test_a_workflow_as_the_page_saves_it_has_the_same_values(case: Case) -> None:
    text = "prompt\tsize\n{red|blue} // fox\t8\na cat\t16\nan owl\t24\na dog\t32\n"
    more = {"header": "first row", "order": "reversed", "start_index": 1, "limit": 2}
    graph = pictures(case.client, case.workspace.name, case.record, text=text, **more)
    case.write(as_saved_by_the_page(case.client, graph))
    code, _, err = case.run("--set", f"RowIterator.loop_name={case.workspace.name}")
    assert (code, case.ran) == (0, ["an owl", "a cat"]), err
    assert case.sizes == [16, 24]
    # Nothing in it is a choice or a comment, as it is in a prompt.
    code, _, err = case.run(
        *("--set", "RowIterator.start_index=3", "--set", f"RowIterator.loop_name={case.named}")
    )
    assert (code, case.ran[2:]) == (0, ["{red|blue} // fox"]), err


def test_the_template_runs(case: Case) -> None:
    template = EXAMPLES / "Prompts from a table.json"
    case.write(json.loads(template.read_text(encoding="utf-8")))
    name = case.workspace.name
    ours = ["--set", f"SaveImage.folder={name}", "--set", f"RowIterator.loop_name={name}"]
    code, out, err = case.run(*ours)
    assert code == 0, err
    assert out.startswith("4 of 4 done, complete")
    assert case.sizes == [512, 640, 768, 896]
