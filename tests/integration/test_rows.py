"""Batches of rows, by Row Iterator, on a real server."""

from __future__ import annotations

import csv
import io
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import (
    loop_state,
    loops_of,
    refusal,
    run_until_stop,
    told,
)
from batch_loop.tests.support.graphs import ITERATOR, Graph, iterator, node, row_iterator, save
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.open_files import times_open
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.server import ComfyServer

TEXT, VALUE, OTHER, SAVE = "text", "value", "other", "save"
ROW, ROW_TEXT, STATUS = [ITERATOR, 1], [ITERATOR, 2], [ITERATOR, 5]
KINDS = ["text", "int", "float", "boolean"]
"""Row Value's outputs in order."""
SKIP = "Skip on error"


def rows(workspace: Workspace, *, beside: bool = False, **settings: Any) -> Graph:
    """A loop of two nodes that saves each row's first column as a text."""
    saver = node(
        "BatchLoopSaveText",
        text=ROW_TEXT,
        loop=[ITERATOR, 0],
        save_to="beside the source" if beside else "folder",
        folder=workspace.name,
        prefix="",
        suffix="",
        extension=".txt",
        if_exists="overwrite own",
        keep_subfolders=True,
    )
    return {ITERATOR: row_iterator(**settings), TEXT: saver}


def of_file(workspace: Workspace, name: str = "t.csv", **settings: Any) -> Graph:
    """The same of a file, whose first row names its columns."""
    given = {"file": f"{workspace.name}/{name}", "header": "first row", **settings}
    return rows(workspace, **given)


def with_value(graph: Graph, column: str, kind: str, default: str = "") -> Graph:
    """`graph` with the value of a column as the text that is saved."""
    shown = {
        VALUE: node("BatchLoopRowValue", row=ROW, column=column, default=default),
        "shown": node("PreviewAny", source=[VALUE, KINDS.index(kind)]),
    }
    return {**graph, **shown}


def write(workspace: Workspace, *lines: str, name: str = "t.csv") -> Path:
    path = workspace.input / name
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def texts(folder: Path) -> dict[str, str]:
    """The text files in a folder by their names, without the digest of a row."""
    found = sorted(folder.rglob("*.txt"))
    return {path.stem.rpartition(" ")[0]: path.read_text("utf-8") for path in found}


def titles(results: list[Any]) -> list[str]:
    """The rows that prompts were given."""
    found = [told(result, ITERATOR) for result in results]
    return [each["filename"] for each in found if each.get("path")]


@pytest.mark.each_cache
def test_typed_lines_are_rows(client: ComfyClient, workspace: Workspace) -> None:
    graph = rows(workspace, text="a red fox\na blue/cat\na red fox\n")
    results = run_until_stop(client, graph)
    assert titles(results) == ["a red fox", "a blue cat", "a red fox #2"]
    assert [told(result, ITERATOR)["index"] for result in results] == [0, 1, 2]
    saved = sorted(path.name for path in workspace.output.iterdir())
    assert len(saved) == 3
    assert sorted(path.read_text() for path in workspace.output.iterdir()) == [
        "a blue/cat",
        "a red fox",
        "a red fox",
    ]
    assert (loop_state(client, results[0])["done"], told(results[-1], TEXT)["complete"]) == (
        3,
        True,
    )
    assert told(results[-1], TEXT)["status"] == "Complete: 3 of 3 done"


@pytest.mark.parametrize(
    ("column", "kind", "expected"),
    [
        ("name", "text", ["fox", "cat"]),
        ("size", "text", ["64", "7.6"]),
        ("size", "int", ["64", "8"]),
        ("size", "float", ["64.0", "7.6"]),
        ("big", "boolean", ["true", "false"]),
        ("note", "text", ["none", "x"]),
        ("", "text", ["fox", "cat"]),
    ],
)
def test_columns_are_values(
    client: ComfyClient, workspace: Workspace, column: str, kind: str, expected: list[str]
) -> None:
    write(workspace, "name,size,big,note", "fox,64,yes,", "cat,7.6,off,x")
    graph = with_value(of_file(workspace), column, kind, default="none")
    results = run_until_stop(client, graph)
    assert [result.status for result in results] == ["success"] * 2
    shown = [result.outputs["shown"]["text"][0] for result in results]
    assert [each.lower() if kind == "boolean" else each for each in shown] == expected


