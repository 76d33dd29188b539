"""What a real server tells a page about tables before anything runs, and about rows afterwards."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from batch_loop.core.model.settings.row_iterator import ROW_LISTING
from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import run_until_stop, told
from batch_loop.tests.support.graphs import ITERATOR, SAVE, node
from batch_loop.tools.client import ComfyClient, UnexpectedAnswer
from batch_loop.tools.graphs import filled_in
from batch_loop.tools.server import ComfyServer

TABLE = "/batch_loop/table"
LIST = "/batch_loop/folders/list"
CSV = "name;prompt\nfox;a red fox\nowl;an owl\ncat;a cat\ndog;a dog\n"
ROW_ITERATOR = "BatchLoopRowIterator"


def look(client: ComfyClient, **settings: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.post_json(TABLE, settings)
    return found


def graph(client: ComfyClient, workspace: Workspace, **settings: Any) -> dict[str, Any]:
    saver = {"save_to": "folder", "folder": workspace.name, "text": [ITERATOR, 2]}
    return filled_in(
        client,
        {
            ITERATOR: node(ROW_ITERATOR, **settings),
            SAVE: node("BatchLoopSaveText", loop=[ITERATOR, 0], **saver),
        },
    )


def written(workspace: Workspace, content: str, name: str = "rows.csv") -> str:
    (workspace.input / name).write_text(content, encoding="utf-8")
    return f"{workspace.name}/{name}"


def test_the_node_tells_the_page_which_settings_select_rows(client: ComfyClient) -> None:
    inputs = client.get_json(f"/object_info/{ROW_ITERATOR}")[ROW_ITERATOR]["input"]["required"]
    assert {name for name, (_, given) in inputs.items() if given.get("selects_images")} == (
        ROW_LISTING
    )


def test_it_describes_the_table_that_a_run_would_work_on(
    client: ComfyClient, workspace: Workspace
) -> None:
    file = written(workspace, CSV)
    before = look(client, file=file, start_index=1)
    results = run_until_stop(client, graph(client, workspace, file=file, start_index=1))
    assert before == {
        "directory": str(workspace.input / "rows.csv"),
        "loop": told(results[0], ITERATOR)["loop"],
        "known": False,
        "forgets": "",
        "total": 3,
        "entries": 3,
        "variants": 0,
        "exact": True,
        "new": 0,
        "same": False,
        "first": "owl",
        "last": "dog",
        "nothing": None,
        "format": "CSV, semicolon, UTF-8, with a header",
        "columns": ["name", "prompt"],
        "rows": [["owl", "an owl"], ["cat", "a cat"], ["dog", "a dog"]],
    }
    assert look(client, file=file, start_index=1) == {**before, "known": True, "same": True}


def test_rows_that_were_edited_or_added_are_told_once_the_batch_is_complete(
    client: ComfyClient, workspace: Workspace
) -> None:
    file = written(workspace, CSV)
    run_until_stop(client, graph(client, workspace, file=file))
    assert look(client, file=file)["new"] == 0
    written(workspace, CSV.replace("an owl", "two owls") + "ant;an ant\n")
    found = look(client, file=file)
    assert (found["total"], found["new"]) == (5, 2)
    run_until_stop(client, graph(client, workspace, file=file))
    assert look(client, file=file)["new"] == 0


def test_rows_that_have_gone_leave_the_settings_those_of_the_batch(
    client: ComfyClient, workspace: Workspace
) -> None:
    file = written(workspace, CSV)
    run_until_stop(client, graph(client, workspace, file=file))
    written(workspace, CSV.rsplit("\n", 2)[0] + "\n")
    found = look(client, file=file)
    assert (found["total"], found["new"], found["same"]) == (3, 0, True)
    assert look(client, file=file, limit=3)["same"] is False


def test_rows_that_are_typed_may_be_many(client: ComfyClient) -> None:
    found = look(client, text="a line of many\n" * 60_000, limit=50_000, order="reversed")
    assert (found["directory"], found["total"]) == ("(typed text)", 50_000)
    assert found["rows"] == [["a line of many"]] * 3
    assert found["last"] == "a line of many #3"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 400, "No table is chosen"),
        ({"text": 1}, 400, "text must be text"),
        ({"file": "no/such.csv"}, 400, "There is no file"),
        ({"file": "/etc/passwd"}, 403, "may not use"),
        ({"file": "."}, 400, "is a folder"),
        ({"text": "a", "encoding": "x" * 41}, 400, "encoding"),
    ],
)
def test_any_other_table_is_refused(
    client: ComfyClient, body: dict[str, Any], status: int, words: str
) -> None:
    with pytest.raises(UnexpectedAnswer, match=words) as answer:
        client.post(TABLE, body)
    assert answer.value.status == status


def test_tables_are_listed_where_one_is_to_be_chosen(
    client: ComfyClient, workspace: Workspace
) -> None:
    for name in ("b10.CSV", "b9.txt", "other.png", ".hidden.csv"):
        (workspace.input / name).write_text("a", encoding="utf-8")
    (workspace.input / "folder.csv").mkdir()
    (workspace.input / "link.csv").symlink_to("/etc/passwd")
    listed = client.post_json(LIST, {"path": str(workspace.input), "files": "tables"})
    assert [each["name"] for each in listed["files"]] == ["b9.txt", "b10.CSV"]
    assert listed["files"][0]["written"] == f"{workspace.name}/b9.txt"
    assert [each["name"] for each in listed["folders"]] == ["folder.csv"]


def test_a_row_is_shown_as_a_text(
    client: ComfyClient, server: ComfyServer, workspace: Workspace
) -> None:
    file = written(workspace, CSV)
    results = run_until_stop(client, graph(client, workspace, file=file))
    loop = told(results[0], ITERATOR)["loop"]
    route = f"/batch_loop/loops/{loop}"
    first = client.get_json(f"{route}/items")["items"][0]
    assert first["title"] == "fox"
    query = {"path": first["path"]}
    files = requests.get(f"{server.url}{route}/files", query, timeout=30).json()
    assert (files["source"]["shows"], files["source"]["reason"]) == ("text", "")
    assert (files["source"]["bytes"], files["frames"]) == (None, [])
    assert [result["shows"] for result in files["results"]] == ["text"]
    shown = requests.get(f"{server.url}{route}/picture", query, timeout=30)
    assert (shown.text, shown.headers["Content-Type"]) == (
        "name: fox\nprompt: a red fox",
        "text/plain; charset=utf-8",
    )
    assert client.get_json(f"{route}/folder") == {"gone": False}
    (workspace.input / "rows.csv").unlink()
    assert client.get_json(f"{route}/folder") == {"gone": True}
    gone = requests.get(f"{server.url}{route}/files", query, timeout=30).json()["source"]
    assert gone["shows"] == "nothing"


def test_a_batch_of_typed_rows_is_started_over(client: ComfyClient, workspace: Workspace) -> None:
    results = run_until_stop(client, graph(client, workspace, text="a\nb\n"))
    loop = told(results[0], ITERATOR)["loop"]
    assert client.get_json(f"/batch_loop/loops/{loop}/folder") == {"gone": False}
    assert client.post_json("/batch_loop/loops/reset", {"loop": loop})["left"] == 2
