"""Films frame by frame, and films made of the results, on a real server."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from batch_loop.core.model.settings.frame_iterator import FRAME_SETTINGS
from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import (
    loop_state,
    refusal,
    run_until_stop,
    told,
)
from batch_loop.tests.support.films import (
    FPS,
    clicks_in,
    make_film,
    numbered,
    numbers_in,
    shown_in,
    spoil,
)
from batch_loop.tests.support.graphs import (
    COMPLETE,
    END,
    ITERATOR,
    SAVE,
    STOP,
    WORK,
    Graph,
    iterator,
    node,
    row_iterator,
    save,
)
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.server import ComfyServer

ASSEMBLE = "assemble"
FRAMES = 20
B_FRAMES = {"bf": "3", "g": "12"}
UNEVEN = [number + number // 4 for number in range(FRAMES)]
SKIP = "Skip on error"
REPEAT = "repeat the frame before"
LEFTOVERS = ".*batch-loop.tmp*"
ASSEMBLE_SETTINGS: dict[str, Any] = {
    "prefix": "",
    "suffix": "",
    "video_codec": "H.264",
    "quality": 80,
    "depth": "8 bit",
    "audio": True,
    "fps": 24.0,
    "missing": "refuse",
    "results": "",
    "if_exists": "overwrite own",
    "embed_workflow": True,
}


def frames_of(film: str, **settings: Any) -> dict[str, Any]:
    """A Frame Iterator with default widget values, except for `settings`."""
    defaults = {each.name: each.default for each in FRAME_SETTINGS.values()}
    return node("BatchLoopFrameIterator", **{**defaults, "film": film, **settings})


def assembled(folder: str, **settings: Any) -> dict[str, Any]:
    """An Assemble Video with default widget values, except for `settings`."""
    values = {**ASSEMBLE_SETTINGS, "folder": folder, **settings}
    return node("BatchLoopAssembleVideo", complete=[COMPLETE, 0], loop=[END, 0], **values)


def film_graph(name: str, of: dict[str, Any], work: Graph | None = None, **settings: Any) -> Graph:
    """A batch of frames, or of what `of` hands out, and the film of its results."""
    image = [WORK, 0] if work else [ITERATOR, 1]
    return {
        ITERATOR: of,
        **(work or {}),
        SAVE: save(image, f"{name}/frames", loop=[ITERATOR, 0]),
        END: node("BatchLoopLoopEnd", loop=[ITERATOR, 0], after=[SAVE, 1]),
        COMPLETE: node("BatchLoopBatchComplete", loop=[END, 0]),
        STOP: node("BatchLoopEndQueue", stop=[COMPLETE, 0]),
        ASSEMBLE: assembled(f"{name}/film", **settings),
    }


def in_folder(workspace: Workspace, **film: Any) -> str:
    """Make a film of numbered frames; its name in a workflow."""
    make_film(workspace.input / "clip.mp4", **{"frames": FRAMES, "options": B_FRAMES, **film})
    return f"{workspace.name}/clip.mp4"


@pytest.mark.oldest_too
def test_each_frame_goes_through_the_workflow_and_the_film_is_made_again_of_them(
    client: ComfyClient, workspace: Workspace
) -> None:
    sound = {"sound": (UNEVEN[-1] + 1) / FPS, "clicks": (0.2, 0.6)}
    film = in_folder(workspace, times=UNEVEN, **sound)
    results = run_until_stop(client, film_graph(workspace.name, frames_of(film)))
    assert len(results) == FRAMES
    frames, made = workspace.output / "frames", workspace.output / "film" / "clip.mp4"
    names = [path.name for path in sorted(frames.iterdir())]
    assert names == [f"clip_{number:06}.png" for number in range(FRAMES)]
    assert numbers_in(frames) == list(range(FRAMES))
    assert shown_in(made) == (list(range(FRAMES)), UNEVEN)
    assert clicks_in(made) == pytest.approx([0.2, 0.6], abs=1 / FPS)
    (shown,) = results[-1].outputs[ASSEMBLE]["images"]
    assert (shown["filename"], shown["type"]) == ("clip.mp4", "output")
    assert loop_state(client, results[-1])["done"] == FRAMES
    assert list((workspace.output / "film").iterdir()) == [made]
    film_of_it = {"node_id": ASSEMBLE, "path": str(made), "view": shown, "more": 0}
    assert loop_state(client, results[-1])["made_of_all"] == [film_of_it]
    # What the last frame's prompt has shown is no result of that frame.
    items = client.get_json(f"/batch_loop/loops/{told(results[-1], ITERATOR)['loop']}/items")
    assert all(
        item["outputs"] == [str(frames / name)]
        for item, name in zip(items["items"], names, strict=True)
    )


def test_a_part_of_a_film_has_the_sound_of_that_part(
    client: ComfyClient, workspace: Workspace
) -> None:
    film = in_folder(workspace, sound=FRAMES / FPS, clicks=(0.1, 0.52))
    part = frames_of(film, start_index=10, limit=8)
    run_until_stop(client, film_graph(workspace.name, part))
    made = workspace.output / "film" / "clip.mp4"
    assert shown_in(made) == (list(range(10, 18)), list(range(8)))
    assert clicks_in(made) == pytest.approx([0.12], abs=1 / FPS)


def test_of_windows_that_overlap_each_frame_is_in_the_film_once(
    client: ComfyClient, workspace: Workspace
) -> None:
    windows = frames_of(in_folder(workspace), frames=8, overlap=3)
    results = run_until_stop(client, film_graph(workspace.name, windows))
    assert len(results) == 4
    names = sorted(path.name for path in (workspace.output / "frames").iterdir())
    assert names[:2] == ["clip_000000_1.png", "clip_000000_2.png"]
    assert names[-5:] == [f"clip_000015_{number}.png" for number in range(1, 6)]
    assert shown_in(workspace.output / "film" / "clip.mp4")[0] == list(range(FRAMES))


def test_no_frame_is_lost_if_the_window_is_changed_in_mid_batch(
    client: ComfyClient, workspace: Workspace
) -> None:
    film = in_folder(workspace)
    for _ in range(3):
        client.run(film_graph(workspace.name, frames_of(film)))
    results = run_until_stop(client, film_graph(workspace.name, frames_of(film, frames=8)))
    assert loop_state(client, results[-1])["done"] == len(results) == 3
    frames = list((workspace.output / "frames").iterdir())
    assert len(frames) == FRAMES + 3  # a window never overwrites what is not its own
    assert shown_in(workspace.output / "film" / "clip.mp4")[0] == list(range(FRAMES))
    # Another loop's frames are no results of windows, whose first frame has the same name.
    again = frames_of(film, frames=15, skip_finished=True, loop_name="other")
    results = run_until_stop(client, film_graph(workspace.name, again))
    assert loop_state(client, results[-1])["done"] == len(results) == 2


def test_with_variants_there_is_a_film_of_each(client: ComfyClient, workspace: Workspace) -> None:
    film, (kept, larger) = in_folder(workspace, frames=6, sound=6 / FPS), ("1", "2")
    work = node(
        "ImageScaleBy", image=[ITERATOR, 1], upscale_method="nearest-exact", scale_by=["value", 2]
    )
    graph = {
        **film_graph(workspace.name, frames_of(film, variants=["variants", 0]), {WORK: work}),
        "variants": node(
            "BatchLoopVariants",
            values=f"{kept}\n{larger}",
            name="value",
            kind="text or numbers",
            run_order="entry by entry",
        ),
        "value": node("BatchLoopVariantValue", loop=[ITERATOR, 0], name=""),
    }
    results = run_until_stop(client, graph)
    assert len(results) == 12
    films = workspace.output / "film"
    of_one, of_two = (films / f"clip · {label}.mp4" for label in (kept, larger))
    assert sorted(films.iterdir()) == [of_one, of_two]
    assert [shown["filename"] for shown in results[-1].outputs[ASSEMBLE]["images"]] == [
        of_one.name,
        of_two.name,
    ]
    assert shown_in(of_one)[0] == list(range(6))
    assert shown_in(of_two, larger=2)[0] == list(range(6))
    # Without a result of one of them, no film is made.
    (workspace.output / "frames" / f"clip_000003 · {larger}.png").unlink()
    for made in films.iterdir():
        made.unlink()
    assert f'frame 3 with "{larger}"' in refusal(client, graph)
    assert not list(films.iterdir())


def test_after_reset_with_another_window_the_film_has_nothing_of_the_former_ones(
    client: ComfyClient, workspace: Workspace
) -> None:
    film = in_folder(workspace)
    run_until_stop(client, film_graph(workspace.name, frames_of(film, frames=5)))
    made, frames = workspace.output / "film" / "clip.mp4", workspace.output / "frames"
    before = {path: path.read_bytes() for path in frames.iterdir()}
    for path in before:
        Image.fromarray(numbered(99)).save(path)
    shorter = frames_of(film, frames=3, iteration_mode="Reset")
    results = run_until_stop(client, film_graph(workspace.name, shorter))
    assert loop_state(client, results[-1])["done"] == len(results) == 7
    assert shown_in(made)[0] == list(range(FRAMES))
    assert set(before) <= set(frames.iterdir()), "no file of the former windows is deleted"


def test_what_has_lost_its_result_is_named_and_made_again_by_retry_failed(
    client: ComfyClient, workspace: Workspace
) -> None:
    graph = film_graph(workspace.name, frames_of(in_folder(workspace)))
    results = run_until_stop(client, graph)
    made, frames = workspace.output / "film" / "clip.mp4", workspace.output / "frames"
    for number in (3, 19):
        (frames / f"clip_{number:06}.png").unlink()
    message = refusal(client, graph)
    assert "2 results missing, of frame 3, frame 19. Press Retry failed" in message
    state = loop_state(client, results[-1])
    assert (state["done"], state["failed"]) == (FRAMES - 2, 2)
    reasons = {each["reason"] for each in state["failures"]}
    assert reasons == {"its result is gone"}
    loop = told(results[-1], ITERATOR)["loop"]
    client.post_json("/batch_loop/loops/retry", {"loop": loop})
    made.unlink()
    assert len(run_until_stop(client, graph)) == 2
    assert shown_in(made)[0] == list(range(FRAMES))


def test_a_result_that_is_no_good_is_made_again_by_retry_failed(
    client: ComfyClient, workspace: Workspace
) -> None:
    graph = film_graph(workspace.name, frames_of(in_folder(workspace)))
    results = run_until_stop(client, graph)
    made, frames = workspace.output / "film" / "clip.mp4", workspace.output / "frames"
    made.unlink()
    (frames / "clip_000003.png").write_bytes(b"")
    loop = told(results[-1], ITERATOR)["loop"]
    message = refusal(client, graph)
    assert "1 result cannot be read, of clip_000003: the file is empty" in message
    reasons = {each["reason"] for each in loop_state(client, results[-1])["failures"]}
    assert reasons == {"its result cannot be read: the file is empty"}
    client.post_json("/batch_loop/loops/retry", {"loop": loop})
    assert len(run_until_stop(client, graph)) == 1
    # What is made anew goes where a broken link leads to, and is one result.
    made.unlink()
    (frames / "clip_000004.png").unlink()
    (frames / "clip_000004.png").symlink_to("elsewhere.png")
    assert "1 result missing, of frame 4" in refusal(client, graph)
    client.post_json("/batch_loop/loops/retry", {"loop": loop})
    assert len(run_until_stop(client, graph)) == 1
    assert shown_in(made)[0] == list(range(FRAMES))


def test_where_existing_files_are_kept_one_that_is_no_good_is_made_again_once_it_is_deleted(
    client: ComfyClient, workspace: Workspace
) -> None:
    graph = film_graph(workspace.name, frames_of(in_folder(workspace)))
    graph[SAVE]["inputs"]["if_exists"] = "skip"
    results = run_until_stop(client, graph)
    (workspace.output / "film" / "clip.mp4").unlink()
    result = workspace.output / "frames" / "clip_000003.png"
    result.write_bytes(b"")
    assert "(if_exists is skip), delete what cannot be read first." in refusal(client, graph)
    result.unlink()
    client.post_json("/batch_loop/loops/retry", {"loop": told(results[-1], ITERATOR)["loop"]})
    assert len(run_until_stop(client, graph)) == 1
    assert shown_in(workspace.output / "film" / "clip.mp4")[0] == list(range(FRAMES))


@pytest.mark.parametrize("folder", ["", "frames"])
def test_results_that_were_moved_and_linked_to_are_results(
    client: ComfyClient, workspace: Workspace, folder: str
) -> None:
    graph = film_graph(workspace.name, frames_of(in_folder(workspace)))
    if folder:
        graph[ASSEMBLE]["inputs"]["results"] = f"{workspace.name}/{folder}"
    results = run_until_stop(client, graph)
    made, frames = workspace.output / "film" / "clip.mp4", workspace.output / "frames"
    made.unlink()
    away = workspace.output / "away"
    frames.rename(away)
    frames.symlink_to(away)
    (away / "clip_000004.png").rename(workspace.output / "one.png")
    (away / "clip_000004.png").symlink_to(workspace.output / "one.png")
    (away / "clip_000003.png").unlink()
    assert "1 result missing, of frame 3. " in refusal(client, graph)
    client.post_json("/batch_loop/loops/retry", {"loop": told(results[-1], ITERATOR)["loop"]})
    assert len(run_until_stop(client, graph)) == 1
    assert shown_in(made)[0] == list(range(FRAMES))


@pytest.mark.parametrize("spoilt", [False, True])
def test_a_window_whose_results_were_moved_and_linked_to_is_made_again(
    client: ComfyClient, workspace: Workspace, *, spoilt: bool
) -> None:
    """Its new results have other names, as a link is not written through."""
    graph = film_graph(workspace.name, frames_of(in_folder(workspace), frames=8))
    results = run_until_stop(client, graph)
    made, frames = workspace.output / "film" / "clip.mp4", workspace.output / "frames"
    made.unlink()
    moved = workspace.output / "moved.png"
    (frames / "clip_000008_2.png").rename(moved)
    (frames / "clip_000008_2.png").symlink_to(moved)
    if spoilt:
        moved.write_bytes(b"")
    else:
        (frames / "clip_000008_3.png").unlink()
    assert "1 result " in refusal(client, graph)
    client.post_json("/batch_loop/loops/retry", {"loop": told(results[-1], ITERATOR)["loop"]})
    assert len(run_until_stop(client, graph)) == 1
    assert shown_in(made)[0] == list(range(FRAMES))
    assert (frames / "clip_000008_2.png").is_symlink()


def test_a_result_that_was_made_a_link_to_an_equal_one_is_a_result(
    client: ComfyClient, workspace: Workspace
) -> None:
    film = in_folder(workspace, pictures=[numbered(number // 2) for number in range(8)])
    graph = film_graph(workspace.name, frames_of(film, frames=4))
    run_until_stop(client, graph)
    made, frames = workspace.output / "film" / "clip.mp4", workspace.output / "frames"
    made.unlink()
    (frames / "clip_000000_2.png").unlink()
    (frames / "clip_000000_2.png").symlink_to("clip_000000_1.png")
    client.run(graph)
    assert shown_in(made)[0] == [0, 0, 1, 1, 2, 2, 3, 3]


def test_a_film_that_was_changed_after_its_results_is_told_of(
    client: ComfyClient, workspace: Workspace
) -> None:
    film = in_folder(workspace)
    graph = film_graph(workspace.name, frames_of(film))
    assert "text" not in run_until_stop(client, graph)[-1].outputs[ASSEMBLE]
    (workspace.input / "clip.mp4").touch()
    outputs = client.run(graph).outputs
    (notice,) = outputs[ASSEMBLE]["text"]
    assert notice.startswith('"clip.mp4" was changed after results were made of it.')
    (said,) = outputs[ITERATOR]["batch_loop"]
    assert outputs[ASSEMBLE]["batch_loop"] == [{"kind": "film_changed", "loop": said["loop"]}]


def test_a_window_that_has_lost_one_of_its_results_is_made_again_as_a_whole(
    client: ComfyClient, workspace: Workspace
) -> None:
    graph = film_graph(workspace.name, frames_of(in_folder(workspace), frames=8))
    results = run_until_stop(client, graph)
    (workspace.output / "frames" / "clip_000008_3.png").unlink()
    assert "1 result missing, of frame 10" in refusal(client, graph)
    loop = told(results[-1], ITERATOR)["loop"]
    client.post_json("/batch_loop/loops/retry", {"loop": loop})
    assert len(run_until_stop(client, graph)) == 1
    assert shown_in(workspace.output / "film" / "clip.mp4")[0] == list(range(FRAMES))


def test_a_film_is_made_again_only_if_something_changed(
    client: ComfyClient, workspace: Workspace
) -> None:
    graph = film_graph(workspace.name, frames_of(in_folder(workspace)))
    run_until_stop(client, graph)
    made = workspace.output / "film" / "clip.mp4"
    first = made.stat()
    again = client.run(graph)
    assert again.outputs[ASSEMBLE]["images"][0]["filename"] == "clip.mp4"
    assert made.stat().st_mtime_ns == first.st_mtime_ns
    Image.fromarray(numbered(99)).save(workspace.output / "frames" / "clip_000003.png")
    client.run(graph)
    assert shown_in(made)[0] == [99 if number == 3 else number for number in range(FRAMES)]
    # Somebody else's film is kept.
    made.write_bytes((workspace.input / "clip.mp4").read_bytes())
    client.run(graph)
    assert made.read_bytes() == (workspace.input / "clip.mp4").read_bytes()
    assert shown_in(made.with_name("clip_1.mp4"))[0][3] == 99


def test_with_skip_a_damaged_frame_fails_and_the_film_says_so_or_repeats_the_one_before(
    client: ComfyClient, workspace: Workspace
) -> None:
    film = in_folder(workspace, codec="mjpeg", pixels="yuvj420p", options={})
    spoil(workspace.input / "clip.mp4", 7)
    graph = film_graph(workspace.name, frames_of(film, error_handling=SKIP))
    results = [client.run(graph) for _ in range(FRAMES - 1)]
    assert {result.status for result in results[:-1]} == {"success"}
    assert "1 result missing, of frame 7" in str(results[-1].error)
    state = loop_state(client, results[-1])
    # The last frame is not to blame for the film.
    assert (state["done"], state["failed"]) == (FRAMES - 1, 1)
    assert state["failures"][0]["reason"] == "frame 7 is damaged"
    assert not (workspace.output / "film").exists()
    assert "frame 7" in refusal(client, graph)
    graph[ASSEMBLE]["inputs"]["missing"] = REPEAT
    client.run(graph)
    expected = [6 if number == 7 else number for number in range(FRAMES)]
    assert shown_in(workspace.output / "film" / "clip.mp4") == (expected, list(range(FRAMES)))


def test_with_stop_a_damaged_frame_stops_the_batch(
    client: ComfyClient, workspace: Workspace
) -> None:
    film = in_folder(workspace, codec="mjpeg", pixels="yuvj420p", options={})
    spoil(workspace.input / "clip.mp4", 2)
    graph = film_graph(workspace.name, frames_of(film))
    results = [client.run(graph) for _ in range(4)]
    assert [result.status for result in results] == ["success", "success", "error", "error"]
    assert "frame 2 is damaged" in str(results[-1].error)
    assert loop_state(client, results[1])["done"] == 2


def test_no_frame_fails_for_a_film_that_is_gone(client: ComfyClient, workspace: Workspace) -> None:
    graph = film_graph(workspace.name, frames_of(in_folder(workspace), error_handling=SKIP))
    first = client.run(graph)
    film, away = workspace.input / "clip.mp4", workspace.input / "away"
    film.rename(away)
    assert "clip.mp4" in refusal(client, graph)
    away.rename(film)
    run_until_stop(client, graph)
    state = loop_state(client, first)
    assert (state["done"], state["failed"]) == (FRAMES, 0)


def test_of_a_film_that_is_replaced_in_mid_batch_the_frames_left_are_done(
    client: ComfyClient, workspace: Workspace
) -> None:
    """Of the new film: also the one that was decoded ahead of the old one."""
    graph = film_graph(workspace.name, frames_of(in_folder(workspace)))
    first = [client.run(graph) for _ in range(4)]
    others = [numbered(100 + number) for number in range(FRAMES + 3)]
    make_film(workspace.input / "new.mp4", pictures=others).replace(workspace.input / "clip.mp4")
    results = run_until_stop(client, graph)
    # More frames at the end join as new images of a folder do.
    assert len(first) + len(results) == FRAMES + 3
    expected = [number if number < 4 else 100 + number for number in range(FRAMES + 3)]
    assert numbers_in(workspace.output / "frames") == expected
    assert shown_in(workspace.output / "film" / "clip.mp4")[0] == expected


def replaced(workspace: Workspace, frames: int) -> None:
    """Have the same film, with another number of frames, in place of the one that is there."""
    pictures = [numbered(number) for number in range(frames)]
    new = make_film(workspace.input / "new.mp4", options=B_FRAMES, pictures=pictures)
    new.replace(workspace.input / "clip.mp4")


@pytest.mark.parametrize("frames", [FRAMES - 2, FRAMES + 3, FRAMES + 8])
def test_of_a_film_that_is_longer_or_shorter_a_run_does_what_has_changed(
    client: ComfyClient, workspace: Workspace, frames: int
) -> None:
    graph = film_graph(workspace.name, frames_of(in_folder(workspace), frames=8))
    results = run_until_stop(client, graph)
    before = {path: path.read_bytes() for path in (workspace.output / "frames").iterdir()}
    replaced(workspace, frames)
    again = run_until_stop(client, graph)
    windows = -(-frames // 8)
    assert len(again) == windows - FRAMES // 8
    state = loop_state(client, results[-1])
    # The last window of before has left.
    assert (state["total"], state["done"], state["failed"]) == (windows, windows, 0)
    assert shown_in(workspace.output / "film" / "clip.mp4")[0] == list(range(frames))
    assert {path: path.read_bytes() for path in before} == before, "all that was made stays"
    replaced(workspace, FRAMES)
    assert client.run(graph).status == "success"
    state = loop_state(client, results[-1])
    assert (state["total"], state["done"]) == (len(results), len(results)), "it is done as before"
    assert shown_in(workspace.output / "film" / "clip.mp4")[0] == list(range(FRAMES))


def test_a_film_that_becomes_shorter_in_mid_batch_stops_on_no_window_and_comes_back(
    client: ComfyClient, workspace: Workspace
) -> None:
    graph = film_graph(workspace.name, frames_of(in_folder(workspace, frames=20), frames=4))
    for _ in range(2):
        client.run(graph)
    replaced(workspace, 14)
    results = run_until_stop(client, graph)
    assert [len(result.outputs[SAVE]["images"]) for result in results] == [4, 2]
    made, state = workspace.output / "film" / "clip.mp4", loop_state(client, results[-1])
    assert (state["total"], state["done"], state["failed"]) == (4, 4, 0)
    assert shown_in(made)[0] == list(range(14))
    replaced(workspace, 20)
    results = run_until_stop(client, graph)
    assert [len(result.outputs[SAVE]["images"]) for result in results] == [4, 4]
    state = loop_state(client, results[-1])
    assert (state["total"], state["done"], state["failed"]) == (5, 5, 0)
    assert shown_in(made)[0] == list(range(20))


def test_beside_a_table_that_has_fewer_rows_the_film_ends_with_these(
    client: ComfyClient, workspace: Workspace
) -> None:
    graph = film_graph(workspace.name, frames_of(in_folder(workspace), frames=8))
    (workspace.input / "rows.txt").write_text("one\ntwo\n")
    graph["rows"] = row_iterator(file=f"{workspace.name}/rows.txt")
    graph[SAVE]["inputs"]["prefix"] = ["rows", 2]
    results = run_until_stop(client, graph)
    state = loop_state(client, results[-1])
    assert (len(results), state["done"], state["unpaired"]) == (2, 2, 1)
    assert shown_in(workspace.output / "film" / "clip.mp4")[0] == list(range(16))


def test_a_frame_without_result_and_source_is_in_no_film_without_a_word(
    client: ComfyClient, workspace: Workspace
) -> None:
    graph = film_graph(workspace.name, frames_of(in_folder(workspace), error_handling=SKIP))
    results = run_until_stop(client, graph)
    made = workspace.output / "film" / "clip.mp4"
    result = workspace.output / "frames" / "clip_000019.png"
    data = result.read_bytes()
    result.unlink()
    made.unlink()
    assert "1 result missing, of frame 19" in refusal(client, graph)
    replaced(workspace, FRAMES - 2)
    said = "1 result missing, of clip_000019. "
    assert said in refusal(client, graph)
    client.post_json("/batch_loop/loops/retry", {"loop": told(results[-1], ITERATOR)["loop"]})
    assert said in refusal(client, graph)
    state = loop_state(client, results[-1])
    assert (state["done"], state["failed"]) == (FRAMES - 2, 1)
    reason = state["failures"][0]["reason"]
    assert "no such frame any more; the result that it had is gone, too" in reason
    assert not made.exists()
    result.write_bytes(data)
    client.run(graph)
    state = loop_state(client, results[-1])
    assert (state["done"], state["failed"]) == (FRAMES - 1, 0)
    assert shown_in(made)[0] == list(range(FRAMES - 2))


def test_frames_with_a_result_are_left_out_and_are_in_the_film(
    client: ComfyClient, workspace: Workspace
) -> None:
    film = in_folder(workspace)
    frames = workspace.output / "frames"
    frames.mkdir()
    for number in range(0, FRAMES, 2):
        Image.fromarray(numbered(number)).save(frames / f"clip_{number:06}.png")
    graph = film_graph(workspace.name, frames_of(film, skip_finished=True))
    assert len(run_until_stop(client, graph)) == FRAMES // 2
    assert shown_in(workspace.output / "film" / "clip.mp4")[0] == list(range(FRAMES))


def test_a_film_is_made_of_a_folder_of_images(client: ComfyClient, workspace: Workspace) -> None:
    write_images(workspace.input, ["a.png", "b.png", "c.png"], size=(16, 16))
    graph = film_graph(workspace.name, iterator(workspace.name), fps=10.0)
    run_until_stop(client, graph)
    (made,) = (workspace.output / "film").iterdir()
    assert made.name == f"{workspace.name}.mp4"
    assert shown_in(made)[1] == [0, 2.5, 5]


def frames_for_a_slow_film(client: ComfyClient, graph: Graph, output: Path) -> Path:
    """Have frames done, and then replaced by large ones, so that making their film takes time.

    Returns the film's path, at which nothing is yet.
    """
    for _ in range(3):
        client.run(graph)
    made = output / "film" / "clip.mp4"
    made.unlink()
    noise = np.random.default_rng(0).integers(0, 255, (2160, 3840, 3), np.uint8)
    for path in (output / "frames").iterdir():
        Image.fromarray(noise).save(path, compress_level=0)
    return made


def test_in_another_order_images_that_were_moved_away_once_done_are_in_the_film(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, [f"{number}.png" for number in range(4)], size=(16, 16))
    graph = film_graph(workspace.name, iterator(workspace.name), fps=10.0)
    for number in range(2):
        client.run(graph)
        (workspace.input / f"{number}.png").unlink()
    graph[ITERATOR]["inputs"]["descending"] = True
    results = run_until_stop(client, graph)
    assert len(results) == 2
    (path,) = (workspace.output / "film").iterdir()
    assert len(shown_in(path)[0]) == 4
    state = loop_state(client, results[-1])
    assert (state["total"], state["done"]) == (4, 4)


def test_an_interrupted_film_leaves_nothing_and_is_made_by_the_next_run(
    client: ComfyClient, workspace: Workspace
) -> None:
    film = in_folder(workspace, frames=3)
    graph = film_graph(workspace.name, frames_of(film), quality=100)
    made = frames_for_a_slow_film(client, graph, workspace.output)
    prompt = client.submit(graph)
    wait_for(lambda: list(made.parent.glob(LEFTOVERS)), "the film to begin")
    client.interrupt()
    assert client.wait(prompt).status == "interrupted"
    assert list(made.parent.iterdir()) == []
    client.run(graph)
    assert list(made.parent.iterdir()) == [made]


def test_a_film_whose_folder_is_deleted_while_it_is_made_names_the_folder(
    client: ComfyClient, workspace: Workspace
) -> None:
    graph = film_graph(workspace.name, frames_of(in_folder(workspace, frames=3)), quality=100)
    made = frames_for_a_slow_film(client, graph, workspace.output)
    prompt = client.submit(graph)
    wait_for(lambda: list(made.parent.glob(LEFTOVERS)), "the film to begin")
    shutil.rmtree(made.parent)
    error = client.wait(prompt).error
    assert error is not None
    said = "No such file or directory. Check the folder and the disk, and run again."
    assert error.message.strip() == f'Cannot write "{made}": {said}'
    client.run(graph)
    assert list(made.parent.iterdir()) == [made]


@pytest.mark.one_release
def test_killed_while_a_film_is_made_it_is_not_there_and_the_next_run_makes_it(
    start_server: Callable[..., ComfyServer],
) -> None:
    server = start_server()
    make_film(server.input / "clip.mp4", frames=3)
    graph = film_graph("out", frames_of("clip.mp4"), quality=100)
    with server.client() as client:
        made = frames_for_a_slow_film(client, graph, server.output / "out")
        client.submit(graph)
        wait_for(lambda: list(made.parent.glob(LEFTOVERS)), "the film to begin")
        server.kill()
    assert not made.exists()
    server.start()
    with server.client() as client:
        client.run(graph)
    assert list(made.parent.iterdir()) == [made]
