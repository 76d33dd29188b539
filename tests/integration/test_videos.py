"""Folders of videos and sounds, and results that are videos, on a real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import psutil
import pytest
import requests

from batch_loop.core.common.file_kinds import FileKind
from batch_loop.core.films.sound import read_sound
from batch_loop.core.graph.trial import CARD_INPUT, TRY_IMAGE
from batch_loop.core.model.settings.file_iterator import AudioSettings, VideoSettings
from batch_loop.tests.integration.conftest import ON_NEWEST, Workspace
from batch_loop.tests.support.batches import (
    refusal,
    run_until_stop,
    told,
)
from batch_loop.tests.support.clips import FPS, damage, lag, make_clip, make_sound, sweep
from batch_loop.tests.support.graphs import ITERATOR, SAVE, WORK, Graph, node
from batch_loop.tests.support.mounts import mounted
from batch_loop.tools.client import ComfyClient, RunResult
from batch_loop.tools.server import ComfyServer

FRAME = 1 / FPS
FRAMES = 24
SAVE_SETTINGS: dict[str, Any] = {
    "prefix": "",
    "suffix": "",
    "container": "mp4",
    "codec": "auto",
    "if_exists": "overwrite own",
    "keep_subfolders": True,
    "embed_workflow": True,
}
ALL = {"a.mp4": "aac", "b.mkv": "libopus", "c.avi": "pcm_s16le", "d.mp4": None}
"""The films of a folder, and their sounds."""


def iterator(kind: FileKind, directory: str, **settings: Any) -> dict[str, Any]:
    """A Video Iterator or Audio Iterator with default widget values, except for `settings`."""
    name, settings_of = {
        FileKind.VIDEOS: ("BatchLoopVideoIterator", VideoSettings),
        FileKind.AUDIO: ("BatchLoopAudioIterator", AudioSettings),
    }[kind]
    defaults = {each.name: each.default for each in settings_of.declared().values()}
    return node(name, **{**defaults, "directory": directory, **settings})


def saving(folder: str, video: list[Any], **settings: Any) -> dict[str, Any]:
    """A Save Video (Batch) with default widget values, except for `settings`."""
    values = {**SAVE_SETTINGS, **settings}
    return node("BatchLoopSaveVideo", video=video, loop=[ITERATOR, 0], folder=folder, **values)


def silent(directory: str, folder: str, **settings: Any) -> Graph:
    """A batch that makes each video anew from its pictures, without its sound."""
    return {
        ITERATOR: iterator(FileKind.VIDEOS, directory, **settings),
        "pictures": node("GetVideoComponents", video=[ITERATOR, 1]),
        WORK: node("CreateVideo", images=["pictures", 0], fps=[ITERATOR, 5]),
        SAVE: saving(folder, [WORK, 0]),
    }


def unchanged(directory: str, folder: str, **settings: Any) -> Graph:
    """A batch that saves each video as it is."""
    return {
        ITERATOR: iterator(FileKind.VIDEOS, directory, **settings),
        SAVE: saving(folder, [ITERATOR, 1]),
    }


def make_clips(folder: Path, names: dict[str, str | None] | None = None) -> None:
    for number, (name, sound) in enumerate((ALL if names is None else names).items()):
        codec = "mpeg4" if name.endswith(".avi") else "libx264"
        make_clip(folder / name, seed=number, sound=sound, codec=codec, frames=FRAMES)


def handed_out(results: list[RunResult]) -> list[str]:
    return [told(result, ITERATOR)["path"] for result in results]


def files(folder: Path) -> list[str]:
    """Relative paths of all files below a folder, hidden ones included."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in found)


