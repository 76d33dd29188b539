"""A file system becomes full, read-only or unavailable in mid batch, and nothing is lost.

Nor is anything if one folder is mounted at two places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from batch_loop.core.files.leftovers import TEMPORARY_SUFFIX
from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.integration.test_names import colours, unchanged
from batch_loop.tests.support.batches import (
    loop_state,
    refusal,
    run_until_stop,
    says_stop,
    told,
    written,
)
from batch_loop.tests.support.graphs import ITERATOR, SAVE, Graph
from batch_loop.tests.support.images import colour_of, write_images
from batch_loop.tests.support.mounts import Mount, bound, mounted
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.results import RunResult
from batch_loop.tools.server import ComfyServer

pytestmark = pytest.mark.one_release

NAMES = ["a.png", "b.png", "c.png", "d.png"]
COLOURS = {name: colour_of(name) for name in NAMES}

each_policy = pytest.mark.parametrize("error_handling", ["Stop on error", "Skip on error"])


def files(folder: Path) -> list[str]:
    """Every file, including hidden ones."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def handed_out(results: list[RunResult]) -> list[str]:
    return [told(result, ITERATOR)["filename"] for result in results]


def check_ended(client: ComfyClient, last: RunResult) -> None:
    """The batch has ended with every image done."""
    assert says_stop(last)
    state = loop_state(client, last)
    assert (written(state), state["failed"], state["total"]) == (4, 0, 4)


def check_goes_on(client: ComfyClient, graph: Graph, results: Path) -> None:
    """The batch goes on with the second image, and ends with each image's result in a folder."""
    rest = run_until_stop(client, graph)
    assert handed_out(rest) == NAMES[1:]
    check_ended(client, rest[-1])
    assert colours(results) == COLOURS


@pytest.fixture
def output(workspace: Workspace) -> Iterator[Mount]:
    with mounted(workspace.output / "disk") as mount:
        yield mount


# The output folder; see also test_write_behind.py.


@each_policy
@pytest.mark.nothing_behind
def test_a_full_output_folder_loses_nothing(
    client: ComfyClient, workspace: Workspace, output: Mount, error_handling: str
) -> None:
    write_images(workspace.input, NAMES)
    graph = unchanged(workspace.name, f"{workspace.name}/disk", error_handling=error_handling)
    first = client.run(graph)
    output.fill()
    for _ in range(2):
        message = refusal(client, graph)
        assert f'"{output.path / "b.png"}": the disk is full. Free some space' in message
        assert files(output.path) == ["a.png", "filler"]
    # No image is to blame, so the batch does not go on to the others.
    wait_for(lambda: loop_state(client, first)["next"] == "stop", "the loop to say so")
    state = loop_state(client, first)
    assert (state["failed"], state["stopped_on"]["path"]) == (0, "b.png")
    output.free()
    check_goes_on(client, graph, output.path)
    assert files(output.path) == NAMES


@each_policy
@pytest.mark.nothing_behind
def test_an_image_that_only_half_fits_leaves_no_file(
    client: ComfyClient, workspace: Workspace, error_handling: str
) -> None:
    Image.effect_noise((300, 300), 64).save(workspace.input / "a.png")
    with mounted(workspace.output / "disk", kilobytes=64) as output:
        graph = unchanged(workspace.name, f"{workspace.name}/disk", error_handling=error_handling)
        message = refusal(client, graph)
        assert "the disk is full" in message
        assert files(output.path) == []


@each_policy
@pytest.mark.nothing_behind
def test_a_read_only_output_folder_loses_nothing(
    client: ComfyClient, workspace: Workspace, output: Mount, error_handling: str
) -> None:
    write_images(workspace.input, NAMES)
    graph = unchanged(workspace.name, f"{workspace.name}/disk", error_handling=error_handling)
    client.run(graph)
    output.set_read_only(to=True)
    for _ in range(2):
        message = refusal(client, graph)
        assert f'"{output.path / "b.png"}": the folder is read-only' in message
    output.set_read_only(to=False)
    check_goes_on(client, graph, output.path)
    assert files(output.path) == NAMES


