"""The documentation compared with a real server: its tables, its script, and the help pages."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from batch_loop.core.common.names import node_id
from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support import markdown
from batch_loop.tests.support.batches import busy, loop_state, run_until_stop
from batch_loop.tests.support.graphs import (
    COMPLETE,
    ITERATOR,
    SAVE,
    STOP,
    batch_graph,
    two_node_graph,
)
from batch_loop.tests.support.images import write_broken, write_images
from batch_loop.tests.support.locales import translations
from batch_loop.tests.support.schemas import DIRECTORY_ITERATOR
from batch_loop.tests.support.sources import classes_of_the_pack, name_of
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.graphs import filled_in
from batch_loop.tools.layout import ROOT, SIX_NODES
from batch_loop.tools.node_snapshot import VALUES
from batch_loop.tools.server import ComfyServer

README = (ROOT / "README.md").read_text(encoding="utf-8")
ROUTES = (ROOT / "docs" / "routes.md").read_text(encoding="utf-8")
IDS = sorted(node_id(name) for name in classes_of_the_pack())
TASKS = sorted(ROOT / "docs" / f"{name}.md" for name in markdown.TASKS)
OF_COMFYUI = {"filename_prefix"}
EACH_NODE = pytest.mark.parametrize("node", IDS)


def schema_of(client: ComfyClient, node: str) -> dict[str, Any]:
    schema: dict[str, Any] = client.get_json(f"/object_info/{node}")[node]
    return schema


def check_tables(text: str, schema: dict[str, Any]) -> None:
    """Compare a page's two tables with a node's schema: the names in order, and the options."""
    declared = {**schema["input"].get("required", {}), **schema["input"].get("optional", {})}
    inputs, outputs = markdown.table(text, "input"), markdown.table(text, "output")
    assert list(inputs) == list(declared)
    assert list(outputs) == schema["output_name"]
    for name, (kind, *rest) in declared.items():
        options = rest[0]["options"] if kind == "COMBO" else ()
        # Those behind it are the kinds of files that this ComfyUI has folders for.
        options = [VALUES] if VALUES in options else options
        assert [each for each in options if each.lower() not in inputs[name].lower()] == []


@EACH_NODE
def test_the_readme_names_each_node(client: ComfyClient, node: str) -> None:
    link = f"[{schema_of(client, node)['display_name']}](web/docs/{node}.md)"
    assert f"| {link} |" in markdown.section(README, "The nodes")


def test_directory_iterator_has_the_inputs_of_saved_workflows(client: ComfyClient) -> None:
    schema = schema_of(client, node_id("DirectoryIterator"))
    shown = [
        (name, {"type": kind, **told}) for name, (kind, told) in schema["input"]["required"].items()
    ]
    known = list(DIRECTORY_ITERATOR.items())
    # Newer releases of ComfyUI may say more about an input.
    assert [
        (name, {**told, **of_known})
        for (name, told), (_, of_known) in zip(shown, known, strict=True)
    ] == shown
    assert [name for name, _ in shown] == [name for name, _ in known]


@EACH_NODE
def test_the_help_page_names_each_input_and_output(client: ComfyClient, node: str) -> None:
    page = (ROOT / "web" / "docs" / f"{node}.md").read_text(encoding="utf-8")
    schema = schema_of(client, node)
    assert page.startswith(f"# {schema['display_name']}\n")
    check_tables(page, schema)


@EACH_NODE
def test_comfyui_serves_the_help_page(server: ComfyServer, node: str) -> None:
    # A frontend asks for the page in its language, then in English. Its picture is always the one
    # beside the English page.
    pages = (f"{node}.md", *(f"{node}/{language}.md" for language in translations()))
    for page in (*pages, f"{node}/node.webp"):
        answer = requests.get(f"{server.url}/extensions/batch-loop/docs/{page}", timeout=30)
        assert answer.ok, page
        assert answer.content == (markdown.HELP / page).read_bytes()


@pytest.mark.parametrize("page", TASKS, ids=name_of)
def test_a_task_page_names_only_existing_inputs_and_options(
    client: ComfyClient, page: Path
) -> None:
    names, options = set(), set()
    for node in IDS:
        schema = schema_of(client, node)
        inputs = {**schema["input"].get("required", {}), **schema["input"].get("optional", {})}
        names |= {*inputs, *schema["output_name"]}
        for kind, *rest in inputs.values():
            options |= set(rest[0]["options"] if kind == "COMBO" else ())
    text = " ".join(page.read_text(encoding="utf-8").split())
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", text))
    assert named - names - OF_COMFYUI == set()
    chosen = set(re.findall(r"(?<![*`])\*([^*`]+)\*(?![*`])", re.sub(r"`[^`]*`", "", text)))
    assert chosen - options == set()


def start_script(server: ComfyServer, **constants: object) -> subprocess.Popen[str]:
    (script,) = markdown.code((ROOT / "docs" / "from_the_api.md").read_text("utf-8"), "python")
    for name, value in {"SERVER": server.url, **constants}.items():
        script, found = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value!r}", script)
        assert found == 1, name
    return subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "no_proxy": "*"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def lines_of(script: subprocess.Popen[str]) -> list[str]:
    """What the script prints until it ends in success."""
    out, err = script.communicate(timeout=120)
    assert (script.returncode, err) == (0, "")
    return out.splitlines()


def test_the_script_runs_a_batch_to_its_end(server: ComfyServer) -> None:
    with start_script(server) as script:
        lines = lines_of(script)
    assert lines[-1] == "success Complete: 11 of 12 done, 1 failed"
    assert len(lines) == len(list((server.output / SIX_NODES).rglob("*.png"))) == 11


def test_the_script_continues_until_each_batch_of_a_workflow_is_complete(
    client: ComfyClient, server: ComfyServer, workspace: Workspace
) -> None:
    graph = {}
    for folder, count in (("short", 1), ("long", 3)):
        write_images(workspace.input / folder, [f"img{each}.png" for each in range(count)])
        batch = batch_graph(f"{workspace.name}/{folder}", f"{workspace.name}/{folder}")
        # Each has ids of its own.
        graph |= json.loads(re.sub(r'"(\d+)"', rf'"{folder} \1"', json.dumps(batch)))
    workflow = workspace.scratch / "workflow.json"
    workflow.write_text(json.dumps(filled_in(client, graph)), encoding="utf-8")
    with start_script(server, WORKFLOW=str(workflow), SKIP_ON_ERROR=False) as script:
        lines = lines_of(script)
    assert len(lines) == 3
    assert "Complete: 1 of 1 done" in lines[-1]
    assert "Complete: 3 of 3 done" in lines[-1]


def test_the_script_goes_on_after_its_prompt_was_deleted(
    client: ComfyClient, server: ComfyServer, workspace: Workspace
) -> None:
    write_images(workspace.input, ["img1.png"])
    workflow = workspace.scratch / "workflow.json"
    graph = filled_in(client, batch_graph(workspace.name, workspace.name))
    workflow.write_text(json.dumps(graph), encoding="utf-8")
    with busy(client, workspace.scratch):
        script = start_script(server, WORKFLOW=str(workflow), SKIP_ON_ERROR=False)
        wait_for(lambda: client.queue().pending, "the script's prompt")
        client.clear_queue()
        wait_for(lambda: client.queue().pending, "its next prompt")
    with script:
        lines = lines_of(script)
    assert lines == ["taken off the queue", "success Complete: 1 of 1 done"]


def test_the_routes_answer_as_described(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["img1.png"])
    write_broken(workspace.input / "img2.png")
    graph = batch_graph(workspace.name, workspace.name, error_handling="Skip on error")
    (result,) = run_until_stop(client, graph)[:1]

    state = loop_state(client, result)
    described = markdown.table(markdown.section(ROUTES, "`GET /batch_loop/loops/{id}`"), "field")
    assert set(described) == set(state)
    assert [name for name in state["failures"][0] if f"`{name}`" not in described["failures"]] == []

    said = markdown.section(ROUTES, "What the nodes say")
    for title, node in (
        ("Directory Iterator", ITERATOR),
        ("Batch Complete", COMPLETE),
        ("End Queue", STOP),
    ):
        (entry,) = result.outputs[node]["batch_loop"]
        table = markdown.table(said.split(f"\n{title}:\n", 1)[1], "field")
        assert set(table) == set(entry)
        assert table["kind"] == f"`{entry['kind']}`"
    # A saver says the same as Batch Complete.
    result = client.run(two_node_graph(workspace.name, workspace.name, loop_name="two"))
    (entry,) = result.outputs[SAVE]["batch_loop"]
    assert set(markdown.table(said.split("\nBatch Complete:\n", 1)[1], "field")) == set(entry)
