"""`batch-loop run` on several servers that share a batch."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from batch_loop.batch_loop_cli.api_format import Prompt
from batch_loop.batch_loop_cli.client import Client
from batch_loop.batch_loop_cli.errors import SettingsRefused, WrongCall
from batch_loop.batch_loop_cli.same_batch import check_same_places
from batch_loop.tests.support.batches import recorded, records
from batch_loop.tests.support.graphs import ITERATOR, SAVE, WORK, batch_graph, node
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient, Queue
from batch_loop.tools.graphs import filled_in
from batch_loop.tools.layout import HELPERS, ROOT
from batch_loop.tools.server import ComfyServer, running

A, B, C, *_ = NAMES = [f"{letter}.png" for letter in "abcdefgh"]
SECONDS = 60
GATE = "gate"

Answer = TypeVar("Answer")


def sharing(base: Path) -> tuple[ComfyServer, ComfyServer]:
    """Two servers that share their folders, as with two graphics cards."""
    first = ComfyServer(base / "first", custom_nodes=[HELPERS])
    return first, first.beside(base / "second")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sequence[ComfyServer]]:
    servers = sharing(tmp_path_factory.mktemp("pair"))
    with running(servers):
        yield servers


@dataclass(frozen=True)
class Command:
    """The running command, and what it has printed so far."""

    process: subprocess.Popen[str]
    out: Path

    @property
    def lines(self) -> list[dict[str, Any]]:
        whole = self.out.read_text(encoding="utf-8").rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def server_of(self, name: str) -> str:
        """The address of the first server that took an image."""
        taken = [line["server"] for line in self.lines if line.get("filename") == name]
        return taken[0] if taken else ""

    def end(self) -> tuple[int, str]:
        """Wait for its end; returns the exit code and standard error."""
        _, err = self.process.communicate(timeout=SECONDS)
        assert "Traceback" not in err, err
        return self.process.returncode, err


@dataclass(frozen=True)
class Case:
    """A batch on some servers; the work on an image ends once its gate is open."""

    servers: Sequence[ComfyServer]
    scratch: Path
    name: str

    @property
    def ran(self) -> list[str]:
        return records(self.scratch / "record")

    @property
    def workflow(self) -> Path:
        return self.scratch / "workflow.json"

    def write(self, names: Sequence[str], **settings: Any) -> None:
        """Write the images and the workflow."""
        write_images(self.servers[0].input / self.name, names)
        work = node("TestWait", image=[ITERATOR, 1], until=[GATE, 0])
        graph = recorded(
            batch_graph(self.name, self.name, work, **settings), self.scratch / "record"
        )
        parts = {"string_a": f"{self.scratch}/go ", "string_b": [ITERATOR, 3], "delimiter": ""}
        graph[GATE] = node("StringConcatenate", **parts)
        self.workflow.write_text(json.dumps(graph), encoding="utf-8")

    def let(self, *names: str) -> None:
        """Open the gates of images."""
        for name in names:
            (self.scratch / f"go {name}").touch()

    @contextmanager
    def command(self, *arguments: object) -> Iterator[Command]:
        """Run the workflow on all servers."""
        named = [text for server in self.servers for text in ("--server", server.url)]
        out = self.scratch / "out"
        with (
            out.open("w", encoding="utf-8") as file,
            subprocess.Popen(
                [
                    *(sys.executable, "-m", "batch_loop_cli", "run", "--json", *named),
                    *map(str, (self.workflow, *arguments)),
                ],
                cwd=ROOT,
                stdout=file,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            ) as process,
        ):
            try:
                yield Command(process, out)
            finally:
                process.kill()

    @contextmanager
    def holding(self, *arguments: object) -> Iterator[Command]:
        """Run it until each server has one of the first two images, and a prompt waiting."""
        with self.command(*arguments) as command:
            wait_for(
                lambda: all(q.running and q.pending for q in queues(self.servers)),
                "each server to have two prompts",
            )
            wait_for(lambda: command.server_of(A) and command.server_of(B), "both images")
            assert command.server_of(A) != command.server_of(B)
            yield command


def queues(servers: Sequence[ComfyServer]) -> list[Queue]:
    return [asked(server, ComfyClient.queue) for server in servers]


def asked(server: ComfyServer, question: Callable[[ComfyClient], Answer]) -> Answer:
    with server.client() as client:
        return question(client)


def prompts(server: ComfyServer) -> set[str]:
    """The ids of all prompts that have ended on a server."""
    return set(asked(server, lambda client: client.get_json("/history")))


@pytest.fixture
def case(pair: Sequence[ComfyServer], tmp_path: Path) -> Case:
    return Case(pair, tmp_path, f"batch-{tmp_path.name}")


def by_url(servers: Sequence[ComfyServer], url: str) -> tuple[ComfyServer, ComfyServer]:
    """The server at an address, and the other one."""
    (this,) = (server for server in servers if server.url == url)
    (other,) = (server for server in servers if server.url != url)
    return this, other


def test_each_image_is_done_once(case: Case) -> None:
    case.write(NAMES)
    with case.holding() as command:
        for name, following in zip(NAMES, NAMES[2:], strict=False):
            case.let(name)
            url = wait_for(lambda: command.server_of(following), following)  # noqa: B023
            server, _ = by_url(case.servers, url)
            wait_for(lambda: queues([server])[0].pending, "the next to wait")  # noqa: B023
        case.let(*NAMES)
        assert command.end()[0] == 0
    assert sorted(case.ran) == NAMES
    *lines, end = command.lines
    assert (end["exit_code"], end["done"], end["complete"]) == (0, len(NAMES), True)
    done = [line["done"] for line in lines]
    assert done == sorted(done)
    assert {line["total"] for line in lines} == {len(NAMES)}
    assert not any(q.running or q.pending for q in queues(case.servers))


def wait_until_it_waits(command: Command, server: ComfyServer) -> None:
    told = {"event": "waits", "server": server.url}
    wait_for(lambda: any(told.items() <= line.items() for line in command.lines), "it to wait")
    wait_for(lambda: queues([server]) == [Queue((), ())], "an empty queue")


def test_a_server_without_images_left_waits(case: Case) -> None:
    case.write([A, B])
    with case.holding() as command:
        busy, idle = by_url(case.servers, command.server_of(A))
        case.let(B)
        wait_until_it_waits(command, idle)
        before = prompts(idle)
        assert queues([busy])[0].running
        case.let(A)
        assert command.end()[0] == 0
    assert prompts(idle) == before
    assert case.ran == [B, A]


def test_one_server_waits_for_an_image_that_somebody_else_works_on(case: Case) -> None:
    case.write([A, B])
    first, second = case.servers
    with first.client() as somebody:
        prompt = json.loads(case.workflow.read_text(encoding="utf-8"))
        somebody.wait_until_executing(somebody.submit(prompt), WORK)
        with Case((second,), case.scratch, case.name).command() as command:
            case.let(B)
            wait_until_it_waits(command, second)
            case.let(A)
            assert command.end()[0] == 0
    assert case.ran == [B, A]


def test_all_stop_at_an_error(case: Case) -> None:
    case.write([A, B, C])
    (case.servers[0].input / case.name / B).write_bytes(b"no image")
    before = {server.url: prompts(server) for server in case.servers}
    with case.command() as command:
        wait_for(lambda: command.server_of(A), "the first image")
        busy, other = by_url(case.servers, command.server_of(A))
        wait_for(lambda: prompts(other) != before[other.url], "the error")
        wait_for(lambda: len(queues([busy])[0].pending) == 0, "what waits to be taken back")
        assert queues([busy])[0].running
        case.let(A, B, C)
        code, err = command.end()
    assert (code, case.ran) == (3, [A])
    (line,) = err.splitlines()
    assert B in line


def test_ctrl_c_lets_all_servers_finish_their_image(case: Case) -> None:
    case.write(NAMES)
    with case.holding() as command:
        command.process.send_signal(signal.SIGINT)
        wait_for(lambda: not any(q.pending for q in queues(case.servers)), "nothing to wait")
        assert all(q.running for q in queues(case.servers))
        case.let(*NAMES)
        assert command.end()[0] == 130
    assert sorted(case.ran) == [A, B]


def test_a_second_ctrl_c_interrupts_all(case: Case) -> None:
    case.write(NAMES)
    with case.holding() as command:
        command.process.send_signal(signal.SIGINT)
        wait_for(lambda: not any(q.pending for q in queues(case.servers)), "nothing to wait")
        command.process.send_signal(signal.SIGINT)
        assert command.end()[0] == 130
    assert case.ran == []
    assert not any(q.running for q in queues(case.servers))


@contextmanager
def without_database(server: ComfyServer) -> Iterator[None]:
    """Make every access to the database of this user folder fail."""
    with closing(sqlite3.connect(server.user / "batch_loop" / "state.sqlite3")) as database:
        database.execute("ALTER TABLE batch_loop_loops RENAME TO lost")
        try:
            yield
        finally:
            database.execute("ALTER TABLE lost RENAME TO batch_loop_loops")


def test_a_database_that_is_unreachable_at_the_start_is_an_error(case: Case) -> None:
    case.write([A])
    with without_database(case.servers[0]), case.command() as command:
        code, err = command.end()
    assert (code, len(err.splitlines())) == (9, 1)


def test_a_database_that_is_unreachable_later_is_an_error(case: Case) -> None:
    case.write(NAMES)
    with case.holding("--on-error", "skip") as command, without_database(case.servers[0]):
        case.let(*NAMES)
        code, err = command.end()
    assert (code, len(err.splitlines())) == (9, 1)
    wait_for(lambda: not any(q.pending or q.running for q in queues(case.servers)), "the end")


def test_the_others_go_on_without_a_server_that_dies(tmp_path: Path) -> None:
    case = Case(sharing(tmp_path / "servers"), tmp_path, "batch")
    with running(case.servers):
        case.write(NAMES)
        with case.holding() as command:
            dying, other = by_url(case.servers, command.server_of(A))
            case.let(*NAMES[1:])
            wait_until_it_waits(command, other)
            dying.kill()
            wait_for(lambda: queues([other])[0].running, "the image to be taken again")
            case.let(A)
            assert command.end()[0] == 0
        assert case.ran == [*NAMES[1:], A]
        away = [line["server"] for line in command.lines if line["event"] == "away"]
        assert away == [dying.url]

        # It waits for the last one only as long as asked for.
        alone = Case([other], tmp_path, "another batch")
        alone.write([A.upper()])
        with alone.command("--wait", 1) as command:
            wait_for(lambda: command.server_of(A.upper()), "the image")
            other.kill()
            code, err = command.end()
        (line,) = err.splitlines()
        assert (code, other.url in line) == (4, True)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComfyServer]:
    """A server that shares nothing."""
    with ComfyServer(tmp_path_factory.mktemp("stranger"), custom_nodes=[HELPERS]) as server:
        yield server


def test_servers_that_do_not_share_a_database_are_refused(
    case: Case, stranger: ComfyServer
) -> None:
    apart = Case((case.servers[0], stranger), case.scratch, case.name)
    apart.write([A])
    write_images(stranger.input / case.name, [A])
    with apart.command() as command:
        code, err = command.end()
    assert (code, case.ran) == (2, [])
    (line,) = err.splitlines()
    assert "do not share a database" in line


def test_servers_with_the_folder_at_different_places_are_refused(
    case: Case, stranger: ComfyServer
) -> None:
    case.write([A])
    write_images(stranger.input / case.name, [A])
    prompt = json.loads(case.workflow.read_text(encoding="utf-8"))
    check_places(prompt, *case.servers)
    with pytest.raises(WrongCall, match="different places"):
        check_places(prompt, case.servers[0], stranger)
    shutil.rmtree(stranger.input / case.name)
    with pytest.raises(SettingsRefused, match=stranger.url):
        check_places(prompt, case.servers[0], stranger)


def test_servers_with_the_table_at_different_places_are_refused(
    case: Case, stranger: ComfyServer
) -> None:
    name = f"{case.name}.txt"
    for server in (case.servers[0], stranger):
        (server.input / name).write_text("a cat", encoding="utf-8")
    prompt = {ITERATOR: node("BatchLoopRowIterator", file=name, text="")}
    check_places(prompt, *case.servers)
    with pytest.raises(WrongCall, match="different places"):
        check_places(prompt, case.servers[0], stranger)
    (stranger.input / name).unlink()
    with pytest.raises(SettingsRefused, match=f"{stranger.url}: There is no file"):
        check_places(prompt, case.servers[0], stranger)
    # Rows that are typed are at no place.
    typed = {ITERATOR: node("BatchLoopRowIterator", file="", text="a cat")}
    check_places(typed, case.servers[0], stranger)


def check_places(prompt: Prompt, *servers: ComfyServer) -> None:
    async def check() -> None:
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(Client(server.url)) for server in servers]
            await check_same_places(clients, [prompt] * len(clients))

    asyncio.run(check())


@pytest.mark.parametrize("is_typed", [False, True])
def test_each_row_is_done_once(case: Case, *, is_typed: bool) -> None:
    rows = [f"{case.name} {number}" for number in range(12)]
    name = f"{case.name}.txt"
    (case.servers[0].input / name).write_text("\n".join(rows), encoding="utf-8")
    settings = {"text": "\n".join(rows)} if is_typed else {"file": name}
    graph = {
        ITERATOR: node("BatchLoopRowIterator", loop_name=case.name, **settings),
        WORK: node("TestSlow", value=[ITERATOR, 1], seconds=0.1),
        "value": node("BatchLoopRowValue", row=[WORK, 0], column="", default=""),
        SAVE: node("BatchLoopSaveText", text=["value", 0], folder=case.name, loop=[ITERATOR, 0]),
    }
    with case.servers[0].client() as client:
        case.workflow.write_text(json.dumps(filled_in(client, graph)), encoding="utf-8")
    with case.command("--set", f"{SAVE}.save_to=folder") as command:
        code, err = command.end()
        assert (code, command.lines[-1]["done"]) == (0, len(rows)), err
    # Both have taken some.
    assert {line.get("server") for line in command.lines[:-1]} == {
        server.url for server in case.servers
    }
    saved = (case.servers[0].output / case.name).iterdir()
    assert sorted(path.read_text(encoding="utf-8") for path in saved) == sorted(rows)
