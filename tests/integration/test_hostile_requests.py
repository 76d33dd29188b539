"""Numbers, paths and texts that no page sends: each is refused, and the server goes on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import requests

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import run_until_stop, told
from batch_loop.tests.support.clips import make_clip
from batch_loop.tests.support.graphs import ITERATOR, SAVE, node
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.graphs import filled_in
from batch_loop.tools.server import ComfyServer

SECONDS = 20
UNREAD = "what nobody may read"
TABLE, ITEMS = "table", "items"
ROWS, FRAMES = "BatchLoopRowIterator", "BatchLoopFrameIterator"

NO_NUMBERS = [
    *("-1", "-0", "+1", "1.5", "1e3", "NaN", "Infinity", "-Infinity", "0x10", "1_000", " 1", "1 "),
    *("", "null", "true", "\0", "1\0", "٣", "\ud800", "9" * 19, "9" * 5_000, "1;2", "[1]"),
]
HUGE = "9" * 18
WORDS = [
    *("\0", "a\0.png", "\ud800", "../" * 400, "a/" * 1_500, "%00", "%2e%2e%2f", "..\\..\\", "/"),
    *("a" * 255, "é" * 1_000, "\n", "\r\n", "'; drop table items; --", "{stem}", "*", "con", "."),
    *("a.png · 0.5", "0" * 12 + ".row", "film_-1.frame", "film_" + "9" * 300 + ".frame"),
    *("film_٣.frame", "x.frames0", "x.frames" + "9" * 30, "\u202egnp.a", "file:///etc/passwd"),
]
"""Paths, titles and patterns."""

JSON_NUMBERS = ["NaN", "Infinity", "-1", "1e400", "true", '"1"', "[]", "{}", "null", "2147483648"]
JSON_NUMBERS += ["-9223372036854775809", "1.5", "1" * 400]


@pytest.fixture
def film(client: ComfyClient, workspace: Workspace) -> str:
    """The route of the loop of a batch that is done, of the two videos of a folder."""
    for name in ("a.mp4", "b.mp4"):
        make_clip(workspace.input / name, frames=4)
    graph = {
        ITERATOR: node("BatchLoopVideoIterator", directory=workspace.name),
        SAVE: node(
            "BatchLoopSaveVideo", video=[ITERATOR, 1], loop=[ITERATOR, 0], folder=workspace.name
        ),
    }
    results = run_until_stop(client, filled_in(client, graph))
    return f"{client.url}/batch_loop/loops/{told(results[0], ITERATOR)['loop']}"


@pytest.fixture(autouse=True)
def all_is_well(server: ComfyServer) -> Any:
    """No request ends in an error of the server's own."""
    before = len(server.log())
    yield
    assert "Traceback" not in server.log()[before:]


def get(url: str, **query: str) -> requests.Response:
    encoded = {name: text.encode("utf-8", "surrogatepass") for name, text in query.items()}
    return requests.get(url, encoded, timeout=SECONDS)


def post(client: ComfyClient, route: str, body: str) -> requests.Response:
    """Send a body as it is, such as one with NaN, which is no JSON."""
    headers = {"Content-Type": "application/json"}
    url = f"{client.url}/batch_loop/{route}"
    return requests.post(url, data=body.encode(), headers=headers, timeout=SECONDS)


@pytest.mark.parametrize(
    ("route", "name"),
    [
        ("items", "start"),
        ("items", "count"),
        ("thumbnail", "size"),
        ("thumbnail", "output"),
        ("picture", "output"),
        ("media", "output"),
    ],
)
def test_what_is_no_number_is_refused(film: str, route: str, name: str) -> None:
    for text in NO_NUMBERS:
        answer = get(f"{film}/{route}", path="a.mp4", **{name: text})
        assert answer.status_code == 400, (text, answer.status_code, answer.text)
    huge = get(f"{film}/{route}", path="a.mp4", **{name: HUGE})
    assert huge.status_code == (204 if name == "output" else 200)
    if name == "start":
        assert huge.json()["items"] == []


@pytest.mark.parametrize("route", ["files", "thumbnail", "picture", "media"])
def test_what_is_no_path_of_an_item_shows_nothing(film: str, route: str) -> None:
    nothing = 404 if route == "files" else 204
    for text in WORDS:
        for query in ({"path": text}, {"path": text, "output": "0"}):
            answer = get(f"{film}/{route}", **query)
            assert answer.status_code == nothing, (text, answer.status_code, answer.text[:200])


@pytest.mark.parametrize(
    ("route", "given", "name"),
    [
        (ITEMS, {"directory": "."}, "start"),
        (ITEMS, {"iterator": FRAMES, "film": "a.mp4"}, "frames"),
        (ITEMS, {"iterator": FRAMES, "film": "a.mp4"}, "overlap"),
        (ITEMS, {"iterator": ROWS, "text": "a"}, "start"),
        (ITEMS, {"iterator": ROWS, "text": "a"}, "start_index"),
        (TABLE, {"text": "a"}, "start_index"),
        (TABLE, {"text": "a"}, "limit"),
    ],
)
def test_what_is_no_number_in_a_body_is_refused(
    client: ComfyClient, route: str, given: dict[str, Any], name: str
) -> None:
    for number in JSON_NUMBERS:
        body = json.dumps(given)[:-1] + f', "{name}": {number}}}'
        answer = post(client, route, body)
        assert answer.status_code == 400, (number, answer.status_code, answer.text[:200])
        assert answer.json()["error"]


