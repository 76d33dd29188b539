"""Two ComfyUI servers with one user folder, as in docs/two_gpus.md."""

from __future__ import annotations

import os
import select
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from batch_loop.core.common.processes import _stat, this_process
from batch_loop.core.files.leftovers import temporary_name
from batch_loop.tests.support.batches import (
    loop_state,
    recorded,
    records,
    run_until_stop,
    told,
    written,
)
from batch_loop.tests.support.graphs import (
    COMPLETE,
    END,
    ITERATOR,
    SAVE,
    STOP,
    WORK,
    Graph,
    batch_graph,
    node,
    two_node_graph,
)
from batch_loop.tests.support.images import write_broken, write_images
from batch_loop.tests.support.pairs import OTHER, pairs, write_both
from batch_loop.tests.support.small_batches import KINDS, SmallBatch, titles_in
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient, UnexpectedAnswer
from batch_loop.tools.layout import HELPERS
from batch_loop.tools.postgresql import Postgresql
from batch_loop.tools.results import RunResult
from batch_loop.tools.server import ComfyServer, running

MOST_PROMPTS = 1000
"""A server without images left asks again until the other one has done its last."""


@dataclass
class Pair:
    """Two servers on the same folders, a client of each, and the folders of one test."""

    servers: tuple[ComfyServer, ComfyServer]
    clients: tuple[ComfyClient, ComfyClient]
    scratch: Path

    @property
    def name(self) -> str:
        """The name of both folders in a workflow."""
        return self.scratch.name

    @property
    def input(self) -> Path:
        return self.servers[0].input / self.name

    @property
    def output(self) -> Path:
        return self.servers[0].output / self.name

    @property
    def record(self) -> Path:
        return self.scratch / "record"

    def graph(self, work: dict[str, Any] | None = None, **settings: Any) -> Graph:
        return recorded(batch_graph(self.name, self.name, work, **settings), self.record)

    def loops(self, client: ComfyClient) -> list[dict[str, Any]]:
        """The loops of this test, as one of the servers lists them."""
        loops = client.get_json("/batch_loop/loops")["loops"]
        return [loop for loop in loops if loop["directory"].startswith(str(self.input))]


@contextmanager
def two_servers(base: Path) -> Iterator[tuple[ComfyServer, ComfyServer]]:
    first = ComfyServer(base / "first", custom_nodes=[HELPERS])
    second = first.beside(base / "second")
    with running([first, second]):
        yield first, second


@pytest.fixture(scope="module")
def shared_servers(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[ComfyServer, ComfyServer]]:
    with two_servers(tmp_path_factory.mktemp("servers")) as servers:
        yield servers


@pytest.fixture
def pair(shared_servers: tuple[ComfyServer, ComfyServer], tmp_path: Path) -> Iterator[Pair]:
    with clients_of(shared_servers, tmp_path) as pair:
        yield pair


@contextmanager
def clients_of(servers: tuple[ComfyServer, ComfyServer], scratch: Path) -> Iterator[Pair]:
    with servers[0].client() as one, servers[1].client() as other:
        yield Pair(servers, (one, other), scratch)


@pytest.fixture(scope="module")
def two_machines(
    tmp_path_factory: pytest.TempPathFactory, postgresql: Postgresql
) -> Iterator[tuple[ComfyServer, ComfyServer]]:
    """Servers that share a database and the output folder; their inputs are at other places."""
    base, address = tmp_path_factory.mktemp("machines"), postgresql.new_database()

    def machine(name: str, output: Path) -> ComfyServer:
        roots = {"in": base / name / "input", "out": output}
        env = {
            "BATCH_LOOP_DATABASE": address,
            "BATCH_LOOP_SERVER": name,
            "BATCH_LOOP_ROOTS": os.pathsep.join(f"{name}={at}" for name, at in roots.items()),
        }
        flags = ["--output-directory", str(output)]
        server = ComfyServer(base / name, env=env, flags=flags, custom_nodes=[HELPERS])
        server.output = output
        return server

    servers = machine("first", base / "output"), machine("second", base / "output")
    with running(servers):
        yield servers


@pytest.fixture
def mortal_pair(tmp_path: Path) -> Iterator[Pair]:
    """Like `pair`, with servers for one test alone."""
    with two_servers(tmp_path) as servers, clients_of(servers, tmp_path) as pair:
        yield pair


def waiting(until: Path) -> dict[str, Any]:
    """A node that works on the image until a file exists."""
    return node("TestWait", image=[ITERATOR, 1], until=str(until))


def finishing(loop: dict[str, Any]) -> bool:
    """Whether an image is FINISHING, as far as the server that tells it knows."""
    return bool(loop["finishing"])


def under_way(loop: dict[str, Any]) -> bool:
    """Whether a prompt has an image: other servers may hear of Loop End only with its outcome."""
    return bool(loop["running"] or loop["finishing"])


