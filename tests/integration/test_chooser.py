"""The operating system's folder dialog, which a real server opens by a program of the test."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import requests

from batch_loop.tests.support.batches import run_until_stop
from batch_loop.tests.support.graphs import batch_graph
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import PromptRejected
from batch_loop.tools.programs import HOST
from batch_loop.tools.server import ComfyServer

CHOOSER = "/batch_loop/folders/chooser"
CHOOSE = "/batch_loop/folders/choose"
SECONDS = 20


class Desk:
    """A server on a machine with a screen, and the person in front of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told = folder / "told"
        self._program = folder / "bin" / "zenity"
        self._program.parent.mkdir()
        self.answers("exit 1")
        path = f"{self._program.parent}{os.pathsep}{os.environ['PATH']}"
        env = {"PATH": path, "DISPLAY": ":test"}
        self.server = ComfyServer(folder / "comfyui", env=env)

    def answers(self, script: str) -> None:
        """Decide what happens when the dialog is next opened."""
        self.told.unlink(missing_ok=True)
        new = self._program.with_name("new")
        new.write_text(f"#!/bin/sh\nprintf '%s\\0' \"$@\" > '{self.told}'\n{script}\n")
        new.chmod(0o755)
        new.replace(self._program)

    def chooses(self, folder: Path | str) -> None:
        (self.folder / "answer").write_bytes(os.fsencode(folder) + b"\n")
        self.answers(f"cat '{self.folder / 'answer'}'")

    @property
    def file(self) -> Path:
        return self.server.user / "batch_loop" / "allowed_dirs.txt"

    @property
    def lines(self) -> list[str]:
        return self.file.read_text(encoding="utf-8").splitlines() if self.file.exists() else []

    def asks(self, body: object | None = None, url: str = "", **headers: str) -> requests.Response:
        """The answer to a page that asks for the dialog."""
        return requests.post(
            (url or self.server.url) + CHOOSE,
            data=json.dumps(body or {}),
            headers={"Content-Type": "application/json", **headers},
            timeout=SECONDS,
        )


@pytest.fixture(scope="module")
def shared_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = Desk(Path(os.path.realpath(tmp_path_factory.mktemp("desk"))))
    with desk.server:
        yield desk


