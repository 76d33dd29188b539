"""What a real server tells a page about folders before anything runs."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from batch_loop.core.model.settings.directory_iterator import LISTING
from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import loops_of, run_until_stop, told
from batch_loop.tests.support.graphs import ITERATOR, batch_graph
from batch_loop.tests.support.images import write_images
from batch_loop.tools.client import ComfyClient, UnexpectedAnswer
from batch_loop.tools.server import ComfyServer

FOLDER = "/batch_loop/folder"
ITEMS = "/batch_loop/items"
LIST = "/batch_loop/folders/list"


def check_refused(client: ComfyClient, route: str, body: object, status: int, words: str) -> None:
    """The route must refuse this body with this status, in these words."""
    with pytest.raises(UnexpectedAnswer, match=words) as answer:
        client.post(route, body)
    assert answer.value.status == status


NAMES = ["img1.png", "img2.jpg", "img10.png", "sub/img3.png"]


def look(client: ComfyClient, **settings: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.post_json(FOLDER, settings)
    return found


def test_the_node_tells_the_page_which_settings_select_images(client: ComfyClient) -> None:
    node = "BatchLoopDirectoryIterator"
    inputs = client.get_json(f"/object_info/{node}")[node]["input"]["required"]
    told = {name for name, (_, options) in inputs.items() if options.get("selects_images")}
    assert told == LISTING


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"filter": "PNG"},
        {"filter": "Custom", "custom_pattern": "*, !*2*"},
        {"recursive": True},
        {"sort_by": "name"},
        {"descending": True},
        {"sort_by": "shuffle"},
        {"start_index": 1, "limit": 1},
        {"loop_name": "other"},
    ],
    ids=str,
)
def test_it_describes_what_a_run_would_work_on(
    client: ComfyClient, workspace: Workspace, settings: dict[str, Any]
) -> None:
    write_images(workspace.input, NAMES)
    before = look(client, directory=workspace.name, **settings)
    results = run_until_stop(client, batch_graph(workspace.name, workspace.name, **settings))
    said = [told(result, ITERATOR) for result in results]
    paths = [line["status"].split(": ", 1)[1] for line in said]
    assert before == {
        "directory": str(workspace.input),
        "loop": said[0]["loop"],
        "known": False,
        "forgets": "",
        "total": len(paths),
        "new": 0,
        "same": False,
        "entries": len(paths),
        "variants": 0,
        "first": paths[0],
        "last": paths[-1],
        "nothing": None,
        "film": None,
    }
    assert look(client, directory=workspace.name, **settings) == {
        **before,
        "known": True,
        "same": True,
    }


def test_it_follows_changes_to_the_folder_and_changes_nothing(
    client: ComfyClient, workspace: Workspace
) -> None:
    assert look(client, directory=workspace.name)["total"] == 0
    assert look(client, directory=workspace.name)["first"] is None
    write_images(workspace.input, NAMES)
    found = look(client, directory=f' "{workspace.input}/." ')
    assert (found["total"], found["last"]) == (3, "img10.png")
    assert found["loop"] not in {
        loop["id"] for loop in client.get_json("/batch_loop/loops")["loops"]
    }


NONE = {"images": 0, "folders": 0, "kinds": []}
RAW = ["a.CR2", "b.CR2", "c.xmp"]


@pytest.mark.parametrize(
    ("files", "settings", "nothing"),
    [
        ([], {}, {"why": "empty"}),
        (["sub/.hidden"], {"recursive": True}, {"why": "empty"}),
        (
            RAW,
            {},
            {
                "why": "other",
                "images": 0,
                "kinds": [{"kind": ".CR2", "count": 2}, {"kind": ".xmp", "count": 1}],
            },
        ),
        (
            [*RAW, *NAMES],
            {"filter": "WebP"},
            {"why": "filter", "images": 3},
        ),
        (
            NAMES,
            {"filter": "Custom", "custom_pattern": "*.pgn"},
            {"why": "filter", "images": 3},
        ),
        (NAMES, {"start_index": 3}, {"why": "range", "images": 3}),
        (["sub/img3.png"], {}, {"why": "subfolders", "images": 1}),
        (["one/a.txt", "two/b.txt"], {}, {"why": "folders", "folders": 2}),
    ],
    ids=str,
)
def test_a_folder_without_images_says_why(
    client: ComfyClient,
    workspace: Workspace,
    files: list[str],
    settings: dict[str, Any],
    nothing: dict[str, Any],
) -> None:
    for name in files:
        file = workspace.input / name
        file.parent.mkdir(exist_ok=True)
        file.touch()
    found = look(client, directory=workspace.name, **settings)
    assert (found["total"], found["nothing"]) == (0, NONE | nothing)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"directory": ""}, 400, "No folder is chosen"),
        ({"directory": "no/such/folder"}, 400, "does not exist"),
        ({"directory": "/etc"}, 403, "may not use the folder"),
        ({"directory": "\\\\server\\share"}, 403, "network or device paths"),
        pytest.param({"directory": "a/" * 1000}, 403, "more than 256 parts", id="many parts"),
        ({"directory": ".", "filter": "Custom", "custom_pattern": " , "}, 400, "pattern"),
        ({}, 400, "directory must be text"),
        ({"directory": None}, 400, "directory must be text"),
        ({"directory": ".", "loop_name": 1}, 400, "loop_name must be text"),
        ({"directory": ".", "custom_pattern": []}, 400, "custom_pattern must be text"),
        (
            {"directory": ".", "filter": "Everything"},
            400,
            "filter was 'Everything'.*Choose 'All images'",
        ),
        ({"directory": ".", "sort_by": {}}, 400, "sort_by was {}"),
        ({"directory": ".", "recursive": 1}, 400, "recursive must be true or false"),
        ({"directory": ".", "descending": "no"}, 400, "descending must be true or false"),
        ({"directory": ".", "start_index": -1}, 400, "start_index must be a whole number"),
        ({"directory": ".", "limit": 1.5}, 400, "limit must be a whole number"),
        ({"directory": ".", "limit": True}, 400, "limit must be a whole number"),
        ({"directory": ".", "limit": 10**30}, 400, "limit must be a whole number"),
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_refused(
    client: ComfyClient, body: dict[str, Any], status: int, words: str
) -> None:
    check_refused(client, FOLDER, body, status, words)


def test_a_folder_whose_name_ends_with_a_space_is_there(
    client: ComfyClient, workspace: Workspace
) -> None:
    folder = workspace.input / "photos "
    write_images(folder, ["a.png"])
    [shown] = client.post_json(LIST, {"path": str(workspace.input)})["folders"]
    result = client.run(batch_graph(shown["written"], workspace.name))
    [loop] = loops_of(client, folder)
    assert told(result, ITERATOR)["loop"] == loop["id"]
    assert client.get_json(f"/batch_loop/loops/{loop['id']}/folder") == {"gone": False}
    assert client.post_json(LIST, {"path": str(folder)})["images"] == 1


def test_a_missing_folder_is_told_from_other_errors(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png"])
    client.run(batch_graph(workspace.name, workspace.name))
    [loop] = [
        each["id"]
        for each in client.get_json("/batch_loop/loops")["loops"]
        if each["directory"] == str(workspace.input.resolve())
    ]
    route = f"/batch_loop/loops/{loop}/folder"
    assert client.get_json(route) == {"gone": False}
    workspace.input.rename(workspace.scratch / "elsewhere")
    assert client.get_json(route) == {"gone": True}
    with pytest.raises(UnexpectedAnswer) as answer:
        look(client, directory=workspace.name)
    assert json.loads(answer.value.body)["kind"] == "folder_not_found"
    with pytest.raises(UnexpectedAnswer) as answer:
        look(client, directory=".", limit=-1)
    assert "kind" not in json.loads(answer.value.body)


def test_the_images_to_try_are_listed_and_shown_before_anything_runs(
    client: ComfyClient, workspace: Workspace, server: ComfyServer
) -> None:
    write_images(workspace.input, NAMES)
    listed = client.post_json(ITEMS, {"directory": workspace.name, "contains": "IMG1"})
    assert [item["path"] for item in listed["items"]] == ["img1.png", "img10.png"]
    assert (listed["more_from"], listed["next"]) == (None, None)
    thumbnail = f"{server.url}/batch_loop/loops/{listed['loop']}/thumbnail"

    def look(path: str) -> tuple[int, str]:
        answer = requests.get(thumbnail, {"path": path}, timeout=30)
        return answer.status_code, answer.headers.get("Content-Type", "")

    assert look("img10.png") == (200, "image/webp")
    # Only what has been listed, not what else is there.
    assert look("img2.jpg")[0] == look("../img10.png")[0] == 204

    client.run(batch_graph(workspace.name, workspace.name))
    assert client.post_json(ITEMS, {"directory": workspace.name})["next"] == "img2.jpg"


def test_a_large_folder_is_listed_in_parts(client: ComfyClient, workspace: Workspace) -> None:
    for number in range(101):
        (workspace.input / f"img{number}.png").touch()
    listed = client.post_json(ITEMS, {"directory": workspace.name})
    assert (len(listed["items"]), listed["more_from"]) == (100, 100)
    rest = client.post_json(ITEMS, {"directory": workspace.name, "start": listed["more_from"]})
    assert (rest["items"], rest["more_from"]) == (
        [{"path": "img100.png", "title": "img100.png"}],
        None,
    )
    found = client.post_json(ITEMS, {"directory": workspace.name, "contains": "0"})
    assert found["more_from"] is None
    check_refused(client, ITEMS, {"directory": ".", "contains": 1}, 400, "contains must be text")
    for start in (-1, 1.5, True, "0"):
        check_refused(client, ITEMS, {"directory": ".", "start": start}, 400, "start must be a who")


def test_the_allowed_folders_can_be_browsed(
    client: ComfyClient, workspace: Workspace, server: ComfyServer
) -> None:
    write_images(workspace.input, NAMES)
    roots = client.post_json(LIST, {"path": ""})
    assert (roots["path"], roots["parent"], roots["more"], roots["images"]) == ("", None, False, 0)
    named = {folder["name"]: folder["path"] for folder in roots["folders"]}
    assert named["input"] == str(server.input)
    assert {"output", "temp"} <= named.keys()
    above = client.post_json(LIST, {"path": named["input"]})
    assert above["parent"] is None
    own = {"name": workspace.name, "path": str(workspace.input), "written": workspace.name}
    assert own in above["folders"]
    assert client.post_json(LIST, {"path": own["path"]}) == {
        "path": str(workspace.input),
        "written": workspace.name,
        "parent": str(server.input),
        "folders": [
            {
                "name": "sub",
                "path": str(workspace.input / "sub"),
                "written": f"{workspace.name}/sub",
            }
        ],
        "files": [],
        "more": False,
        "images": 3,
        "within": None,
        "nothing": None,
        "holds_comfyui": False,
    }
    deep = client.post_json(LIST, {"path": own["path"], "recursive": True})
    assert deep["within"] == {"images": 4, "more": False}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 400, "path must be text"),
        ({"path": None}, 400, "path must be text"),
        ({"path": "/etc"}, 403, "may not use the folder"),
        ({"path": "no/such/folder"}, 400, "does not exist"),
        ({"path": "a/" * 1000}, 403, "more than 256 parts"),
    ],
)
def test_listing_anything_else_is_refused(
    client: ComfyClient, body: dict[str, Any], status: int, words: str
) -> None:
    check_refused(client, LIST, body, status, words)