@pytest.mark.parametrize(
    ("route", "given", "name"),
    [
        (ITEMS, {}, "directory"),
        (ITEMS, {"iterator": "BatchLoopAudioIterator"}, "directory"),
        (ITEMS, {"iterator": FRAMES}, "film"),
        (ITEMS, {"iterator": ROWS}, "file"),
        (TABLE, {}, "file"),
        (TABLE, {"text": "a"}, "encoding"),
        (TABLE, {"text": "a,b"}, "delimiter"),
        (TABLE, {"text": "a"}, "loop_name"),
        (TABLE, {"text": "a"}, "workflow"),
        (TABLE, {"text": "a"}, "title"),
        (ITEMS, {"iterator": ROWS, "text": "a"}, "contains"),
    ],
)
def test_no_text_in_a_body_is_an_error_of_the_server(
    client: ComfyClient, route: str, given: dict[str, Any], name: str
) -> None:
    for text in [*WORDS, "a" * 100_000, "../" * 30_000]:
        answer = post(client, route, json.dumps({**given, name: text}))
        assert answer.status_code in {200, 400, 403}, (text, answer.status_code)
        assert "root:" not in answer.text


def test_typed_rows_are_read_or_refused(client: ComfyClient) -> None:
    for text in (
        *("a\0b", '[{"a": "\\u0000"}]', '{"a": 1' * 5_000, "[" * 50_000, "a," * 100_000),
        *("1 to 99999999999999", "1 to 10 step 0", '"' * 10_001, "a\tb\n" * 50_000, "\ud800"),
        *("1e999 to 2", "٣ to ٤", "sep=", "sep=\n", "\ufeff", "\r" * 10_000, "a" * 1_000_001),
    ):
        for route in (TABLE, ITEMS):
            answer = post(client, route, json.dumps({"iterator": ROWS, "text": text}))
            assert answer.status_code in {200, 400}, (text[:40], answer.status_code)


def test_variants_in_another_form_are_refused(client: ComfyClient) -> None:
    axis = {"name": "a", "kind": "text or numbers", "values": "1", "run_order": "entry by entry"}
    for variants in (
        *("null", "5", "NaN", '"a"', "[null]", "[[]]", "[" * 900 + "]" * 900, "[{}]"),
        json.dumps([axis, axis]),
        json.dumps([axis] * 21),
        json.dumps([{**axis, "values": "1 to 99999"}]),
        json.dumps([{**axis, "values": "a\0b"}]),
        json.dumps([{**axis, "kind": "../.."}]),
        json.dumps([{**axis, "kind": "loras", "values": "../*\0"}]),
    ):
        for route, given in ((TABLE, '{"text": "a"'), (ITEMS, '{"directory": "."')):
            answer = post(client, route, f'{given}, "variants": {variants}}}')
            assert answer.status_code == 400, (variants[:60], answer.status_code, answer.text[:200])


@pytest.mark.posix
def test_no_link_and_no_pipe_is_read(
    client: ComfyClient, workspace: Workspace, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(f"prompt\n{UNREAD}\n", encoding="utf-8")
    for name in ("link.csv", "link.mp4"):
        (workspace.input / name).symlink_to(secret)
    for name in ("pipe.csv", "pipe.mp4"):
        os.mkfifo(workspace.input / name)
    for route, field, extension, more in (
        (TABLE, "file", "csv", {}),
        (ITEMS, "file", "csv", {"iterator": ROWS}),
        (ITEMS, "film", "mp4", {"iterator": FRAMES}),
    ):
        for name, status in (("link", 403), ("pipe", 400)):
            path = f"{workspace.name}/{name}.{extension}"
            answer = post(client, route, json.dumps({field: path, **more}))
            assert answer.status_code == status, (path, answer.text)
            assert UNREAD not in answer.text


def test_a_part_of_a_film_is_what_the_standard_says(film: str, workspace: Workspace) -> None:
    data = (workspace.input / "a.mp4").read_bytes()
    for asked, status, expected in (
        ("bytes=0-0", 206, data[:1]),
        ("bytes=-1", 206, data[-1:]),
        ("bytes=-0", 416, b""),
        (f"bytes={len(data)}-", 416, b""),
        (f"bytes=-{10**30}", 206, data),
        ("bytes=5-1", 200, data),
        ("bytes=0-1,3-4", 200, data),
        ("bytes=-", 200, data),
        ("bytes=NaN-", 200, data),
        (f"bytes={'9' * 5_000}-", 200, data),
    ):
        named = {"Range": asked}
        answer = requests.get(f"{film}/media", {"path": "a.mp4"}, headers=named, timeout=SECONDS)
        assert (answer.status_code, answer.content) == (status, expected), asked
    part = {"Range": "bytes=5-9"}
    head = requests.head(f"{film}/media?path=a.mp4", headers=part, timeout=SECONDS)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(data)))