def settled_state(client: ComfyClient, result: RunResult) -> dict[str, Any] | None:
    """The loop's state once no prompt has an image."""
    state = loop_state(client, result)
    return None if under_way(state) else state


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_of_every_kind_is_shared_each_item_done_once(pair: Pair, kind: str) -> None:
    share(KINDS[kind](pair.name, pair.servers[0]), pair)


@pytest.mark.one_release
@pytest.mark.parametrize("kind", KINDS)
def test_two_machines_share_a_batch_of_every_kind(
    two_machines: tuple[ComfyServer, ComfyServer], tmp_path: Path, kind: str
) -> None:
    """What its items are in is at another place on each."""
    with clients_of(two_machines, tmp_path) as pair:
        first, second = pair.servers
        batch = KINDS[kind](pair.name, first)
        shutil.copytree(batch.input, second.input / pair.name)
        share(batch, pair)


def share(batch: SmallBatch, pair: Pair) -> None:
    """Run a batch on two servers, each of which does some of its items."""
    go = pair.scratch / "go"

    def held(value: list[Any]) -> dict[str, Any]:
        return node("TestHold", image=value, filename="any", held="any", until=str(go))

    graph = batch.graph(pair.clients[0], held, pair.record)
    prompts = [client.submit(graph) for client in pair.clients]
    for client, prompt in zip(pair.clients, prompts, strict=True):
        client.wait_until_executing(prompt, WORK)
    # Each has an item now, and waits with it.
    go.touch()
    with ThreadPoolExecutor() as both:
        runs = [both.submit(run_until_stop, client, graph, MOST_PROMPTS) for client in pair.clients]
        results = [run.result() for run in runs]
    assert sorted(titles_in(records(pair.record))) == sorted(batch.titles())
    for client, prompt, ended in zip(pair.clients, prompts, results, strict=True):
        assert {result.status for result in [client.wait(prompt), *ended]} == {"success"}
        batch.wait_until_done(client)
    batch.check()


def test_an_image_that_is_saved_already_keeps_the_other_server_waiting(
    pair: Pair, tmp_path: Path
) -> None:
    """Until its prompt has ended, it may still fail."""
    write_images(pair.input, ["a.png", "b.png"])
    go, (one, other) = tmp_path / "go", pair.clients
    graph = two_node_graph(pair.name, pair.name)
    held = {**graph, "late": node("TestWait", image=[SAVE, 0], until=str(go))}
    held["shown"] = node("PreviewImage", images=["late", 0])
    first = one.submit(held)
    wait_for(lambda: any(map(finishing, pair.loops(one))), "its image to be saved")
    second, idle = other.run(graph), other.run(graph)
    (said,) = second.outputs[SAVE]["batch_loop"]
    assert (said["next"], said["complete"]) == ("wait", False)
    assert (told(idle, ITERATOR)["next"], told(idle, ITERATOR)["complete"]) == ("wait", False)
    go.touch()
    assert one.wait(first).status == "success"
    state = wait_for(lambda: settled_state(other, idle), "the last image")
    assert (state["complete"], written(state)) == (True, 2)
    assert told(other.run(graph), ITERATOR)["next"] == "stop"


def test_pairs_of_images_are_shared_each_done_once_and_none_shifted(pair: Pair) -> None:
    left = [f"{number}.png" for number in range(1, 13)]
    write_both(pair.input, left, left[:10])
    write_broken(pair.input / "right" / "3.png")
    graph = pairs(pair.name, error_handling="Skip on error")
    graph["20"] = node("PrimitiveString", value=f"{pair.name}/right")
    graph[OTHER]["inputs"]["directory"] = ["20", 0]
    graph["21"] = node(
        "StringConcatenate", string_a=[ITERATOR, 3], string_b=[OTHER, 3], delimiter="+"
    )
    # With ComfyUI's own saver, two servers would give files the same numbers.
    graph["4"] = node("TestRecord", image=[WORK, 0], text=["21", 0], path=str(pair.record))
    with ThreadPoolExecutor() as both:
        runs = [both.submit(run_until_stop, client, graph, MOST_PROMPTS) for client in pair.clients]
        for run in runs:
            assert {result.status for result in run.result()} == {"success"}
    done = [f"{name}+{name}" for name in left[:10] if name != "3.png"]
    assert sorted(records(pair.record)) == sorted(done)
    for client in pair.clients:
        settled = wait_for(
            lambda: not any(map(under_way, pair.loops(client))) and pair.loops(client),  # noqa: B023
            "the last pair",
        )
        assert sorted((written(loop), loop["failed"], loop["pending"]) for loop in settled) == [
            (9, 1, 0),
            (9, 1, 2),
        ]


