"""What is sent to a fake server; tests/integration/test_command.py uses a real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from itertools import count
from typing import Any

import pytest

from batch_loop.batch_loop_cli import auto_queue
from batch_loop.batch_loop_cli.auto_queue import AutoQueue
from batch_loop.batch_loop_cli.client import Event
from batch_loop.batch_loop_cli.errors import RefusedByServer
from batch_loop.batch_loop_cli.progress import Progress

FIGURES = {"done": 0, "failed": 0, "total": 9}


class Prompts:
    def next(self) -> tuple[dict[str, Any], None]:
        return {}, None


class Server:
    """Runs each prompt as the next of `turns` says, and keeps the others waiting.

    A turn is what nodes report in it, and how it ends. `looks` are answers about the loop.
    """

    url = "http://there"

    def __init__(self, *turns: tuple[list[dict[str, Any]], str], looks: Any = ()) -> None:
        self._turns = iter(turns)
        self._ids = map(str, count(1))
        self.looks: Iterator[dict[str, Any]] = iter(looks)
        self.running = ""
        self.waiting: list[str] = []
        self.sent = 0
        self.interrupted: list[str] = []

    async def events(self) -> AsyncGenerator[Event, None]:
        yield Event("connected", {})
        while True:
            if not self.waiting:
                yield Event("quiet", {})
                continue
            reports, end = next(self._turns)
            self.running = self.waiting.pop(0)
            prompt = {"prompt_id": self.running}
            for report in reports:
                yield Event("executed", {**prompt, "output": {"batch_loop": [report]}})
            self.running = ""
            yield Event(end, {**prompt, "node_type": "Work", "exception_message": "it broke"})

    async def submit(self, *_: object) -> str:
        self.waiting.append(next(self._ids))
        self.sent += 1
        return self.waiting[-1]

    async def delete(self, prompt_ids: list[str]) -> None:
        self.waiting = [each for each in self.waiting if each not in prompt_ids]

    async def queued(self) -> set[str]:
        return {self.running, *self.waiting}

    async def under_way(self) -> set[str]:
        return {self.running}

    async def interrupt(self, prompt_id: str) -> None:
        self.interrupted.append(prompt_id)

    async def history(self, _: str) -> None:
        return None

    async def loop(self, _: str) -> dict[str, Any]:
        return next(self.looks)


def run(server: Server, progress: Progress | None = None) -> Progress:
    progress = progress or Progress()
    queue = AutoQueue(server, Prompts(), progress, lambda _: None, return_seconds=0.0)
    asyncio.run(queue.run())
    assert server.waiting == []
    return progress


@pytest.fixture(autouse=True)
def looks_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto_queue, "QUIET_SECONDS", 0.0)


SUCCESS, ERROR = "execution_success", "execution_error"
STOP = {"kind": "end_queue", "next": "stop", "of_batch": True}


def iteration(on_error: str, loop: str = "a", filename: str = "a.png") -> dict[str, Any]:
    told = {"loop": loop, "filename": filename, "on_error": on_error}
    following = "go" if filename else "stop"
    return {"kind": "iteration", "next": following, **told, **FIGURES}


def progress_of(loop: str, following: str) -> dict[str, Any]:
    return {"kind": "progress", "loop": loop, "next": following, **FIGURES}


def test_it_continues_until_end_queue_says_stop() -> None:
    server = Server(([iteration("stop")], SUCCESS), ([iteration("stop"), STOP], SUCCESS))
    assert run(server).is_over
    assert server.sent == 3


def test_it_tells_a_stop_of_the_run_from_the_end_of_the_batch() -> None:
    assert not run(Server(([STOP], SUCCESS))).is_told_to_stop
    assert run(Server(([{**STOP, "of_batch": False}], SUCCESS))).is_told_to_stop


def test_it_can_be_run_again_on_what_is_left() -> None:
    server = Server(([STOP], SUCCESS), ([iteration("stop")], SUCCESS), ([STOP], SUCCESS))
    progress = Progress()
    queue = AutoQueue(server, Prompts(), progress, lambda _: None, return_seconds=0.0)
    asyncio.run(queue.run())
    assert (server.sent, progress.is_over) == (2, True)
    progress.is_over = False
    asyncio.run(queue.run())
    assert (server.sent, progress.is_over, server.waiting) == (5, True, [])


def test_without_end_queue_it_continues_until_the_loop_says_stop() -> None:
    one = {**iteration("stop"), "decides": True}
    server = Server(([one], SUCCESS), ([one, progress_of("a", "stop")], SUCCESS))
    assert run(server).is_over
    assert server.sent == 3


def test_without_end_queue_a_prompt_without_an_image_can_be_the_last() -> None:
    nothing = {**iteration("stop", filename=""), "decides": True}
    waits = {**nothing, "next": "wait"}
    looks = [{"next": "go", "complete": False}]
    server = Server(([waits], SUCCESS), ([nothing], SUCCESS), looks=looks)
    assert run(server).is_over


def test_the_verdict_of_a_prompt_that_failed_does_not_count() -> None:
    server = Server(([iteration("go"), STOP], ERROR), ([STOP], SUCCESS))
    assert run(server).is_over
    assert server.sent == 3


def test_after_an_error_directory_iterator_says_whether_to_continue() -> None:
    assert run(Server(([iteration("stop")], ERROR))).problem == "Work (node None): it broke"
    assert run(Server(([iteration("go")], ERROR), ([STOP], SUCCESS))).problem == ""


def test_on_an_error_a_complete_batch_does_not_end_another() -> None:
    both = [iteration("go"), iteration("stop", "b")]
    assert run(Server((both, ERROR), ([STOP], SUCCESS))).problem == ""


NO_IMAGE = iteration("stop", filename="")


@pytest.mark.parametrize("reports", [[], [NO_IMAGE]])
def test_an_error_without_an_image_is_handled_as_the_last_image_said(
    reports: list[dict[str, Any]],
) -> None:
    turns = ([NO_IMAGE], SUCCESS), (reports, ERROR), ([STOP], SUCCESS)
    assert run(Server(([iteration("go")], SUCCESS), *turns)).problem == ""
    assert run(Server(([iteration("stop")], SUCCESS), *turns)).problem


def test_what_one_server_says_about_errors_counts_for_all() -> None:
    progress = run(Server(([iteration("go"), STOP], SUCCESS)))
    progress.is_over = False
    assert run(Server(([], ERROR), ([STOP], SUCCESS)), progress).problem == ""


def test_a_prompt_with_an_image_goes_by_what_its_own_report_says() -> None:
    progress = Progress(on_error={"go"})
    assert run(Server(([iteration("stop")], ERROR)), progress).problem


def test_errors_without_an_image_do_not_repeat_forever() -> None:
    assert run(Server(([], ERROR))).problem
    server = Server(([iteration("go")], SUCCESS), *[([], ERROR)] * 3)
    assert run(server).problem


LOOK = {"next": "wait", "complete": False}


@pytest.mark.parametrize("end", ["stop", "watch"])
def test_nothing_is_sent_while_others_finish_the_batch(end: str) -> None:
    server = Server(
        ([progress_of("a", "wait")], SUCCESS), looks=[LOOK, {"next": end, "complete": True}]
    )
    assert run(server).is_over
    assert server.sent == 2
    assert list(server.looks) == []


@pytest.mark.parametrize("following", ["go", "stop"])
def test_an_image_that_another_server_did_not_finish_is_taken(following: str) -> None:
    """Even if that server has stopped on it."""
    server = Server(
        ([progress_of("a", "wait")], SUCCESS),
        ([progress_of("a", "stop"), STOP], SUCCESS),
        looks=[LOOK, {"next": following, "complete": False}],
    )
    assert run(server).is_over
    assert server.sent == 4


def test_with_two_batches_neither_waits_while_the_other_has_work() -> None:
    server = Server(
        ([progress_of("a", "go"), progress_of("b", "wait")], SUCCESS),
        ([progress_of("a", "wait"), progress_of("b", "stop")], SUCCESS),
        looks=[{"next": "stop", "complete": True}],
    )
    assert run(server).is_over
    assert server.sent == 3


@pytest.mark.parametrize("deleted", [1, auto_queue.AHEAD])
def test_others_take_the_place_of_prompts_that_somebody_deleted(
    monkeypatch: pytest.MonkeyPatch, deleted: int
) -> None:
    """Without an event that tells of it: ComfyUI sends none."""
    monkeypatch.setattr(auto_queue, "CATCH_UP_SECONDS", 0.0)

    class Cleared(Server):
        async def events(self) -> AsyncGenerator[Event, None]:
            yield Event("connected", {})
            del self.waiting[:deleted]
            yield Event("quiet", {})
            assert len(self.waiting) == auto_queue.AHEAD
            async for event in super().events():
                yield event

    assert run(Cleared(([STOP], SUCCESS))).is_over


def test_prompts_that_vanish_again_and_again_are_not_replaced_forever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(auto_queue, "CATCH_UP_SECONDS", 0.0)

    class Losing(Server):
        async def events(self) -> AsyncGenerator[Event, None]:
            yield Event("connected", {})
            for _ in range(2 * auto_queue.MOST_ERRORS):
                self.waiting.clear()
                yield Event("quiet", {})

    server = Losing()
    assert run(server).problem == "http://there loses the prompts that it is sent"
    assert server.sent == auto_queue.AHEAD * auto_queue.MOST_ERRORS


def test_an_image_between_prompts_that_vanish_shows_that_the_server_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(auto_queue, "CATCH_UP_SECONDS", 0.0)

    class Clearing(Server):
        async def events(self) -> AsyncGenerator[Event, None]:
            yield Event("connected", {})
            for _ in range(2 * auto_queue.MOST_ERRORS):
                image = {"batch_loop": [iteration("go")]}
                self.running = self.waiting.pop(0)
                yield Event("executed", {"prompt_id": self.running, "output": image})
                self.waiting.clear()
                yield Event("quiet", {})
                yield Event(SUCCESS, {"prompt_id": self.running})
            async for event in super().events():
                yield event

    assert run(Clearing(([STOP], SUCCESS))).problem == ""


class Failing(Server):
    """Fails to answer the first time that it is asked about its queue and about a loop."""

    def __init__(self, *turns: Any, status: int, **more: Any) -> None:
        super().__init__(*turns, **more)
        self._status = status
        self._failed: set[str] = set()

    def _fail(self, what: str) -> None:
        if what not in self._failed:
            self._failed.add(what)
            raise RefusedByServer("Bad Gateway", self._status)

    async def queued(self) -> set[str]:
        self._fail("queue")
        return await super().queued()

    async def loop(self, loop_id: str) -> dict[str, Any]:
        self._fail("loop")
        return await super().loop(loop_id)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_server_that_once_fails_to_answer_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(auto_queue, "CATCH_UP_SECONDS", 0.0)
    waits = ([progress_of("a", "wait")], SUCCESS)
    server = Failing(waits, looks=[{"next": "stop", "complete": True}], status=status)
    assert run(server).problem == ""
    assert list(server.looks) == []


def test_a_server_that_never_answers_is_not_asked_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto_queue, "CATCH_UP_SECONDS", 0.0)

    class Broken(Server):
        async def events(self) -> AsyncGenerator[Event, None]:
            yield Event("connected", {})
            for _ in range(9):
                yield Event("quiet", {})
            raise Unforeseen

        async def queued(self) -> set[str]:
            raise RefusedByServer("Bad Gateway", 502)

    with pytest.raises(RefusedByServer):
        run(Broken())


def test_a_refusal_to_tell_about_the_queue_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto_queue, "CATCH_UP_SECONDS", 0.0)
    with pytest.raises(RefusedByServer):
        run(Failing(([iteration("go")], SUCCESS), status=403))


class Unforeseen(Exception):
    pass


@pytest.mark.parametrize("error", [RefusedByServer("no", 500), Unforeseen()])
def test_after_an_exception_no_prompt_is_left_in_the_queue(error: Exception) -> None:
    class Broken(Server):
        async def submit(self, *_: object) -> str:
            if self.sent == auto_queue.AHEAD:
                raise error
            return await super().submit()

    server = Broken(([iteration("stop")], SUCCESS))
    with pytest.raises(type(error)):
        run(server)
    assert server.waiting == []


@pytest.mark.parametrize(("running", "interrupted"), [("1", ["1"]), ("theirs", []), ("", [])])
def test_only_its_own_prompt_is_interrupted(running: str, interrupted: list[str]) -> None:
    class Holding(Server):
        async def events(self) -> AsyncGenerator[Event, None]:
            yield Event("connected", {})
            yield Event("quiet", {})
            self.running = running
            self.waiting = [each for each in self.waiting if each != running]
            await queue.interrupt()
            raise Unforeseen

    server = Holding()
    queue = AutoQueue(server, Prompts(), Progress(), lambda _: None, return_seconds=0.0)
    with pytest.raises(Unforeseen):
        asyncio.run(queue.run())
    assert server.interrupted == interrupted