@each_policy
@pytest.mark.both_settings
def test_an_output_folder_that_is_moved_away_is_made_again(
    client: ComfyClient, workspace: Workspace, error_handling: str
) -> None:
    """As at the beginning: every result is written, and only once."""
    write_images(workspace.input, NAMES)
    folder, moved = workspace.output / "folder", workspace.output / "moved"
    graph = unchanged(workspace.name, f"{workspace.name}/folder", error_handling=error_handling)
    client.run(graph)
    wait_for(lambda: folder.is_dir() and files(folder) == NAMES[:1], "the result to be written")
    folder.rename(moved)
    results = run_until_stop(client, graph)
    check_ended(client, results[-1])
    assert (files(moved), files(folder)) == (NAMES[:1], NAMES[1:])
    assert colours(moved) | colours(folder) == COLOURS


# One folder for both, which no path shows.


@pytest.fixture(params=["folder", "subfolder", "within"])
def both(request: pytest.FixtureRequest, workspace: Workspace) -> Iterator[Path]:
    """The folder of results, which is the folder `input/sub` of images, too."""
    sub, output = workspace.input / "sub", workspace.output / "both"
    write_images(output if request.param == "within" else sub, NAMES)
    path, to, results = {
        "folder": (workspace.input, output, output / "sub"),
        "subfolder": (sub, output, output),
        "within": (output, sub, output),
    }[request.param]
    with bound(path, to):
        yield results


def into(both: Path, workspace: Workspace, **settings: str) -> Graph:
    folder = str(both.relative_to(workspace.output.parent))
    graph = unchanged(workspace.name, folder, recursive=True, **settings)
    graph[SAVE]["inputs"]["keep_subfolders"] = False
    return graph


@pytest.mark.both_settings
def test_no_source_is_overwritten_by_a_second_way(
    client: ComfyClient, workspace: Workspace, both: Path
) -> None:
    before = {name: (both / name).read_bytes() for name in NAMES}
    graph = into(both, workspace)
    for if_exists in ("overwrite own", "overwrite"):
        graph[SAVE]["inputs"]["if_exists"] = if_exists
        assert "would overwrite an image that this batch reads" in refusal(client, graph)
    graph[SAVE]["inputs"]["if_exists"] = "rename"
    check_ended(client, run_until_stop(client, graph)[-1])
    assert {name: (both / name).read_bytes() for name in NAMES} == before
    results = [f"{Path(name).stem}_1.png" for name in NAMES]
    assert files(both) == files(workspace.input / "sub") == sorted([*NAMES, *results])


@pytest.mark.both_settings
def test_a_watched_folder_has_no_results_by_a_second_way(
    client: ComfyClient, workspace: Workspace, both: Path
) -> None:
    graph = into(both, workspace, when_complete="Watch")
    graph[SAVE]["inputs"].update(if_exists="overwrite", suffix="_up")
    loop = loop_state(client, [client.run(graph) for _ in NAMES][-1])["id"]
    wait_for(lambda: len(files(both)) == 2 * len(NAMES), "all results to be written")

    def watched(name: str) -> bool:
        """Whether an image joins; results are not seen before, at least as old as they are."""
        answer = client.post_json("/batch_loop/loops/watch", {"loop": loop})
        assert answer["ready"] + answer["growing"] <= 1, name
        return bool(answer["ready"] == 1)

    write_images(both, ["new.png"])
    wait_for(lambda: watched("new.png"), "the new image to be seen")
    result = client.run(graph)
    assert told(result, ITERATOR)["filename"] == "new.png"
    state = loop_state(client, result)
    assert (state["total"], state["failed"]) == (len(NAMES) + 1, 0)


# The input folder.


@each_policy
@pytest.mark.both_settings
def test_unplugging_the_input_drive_loses_nothing(
    client: ComfyClient, workspace: Workspace, error_handling: str
) -> None:
    """Though something else lies at its mount point."""
    (workspace.input / "disk").mkdir()
    (workspace.input / "disk" / ".not_mounted").touch()
    with mounted(workspace.input / "disk") as disk:
        write_images(disk.path, NAMES)
        graph = unchanged(f"{workspace.name}/disk", workspace.name, error_handling=error_handling)
        client.run(graph)
        disk.unmount()
        for _ in range(2):
            message = refusal(client, graph)
            assert f'"{disk.path}" is gone in the midst of its batch: none of' in message
        disk.mount()
        write_images(disk.path, NAMES)
        check_goes_on(client, graph, workspace.output)


