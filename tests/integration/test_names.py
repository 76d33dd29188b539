"""Unusual names of files and folders: each image is processed and saved once."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import loop_state, run_until_stop, told, written
from batch_loop.tests.support.graphs import ITERATOR, SAVE, Graph, batch_graph
from batch_loop.tests.support.images import colour_of, write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.results import RunResult
from batch_loop.tools.server import ComfyServer

STEMS = [
    "caf\u00e9",
    "cafe\u0301",
    "\uac00",
    "\u1100\u1161",
    os.fsdecode(b"caf\xe9"),
    os.fsdecode(b"\xff\xfe"),
    "line\nbreak",
    "carriage\rreturn",
    "tab\there",
    "bell\x07",
    'quote"d',
    "it's",
    "-rf",
    "--help",
    "=1+1",
    "@SUM(A1)",
    "+1",
    "n" * 251,
    "\U0001f600" * 62,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "Case",
    "case",
    "CASE",
    "stra\u00dfe",
    "STRASSE",
    " before",
    "after ",
    " ",
    "\u00a0",
    "\u200b",
    "100%",
    "%41",
    "%2e%2e%2f",
    "%s%n",
    "a#b",
    "a?b",
    "a&b=c",
    "a+b",
    "a;b",
    "a,b",
    "a|b",
    "a:b",
    "back\\slash",
    "..\\up",
    "a..b",
    "a.",
    "<b>bold",
    "$(touch x)",
    "`touch x`",
    "${HOME}",
    "{stem}",
    "%date:yyyy%",
    "[output]",
    "*",
    "[ab]",
    "!",
    "~",
    "CON",
    "nul",
    "\u202egnp",
    "\u05e9\u05dc\u05d5\u05dd",
    "\u65e5\u672c\u8a9e",
    "0",
    "None",
]
HIDDEN = {"..\\up"}
"""A leading dot hides a file, which keeps it out of the batch."""

NAMES = [f"{stem}.png" for stem in STEMS if stem not in HIDDEN]


def unchanged(directory: str, folder: str, **settings: Any) -> Graph:
    """A batch that saves each image unchanged."""
    graph = batch_graph(directory, folder, sort_by="name", **settings)
    graph[SAVE]["inputs"]["image"] = [ITERATOR, 1]
    return graph


def colours(folder: Path) -> dict[str, tuple[int, ...]]:
    """The colour of every image in `folder` and its subfolders, by relative path."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            with Image.open(path) as image:
                found[path.relative_to(folder).as_posix()] = image.getpixel((0, 0))
    return found


def check_previews(client: ComfyClient, results: list[RunResult], folder: Path) -> int:
    """Have ComfyUI show every file that a prompt says it has saved; returns how many there are."""
    shown = [entry for result in results for entry in result.outputs[SAVE]["images"]]
    for entry in shown:
        answer = requests.get(f"{client.url}/view", params=entry, timeout=20)
        assert answer.status_code == 200, entry
        path = folder.parent / entry["subfolder"] / entry["filename"]
        assert answer.content == path.read_bytes(), entry
    return len(shown)


def check_reports(client: ComfyClient, loop: str, paths: list[str]) -> None:
    """Both reports have every path, and programs can read them."""
    texts = {}
    for kind in ("json", "csv"):
        url = f"{client.url}/batch_loop/loops/{loop}/report.{kind}"
        answer = requests.get(url, timeout=20)
        assert answer.ok
        texts[kind] = answer.content.decode("utf-8")
    items = json.loads(texts["json"])["items"]
    assert [item["path"] for item in items] == paths
    assert {item["state"] for item in items} == {"done"}
    assert all(len(item["outputs"]) == 1 for item in items)
    rows = list(csv.DictReader(io.StringIO(texts["csv"], newline="")))
    in_sheets = [f"'{path}" if path[0] in "=+-@\t\r" else path for path in paths]
    as_shown = [path.encode("utf-8", "backslashreplace").decode() for path in in_sheets]
    assert [row["path"] for row in rows] == as_shown
    assert {row["state"] for row in rows} == {"done"}


