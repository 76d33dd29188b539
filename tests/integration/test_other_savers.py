"""ComfyUI's own savers in place of the pack's: what they save is known, shown and left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from batch_loop.tests.support.batches import run_until_stop, told, written
from batch_loop.tests.support.clips import make_clip, make_sound, sweep
from batch_loop.tests.support.graphs import END, ITERATOR, SAVE, START, WORK, Graph, node
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.graphs import filled_in
from batch_loop.tools.layout import HELPERS, usual_release
from batch_loop.tools.server import ComfyServer

IMAGES, VIDEOS, SOUNDS = "Directory", "Video", "Audio"
NAMES = {IMAGES: ["a.png", "b.png"], VIDEOS: ["a.mp4", "b.mp4"], SOUNDS: ["a.wav", "b.wav"]}
STEM = {IMAGES: 4, VIDEOS: 3, SOUNDS: 3}
"""Which output of the iterator is the stem."""


@dataclass(frozen=True)
class Saver:
    """A node of ComfyUI that saves."""

    kind: str
    takes: str
    extension: str
    shows: str
    plays: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


SAVERS = {
    "SaveAudio": Saver(SOUNDS, "audio", "flac", "picture", "audio"),
    "SaveAudioMP3": Saver(SOUNDS, "audio", "mp3", "picture", "audio"),
    "SaveAudioOpus": Saver(SOUNDS, "audio", "opus", "picture", "audio"),
    "SaveVideo": Saver(VIDEOS, "video", "mp4", "picture", "video"),
    "SaveWEBM": Saver(IMAGES, "images", "webm", "picture", "video", settings={"codec": "vp9"}),
    "SaveAnimatedWEBP": Saver(IMAGES, "images", "webp", "picture", settings={"method": "default"}),
    "SaveAnimatedPNG": Saver(IMAGES, "images", "png", "picture"),
    "SaveImage": Saver(IMAGES, "images", "png", "picture"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComfyServer]:
    """ComfyUI with an empty package where its nodes for sound import one, to resample with it.

    Of the newest, set-up has brought one.
    """
    packages = tmp_path_factory.mktemp("packages")
    (packages / "torchaudio.py").touch()
    env = {} if usual_release().overlay_dir else {"PYTHONPATH": str(packages)}
    running = ComfyServer(tmp_path_factory.mktemp("comfyui"), env=env, custom_nodes=[HELPERS])
    yield running.start()
    running.stop()


def write(folder: Path, kind: str) -> None:
    if kind == IMAGES:
        write_images(folder, NAMES[kind])
        return
    for name in NAMES[kind]:
        if kind == VIDEOS:
            make_clip(folder / name, frames=4)
        else:
            make_sound(folder / name, sweep(0.2, 48_000), rate=48_000)


def batch(client: ComfyClient, saver: str, folder: str, **settings: Any) -> Graph:
    made = SAVERS[saver]
    inputs = {made.takes: [ITERATOR, 1], "filename_prefix": [WORK, 0], **made.settings}
    return filled_in(
        client,
        {
            ITERATOR: node(f"BatchLoop{made.kind}Iterator", directory=folder, **settings),
            START: node("BatchLoopLoopStart", loop=[ITERATOR, 0]),
            WORK: node(
                "StringConcatenate",
                string_a=folder,
                string_b=[ITERATOR, STEM[made.kind]],
                delimiter="/",
            ),
            SAVE: node(saver, **inputs),
            END: node("BatchLoopLoopEnd", loop=[START, 0], after=[ITERATOR, 1]),
        },
    )


def outputs_of(client: ComfyClient, loop: str) -> list[list[str]]:
    """The results of the items of a loop, by its route, once all of its prompts have ended."""
    wait_for(lambda: written(client.get_json(loop)) == 2, "both items to be done")
    return [item["outputs"] for item in client.get_json(f"{loop}/items")["items"]]


# Newer releases give these nodes other inputs, and resample sounds themselves.
@pytest.mark.one_release
@pytest.mark.parametrize("saver", SAVERS)
def test_what_a_saver_of_comfyui_saves_is_known_shown_and_left_out(
    server: ComfyServer, client: ComfyClient, saver: str
) -> None:
    made = SAVERS[saver]
    names = NAMES[made.kind]
    write(server.input / saver, made.kind)
    results = run_until_stop(client, batch(client, saver, saver))
    loop = f"/batch_loop/loops/{told(results[0], ITERATOR)['loop']}"
    ending = f"_00001_.{made.extension}"
    expected = [server.output / saver / f"{Path(name).stem}{ending}" for name in names]
    assert all(path.is_file() for path in expected)

    assert outputs_of(client, loop) == [[str(path)] for path in expected]

    def of_result(what: str, path: str) -> requests.Response:
        query = {"path": path, "output": "0"}
        return requests.get(f"{server.url}{loop}/{what}", query, timeout=30)

    for name, path in zip(names, expected, strict=True):
        found = requests.get(f"{server.url}{loop}/files", {"path": name}, timeout=30).json()
        (result,) = found["results"]
        assert (result["shows"], result["plays"]) == (made.shows, made.plays), result
        assert of_result("thumbnail", name).content.startswith(b"RIFF")
        assert of_result("picture", name).status_code == 200
        played = of_result("media", name)
        if made.plays:
            assert (played.status_code, played.content) == (200, path.read_bytes())
        else:
            assert played.status_code == 204

    finished = {"skip_finished": True, "finished_as": f"{saver}/{{stem}}{ending}"}
    (again,) = run_until_stop(client, batch(client, saver, saver, loop_name="again", **finished))
    assert told(again, ITERATOR)["status"] == "Complete: all 2 results are there already"


@pytest.mark.parametrize("key", ["gifs", "video", "audio", "3d", "a pack's own"])
def test_what_is_saved_is_known_whatever_a_node_calls_it(
    server: ComfyServer, client: ComfyClient, key: str
) -> None:
    folder = f"key {key}"
    write(server.input / folder, IMAGES)
    (server.output / folder).mkdir()
    graph = batch(client, "SaveImage", folder)
    inputs = {"image": [ITERATOR, 1], "subfolder": folder, "name": [ITERATOR, 3], "key": key}
    graph[SAVE] = node("TestSave", **inputs)
    loop = told(run_until_stop(client, graph)[0], ITERATOR)["loop"]
    expected = [[str(server.output / folder / name)] for name in NAMES[IMAGES]]
    assert outputs_of(client, f"/batch_loop/loops/{loop}") == expected


def test_a_sound_that_is_only_played_is_no_result(server: ComfyServer, client: ComfyClient) -> None:
    write(server.input / "played", SOUNDS)
    graph = batch(client, "SaveAudio", "played")
    graph[SAVE] = node("PreviewAudio", audio=[ITERATOR, 1])
    loop = told(run_until_stop(client, graph)[0], ITERATOR)["loop"]
    assert outputs_of(client, f"/batch_loop/loops/{loop}") == [[], []]