def test_a_table_as_pandas_writes_it_has_its_header(
    client: ComfyClient, workspace: Workspace
) -> None:
    write(workspace, ",prompt,prompt", "0,a fox,dark", "1,an owl,blurry")
    graph = with_value(of_file(workspace, header="auto"), "prompt 2", "text")
    graph[TEXT]["inputs"]["text"] = [VALUE, 0]
    results = run_until_stop(client, graph)
    assert sorted(texts(workspace.output).values()) == ["blurry", "dark"]
    assert [told(result, ITERATOR)["total"] for result in results] == [2, 2]


def test_a_long_table_is_not_open_between_its_prompts_and_can_be_saved_meanwhile(
    client: ComfyClient, workspace: Workspace, server: ComfyServer
) -> None:
    lines = [f"row {number}" for number in range(5_000)]
    table, graph = write(workspace, "prompt", *lines), of_file(workspace)
    assert server.pid is not None
    assert titles([client.run(graph)]) == ["row 0"]
    assert times_open(table, server.pid) == 0
    write(workspace, "prompt", *lines, "another row")
    assert titles([client.run(graph)]) == ["row 1"]
    assert times_open(table, server.pid) == 0


@pytest.mark.parametrize("header", ["prompt,negative_prompt,seed", "prompt"])
def test_a_table_of_nothing_but_a_header_is_refused_before_anything_runs(
    client: ComfyClient, workspace: Workspace, header: str
) -> None:
    table = write(workspace, header)
    message = refusal(client, of_file(workspace, header="auto"))
    assert "its only row was taken for the names of the columns" in message
    assert "set header to none" in message
    assert loops_of(client, table) == []


def test_a_column_of_a_table_that_is_read_without_a_header_is_told_with_what_to_do(
    client: ComfyClient, workspace: Workspace
) -> None:
    write(workspace, "quality,quantity", "good,much", "bad,little")
    graph = with_value(of_file(workspace, header="auto"), "quality", "text")
    result = client.run(graph)
    assert result.error is not None
    assert "the table has no such column" in result.error.message
    assert "set header of Row Iterator to first row" in result.error.message


NO_NUMBER = ["name,size", "fox,64", "cat,big", "dog,32"]


@pytest.mark.parametrize("kind", ["int", "float", "boolean"])
def test_a_cell_that_is_no_number_fails_with_its_row_column_and_value(
    client: ComfyClient, workspace: Workspace, kind: str
) -> None:
    write(workspace, *NO_NUMBER)
    graph = with_value(of_file(workspace), "size", kind)
    assert client.run(graph).status == "success"
    message = refusal(client, graph)
    for word in ('"size"', '"cat"', '"big"'):
        assert word in message
    # Stop on error: the next run tries it again, and goes on once it is corrected.
    assert titles([client.run(graph)]) == ["cat"]


def test_with_skip_on_error_such_a_row_fails_and_the_others_are_done(
    client: ComfyClient, workspace: Workspace
) -> None:
    write(workspace, *NO_NUMBER)
    graph = with_value(of_file(workspace, error_handling=SKIP), "size", "int")
    results = run_until_stop(client, graph)
    state = loop_state(client, results[-1])
    assert (state["done"], state["failed"]) == (2, 1)
    assert state["failures"][0]["reason"].count("big") == 1


def test_a_column_that_is_not_there_is_named_with_those_that_are(
    client: ComfyClient, workspace: Workspace
) -> None:
    write(workspace, *NO_NUMBER)
    message = refusal(client, with_value(of_file(workspace), "price", "int"))
    for word in ('"price"', '"name"', '"size"'):
        assert word in message