def test_files_of_any_name_are_done_once_across_a_restart(
    start_server: Callable[..., ComfyServer],
) -> None:
    server = start_server()
    write_images(server.input / "names", NAMES, (8, 8))
    (server.output / "names").mkdir()
    graph = unchanged("names", "names")
    with server.client() as client:
        results = [client.run(graph) for _ in range(len(NAMES) // 2)]
        previews = check_previews(client, results, server.output / "names")
        # If the server ended before the last image is reconciled, that one would be done again.
        wait_for(
            lambda: loop_state(client, results[-1])["finishing"] == 0, "the last to be settled"
        )
    server.stop()
    server.start()
    with server.client() as client:
        rest = run_until_stop(client, graph, most=len(NAMES))
        previews += check_previews(client, rest, server.output / "names")
        handed_out = [told(result, ITERATOR)["filename"] for result in (*results, *rest)]
        assert handed_out == sorted(NAMES)
        check_reports(client, loop_state(client, rest[-1])["id"], sorted(NAMES))
    assert colours(server.output / "names") == {name: colour_of(name) for name in NAMES}
    # Names that ComfyUI's route for files does not accept.
    not_shown = {"line\nbreak", "carriage\rreturn", "tab\there", "bell\x07", "a..b", "a."}
    not_shown |= {os.fsdecode(b"caf\xe9"), os.fsdecode(b"\xff\xfe")}
    assert previews == len(set(STEMS) - HIDDEN - not_shown)


def test_subfolders_may_have_any_name(client: ComfyClient, workspace: Workspace) -> None:
    paths = [f"{stem}/a.png" for stem in STEMS if stem not in HIDDEN]
    write_images(workspace.input, paths, (8, 8))
    graph = unchanged(workspace.name, workspace.name, recursive=True)
    results = run_until_stop(client, graph, most=len(paths))
    assert len(results) == len(paths)
    assert colours(workspace.output) == {path: colour_of(path) for path in paths}
    assert check_previews(client, results, workspace.output) >= len(paths) - 2
    check_reports(client, loop_state(client, results[-1])["id"], sorted(paths))


def test_the_folder_itself_may_have_any_name(client: ComfyClient, workspace: Workspace) -> None:
    for stem in STEMS:
        write_images(workspace.input / stem, ["a.png"], (8, 8))
        # Spaces around a typed name are dropped; a slash after them keeps them.
        named = f"{workspace.name}/{stem}/"
        (result,) = run_until_stop(client, unchanged(named, named), most=1)
        assert told(result, ITERATOR)["directory"] == str(workspace.input / stem)
        assert colours(workspace.output / stem) == {"a.png": colour_of("a.png")}
    assert sorted(os.listdir(workspace.output)) == sorted(STEMS)


@pytest.mark.parametrize("if_exists", ["overwrite own", "overwrite", "skip", "rename"])
def test_a_suffix_that_makes_a_name_too_long_is_reported(
    client: ComfyClient, workspace: Workspace, if_exists: str
) -> None:
    name = "n" * 251 + ".png"
    write_images(workspace.input, [name, "short.png"], (8, 8))
    graph = unchanged(workspace.name, workspace.name, error_handling="Skip on error")
    graph[SAVE]["inputs"].update(suffix="_x", if_exists=if_exists)
    result = client.run(graph)
    assert result.error is not None
    assert result.error.node_id == SAVE
    for words in ("n" * 251 + "_x.png", "the name is too long. Use a shorter name"):
        assert words in result.error.message
    results = run_until_stop(client, graph)
    state = loop_state(client, results[-1])
    assert (written(state), state["failed"]) == (1, 1)
    assert "the name is too long" in state["failures"][0]["reason"]
    assert os.listdir(workspace.output) == ["short_x.png"]
