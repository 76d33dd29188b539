"""What a real server tells a page about videos, sounds, films and variants before anything runs."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image

from batch_loop.core.model.settings.file_iterator import FILE_LISTING
from batch_loop.core.model.settings.frame_iterator import FRAME_LISTING
from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import loop_state, run_until_stop, told
from batch_loop.tests.support.clips import make_clip, make_sound, sweep
from batch_loop.tests.support.films import make_film, number_in
from batch_loop.tests.support.graphs import ITERATOR, SAVE, node
from batch_loop.tests.support.images import write_images
from batch_loop.tools.client import ComfyClient, UnexpectedAnswer
from batch_loop.tools.graphs import filled_in
from batch_loop.tools.server import ComfyServer

FOLDER = "/batch_loop/folder"
LIST = "/batch_loop/folders/list"
ITEMS = "/batch_loop/items"
DIRECTORY, VIDEO = "BatchLoopDirectoryIterator", "BatchLoopVideoIterator"
AUDIO, FRAMES = "BatchLoopAudioIterator", "BatchLoopFrameIterator"
STRENGTHS = {
    "name": "strength",
    "kind": "text or numbers",
    "values": "0.2\n0.8",
    "run_order": "entry by entry",
}
STYLES = {**STRENGTHS, "name": "style", "values": "ink\noil\npencil"}


def look(client: ComfyClient, **settings: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.post_json(FOLDER, settings)
    return found


def picture(server: ComfyServer, loop: str, path: str, kind: str = "thumbnail") -> Image.Image:
    """A picture of an item; `path` may have further parameters behind it."""
    answer = requests.get(f"{server.url}/batch_loop/loops/{loop}/{kind}?path={path}", timeout=30)
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content)).convert("RGB")


def frames_graph(client: ComfyClient, workspace: Workspace, **settings: Any) -> dict[str, Any]:
    saver = {"save_to": "folder", "folder": workspace.name, "image": [ITERATOR, 1]}
    return filled_in(
        client,
        {
            ITERATOR: node(FRAMES, **settings),
            SAVE: node("BatchLoopSaveImage", loop=[ITERATOR, 0], **saver),
        },
    )


@pytest.mark.parametrize(
    ("made", "listing"), [(VIDEO, FILE_LISTING), (AUDIO, FILE_LISTING), (FRAMES, FRAME_LISTING)]
)
def test_each_node_tells_the_page_which_settings_select_items(
    client: ComfyClient, made: str, listing: frozenset[str]
) -> None:
    inputs = client.get_json(f"/object_info/{made}")[made]["input"]["required"]
    assert {name for name, (_, given) in inputs.items() if given.get("selects_images")} == listing


def test_a_folder_has_what_the_iterator_takes(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png"])
    make_clip(workspace.input / "b.mp4", frames=2)
    make_sound(workspace.input / "c.wav", sweep(0.1))
    make_sound(workspace.input / "d.wav", sweep(0.1))
    firsts, loops = [], set()
    for made, kind in ((DIRECTORY, "images"), (VIDEO, "videos"), (AUDIO, "audio")):
        found = look(client, iterator=made, directory=workspace.name)
        listed = client.post_json(LIST, {"path": str(workspace.input), "kind": kind})
        assert listed["images"] == found["total"]
        firsts.append((found["total"], found["first"]))
        loops.add(found["loop"])
    assert firsts == [(1, "a.png"), (1, "b.mp4"), (2, "c.wav")]
    assert len(loops) == 3
    assert loops.pop()


def test_a_folder_without_videos_says_what_it_has(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png"])
    found = look(client, iterator=VIDEO, directory=workspace.name)
    assert found["nothing"]["why"] == "other"
    assert found["nothing"]["kinds"] == [{"kind": ".png", "count": 1}]


def test_films_are_listed_where_one_is_to_be_chosen(
    client: ComfyClient, workspace: Workspace
) -> None:
    make_film(workspace.input / "film.mp4", frames=2)
    write_images(workspace.input, ["a.png"])
    listed = client.post_json(LIST, {"path": str(workspace.input), "files": "films"})
    assert [each["written"] for each in listed["files"]] == [f"{workspace.name}/film.mp4"]
    assert listed["images"] == 1


def test_a_film_is_described_and_its_frames_are_shown(
    client: ComfyClient, workspace: Workspace, server: ComfyServer
) -> None:
    make_film(workspace.input / "film.mp4", frames=50)
    settings = {"film": f"{workspace.name}/film.mp4", "frames": 4, "overlap": 1, "limit": 3}
    before = look(client, iterator=FRAMES, **settings)
    assert before["film"] == {
        "width": 96,
        "height": 64,
        "fps": 25.0,
        "frames": 50,
        "seconds": 2.0,
        "picture": "film_000000.frames4",
    }
    assert (before["total"], before["first"], before["last"]) == (3, "film_000000", "film_000006")
    shown = picture(server, before["loop"], "film_000000.frames4")
    assert number_in(shown_as_floats(shown)) == 0
    results = run_until_stop(client, frames_graph(client, workspace, **settings))
    assert told(results[0], ITERATOR)["loop"] == before["loop"]
    for kind in ("thumbnail", "picture"):
        shown = picture(server, before["loop"], "film_000006.frames4", kind)
        assert number_in(shown_as_floats(shown)) == 6
    route = f"/batch_loop/loops/{before['loop']}"
    files = client.get_json(f"{route}/files?path=film_000003.frames4")
    source = files["source"]
    assert (source["shows"], source["plays"], source["bytes"]) == ("picture", "", None)
    # Each result is beside the frame that it was made from.
    assert [frame["number"] for frame in files["frames"]] == [3, 4, 5, 6]
    assert [frame["seconds"] for frame in files["frames"]] == [0.12, 0.16, 0.2, 0.24]
    for kind in ("thumbnail", "picture"):
        for output, frame in enumerate(files["frames"]):
            path = f"film_000003.frames4&frame={frame['number']}"
            of_film = picture(server, before["loop"], path, kind)
            made = picture(server, before["loop"], f"film_000003.frames4&output={output}", kind)
            assert number_in(shown_as_floats(of_film)) == number_in(shown_as_floats(made))
    for number in (2, 7):
        query = {"path": "film_000003.frames4", "frame": number}
        assert requests.get(f"{server.url}{route}/picture", query, timeout=30).status_code == 204
    assert loop_state(client, results[-1])["source"] == "frames windows"
    assert not client.get_json(f"/batch_loop/loops/{before['loop']}/folder")["gone"]


def shown_as_floats(shown: Image.Image) -> Any:
    return np.asarray(shown) / 255


def test_what_is_no_film_is_refused_with_its_reason(
    client: ComfyClient, workspace: Workspace
) -> None:
    (workspace.input / "film.mp4").write_bytes(b"no film")
    with pytest.raises(UnexpectedAnswer, match=r"film\.mp4"):
        look(client, iterator=FRAMES, film=f"{workspace.name}/film.mp4")


def test_variants_multiply_the_items_and_have_a_batch_of_their_own(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png", "b.png", "c.png", "d.png"])
    folder = {"directory": workspace.name}
    plain = look(client, **folder)
    crossed = look(client, **folder, variants=[STYLES, STRENGTHS])
    assert (plain["total"], plain["entries"], plain["variants"]) == (4, 4, 0)
    assert (crossed["total"], crossed["entries"], crossed["variants"]) == (24, 4, 6)
    assert (crossed["first"], crossed["last"]) == ("a · ink, 0.2.png", "d · pencil, 0.8.png")
    unknown = look(client, **folder, variants=True)
    assert (unknown["total"], unknown["variants"]) == (4, None)
    assert plain["loop"] != crossed["loop"] == unknown["loop"]


def test_a_loop_tells_the_labels_of_its_variants(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png"])
    saver = {"save_to": "folder", "folder": workspace.name, "image": [ITERATOR, 1]}
    graph = filled_in(
        client,
        {
            "v": node("BatchLoopVariants", **STRENGTHS),
            ITERATOR: node(DIRECTORY, directory=workspace.name, variants=["v", 0]),
            SAVE: node("BatchLoopSaveImage", loop=[ITERATOR, 0], **saver),
        },
    )
    results = run_until_stop(client, graph)
    loop = look(client, directory=workspace.name, variants=[STRENGTHS])
    state = loop_state(client, results[0])
    assert (loop["known"], loop["loop"]) == (True, state["id"])
    assert state["source"] == "images variants"
    assert state["variants"] == {"labels": ["0.2", "0.8"], "by_value": False}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"iterator": "Nobody"}, "iterator must be the class"),
        ({"variants": ["x"]}, "variants is a list"),
        ({"variants": [{**STRENGTHS, "kind": "nothing"}]}, "no folder for"),
        ({"variants": [{**STRENGTHS, "values": ""}]}, "have no value"),
    ],
)
def test_what_is_asked_in_another_form_is_refused(
    client: ComfyClient, workspace: Workspace, body: dict[str, Any], words: str
) -> None:
    with pytest.raises(UnexpectedAnswer, match=words):
        look(client, directory=workspace.name, **body)


def test_rows_take_variants_too(client: ComfyClient) -> None:
    found = client.post_json("/batch_loop/table", {"text": "a\nb\nc", "variants": [STRENGTHS]})
    assert (found["total"], found["entries"], found["variants"]) == (6, 3, 2)


def test_rows_to_try_are_found_by_any_of_their_columns(client: ComfyClient) -> None:
    text = "name\tstyle\nfox\tOil paint\nowl\tink\n"
    body = {"iterator": "BatchLoopRowIterator", "text": text, "header": "first row"}
    for contains, titles in (("OIL", ["fox"]), ("owl", ["owl"]), ("in", ["fox", "owl"])):
        found = client.post_json(ITEMS, {**body, "contains": contains})
        assert [item["title"] for item in found["items"]] == titles


def test_rows_to_try_are_found_by_their_titles(client: ComfyClient) -> None:
    body = {"iterator": "BatchLoopRowIterator", "text": "a red fox\nan owl\na blue fox\n"}

    def found(**more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = client.post_json(ITEMS, {**body, **more})
        return answer

    rows = found(contains=" FOX")
    assert [item["title"] for item in rows["items"]] == ["a red fox", "a blue fox"]
    assert (rows["more_from"], rows["next"], rows["fps"]) == (None, None, 0)
    assert rows["loop"] == client.post_json("/batch_loop/table", body)["loop"]
    assert [item["title"] for item in found(start=2)["items"]] == ["a blue fox"]
    crossed = found(variants=[STRENGTHS], contains="owl")
    assert [item["title"] for item in crossed["items"]] == ["an owl · 0.2", "an owl · 0.8"]


def test_frames_to_try_are_found_by_number_and_by_time_and_shown(
    client: ComfyClient, workspace: Workspace, server: ComfyServer
) -> None:
    make_film(workspace.input / "film.mp4", frames=60)
    body = {"iterator": FRAMES, "film": f"{workspace.name}/film.mp4"}

    def first(contains: str, **more: Any) -> str:
        items = client.post_json(ITEMS, {**body, **more, "contains": contains})["items"]
        return str(items[0]["title"]) if items else ""

    assert [first("7"), first("0:01.2"), first("0:01,2"), first("9:00")] == [
        "film_000007",
        "film_000030",
        "film_000030",
        "",
    ]
    assert first("7", frames=8) == "film_000000"
    assert first("film_00001") == "film_000010"
    listed = client.post_json(ITEMS, body)
    assert (len(listed["items"]), listed["fps"]) == (60, 25)
    thumbnail = f"{server.url}/batch_loop/loops/{listed['loop']}/thumbnail"
    answer = requests.get(thumbnail, {"path": listed["items"][59]["path"]}, timeout=30)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/webp")
