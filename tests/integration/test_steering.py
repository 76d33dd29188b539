"""The routes by which a page shows and controls a batch, on a real server."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
import requests
from PIL import Image

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import loop_state, loops_of, run_until_stop, told, written
from batch_loop.tests.support.graphs import ITERATOR, SAVE, Graph, batch_graph, node
from batch_loop.tests.support.images import colour_of, write_broken, write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient, UnexpectedAnswer
from batch_loop.tools.server import ComfyServer

LOOPS = "/batch_loop/loops"
NAMES = ["img1.png", "img2.png", "img10.png"]
SECONDS = 20


@pytest.fixture
def graph(workspace: Workspace) -> Graph:
    """A batch of three images, of which the work on those in `fail` fails."""
    write_images(workspace.input, NAMES)
    fail_list = workspace.scratch / "fail"
    fail_list.touch()
    work = node("TestRaise", image=[ITERATOR, 1], filename=[ITERATOR, 3], fail_list=str(fail_list))
    return batch_graph(workspace.name, workspace.name, work)


def fail(workspace: Workspace, *names: str) -> None:
    (workspace.scratch / "fail").write_text("\n".join(names), encoding="utf-8")


def refused(client: ComfyClient, route: str, body: object) -> UnexpectedAnswer:
    with pytest.raises(UnexpectedAnswer) as answer:
        client.post(route, body)
    return answer.value


# How a batch is going.


def test_images_in_progress_are_shown(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, NAMES)
    gate = workspace.scratch / "gate"
    work = node("TestWait", image=[ITERATOR, 1], until=str(gate))
    prompt_id = client.submit(batch_graph(workspace.name, workspace.name, work))
    client.wait_until_executing(prompt_id, "3")
    (listed,) = loops_of(client, workspace.input)
    loop = client.get_json(f"{LOOPS}/{listed['id']}")
    assert {**loop, **listed} == loop
    (current,) = loop["current"]
    assert (current["path"], current["index"], current["state"]) == ("img1.png", 0, "running")
    assert current["since"] == loop["ran_at"]
    for _ in range(2):
        assert "a run works on" in str(refused(client, f"{LOOPS}/forget", {"loop": loop["id"]}))
        # Not even once it was started over: that run would go on with a batch of its own.
        client.post_json(f"{LOOPS}/reset", {"loop": loop["id"]})
    client.post_json(f"{LOOPS}/undo_reset", {"loop": loop["id"]})
    gate.touch()
    client.wait(prompt_id)

    def after() -> dict[str, Any]:
        state: dict[str, Any] = client.get_json(f"{LOOPS}/{loop['id']}")
        return state

    wait_for(lambda: written(after()), "the image to be done")
    assert after()["ran_at"] > loop["ran_at"]
    assert after()["current"] == []
    assert after()["stopped_on"] is None


def test_the_loop_that_ran_last_is_listed_first(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, NAMES)
    for name in ("one", "two", "one"):
        client.run(batch_graph(workspace.name, workspace.name, loop_name=name))
        listed = client.get_json(LOOPS)
        loops = listed["loops"]
        # By the same clock, and a moment ago.
        assert 0 <= listed["now"] - loops[0]["ran_at"] < 60
        assert (loops[0]["name"], loops[0]["directory"]) == (name, str(workspace.input))
    # One that has only watched an empty folder has run nothing.
    ran = [loop["ran_at"] or 0 for loop in loops]
    assert ran == sorted(ran, reverse=True)


# Starting over by mistake.


def test_starting_over_is_undone_even_after_a_restart(
    start_server: Callable[..., ComfyServer],
) -> None:
    server = start_server()
    write_images(server.input / "batch", NAMES)
    graph = batch_graph("batch", "batch")
    with server.client() as client:
        client.run(graph)
        result = client.run(graph)
        wait_for(lambda: loop_state(client, result)["finishing"] == 0, "two to be done")
        loop = {"loop": loop_state(client, result)["id"]}
        assert refused(client, f"{LOOPS}/undo_reset", loop).status == 409
        over = client.post_json(f"{LOOPS}/reset", loop)
        assert (over["done"], over["batch"]) == (0, 2)
        (listed,) = client.get_json(LOOPS)["loops"]
        assert listed["undo_until"] == over["undo_until"] > client.get_json(LOOPS)["now"]
    server.stop()
    server.start()
    with server.client() as client:
        back = client.post_json(f"{LOOPS}/undo_reset", loop)
        assert (back["done"], back["batch"], back["undo_until"]) == (2, 1, None)
        first, *_ = run_until_stop(client, graph)
        assert told(first, ITERATOR)["filename"] == NAMES[-1]
        client.post_json(f"{LOOPS}/reset", loop)
        client.run(graph)
        again = refused(client, f"{LOOPS}/undo_reset", loop)
        assert (again.status, "cannot be undone" in str(again)) == (409, True)
        assert refused(client, f"{LOOPS}/undo_reset", {"loop": "0" * 16}).status == 404


# Skipping and forgetting.


def test_the_image_that_a_run_stopped_on_is_skipped(
    client: ComfyClient, workspace: Workspace, graph: Graph
) -> None:
    fail(workspace, "img2.png")
    client.run(graph)
    result = client.run(graph)
    assert result.status == "error"
    loop = loop_state(client, result)
    stopped_on = loop["stopped_on"]
    assert (stopped_on["path"], stopped_on["index"], stopped_on["attempts"]) == ("img2.png", 1, 1)
    assert (stopped_on["node_id"], stopped_on["node_type"]) == ("3", "TestRaise")
    wrong = refused(client, f"{LOOPS}/skip", {"loop": loop["id"], "path": "img10.png"})
    assert wrong.status == 409
    assert "img2.png" in str(wrong)
    body = {"loop": loop["id"], "path": "img2.png"}
    skipped = client.post_json(f"{LOOPS}/skip", body)
    assert (skipped["failed"], skipped["pending"], skipped["stopped_on"]) == (1, 1, None)
    assert skipped["failures"][0]["reason"] == stopped_on["reason"]
    assert refused(client, f"{LOOPS}/skip", body).status == 409
    results = run_until_stop(client, graph)
    assert [told(result, ITERATOR)["filename"] for result in results] == ["img10.png"]
    fail(workspace)
    client.post_json(f"{LOOPS}/retry", {"loop": loop["id"]})
    assert written(loop_state(client, run_until_stop(client, graph)[-1])) == 3


def test_a_forgotten_loop_starts_with_its_first_image(
    client: ComfyClient, workspace: Workspace, graph: Graph
) -> None:
    results = run_until_stop(client, graph)
    loop_id = told(results[0], ITERATOR)["loop"]
    wait_for(lambda: written(client.get_json(f"{LOOPS}/{loop_id}")) == 3, "the last image")
    assert client.post_json(f"{LOOPS}/forget", {"loop": loop_id}) == {"forgotten": loop_id}
    assert loop_id not in {loop["id"] for loop in client.get_json(LOOPS)["loops"]}
    for route in ("forget", "reset", "retry"):
        assert refused(client, f"{LOOPS}/{route}", {"loop": loop_id}).status == 404
    assert len(list(workspace.output.iterdir())) == len(list(workspace.input.iterdir())) == 3
    again = run_until_stop(client, graph)
    assert [told(result, ITERATOR)["filename"] for result in again] == NAMES


def test_what_waits_in_the_queue_as_its_loop_is_forgotten_begins_nothing(
    client: ComfyClient, workspace: Workspace, graph: Graph
) -> None:
    loop_id = told(client.run(graph), ITERATOR)["loop"]
    gate = workspace.scratch / "gate"
    held = client.submit(
        {
            "1": node("EmptyImage", width=8, height=8, batch_size=1, color=0),
            "2": node("TestWait", image=["1", 0], until=str(gate)),
            "3": node("PreviewImage", images=["2", 0]),
        }
    )
    queued = client.submit(graph)
    wait_for(lambda: written(client.get_json(f"{LOOPS}/{loop_id}")) == 1, "the first image")
    client.post_json(f"{LOOPS}/forget", {"loop": loop_id})
    gate.touch()
    assert client.wait(held).status == "success"
    result = client.wait(queued)
    assert result.status == "error"
    assert result.error is not None
    assert "was forgotten after this run was queued" in result.error.message
    assert loop_id not in {loop["id"] for loop in client.get_json(LOOPS)["loops"]}
    assert told(client.run(graph), ITERATOR)["filename"] == NAMES[0]


@pytest.mark.parametrize(
    "body", [{}, {"loop": "0123456789abcdef"}, {"loop": 1, "path": ""}, {"path": "a.png"}]
)
def test_a_request_to_skip_must_name_the_image(client: ComfyClient, body: dict[str, Any]) -> None:
    answer = refused(client, f"{LOOPS}/skip", body)
    assert answer.status == 400
    assert "path" in str(answer)


# Items and pictures.


@pytest.fixture
def loop(client: ComfyClient, workspace: Workspace) -> dict[str, Any]:
    """A complete loop of five images, of which two failed."""
    write_images(workspace.input, NAMES, (300, 150))
    write_broken(workspace.input / "bad1.png")
    write_broken(workspace.input / "bad2.png")
    graph = batch_graph(workspace.name, workspace.name, error_handling="Skip on error")
    state = loop_state(client, run_until_stop(client, graph)[-1])
    assert (written(state), state["failed"]) == (3, 2)
    return state


def items(client: ComfyClient, loop: dict[str, Any], **query: str) -> dict[str, Any]:
    page: dict[str, Any] = client.get_json(f"{LOOPS}/{loop['id']}/items", **query)
    return page


def test_a_page_of_items_is_a_part_of_the_report(
    client: ComfyClient, workspace: Workspace, loop: dict[str, Any]
) -> None:
    report = client.get_json(f"{LOOPS}/{loop['id']}/report.json")["items"]
    for item in report:
        assert item.pop("entry") == item["path"]
    assert items(client, loop) == {"total": 5, "start": 0, "items": report}
    assert items(client, loop, start="1", count="2")["items"] == report[1:3]
    assert items(client, loop, start="5") == {"total": 5, "start": 5, "items": []}
    assert items(client, loop, count="100000", start="4")["items"] == report[4:]
    failed = items(client, loop, state="failed", start="1")
    assert (failed["total"], failed["start"]) == (2, 1)
    assert [item["path"] for item in failed["items"]] == ["bad2.png"]
    last = report[-1]
    assert (last["path"], last["outputs"]) == ("img10.png", [str(workspace.output / "img10.png")])


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"start": "-1"}, "start must be a whole number"),
        ({"start": "1e3"}, "start must be"),
        ({"count": "all"}, "count must be"),
        ({"count": "9" * 5000}, "count must be"),
        ({"state": "done"}, "state can only be failed"),
        ({"state": ""}, "state can only be failed"),
    ],
    ids=str,
)
def test_a_wrong_query_is_refused(
    client: ComfyClient, loop: dict[str, Any], query: dict[str, str], words: str
) -> None:
    with pytest.raises(UnexpectedAnswer, match=words) as answer:
        items(client, loop, **query)
    assert answer.value.status == 400


def picture(
    client: ComfyClient, loop: dict[str, Any], known: str = "", **query: Any
) -> requests.Response:
    return requests.get(
        f"{client.url}{LOOPS}/{loop['id']}/thumbnail",
        query,
        headers={"If-None-Match": known} if known else {},
        timeout=SECONDS,
    )


def test_an_image_and_its_result_have_pictures(client: ComfyClient, loop: dict[str, Any]) -> None:
    colour = colour_of("img2.png")
    inverted = tuple(255 - value for value in colour)
    for output, expected in ((None, colour), (0, inverted)):
        answer = picture(client, loop, path="img2.png", output=output, size=100)
        assert answer.headers["Content-Type"] == "image/webp"
        with Image.open(io.BytesIO(answer.content)) as image:
            assert image.size == (100, 50)
            found = image.convert("RGB").getpixel((50, 25))
        assert isinstance(found, tuple)
        assert all(abs(one - other) < 9 for one, other in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("size", "width"), [(None, 256), (1, 16), (16, 16), (300, 300), (9999, 300)]
)
def test_a_picture_has_the_requested_size_within_bounds(
    client: ComfyClient, loop: dict[str, Any], size: int | None, width: int
) -> None:
    answer = picture(client, loop, path="img1.png", size=size)
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.width == width


def test_a_picture_is_sent_only_once(
    client: ComfyClient, workspace: Workspace, loop: dict[str, Any]
) -> None:
    first = picture(client, loop, path="img1.png")
    tag = first.headers["ETag"]
    again = picture(client, loop, tag, path="img1.png")
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert picture(client, loop, tag, path="img1.png", size=20).status_code == 200
    Image.new("RGB", (70, 70)).save(workspace.input / "img1.png")
    changed = picture(client, loop, tag, path="img1.png")
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag


def test_a_result_without_its_source_s_transparency_says_so(
    client: ComfyClient, workspace: Workspace
) -> None:
    for name, alpha in (("seen.png", 90), ("solid.png", 255)):
        Image.new("RGBA", (40, 30), (200, 30, 90, alpha)).save(workspace.input / name)
    graph = batch_graph(workspace.name, workspace.name)
    loop_id = loop_state(client, run_until_stop(client, graph)[-1])["id"]
    for name, is_lost in (("seen.png", True), ("solid.png", False)):
        files = client.get_json(f"{LOOPS}/{loop_id}/files?path={name}")
        assert files["source"]["transparent"] == is_lost
        assert [file["lost_transparency"] for file in files["results"]] == [is_lost]


def whole(client: ComfyClient, loop: dict[str, Any], known: str = "", **query: Any) -> Any:
    return requests.get(
        f"{client.url}{LOOPS}/{loop['id']}/picture",
        query,
        headers={"If-None-Match": known} if known else {},
        timeout=SECONDS,
    )


def test_an_image_and_its_result_are_sent_whole(
    client: ComfyClient, workspace: Workspace, loop: dict[str, Any]
) -> None:
    source, result = workspace.input / "img2.png", workspace.output / "img2.png"
    for output, file in ((None, source), (0, result)):
        answer = whole(client, loop, path="img2.png", output=output)
        assert answer.content == file.read_bytes()
        assert answer.headers["Content-Type"] == "image/png"
        # Nothing in a file is run where it is opened in a tab.
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        again = whole(client, loop, answer.headers["ETag"], path="img2.png", output=output)
        assert (again.status_code, again.content) == (304, b"")
    Image.effect_noise((4000, 3000), 90).convert("RGB").save(source)
    assert source.stat().st_size > 10_000_000
    assert whole(client, loop, path="img2.png").content == source.read_bytes()


def test_what_an_image_s_files_are_is_told(
    client: ComfyClient, workspace: Workspace, loop: dict[str, Any]
) -> None:
    route = f"{LOOPS}/{loop['id']}/files"
    files = client.get_json(f"{route}?path=img2.png")
    (result,) = files["results"]
    file = workspace.input / "img2.png"
    assert files["source"] == {
        "path": str(file),
        "shows": "picture",
        "bytes": file.stat().st_size,
        "width": 300,
        "height": 150,
        "animated": False,
        "plays": "",
        "transparent": False,
        "lost_transparency": False,
        "reason": "",
    }
    assert (result["path"], result["shows"]) == (str(workspace.output / "img2.png"), "picture")
    (workspace.output / "img2.png").unlink()
    (result,) = client.get_json(f"{route}?path=img2.png")["results"]
    assert (result["shows"], result["reason"]) == ("nothing", "the file is gone")
    assert_no_picture(whole(client, loop, path="img2.png", output=0))
    # A file that breaks off is seen as far as it goes.
    bad = client.get_json(f"{route}?path=bad1.png")
    assert (bad["source"]["shows"], bad["results"]) == ("picture", [])
    (workspace.input / "bad1.png").write_bytes(b"no image")
    bad = client.get_json(f"{route}?path=bad1.png")
    assert bad["source"]["shows"] == "nothing"
    assert "it is not an image" in bad["source"]["reason"]
    assert_no_picture(whole(client, loop, path="bad1.png"))
    with pytest.raises(UnexpectedAnswer) as answer:
        client.get_json(f"{route}?path=none.png")
    assert answer.value.status == 404
    for query in ({"path": "none.png"}, {"path": "img1.png", "output": 1}):
        assert_no_picture(whole(client, loop, **query))


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"path": "none.png"},
        {"path": "img1.png", "output": 1},
        {"path": "bad1.png", "output": 0},
        {"path": "bad1.png"},
    ],
)
def test_it_is_no_error_to_have_no_picture(
    client: ComfyClient, loop: dict[str, Any], query: dict[str, Any]
) -> None:
    assert_no_picture(picture(client, loop, **query))


def assert_no_picture(answer: requests.Response) -> None:
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_loop_that_is_forgotten_has_no_picture(client: ComfyClient, loop: dict[str, Any]) -> None:
    client.post(f"{LOOPS}/forget", {"loop": loop["id"]})
    assert_no_picture(picture(client, loop, path="img1.png"))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"path": "img1.png", "output": "x"}, "output must be a whole number"),
        ({"path": "img1.png", "output": -1}, "output must be a whole number"),
        ({"path": "img1.png", "size": "big"}, "size must be a whole number from 16 to 512"),
    ],
)
def test_wrong_requests_for_pictures_are_refused(
    client: ComfyClient, loop: dict[str, Any], query: dict[str, Any], words: str
) -> None:
    answer = picture(client, loop, **query)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_an_unknown_kind_of_report_is_refused(client: ComfyClient, loop: dict[str, Any]) -> None:
    url = f"{client.url}{LOOPS}/{loop['id']}/report.xlsx"
    answer = requests.get(url, timeout=SECONDS)
    assert answer.status_code == 404
    assert answer.json()["error"] == "There is no such report. Its kind is json or csv."


def test_a_file_that_is_gone_has_no_picture(
    client: ComfyClient, workspace: Workspace, loop: dict[str, Any]
) -> None:
    (workspace.input / "img1.png").unlink()
    (workspace.output / "img2.png").unlink()
    for query in ({"path": "img1.png"}, {"path": "img2.png", "output": 0}):
        assert_no_picture(picture(client, loop, **query))


def test_only_the_requested_loops_are_sent(client: ComfyClient, loop: dict[str, Any]) -> None:
    def told_of(*ids: str) -> list[str]:
        query = "&".join(f"loop={loop_id}" for loop_id in ids)
        return [found["id"] for found in client.get_json(f"{LOOPS}?{query}")["loops"]]

    assert told_of(loop["id"], "0" * 16) == [loop["id"]]
    assert told_of("0" * 16) == told_of("../..") == []


def test_an_image_with_an_odd_name_has_a_picture(client: ComfyClient, workspace: Workspace) -> None:
    names = ["a b&c=d+e%.png", "caf\u00e9\U0001f600.png", "sub folder/#1?.png"]
    write_images(workspace.input, names)
    graph = batch_graph(workspace.name, workspace.name, recursive=True)
    graph[SAVE]["inputs"]["format"] = "JPEG"
    loop = loop_state(client, run_until_stop(client, graph)[-1])
    for name in names:
        for output in (None, 0):
            assert picture(client, loop, path=name, output=output).ok
