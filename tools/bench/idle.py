"""How long a server stands idle between two large images, by how its prompts are queued."""

from __future__ import annotations

import asyncio
import statistics
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientSession

from ..defaults import filled_in, node
from ..server import ComfyServer
from . import graphs, sharing
from .folders import large_images
from .prompts import Timing, gaps, timing
from .rows import Measured, Row, Target
from .setting import Setting

FOLDER = "photos"
MODEL_SECONDS = 0.2
ROUNDS = 5
MOST_MS = 2.0
AGAINST = "a script that sends a prompt when it hears of the end of the one before"

Way = Callable[[ComfyServer, Path, graphs.Graph, int], list[Timing]]
"""Runs a prompt so many times, once for each image, on a server."""


@dataclass(frozen=True)
class Idle:
    """Milliseconds of nothing between two prompts in the middle of a batch."""

    median: float
    longest: float


def measure(setting: Setting) -> Measured:
    """Run the same images by the command and by such a script, by turns."""
    server = setting.server("idle")
    images = len(large_images(server.input / FOLDER, setting.of(12, 5)))
    ways: dict[str, Way] = {"command": by_command, "script": by_script}
    found: dict[str, list[Idle]] = {name: [] for name in ways}
    rounds = setting.of(ROUNDS, 1)
    with server:
        for number in range(rounds + 1):
            setting.say(f"idle: round {number} of {rounds}")
            for name, way in ways.items():
                timings = way(server, setting.base, _prompt(server), images)
                if number:  # the first one loads what is loaded once
                    found[name].append(_idle(timings[:images]))
    ours, other = (_median(found[name]) for name in ways)
    what = "between two images of 4000x3000, JPEG in, PNG out, by `batch-loop run`"
    rows = [
        Row(
            f"idle time of the server {what}",
            "ms",
            ours.median,
            other.median,
            AGAINST,
            Target(MOST_MS),
        ),
        Row(f"longest idle time of the server {what}", "ms", ours.longest, other.longest, AGAINST),
    ]
    return Measured(rows)


def by_command(
    server: ComfyServer,
    scratch: Path,
    prompt: graphs.Graph,
    images: int,  # noqa: ARG001 - it finds its end
) -> list[Timing]:
    """By `batch-loop run`, which has a prompt wait while one runs."""
    return sharing.run_batch(scratch, prompt, [server])


def by_script(
    server: ComfyServer,
    scratch: Path,  # noqa: ARG001 - the command's
    prompt: graphs.Graph,
    images: int,
) -> list[Timing]:
    """One prompt after the other, each sent as soon as ComfyUI says that the last one has ended."""
    prompts = asyncio.run(_one_after_the_other(server.url, prompt, images))
    with server.client() as client:
        client.wait_until_idle()
        return [timing(client, prompt_id) for prompt_id in prompts]


async def _one_after_the_other(url: str, prompt: graphs.Graph, times: int) -> list[str]:
    client_id = uuid.uuid4().hex
    prompts: list[str] = []
    async with (
        ClientSession() as session,
        session.ws_connect(f"{url}/ws?clientId={client_id}", max_msg_size=0) as events,
    ):
        for _ in range(times):
            body = {"prompt": prompt, "client_id": client_id}
            async with session.post(f"{url}/prompt", json=body) as answer:
                answer.raise_for_status()
                prompts.append((await answer.json())["prompt_id"])
            async for message in events:
                # What is no text is a preview.
                if isinstance(message.data, str) and _is_end(message.json(), prompts[-1]):
                    break
    return prompts


def _is_end(event: dict[str, object], prompt_id: str) -> bool:
    data = event.get("data")
    is_end = event.get("type") in {"execution_success", "execution_error"}
    return is_end and isinstance(data, dict) and data.get("prompt_id") == prompt_id


def _prompt(server: ComfyServer) -> graphs.Graph:
    """The same workflow with a loop and a folder of results of its own."""
    name = uuid.uuid4().hex
    work = node("BenchSleep", image=[graphs.ITERATOR, 1], seconds=MODEL_SECONDS)
    graph = graphs.loop(FOLDER, work, {"folder": name, "format": "PNG"}, loop_name=name)
    with server.client() as client:
        return filled_in(client, graph)


def _idle(timings: list[Timing]) -> Idle:
    """Without the first pause and the last one: they are of the batch's beginning and end."""
    found = [1000 * gap for gap in gaps(timings)[1:-1]]
    return Idle(statistics.median(found), max(found))


def _median(rounds: list[Idle]) -> Idle:
    return Idle(
        statistics.median(each.median for each in rounds),
        statistics.median(each.longest for each in rounds),
    )