@pytest.fixture
def desk(shared_desk: Desk) -> Desk:
    shared_desk.answers("exit 1")
    shared_desk.file.unlink(missing_ok=True)
    return shared_desk


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with photos, anywhere on the machine."""
    folder = Path(os.path.realpath(tmp_path)) / "my photos"
    write_images(folder, ["img1.png", "img2.png"])
    return folder


def chosen(
    folder: Path | None, *, written: str | None = None, holds_comfyui: bool = False
) -> dict[str, object]:
    """The answer to a page when somebody has chosen a folder, or none."""
    written = str(folder or "") if written is None else written
    return {
        "directory": folder and str(folder),
        "parent": folder and str(folder.parent),
        "written": written,
        "holds_comfyui": holds_comfyui,
    }


def addresses_of_this_machine() -> list[str]:
    """The addresses by which other machines reach this one."""
    found = [address for each in psutil.net_if_addrs().values() for address in each]
    return [
        address.address
        for address in found
        if address.family is socket.AF_INET and not address.address.startswith("127.")
    ]


def test_a_chosen_folder_is_allowed_and_runs(desk: Desk, photos: Path) -> None:
    (desk.server.output / "results").mkdir(exist_ok=True)
    with desk.server.client() as client:
        graph = batch_graph(str(photos), "results")
        with pytest.raises(PromptRejected, match="may not use the folder"):
            client.submit(graph)
        assert client.get_json(CHOOSER) == {"dialog": True, "reason": "", "file": str(desk.file)}
        desk.chooses(photos)
        assert client.post_json(CHOOSE, {}) == chosen(photos)
        assert desk.lines == [str(photos)]
        found = client.post_json("/batch_loop/folder", {"directory": str(photos)})
        assert (found["total"], found["first"]) == (2, "img1.png")
        assert len(run_until_stop(client, graph)) == 2
        roots = client.post_json("/batch_loop/folders/list", {"path": ""})["folders"]
        assert dict.fromkeys(("name", "path", "written"), str(photos)) in roots


def test_choosing_a_folder_around_comfyui_warns(desk: Desk) -> None:
    desk.chooses(desk.server.base)
    assert desk.asks().json() == chosen(desk.server.base, holds_comfyui=True)
    url = f"{desk.server.url}/batch_loop/folders/list"
    shown = requests.post(url, json={"path": str(desk.server.base)}, timeout=SECONDS).json()
    assert shown["holds_comfyui"] is True


def test_the_folder_of_the_packs_state_is_not_allowed(desk: Desk) -> None:
    desk.chooses(desk.file.parent)
    answer = desk.asks()
    assert answer.status_code == 403
    assert "what Batch Loop itself keeps" in answer.json()["error"]
    assert not desk.file.exists()


def test_a_cancelled_dialog_changes_nothing(desk: Desk) -> None:
    answer = desk.asks()
    assert (answer.status_code, answer.json()) == (200, chosen(None))
    assert desk.told.exists()
    assert not desk.file.exists()


def test_a_folder_that_is_allowed_already_is_not_written_down(desk: Desk) -> None:
    desk.chooses(desk.server.input)
    assert desk.asks().json() == chosen(desk.server.input, written=".")
    assert not desk.file.exists()


def test_the_dialog_starts_only_in_an_allowed_folder(desk: Desk, photos: Path) -> None:
    for start, shown in (
        (str(desk.server.input), [f"--filename={desk.server.input}/"]),
        (str(photos), []),
        ("/etc", []),
        ("--help; touch /tmp/x", []),
        ("\0", []),
        ("\\\\server\\share", []),
        ("", []),
    ):
        assert desk.asks({"start": start}).ok
        assert desk.told.read_text().split("\0")[3:-1] == shown


def test_the_next_dialog_starts_beside_the_folder_that_was_chosen(desk: Desk, photos: Path) -> None:
    desk.chooses(photos)
    start = desk.asks().json()["parent"]
    assert desk.asks({"start": start}).ok
    assert desk.told.read_text().split("\0")[3:-1] == [f"--filename={photos.parent}/"]
    desk.asks({"start": str(photos.parent.parent)})
    assert desk.told.read_text().split("\0")[3:-1] == []


@pytest.mark.parametrize(
    ("chosen", "status", "words"),
    [
        ("/", 403, "a whole drive"),
        ("//", 403, "network or device paths"),
        ("/no/such/folder", 400, "There is no folder"),
        ("/etc/passwd", 400, "There is no folder"),
    ],
)
def test_some_folders_are_refused(desk: Desk, chosen: str, status: int, words: str) -> None:
    desk.chooses(chosen)
    answer = desk.asks()
    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert not desk.file.exists()


def test_a_dialog_that_fails_says_why(desk: Desk) -> None:
    desk.answers("echo 'cannot open display: :test' >&2; exit 1")
    answer = desk.asks()
    assert answer.status_code == 501
    assert "cannot open display: :test" in answer.json()["error"]


def test_one_dialog_at_a_time(desk: Desk, photos: Path) -> None:
    pipe = desk.folder / "pipe"
    os.mkfifo(pipe)
    desk.answers(f"cat '{pipe}'")
    first: list[requests.Response] = []
    page = threading.Thread(target=lambda: first.append(desk.asks()))
    page.start()
    try:
        wait_for(desk.told.exists, "the dialog to open")
        second = desk.asks()
        assert second.status_code == 409
        assert "open already" in second.json()["error"]
        # The server goes on with everything else.
        assert requests.get(f"{desk.server.url}/batch_loop/loops", timeout=SECONDS).ok
    finally:
        pipe.write_text(f"{photos}\n")
        page.join()
    assert first[0].json() == chosen(photos)
    desk.answers("exit 1")
    assert desk.asks().json() == chosen(None)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8188", "Origin": "http://evil.example:8188"},
        {"Host": "192.168.1.7:8188"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Referer": "http://evil.example/"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-Host": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
    ],
    ids=str,
)
def test_no_other_page_opens_a_dialog(desk: Desk, photos: Path, headers: dict[str, str]) -> None:
    desk.chooses(photos)
    answer = desk.asks(**headers)
    assert answer.status_code == 403
    assert not desk.told.exists()
    assert not desk.file.exists()
    asked = requests.get(desk.server.url + CHOOSER, headers=headers, timeout=SECONDS)
    if asked.ok:
        found = asked.json()
        assert (found["dialog"], found["file"]) == (False, None)
        assert "another one" in found["reason"]
    else:
        assert asked.status_code == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_form_opens_no_dialog(desk: Desk, kind: str) -> None:
    answer = desk.asks(**{"Content-Type": kind})
    assert answer.status_code == 415
    assert requests.get(desk.server.url + CHOOSE, timeout=SECONDS).status_code in {404, 405}
    assert not desk.told.exists()


def test_a_page_on_another_machine_opens_no_dialog(desk: Desk, photos: Path) -> None:
    """This machine reaches the server by another address, as another machine would."""
    desk.chooses(photos)
    (address, *_) = addresses_of_this_machine()
    flags = ["--listen", f"{HOST},{address}"]
    with ComfyServer(desk.folder / "open", env=desk.server.env, flags=flags) as server:
        url = f"http://{address}:{server.port}"
        answer = desk.asks(url=url)
        assert answer.status_code == 403
        assert desk.asks(url=url, Host=f"127.0.0.1:{server.port}").status_code == 403
        found = requests.get(url + CHOOSER, timeout=SECONDS).json()
        assert (found["dialog"], found["file"]) == (False, None)
        assert not desk.told.exists()
        assert desk.asks(url=server.url).json() == chosen(photos)


def test_a_machine_without_a_screen_has_no_dialog(start_server: Callable[..., ComfyServer]) -> None:
    server = start_server(env={"DISPLAY": "", "WAYLAND_DISPLAY": ""})
    found = requests.get(server.url + CHOOSER, timeout=SECONDS).json()
    assert found["dialog"] is False
    assert "without a screen" in found["reason"]
    answer = requests.post(server.url + CHOOSE, json={}, timeout=SECONDS)
    assert answer.status_code == 501
    assert answer.json()["error"] == found["reason"]