def test_a_server_without_images_left_waits_for_the_other(pair: Pair, tmp_path: Path) -> None:
    write_images(pair.input, ["a.png", "b.png"])
    one, other = pair.clients
    go = tmp_path / "go"
    held = one.submit(pair.graph(waiting(go)))
    loop = wait_for(lambda: pair.loops(one), "the first image")[0]
    assert loop["running"] == 1

    graph = pair.graph()
    second = other.run(graph)
    assert (told(second, COMPLETE)["complete"], told(second, STOP)["next"]) == (False, "go")
    idle = other.run(graph)
    assert told(idle, STOP)["next"] == "go"
    for result, filename in ((second, "b.png"), (idle, "")):
        assert told(result, ITERATOR)["filename"] == filename
        assert told(result, ITERATOR)["complete"] is False
        assert told(result, COMPLETE)["next"] == "wait"
    assert told(idle, ITERATOR)["status"] == told(idle, COMPLETE)["status"]
    assert told(idle, COMPLETE)["status"] == "Waiting: 1 of 2 done, other servers work on 1 image"
    # Its result may not be on disk yet.
    wait_for(lambda: written(loop_state(other, idle)) == 1, "its own image to be done")
    for client, following in ((other, "wait"), (one, "go")):
        state = loop_state(client, idle)
        assert (state["complete"], state["next"]) == (False, following)

    go.touch()
    ended = one.wait(held)
    assert (told(ended, STOP)["next"], told(ended, COMPLETE)["next"]) == ("stop", "stop")
    # Until its prompt is in the history, that image may still fail.
    state = wait_for(lambda: settled_state(other, idle), "the last image")
    assert (state["complete"], written(state)) == (True, 2)
    assert told(other.run(graph), STOP)["next"] == "stop"
    assert records(pair.record) == ["b.png", "a.png"]


def test_a_dead_servers_image_goes_to_the_other_which_cleans_up(
    mortal_pair: Pair, tmp_path: Path
) -> None:
    pair = mortal_pair
    names = ["a.png", "b.png", "c.png"]
    write_images(pair.input, names)
    results = pair.output
    one, other = pair.clients
    held = pair.graph()
    held["held"] = node("TestWait", image=[SAVE, 0], until=str(tmp_path / "never"))
    held[END]["inputs"]["after"] = ["held", 0]
    one.submit(held)
    wait_for((results / "a.png").exists, "the first image")
    # It looks for unfinished files at its first write anyway.
    other.run(pair.graph())
    wait_for((results / "b.png").exists, "the second image")
    process_id = pair.servers[0].pid
    assert process_id is not None
    began = _stat(process_id)[1]
    left = results / temporary_name(replace(this_process(), id=process_id, began=began))
    left.touch()
    # It has ended, but its parent does not know yet.
    os.kill(process_id, signal.SIGKILL)
    end = os.pidfd_open(process_id)
    select.select([end], [], [])
    os.close(end)
    run_until_stop(other, pair.graph())
    wait_for(lambda: sorted(path.name for path in results.iterdir()) == names, "no other file")
    assert records(pair.record)[-3:] == ["b.png", "a.png", "c.png"]


def test_what_the_other_server_works_on_is_known_after_start_over(
    pair: Pair, tmp_path: Path
) -> None:
    write_images(pair.input, ["a.png", "b.png", "c.png"])
    one, other = pair.clients
    held = other.submit(pair.graph(waiting(tmp_path / "never")))
    (loop,) = wait_for(lambda: [loop for loop in pair.loops(one) if loop["running"]], "an image")
    asked = {"loop": loop["id"]}
    one.post_json("/batch_loop/loops/reset", asked)
    # Of these two the second comes too late for an undo.
    for _ in range(2):
        assert one.run(pair.graph()).status == "success"
    for route in ("undo_reset", "forget"):
        with pytest.raises(UnexpectedAnswer, match="409"):
            one.post_json(f"/batch_loop/loops/{route}", asked)
    other.interrupt()
    assert other.wait(held).status == "interrupted"

    def is_forgotten() -> bool:
        try:
            return bool(one.post_json("/batch_loop/loops/forget", asked))
        except UnexpectedAnswer:
            return False

    # Nobody asks the other server how that has ended.
    wait_for(is_forgotten, "its image to be given back")
    assert pair.loops(other) == []


def test_loops_of_two_names_each_go_through_the_whole_folder(pair: Pair) -> None:
    names = ["a.png", "b.png"]
    write_images(pair.input, names)
    for number, client in enumerate(pair.clients):
        (result, *_) = run_until_stop(client, pair.graph(loop_name=f"card {number}"))
        assert loop_state(client, result)["name"] == f"card {number}"
    assert records(pair.record) == names * 2
    loops = [pair.loops(client) for client in pair.clients]
    assert loops[0] == loops[1]
    assert len(loops[0]) == 2
