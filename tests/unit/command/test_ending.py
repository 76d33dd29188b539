from __future__ import annotations

import asyncio
from typing import Any

import pytest

from batch_loop.batch_loop_cli import ending as module
from batch_loop.batch_loop_cli.ending import ending
from batch_loop.batch_loop_cli.errors import DatabaseAway, Unreachable
from batch_loop.batch_loop_cli.progress import Progress

OVER = Progress(loop="a", is_over=True)
LONG = 600.0


class Server:
    """Says in turn what it is given, the last for ever; an exception is raised."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def loop(self, loop_id: str) -> dict[str, Any]:
        assert loop_id == "a"
        self.asked += 1
        answer = self._answers.pop(0) if self._answers[1:] else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


WRITTEN: dict[str, Any] = {"current": []}
AWAY = DatabaseAway("the database system is shutting down")
GONE = Unreachable("http://there", OSError("refused"))


@pytest.fixture(autouse=True)
def nothing_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)


def ends(servers: list[Any], progress: Progress = OVER, seconds: float = LONG) -> Any:
    notes: list[str] = []
    client, loop = asyncio.run(ending(servers, progress, seconds, notes.append))
    return client, loop, len(notes)


def test_the_last_results_are_waited_for() -> None:
    server = Server({"current": ["z.png"]}, {"current": ["z.png"]}, WRITTEN)
    assert ends([server]) == (server, WRITTEN, 0)


@pytest.mark.parametrize("error", [AWAY, GONE])
@pytest.mark.parametrize("before", [0, 1])
def test_who_is_away_when_the_batch_has_ended_is_waited_for(error: Exception, before: int) -> None:
    # Also if it is so only while the last results are being written.
    server = Server(*[{"current": ["z.png"]}] * before, error, error, WRITTEN)
    assert ends([server]) == (server, WRITTEN, 1)


def test_another_server_that_answers_is_enough() -> None:
    away, there = Server(GONE), Server(WRITTEN)
    assert ends([away, there]) == (there, WRITTEN, 0)
    assert away.asked == 1


def test_all_servers_are_asked() -> None:
    servers = [Server(WRITTEN), Server(WRITTEN)]
    ends(servers)
    assert all(server.asked for server in servers)


@pytest.mark.parametrize("error", [AWAY, GONE])
def test_who_stays_away_is_an_error(error: Exception) -> None:
    with pytest.raises(type(error)):
        ends([Server(error)], seconds=0.0)


def test_without_an_image_nobody_is_asked() -> None:
    server = Server(GONE)
    assert ends([server], Progress(is_over=True)) == (server, {}, 0)
    assert server.asked == 0