@pytest.mark.parametrize("handling", ["Stop on error", SKIP])
def test_without_its_table_no_row_fails_and_the_batch_goes_on_once_it_is_back(
    client: ComfyClient, workspace: Workspace, handling: str
) -> None:
    table = write(workspace, "prompt", "one", "two", "three")
    graph = of_file(workspace, error_handling=handling)
    first = client.run(graph)
    table.rename(table.with_suffix(".away"))
    message = refusal(client, graph)
    assert "There is no file" in message
    assert str(table.name) in message
    assert loop_state(client, first)["failed"] == 0
    table.with_suffix(".away").rename(table)
    assert titles(run_until_stop(client, graph)) == ["two", "three"]
    assert loop_state(client, first)["done"] == 3


@pytest.mark.parametrize(
    "content", [b"", b"prompt\n", b"prompt\none\nt", b"prompt\n\xff\xfe\xfa\n"]
)
def test_a_table_that_is_half_written_fails_no_row(
    client: ComfyClient, workspace: Workspace, content: bytes
) -> None:
    lines = ["prompt", "one", "two", "three"]
    table = write(workspace, *lines)
    graph = of_file(workspace, error_handling=SKIP, encoding="utf-8")
    first = client.run(graph)
    table.write_bytes(content)
    assert table.name in refusal(client, graph)
    state = loop_state(client, first)
    assert (state["done"], state["failed"]) == (1, 0)
    write(workspace, *lines)
    assert titles(run_until_stop(client, graph)) == ["two", "three"]


def test_a_row_that_was_removed_fails_and_the_batch_goes_on(
    client: ComfyClient, workspace: Workspace
) -> None:
    write(workspace, "prompt", "one", "two", "three")
    graph = of_file(workspace, error_handling=SKIP)
    first = client.run(graph)
    write(workspace, "prompt", "one", "three")
    assert titles(run_until_stop(client, graph)) == ["three"]
    state = loop_state(client, first)
    assert (state["done"], state["failed"]) == (2, 1)
    assert state["failures"][0]["reason"] == "the table no longer has this row"


@pytest.mark.parametrize("how", ["typed", "a file"])
def test_a_failed_row_that_is_corrected_leaves_nothing_behind(
    client: ComfyClient, workspace: Workspace, how: str
) -> None:
    def table(*sizes: str) -> Graph:
        lines = [
            "prompt,size",
            *(f"{name},{size}" for name, size in zip("abc", sizes, strict=True)),
        ]
        write(workspace, *lines)
        if how == "a file":
            graph = of_file(workspace, error_handling=SKIP)
        else:
            graph = rows(workspace, text="\n".join(lines), header="first row", error_handling=SKIP)
        return with_value(graph, "size", "int")

    results = run_until_stop(client, table("1", "two", "3"))
    state = loop_state(client, results[-1])
    assert (state["total"], state["done"], state["failed"]) == (3, 2, 1)
    run_until_stop(client, table("1", "2", "3"))
    state = loop_state(client, results[-1])
    assert [state[name] for name in ("complete", "total", "done", "failed")] == [True, 3, 3, 0]


def test_with_stop_on_error_a_row_that_was_removed_is_told(
    client: ComfyClient, workspace: Workspace
) -> None:
    table = write(workspace, "prompt", "one", "two", "three")
    graph = of_file(workspace)
    first = client.run(graph)
    write(workspace, "prompt", "one", "three")
    message = refusal(client, graph)
    assert f'The row "two" is gone from "{table.resolve()}"' in message
    loop = told(first, ITERATOR)["loop"]
    stopped = client.get_json(f"/batch_loop/loops/{loop}")["stopped_on"]
    client.post_json("/batch_loop/loops/skip", {"loop": loop, "path": stopped["path"]})
    assert titles(run_until_stop(client, graph)) == ["three"]


