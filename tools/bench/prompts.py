"""Running prompts, and when they began and ended by the server's own clock."""

from __future__ import annotations

import itertools
import statistics
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from .. import graphs
from ..client import ComfyClient, Prompt
from ..errors import ToolError
from ..graphs import filled_in, node
from ..server import ComfyServer

WAITING = 3
"""Prompts that wait while one runs, so that the server is never idle."""
MOST_SECONDS = 600.0


@dataclass(frozen=True)
class Timing:
    """When a prompt began and ended, in seconds since the epoch, to the millisecond."""

    began: float
    ended: float

    @property
    def seconds(self) -> float:
        """How long it ran."""
        return self.ended - self.began


def run_all(
    client: ComfyClient,
    prompts: Sequence[Prompt],
    each: Callable[[], object] = lambda: None,
    waiting: int = WAITING,
) -> list[Timing]:
    """Run prompts, with so many more submitted at any time; calls `each` after each of them."""
    submitted: list[str] = []
    for number in range(len(prompts)):
        while len(submitted) < min(len(prompts), number + 1 + waiting):
            submitted.append(client.submit(prompts[len(submitted)]))
        client.wait(submitted[number], MOST_SECONDS)
        each()
    return timings(client, submitted)


def round_seconds(client: ComfyClient, server: ComfyServer, prompts: Sequence[Prompt]) -> float:
    """Seconds per prompt, when all are submitted before the first one begins."""
    with held_up(client, server):
        submitted = [client.submit(prompt) for prompt in prompts]
    client.wait(submitted[-1], MOST_SECONDS)
    return seconds_after_first(timings(client, submitted))


@contextmanager
def held_up(client: ComfyClient, server: ComfyServer) -> Iterator[None]:
    """Keep the server busy with a prompt that does nothing until the end of the block."""
    opener = server.base / f"gate-{uuid.uuid4().hex}"
    work = node("TestWait", image=[graphs.LOAD, 0], until=str(opener))
    held = client.submit(filled_in(client, graphs.work_alone(work)))
    client.wait_until_executing(held, graphs.WORK)
    yield
    opener.touch()


def timings(client: ComfyClient, prompts: Sequence[str]) -> list[Timing]:
    """When each of these prompts ran; `ToolError` unless all succeeded."""
    return [_timing(client.history(prompt_id)) for prompt_id in prompts]


def timings_of(client: ComfyClient) -> list[Timing]:
    """The same for all prompts in the server's history."""
    return [_timing(entry) for entry in client.get_json("/history").values()]


def _timing(entry: Mapping[str, Any] | None) -> Timing:
    messages = dict(entry["status"]["messages"]) if entry else {}
    if "execution_success" not in messages:
        raise ToolError(f"a prompt of the benchmark did not end well: {messages}")
    began, ended = messages["execution_start"], messages["execution_success"]
    return Timing(began["timestamp"] / 1000, ended["timestamp"] / 1000)


def seconds_each(timings: Sequence[Timing]) -> float:
    """From the start of the first to the end of the last, per prompt."""
    return (timings[-1].ended - timings[0].began) / len(timings)


def seconds_after_first(timings: Sequence[Timing]) -> float:
    """The same without the first, which has to undo the effects of what ran before."""
    return (timings[-1].ended - timings[0].ended) / (len(timings) - 1)


def gaps(timings: Sequence[Timing]) -> list[float]:
    """Seconds between the end of each and the start of the next."""
    in_order = sorted(timings, key=lambda timing: timing.began)
    return [after.began - before.ended for before, after in itertools.pairwise(in_order)]


def get_ms(session: requests.Session, url: str) -> float:
    """How many ms a GET takes, to the last byte of the answer."""
    began = time.perf_counter()
    session.get(url, timeout=MOST_SECONDS).raise_for_status()
    return 1000 * (time.perf_counter() - began)


def median_ms(seconds: Sequence[float]) -> float:
    """The median, in milliseconds."""
    return 1000 * statistics.median(seconds)
