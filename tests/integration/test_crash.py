"""ComfyUI is killed, and its state damaged: the batch goes on, and nothing is lost."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from batch_loop.core.common.names import ITERATORS
from batch_loop.core.files.leftovers import TEMPORARY_SUFFIX
from batch_loop.tests.integration.conftest import ON_NEWEST
from batch_loop.tests.support.batches import (
    loop_state,
    recorded,
    records,
    run_until_stop,
    says_stop,
    told,
    written,
)
from batch_loop.tests.support.graphs import (
    COMPLETE,
    END,
    ITERATOR,
    SAVE,
    START,
    STOP,
    WORK,
    Graph,
    batch_graph,
    iterator,
    node,
)
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.small_batches import (
    KINDS,
    OfManyVariants,
    SmallBatch,
    slow,
    titles_in,
)
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools import crash
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.graphs import loop, two_nodes
from batch_loop.tools.layout import HELPERS
from batch_loop.tools.server import ComfyServer
from batch_loop.tools.trial import wait

StartServer = Callable[..., ComfyServer]

NAMES = ["a.png", "b.png", "c.png"]
SETTLED_SECONDS = 1.0
TENSOR = {"tensor": [[0.0, 0.25, 0.5], [0.75, 1.0, 1.25]], "dtype": "torch.float32"}
CARRIED: dict[str, Any] = {
    "tensor": TENSOR,
    "number": 2.5,
    "text": "text",
    "list": [1, "two", [3.5, None], TENSOR],
    "dict": {"samples": TENSOR, "names": ["a", "b"], "flag": True},
    # A value that no file can hold starts again.
    "object": "initial",
    "complex": "initial",
    "itself": "initial",
}
REMEMBERED = {
    "object": "lock",
    "complex": {"tensor": ["complex"], "dtype": "torch.complex64"},
    "itself": "itself",
}
"""What the values of these kinds are until ComfyUI ends."""
if ON_NEWEST:
    # ComfyUI 0.33 looks for models in every output, and never ends for one that contains itself.
    del CARRIED["itself"], REMEMBERED["itself"]


def state_file(server: ComfyServer) -> Path:
    return server.user / "batch_loop" / "state.sqlite3"


def states(server: ComfyServer) -> list[str]:
    """The states of all items, not read by the server, which would look for changes if asked."""
    connection = sqlite3.connect(f"file:{state_file(server)}?mode=ro", uri=True)
    try:
        found = connection.execute("SELECT state FROM batch_loop_items ORDER BY listing, position")
        return [state for (state,) in found]
    finally:
        connection.close()


KILLS, WORK_SECONDS, TAIL = 3, 0.05, "tail"

PNG = {"format": "PNG"}
WEBP = {"format": "WebP", "quality": 100}


@pytest.mark.one_release
@pytest.mark.parametrize(
    ("env", "build", "saving"),
    [
        ({}, loop, PNG),
        ({"BATCH_LOOP_MEMORY_MB": "0"}, loop, PNG),
        ({}, two_nodes, PNG),
        ({}, two_nodes, {**PNG, "compression": "small"}),
        ({}, two_nodes, {**PNG, "compression": "fast"}),
    ],
    ids=["default", "no memory", "two nodes", "small", "fast"],
)
def test_killed_at_random_moments_nothing_is_lost(
    tmp_path: Path, env: dict[str, str], build: Callable[..., Graph], saving: dict[str, Any]
) -> None:
    figures = crash.run(tmp_path, images=30, kills=5, seed=7, env=env, build=build, saving=saving)
    check_survived(figures)


@pytest.mark.one_release
def test_killed_while_the_next_result_is_encoded_nothing_is_lost(tmp_path: Path) -> None:
    """One takes longer than the workflow: so each is encoded while the one before is written."""
    saving = {**WEBP, "compression": "small"}
    figures = crash.run(
        tmp_path, images=15, kills=5, seed=7, build=two_nodes, saving=saving, side=1024
    )
    check_survived(figures)


def check_survived(figures: crash.Figures) -> None:
    """Nothing was lost, and the server was killed once at each kind of moment."""
    found = asdict(figures)
    assert figures.faults == {}, found
    assert figures.events == dict.fromkeys(crash.MOMENTS, 1), found


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComfyServer]:
    """A server that is killed again and again; each test has folders of its own on it."""
    with ComfyServer(tmp_path_factory.mktemp("mortal"), custom_nodes=[HELPERS]) as server:
        yield server


def test_each_iterator_has_a_small_batch() -> None:
    assert {batch.iterator for batch in KINDS.values()} == ITERATORS


@pytest.mark.one_release
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_random_moments_nothing_is_lost_of_any_kind(
    mortal: ComfyServer, tmp_path: Path, kind: str
) -> None:
    chance = random.Random(kind)  # noqa: S311 for chance that can be repeated
    moments = [(moment, 0) for moment in chance.sample([ITERATOR, WORK, SAVE, TAIL], KILLS)]
    # So few prompts that some items are left for the last kill.
    kill_and_finish(mortal, tmp_path, KINDS[kind], moments, chance)


@pytest.mark.one_release
def test_forty_results_of_eight_images_with_five_values_survive_five_kills(
    mortal: ComfyServer, tmp_path: Path
) -> None:
    chance = random.Random(40)  # noqa: S311 as above
    moments = [(chance.choice([ITERATOR, WORK, SAVE, TAIL]), 4) for _ in range(5)]
    kill_and_finish(mortal, tmp_path, OfManyVariants, moments, chance)


def kill_and_finish(
    server: ComfyServer,
    folder: Path,
    kind: type[SmallBatch],
    moments: Sequence[tuple[str, int]],
    chance: random.Random,
) -> None:
    """Kill a server at the start of nodes, each after so many more prompts; run, then look."""
    batch, record = kind(folder.name, server), folder / "record"

    def graph_for(client: ComfyClient) -> Graph:
        graph = batch.graph(client, partial(slow, WORK_SECONDS), record)
        return {**graph, TAIL: slow(WORK_SECONDS, [SAVE, 0])}

    for moment, before in moments:
        with server.client() as client:
            graph = graph_for(client)
            prompts = [client.submit(graph) for _ in range(before + 3)]
            client.wait_until_executing(prompts[before + chance.randrange(2)], moment)
            wait(chance.uniform(0, WORK_SECONDS))
            server.kill()
        server.start()
    with server.client() as client:
        results = run_until_stop(client, graph_for(client), batch.items + 1)
        assert {result.status for result in results} == {"success"}
        batch.wait_until_done(client)
    done = titles_in(records(record))
    assert list(dict.fromkeys(done)) == batch.titles()
    assert len(done) <= batch.items + len(moments)
    batch.check()
    assert list(server.output.rglob(f"*{TEMPORARY_SUFFIX}*")) == []


# A damaged state file.


@pytest.fixture(scope="module")
def stopped_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of a server that was stopped in mid batch."""
    base = tmp_path_factory.mktemp("stopped")
    helpers = [Path(__file__).parent.parent / "nodes" / "batch_loop_helpers.py"]
    with ComfyServer(base, custom_nodes=helpers) as server:
        write_images(server.input / "batch", NAMES)
        with server.client() as client:
            client.run(batch_graph("batch", "batch"))
            wait_for(lambda: states(server) == ["done", "pending", "pending"], "the first image")
    # Into the file itself, as the log beside it would repair some of the damage.
    connection = sqlite3.connect(state_file(server))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return base