def image_and_row(workspace: Workspace, **settings: Any) -> Graph:
    """Each image with the row at the same place; the result is as wide as the row says."""
    return {
        ITERATOR: iterator(workspace.name, **settings),
        OTHER: row_iterator(file=f"{workspace.name}/t.csv", **settings),
        VALUE: node("BatchLoopRowValue", row=[OTHER, 1], column="size", default=""),
        "scaled": node(
            "ImageScale",
            image=[ITERATOR, 1],
            width=[VALUE, 1],
            height=32,
            upscale_method="nearest-exact",
            crop="disabled",
        ),
        SAVE: save(["scaled", 0], workspace.name, loop=[ITERATOR, 0]),
    }


def test_images_and_rows_that_meet_advance_together(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png", "b.png", "c.png"])
    write(workspace, "name,size", "one,16", "two,24", "three,40")
    results = run_until_stop(client, image_and_row(workspace))
    assert [told(result, ITERATOR)["filename"] for result in results] == ["a.png", "b.png", "c.png"]
    assert [told(result, OTHER)["filename"] for result in results] == ["one", "two", "three"]
    widths = {}
    for path in workspace.output.glob("*.png"):
        with Image.open(path) as image:
            widths[path.name] = image.width
    assert widths == {"a.png": 16, "b.png": 24, "c.png": 40}
    assert [loop["done"] for loop in loops_of(client, workspace.input / "t.csv")] == [3]


def test_an_image_whose_row_fails_fails_with_it(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png", "b.png", "c.png"])
    write(workspace, "name,size", "one,16", "two,wide", "three,40")
    results = run_until_stop(client, image_and_row(workspace, error_handling=SKIP))
    state = loop_state(client, results[-1])
    (of_rows,) = loops_of(client, workspace.input / "t.csv")
    assert (state["done"], state["failed"]) == (of_rows["done"], of_rows["failed"]) == (2, 1)
    assert sorted(path.name for path in workspace.output.glob("*.png")) == ["a.png", "c.png"]


def test_a_text_beside_an_image_never_replaces_the_table_that_it_comes_from(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png", "b.png"])
    table = write(workspace, "of a", "of b", name="a.txt")
    graph = rows(workspace, beside=True)
    graph[TEXT]["inputs"] |= {"if_exists": "overwrite", "text": [OTHER, 2]}
    graph[ITERATOR] = iterator(workspace.name, error_handling=SKIP)
    graph[OTHER] = row_iterator(file=f"{workspace.name}/a.txt", header="none", error_handling=SKIP)
    results = run_until_stop(client, graph)
    assert table.read_text() == "of a\nof b\n"
    state = loop_state(client, results[-1])
    assert (state["done"], state["failed"]) == (1, 1)
    assert "a.txt" in state["failures"][0]["reason"]
    assert (workspace.input / "b.txt").read_text() == "of b"


def test_two_lists_that_are_typed_need_names(client: ComfyClient, workspace: Workspace) -> None:
    graph = rows(workspace, text="a cat\na dog")
    graph[OTHER] = row_iterator(text="in oil\nin ink")
    graph["both"] = node("StringConcatenate", string_a=ROW_TEXT, string_b=[OTHER, 2], delimiter=" ")
    graph[TEXT]["inputs"]["text"] = ["both", 0]
    message = refusal(client, graph)
    assert "Two Row Iterators of this workflow have rows typed into text" in message
    assert "another loop_name" in message
    graph[OTHER]["inputs"]["loop_name"] = "styles"
    run_until_stop(client, graph)
    saved = sorted(path.read_text() for path in workspace.output.glob("*.txt"))
    assert saved == ["a cat in oil", "a dog in ink"]


def test_rows_with_a_result_are_left_out(client: ComfyClient, workspace: Workspace) -> None:
    write(workspace, "prompt", "one", "two", "three")
    run_until_stop(client, of_file(workspace))
    next(workspace.output.glob("two *.txt")).unlink()
    again = of_file(workspace, skip_finished=True, loop_name="again")
    results = run_until_stop(client, again)
    assert titles(results) == ["two"]
    assert loop_state(client, results[-1])["finished"] == 2


def test_rows_that_are_appended_join_a_batch_that_is_watched(
    client: ComfyClient, workspace: Workspace
) -> None:
    table = write(workspace, "prompt", "one", "two")
    graph = of_file(workspace, when_complete="Watch")
    results = [client.run(graph), client.run(graph)]
    assert titles(results) == ["one", "two"]
    with table.open("a", encoding="utf-8") as file:
        file.write("three\n")
    loop = told(results[0], ITERATOR)["loop"]

    def ready() -> bool:
        return client.post_json("/batch_loop/loops/watch", {"loop": loop})["ready"] == 1

    wait_for(ready, "the row to be whole")
    assert titles([client.run(graph)]) == ["three"]


def test_a_table_outside_the_allowed_folders_is_refused_before_anything_runs(
    client: ComfyClient, workspace: Workspace
) -> None:
    outside = workspace.scratch / "secret.csv"
    outside.write_text("a,b\n1,2\n")
    for file in (str(outside), f"{workspace.name}/../../../secret.csv"):
        assert "allowed_dirs.txt" in refusal(client, rows(workspace, file=file))
    (workspace.input / "link.csv").symlink_to(outside)
    graph = of_file(workspace, "link.csv")
    assert "allowed_dirs.txt" in refusal(client, graph)
    assert loops_of(client, outside) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "No table is chosen"),
        ({"file": "nothing.csv"}, "There is no file"),
        ({"file": "."}, "is a folder, not a table"),
        ({"text": "\n\n", "file": ""}, "No table is chosen"),
    ],
)
def test_what_is_no_table_is_refused(
    client: ComfyClient, workspace: Workspace, settings: dict[str, Any], message: str
) -> None:
    assert message in refusal(client, rows(workspace, **settings))