def frames_of(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


@pytest.mark.core
def test_each_video_is_handed_out_once_and_its_result_has_its_name(
    client: ComfyClient, workspace: Workspace
) -> None:
    make_clips(workspace.input)
    results = run_until_stop(client, silent(workspace.name, workspace.name))
    assert handed_out(results) == list(ALL)
    assert files(workspace.output) == ["a.mp4", "b.mp4", "c.mp4", "d.mp4"]
    assert [frames_of(path) for path in sorted(workspace.output.iterdir())] == [FRAMES] * 4
    shown = results[0].outputs[SAVE]
    assert shown["images"] == [
        {"filename": "a.mp4", "subfolder": workspace.name, "type": "output", **_metadata(shown)}
    ]
    assert shown["animated"] == [True]


def _metadata(shown: dict[str, Any]) -> dict[str, Any]:
    """What newer ComfyUI adds to an entry."""
    (entry,) = shown["images"]
    return {name: entry[name] for name in entry.keys() - {"filename", "subfolder", "type"}}


@pytest.mark.oldest_too
def test_a_result_without_sound_gets_the_source_s(
    client: ComfyClient, workspace: Workspace
) -> None:
    make_clips(workspace.input)
    run_until_stop(client, silent(workspace.name, workspace.name))
    for name in ("a.mp4", "b.mkv", "c.avi"):
        source = read_sound(str(workspace.input / name))
        result = read_sound(str(workspace.output / Path(name).with_suffix(".mp4")))
        assert result.sample_rate == source.sample_rate
        assert result.waveform.shape[1] == 2
        assert abs(result.duration - source.duration) < FRAME
        first, second = result.waveform[0].numpy(), source.waveform[0].numpy()
        assert abs(lag(first, second, source.sample_rate)) < FRAME / 4
    with av.open(str(workspace.output / "d.mp4")) as container:
        assert not container.streams.audio


def test_sound_ends_with_a_shorter_result(client: ComfyClient, workspace: Workspace) -> None:
    make_clips(workspace.input, {"a.mp4": "aac", "c.avi": "pcm_s16le"})
    graph = silent(workspace.name, workspace.name)
    graph["half"] = node("ImageFromBatch", image=["pictures", 0], batch_index=0, length=FRAMES // 2)
    graph[WORK]["inputs"]["images"] = ["half", 0]
    run_until_stop(client, graph)
    for name in ("a.mp4", "c.mp4"):
        result = workspace.output / name
        assert frames_of(result) == FRAMES // 2
        assert abs(read_sound(str(result)).duration - FRAMES // 2 * FRAME) < FRAME


def test_sound_of_a_result_s_own_is_kept(client: ComfyClient, workspace: Workspace) -> None:
    make_clips(workspace.input, {"a.mp4": "aac"})
    graph = silent(workspace.name, workspace.name)
    make_clip(workspace.input / "other" / "b.mp4", sound="aac", channels=1, seconds=0.5)
    graph["other"] = node("LoadVideo", file=f"{workspace.name}/other/b.mp4")
    graph[SAVE]["inputs"]["video"] = ["other", 0]
    del graph["pictures"], graph[WORK]
    run_until_stop(client, graph)
    assert read_sound(str(workspace.output / "a.mp4")).duration == pytest.approx(0.5, abs=FRAME)


def test_a_video_that_is_not_changed_is_copied(client: ComfyClient, workspace: Workspace) -> None:
    make_clips(workspace.input, {"more/a.mp4": "aac"})
    (result,) = run_until_stop(client, unchanged(workspace.name, workspace.name, recursive=True))
    assert told(result, ITERATOR)["total"] == 1
    with (
        av.open(str(workspace.input / "more/a.mp4")) as source,
        av.open(str(workspace.output / "more/a.mp4")) as copy,
    ):
        assert "prompt" in copy.metadata
        assert [bytes(each) for each in copy.demux(video=0)] == [
            bytes(each) for each in source.demux(video=0)
        ]


def test_the_workflow_is_kept_where_the_source_s_sound_is_added(
    client: ComfyClient, workspace: Workspace
) -> None:
    make_clips(workspace.input, {"a.mp4": "aac"})
    run_until_stop(client, silent(workspace.name, workspace.name))
    with av.open(str(workspace.output / "a.mp4")) as container:
        assert "BatchLoopVideoIterator" in container.metadata["prompt"]
        assert container.streams.audio


def test_what_is_known_of_a_video_comes_with_it(client: ComfyClient, workspace: Workspace) -> None:
    make_clip(workspace.input / "clip.mp4", frames=30, fps=12)
    graph = unchanged(workspace.name, workspace.name)
    for output, name in enumerate(("filename", "stem", "path", "fps", "frames", "duration"), 2):
        graph[name] = node("PreviewAny", source=[ITERATOR, output])
    (result,) = run_until_stop(client, graph)
    shown = {
        name: result.outputs[name]["text"][0] for name in graph if "text" in result.outputs[name]
    }
    assert shown == {
        "filename": "clip.mp4",
        "stem": "clip",
        "path": "clip.mp4",
        "fps": "12.0",
        "frames": "30",
        "duration": "2.5",
    }


def test_a_video_that_cannot_be_read_stops_the_batch(
    client: ComfyClient, workspace: Workspace
) -> None:
    make_clips(workspace.input, {"a.mp4": None, "b.mp4": None})
    damage(workspace.input / "a.mp4")
    graph = silent(workspace.name, workspace.name)
    for _ in range(2):
        message = refusal(client, graph)
        assert f'Cannot read the video "{workspace.input / "a.mp4"}": its end is missing' in message
    assert files(workspace.output) == []


def test_a_video_that_cannot_be_read_is_skipped(client: ComfyClient, workspace: Workspace) -> None:
    make_clips(workspace.input, {"a.mp4": None, "b.mp4": None, "c.mp4": None})
    damage(workspace.input / "b.mp4")
    graph = silent(workspace.name, workspace.name, error_handling="Skip on error")
    results = run_until_stop(client, graph)
    assert files(workspace.output) == ["a.mp4", "c.mp4"]
    assert told(results[-1], SAVE)["failed"] == 1


def test_videos_with_a_result_are_left_out(client: ComfyClient, workspace: Workspace) -> None:
    make_clips(workspace.input, {"a.mkv": None, "b.mp4": None, "c.mp4": None})
    make_clip(workspace.output / "a.mp4")
    before = (workspace.output / "a.mp4").read_bytes()
    graph = silent(workspace.name, workspace.name, skip_finished=True)
    results = run_until_stop(client, graph)
    assert handed_out(results) == ["b.mp4", "c.mp4"]
    assert told(results[0], ITERATOR)["finished"] == 1
    assert (workspace.output / "a.mp4").read_bytes() == before


def test_only_videos_are_taken_and_a_pattern_chooses_among_all_files(
    client: ComfyClient, workspace: Workspace
) -> None:
    make_clips(workspace.input, {"a.mp4": None, "b_raw.mp4": None})
    make_sound(workspace.input / "c.wav", sweep(0.1))
    (workspace.input / "d.png").write_bytes(b"no film")
    (workspace.input / "e.MP4").write_bytes((workspace.input / "a.mp4").read_bytes())
    for pattern, expected in {
        "": ["a.mp4", "b_raw.mp4", "e.MP4"],
        "!*_raw.*": ["a.mp4", "e.MP4"],
        "b*": ["b_raw.mp4"],
    }.items():
        graph = unchanged(
            workspace.name, workspace.name, custom_pattern=pattern, loop_name=f"with {pattern}"
        )
        assert handed_out(run_until_stop(client, graph)) == expected
    graph = unchanged(workspace.name, workspace.name, custom_pattern="*.webm")
    assert "No videos to work on" in refusal(client, graph)
    assert "custom_pattern '*.webm' matches no file" in refusal(client, graph)


def test_results_in_the_folder_of_the_videos_are_no_videos_of_the_batch(
    client: ComfyClient, workspace: Workspace
) -> None:
    make_clips(workspace.input, {"a.mkv": None, "a_1.mkv": None})
    graph = silent(workspace.name, str(workspace.input))
    for _ in range(2):
        graph[ITERATOR]["inputs"]["iteration_mode"] = "Reset"
        assert handed_out(run_until_stop(client, graph)) == ["a.mkv", "a_1.mkv"]
    assert files(workspace.input) == ["a.mkv", "a.mp4", "a_1.mkv", "a_1.mp4"]


def test_a_full_disk_loses_no_video_and_leaves_no_part_of_one(
    client: ComfyClient, workspace: Workspace
) -> None:
    make_clips(workspace.input, {"a.mp4": "aac"})
    graph = silent(workspace.name, f"{workspace.name}/disk", error_handling="Skip on error")
    with mounted(workspace.output / "disk", kilobytes=24) as output:
        message = refusal(client, graph)
        assert f'"{output.path / "a.mp4"}": the disk is full. Free some space' in message
        assert files(output.path) == []


def test_a_codec_that_refuses_the_pictures_is_said_to(
    client: ComfyClient, workspace: Workspace
) -> None:
    make_clips(workspace.input, {"a.mp4": None})
    graph = silent(workspace.name, workspace.name)
    graph["odd"] = node(
        *("ImageScale",),
        image=["pictures", 0],
        upscale_method="nearest-exact",
        width=31,
        height=33,
        crop="disabled",
    )
    graph[WORK]["inputs"]["images"] = ["odd", 0]
    message = refusal(client, graph)
    assert f'Cannot make the video "{workspace.output / "a.mp4"}"' in message
    assert "H.264 needs an even width and height" in message
    assert files(workspace.output) == []


def test_a_video_that_is_only_tried_is_shown_and_not_saved(
    client: ComfyClient, workspace: Workspace
) -> None:
    make_clips(workspace.input, {"a.mp4": None, "b.mp4": None})
    graph = unchanged(workspace.name, workspace.name)
    graph[ITERATOR]["inputs"][CARD_INPUT] = {TRY_IMAGE: "b.mp4"}
    result = client.run(graph)
    assert told(result, ITERATOR)["kind"] == "trial"
    (shown,) = result.outputs[SAVE]["images"]
    assert shown["type"] == "temp"
    assert files(workspace.output) == []


@pytest.mark.oldest_too
def test_a_video_that_this_comfyui_cannot_write_is_refused_before_anything_runs(
    client: ComfyClient, workspace: Workspace
) -> None:
    make_clips(workspace.input, {"a.mp4": None})
    graph = unchanged(workspace.name, workspace.name)
    settings = {"container": "webm", "codec": "h264"} if ON_NEWEST else {"codec": "av1"}
    graph[SAVE]["inputs"] |= settings
    reason = "WebM cannot hold" if ON_NEWEST else "codec is av1, which this ComfyUI cannot write"
    assert reason in refusal(client, graph)
    assert files(workspace.output) == []


@pytest.mark.oldest_too
def test_each_sound_is_handed_out_once(client: ComfyClient, workspace: Workspace) -> None:
    make_sound(workspace.input / "a.wav", sweep(0.5, channels=2))
    make_sound(workspace.input / "b.flac", sweep(0.25), codec="flac")
    make_clip(workspace.input / "c.mp4", sound="aac")
    (workspace.input / "d.mp3").write_bytes(b"no sound")
    graph: Graph = {
        ITERATOR: iterator(FileKind.AUDIO, workspace.name, error_handling="Skip on error"),
        SAVE: node(
            "BatchLoopSaveText",
            text=["text", 0],
            loop=[ITERATOR, 0],
            save_to="folder",
            folder=workspace.name,
            prefix="",
            suffix="",
            extension=".txt",
            if_exists="overwrite own",
            keep_subfolders=True,
        ),
        "text": node("PreviewAny", source=[ITERATOR, 6]),
    }
    graph[SAVE]["inputs"]["text"] = [ITERATOR, 2]
    results = run_until_stop(client, graph)
    assert files(workspace.output) == ["a.txt", "b.txt"]
    assert results[0].outputs["text"]["text"] == ["0.5"]
    graph[ITERATOR]["inputs"] |= {"custom_pattern": "*.mp4", "loop_name": "of films"}
    (result,) = run_until_stop(client, graph)
    assert handed_out([result]) == ["c.mp4"]


def test_pages_see_a_picture_of_a_film_and_of_a_sound(
    client: ComfyClient, workspace: Workspace
) -> None:
    make_clips(workspace.input, {"a.mp4": "aac"})
    make_sound(workspace.input / "b.wav", sweep(0.5))
    for kind, path in ((FileKind.VIDEOS, "a.mp4"), (FileKind.AUDIO, "b.wav")):
        graph: Graph = {
            ITERATOR: iterator(kind, workspace.name),
            "end": node("BatchLoopLoopEnd", loop=["start", 0], value=["start", 1]),
            "start": node("BatchLoopLoopStart", loop=[ITERATOR, 0]),
            "done": node("BatchLoopBatchComplete", loop=["end", 0]),
        }
        result = client.run(graph)
        loop = told(result, ITERATOR)["loop"]
        of_loop = f"{client.url}/batch_loop/loops/{loop}"
        small = requests.get(f"{of_loop}/thumbnail", {"path": path, "size": "32"}, timeout=30)
        assert small.content.startswith(b"RIFF")
        found = requests.get(f"{of_loop}/files", {"path": path}, timeout=30).json()
        assert found["source"]["shows"] == "picture"
        whole = requests.get(f"{of_loop}/picture", {"path": path}, timeout=30)
        assert whole.content.startswith(b"\x89PNG")


def test_pages_play_a_film_and_its_result_in_parts(
    client: ComfyClient, workspace: Workspace
) -> None:
    make_clips(workspace.input, {"a.mp4": "aac", "c.avi": None})
    results = run_until_stop(client, unchanged(workspace.name, workspace.name))
    of_loop = f"{client.url}/batch_loop/loops/{told(results[0], ITERATOR)['loop']}"

    def played(path: str, output: int | None = None, **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        query: dict[str, Any] = {"path": path, "output": output}
        return requests.get(f"{of_loop}/media", query, headers=named, timeout=30)

    files_of = requests.get(f"{of_loop}/files", {"path": "a.mp4"}, timeout=30).json()
    assert [files_of["source"]["plays"], files_of["results"][0]["plays"]] == ["video", "video"]
    for output, file in ((None, workspace.input / "a.mp4"), (0, workspace.output / "a.mp4")):
        data = file.read_bytes()
        whole = played("a.mp4", output)
        assert (whole.status_code, whole.content) == (200, data)
        assert whole.headers["Content-Type"] == "video/mp4"
        assert whole.headers["Accept-Ranges"] == "bytes"
        # Nothing in a file is run where it is opened in a tab.
        assert whole.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in whole.headers["Content-Security-Policy"]
        part = played("a.mp4", output, Range="bytes=100-199")
        assert (part.status_code, part.content) == (206, data[100:200])
        assert part.headers["Content-Range"] == f"bytes 100-199/{len(data)}"
        beyond = played("a.mp4", output, Range=f"bytes={len(data)}-")
        assert (beyond.status_code, beyond.content) == (416, b"")
        tag = whole.headers["ETag"]
        assert played("a.mp4", output, If_None_Match=tag).status_code == 304
        # A part of an earlier file is not joined with this one.
        other = played("a.mp4", output, Range="bytes=100-", If_Range='"other"')
        assert (other.status_code, other.content) == (200, data)
    # What no browser plays, and what is not there.
    for path, output in (("c.avi", None), ("none.mp4", None), ("a.mp4", 1)):
        nothing = played(path, output)
        assert (nothing.status_code, nothing.content) == (204, b"")
    (workspace.output / "a.mp4").unlink()
    assert played("a.mp4", 0).status_code == 204


def test_memory_stays_as_it_is_over_many_videos(
    client: ComfyClient, server: ComfyServer, workspace: Workspace
) -> None:
    names: dict[str, str | None] = {f"{number:02}.mp4": "aac" for number in range(40)}
    make_clips(workspace.input, names)
    graph, used = silent(workspace.name, workspace.name), list[float]()
    for _ in names:
        assert client.run(graph).status == "success"
        assert server.pid is not None
        used.append(psutil.Process(server.pid).memory_info().rss / 1e6)
    # The first ones load libraries, and fill what is kept.
    assert used[-1] - used[9] < 10
    assert len(files(workspace.output)) == len(names)