def _cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 + 100])


def _zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def _garbage(path: Path) -> None:
    path.write_bytes(b"\xde\xad\xbe\xef" * (path.stat().st_size // 4))


def _newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE batch_loop_version SET version = 1000")
    connection.close()


DAMAGED = "is damaged ("
ANOTHER = "was made by another version of Batch Loop (its tables have version 1000"


@pytest.mark.parametrize(
    ("damage", "why"),
    [(_cut_short, DAMAGED), (_zeros, DAMAGED), (_garbage, DAMAGED), (_newer, ANOTHER)],
    ids=["cut short", "zeros", "garbage", "newer"],
)
def test_a_state_file_that_cannot_be_used_is_set_aside(
    stopped_base: Path,
    tmp_path: Path,
    start_server: StartServer,
    damage: Callable[[Path], None],
    why: str,
) -> None:
    base = tmp_path / "base"
    shutil.copytree(stopped_base, base, symlinks=True)
    path = base / "user" / "batch_loop" / "state.sqlite3"
    damage(path)
    damaged = path.read_bytes()
    server = start_server(base)
    wait_for(lambda: why in server.log(), "the file to be opened")
    (line,) = [line for line in server.log().splitlines() if why in line]
    assert f"Batch Loop's state in {path} {why}" in line
    aside = [entry for entry in path.parent.glob("state.sqlite3.*") if entry.suffix != ".sqlite3"]
    assert [entry.read_bytes() for entry in aside if str(entry) in line] == [damaged]
    record = tmp_path / "record"
    with server.client() as client:
        results = run_until_stop(client, recorded(batch_graph("batch", "batch"), record))
        assert written(loop_state(client, results[-1])) == len(NAMES)
    assert records(record) == NAMES


def test_a_stopped_batch_goes_on_where_it_was(
    stopped_base: Path, tmp_path: Path, start_server: StartServer
) -> None:
    """In the same folders, by which a loop is known: the tests above start with new ones.

    Another program holds the file while the server starts, which is no damage.
    """
    path = stopped_base / "user" / "batch_loop" / "state.sqlite3"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        server = start_server(stopped_base)
    record = tmp_path / "record"
    with server.client() as client:
        results = run_until_stop(client, recorded(batch_graph("batch", "batch"), record))
        assert written(loop_state(client, results[-1])) == len(NAMES)
    assert records(record) == NAMES[1:]
    assert "set aside" not in server.log()
    assert "forgotten" not in server.log()


def test_state_in_memory_makes_no_files(start_server: StartServer) -> None:
    server = start_server(env={"BATCH_LOOP_STATE": "memory"})
    write_images(server.input / "batch", NAMES)
    with server.client() as client:
        results = run_until_stop(client, batch_graph("batch", "batch"))
        assert written(loop_state(client, results[-1])) == len(NAMES)
    assert [path for path in server.user.rglob("*") if "batch_loop" in str(path)] == []


# What survives a kill.


def carrying(kind: str, shown: Path) -> Graph:
    """A graph that shows the carried value, and carries a value of `kind` on."""
    return {
        ITERATOR: iterator("batch", loop_name=kind),
        START: node("BatchLoopLoopStart", loop=[ITERATOR, 0], initial_value=["initial", 0]),
        "initial": node("TestValue", kind="initial"),
        "show": node("TestShow", value=[START, 1], path=str(shown)),
        "value": node("TestValue", kind=kind),
        END: node("BatchLoopLoopEnd", loop=[START, 0], value=["value", 0]),
        COMPLETE: node("BatchLoopBatchComplete", loop=[END, 0]),
        STOP: node("BatchLoopEndQueue", stop=[COMPLETE, 0]),
    }


def run_each(client: ComfyClient, folder: Path) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Run each loop once; returns what it showed, and what Directory Iterator reported."""
    found = {}
    for kind in CARRIED:
        shown = folder / f"{kind}.json"
        result = client.run(carrying(kind, shown))
        assert result.status == "success", result.error
        assert says_stop(result) is False
        found[kind] = (json.loads(records(shown)[-1]), told(result, ITERATOR))
    return found


def test_done_images_and_carried_values_survive_a_kill(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server()
    write_images(server.input / "batch", NAMES)
    with server.client() as client:
        first = run_each(client, tmp_path)
        # The last image is reconciled though nobody asks and no prompt follows.
        wait_for(
            lambda: states(server) == ["done", "pending", "pending"] * len(CARRIED),
            "every image to be settled",
            SETTLED_SECONDS,
        )
        server.kill()
    assert {kind: shown for kind, (shown, _) in first.items()} == dict.fromkeys(CARRIED, "initial")
    again = start_server(server.base)
    with again.client() as client:
        second = run_each(client, tmp_path)
        third = run_each_to_the_end(client, tmp_path)
    assert {kind: shown for kind, (shown, _) in second.items()} == CARRIED
    for kind, (_, said) in second.items():
        assert said["filename"] == "b.png"
        lost = "what Loop End had carried over is lost" in said["status"]
        assert lost is (kind in REMEMBERED), said["status"]
    assert "a value of type lock" in second["object"][1]["status"]
    # Within the same process, even that is carried over.
    assert third == {**CARRIED, **REMEMBERED}


def test_closing_comfyui_right_after_a_prompt_loses_nothing(
    start_server: StartServer, tmp_path: Path
) -> None:
    """By Ctrl-C, before anything else would have looked at how the prompt ended."""
    names = [f"img{number}.png" for number in range(2)]
    record = tmp_path / "record"
    server = start_server()
    write_images(server.input / "batch", names)
    for number, name in enumerate(names, start=1):
        if server.pid is None:
            server.start()
        with server.client() as client:
            result = client.run(recorded(batch_graph("batch", "batch"), record))
            server.stop(by=signal.SIGINT)
        assert told(result, ITERATOR)["filename"] == name
        assert states(server) == ["done"] * number + ["pending"] * (len(names) - number)
    assert records(record) == names


def run_each_to_the_end(client: ComfyClient, folder: Path) -> dict[str, Any]:
    shown = {}
    for kind in CARRIED:
        path = folder / f"{kind}.json"
        result = client.run(carrying(kind, path))
        assert says_stop(result), result
        shown[kind] = json.loads(records(path)[-1])
    return shown