def test_texts_beside_the_source_go_beside_the_table_and_never_over_it(
    client: ComfyClient, workspace: Workspace
) -> None:
    table = write(workspace, "one", "two", name="t.txt")
    results = run_until_stop(client, of_file(workspace, "t.txt", header="none", beside=True))
    assert len(results) == 2
    beside = {path.name for path in workspace.input.iterdir()} - {"t.txt"}
    assert sorted(name.partition(" ")[0] for name in beside) == ["one", "two"]
    assert table.read_text() == "one\ntwo\n"
    assert not list(workspace.output.iterdir())


def test_typed_rows_lie_in_no_folder_so_their_texts_go_into_the_output_folder(
    client: ComfyClient, workspace: Workspace, server: ComfyServer
) -> None:
    row = f"of {workspace.name}"
    run_until_stop(client, rows(workspace, text=row, beside=True))
    (saved,) = server.output.glob(f"{row[:60]} *.txt")
    assert saved.read_text(encoding="utf-8") == row


def test_reports_name_the_rows(client: ComfyClient, workspace: Workspace) -> None:
    write(workspace, "prompt", "one", "two", "three")
    graph = of_file(workspace)
    first = client.run(graph)
    run_until_stop(client, graph)
    loop = told(first, ITERATOR)["loop"]
    report = client.get_json(f"/batch_loop/loops/{loop}/report.json")
    assert [item["state"] for item in report["items"]] == ["done"] * 3
    assert [item["path"].partition(" ")[0] for item in report["items"]] == ["one", "two", "three"]
    report_csv = f"{client.url}/batch_loop/loops/{loop}/report.csv"
    with urllib.request.urlopen(report_csv) as got:  # noqa: S310 - the server's own
        table = list(csv.DictReader(io.StringIO(got.read().decode("utf-8-sig"))))
    assert [row["state"] for row in table] == ["done"] * 3
    assert len({row["path"] for row in table}) == 3