@each_policy
@pytest.mark.both_settings
def test_moving_the_input_folder_away_loses_nothing(
    client: ComfyClient, workspace: Workspace, error_handling: str
) -> None:
    folder = workspace.input / "folder"
    write_images(folder, NAMES)
    graph = unchanged(f"{workspace.name}/folder", workspace.name, error_handling=error_handling)
    client.run(graph)
    folder.rename(folder.with_name("moved"))
    for _ in range(2):
        assert f'"{folder}" does not exist' in refusal(client, graph)
    folder.with_name("moved").rename(folder)
    check_goes_on(client, graph, workspace.output)


@each_policy
@pytest.mark.both_settings
def test_a_missing_file_is_not_a_lost_folder(
    client: ComfyClient, workspace: Workspace, error_handling: str
) -> None:
    write_images(workspace.input, NAMES)
    graph = unchanged(workspace.name, workspace.name, error_handling=error_handling)
    client.run(graph)
    (workspace.input / "b.png").unlink()
    result = client.run(graph)
    if error_handling == "Stop on error":
        assert result.error is not None
        assert "the file is gone. Put it back" in result.error.message
    else:
        assert told(result, ITERATOR)["filename"] == "c.png"


# The state folder.


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Mount]:
    """A file system for the state of the server in tmp_path/server."""
    with mounted(tmp_path / "server" / "user" / "batch_loop") as mount:
        yield mount


def test_a_full_state_folder_stops_the_batch(
    start_server: Callable[..., ComfyServer], tmp_path: Path, state: Mount
) -> None:
    """It says why: nothing could tell what is done from what is not."""
    server = start_server(tmp_path / "server")
    write_images(server.input / "batch", NAMES)
    graph = unchanged("batch", "batch", error_handling="Skip on error")
    with server.client() as client:
        first = client.run(graph)
        wait_for(lambda: written(loop_state(client, first)) == 1, "the first image to be done")
        state.fill()
        for _ in range(2):
            message = refusal(client, graph)
            path = state.path / "state.sqlite3"
            assert f'its state in "{path}": the disk is full. Free some space' in message
        assert colours(server.output / "batch") == {"a.png": COLOURS["a.png"]}
        state.free()
        results = [client.run(graph)]
        assert handed_out(results) == ["b.png"]
        wait_for(lambda: written(loop_state(client, first)) == 2, "the second image to be done")
    # The next server, too, knows what was done in between.
    server.stop()
    server.start()
    with server.client() as client:
        results += run_until_stop(client, graph)
        assert handed_out(results) == NAMES[1:]
        check_ended(client, results[-1])
    assert colours(server.output / "batch") == COLOURS
    assert [name for name in files(state.path) if name.endswith(TEMPORARY_SUFFIX)] == []


def test_with_a_read_only_state_folder_the_batch_is_kept_in_memory(
    start_server: Callable[..., ComfyServer], tmp_path: Path, state: Mount
) -> None:
    """ComfyUI starts, and the log has a warning."""
    state.set_read_only(to=True)
    server = start_server(tmp_path / "server")
    write_images(server.input / "batch", NAMES)
    graph = unchanged("batch", "batch", error_handling="Skip on error")
    assert f"Batch Loop cannot keep its state in {state.path}" in server.log()
    assert "are forgotten when ComfyUI ends. Fix that" in server.log()
    with server.client() as client:
        look = client.post_json("/batch_loop/folder", {"directory": "batch"})
        assert (look["known"], look["forgets"]) == (False, "the folder is read-only")
        results = run_until_stop(client, graph)
        assert handed_out(results) == NAMES
        check_ended(client, results[-1])
        assert loop_state(client, results[-1])["forgets"] == "the folder is read-only"
    assert files(state.path) == []
