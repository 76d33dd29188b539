"""How long a server stands idle between two large images, by how its prompts are queued."""

from __future__ import annotations

import statistics
import uuid
from functools import partial

from .. import graphs
from ..client import Prompt
from ..events import Event
from ..graphs import filled_in, node
from ..server import ComfyServer
from .folders import large_images
from .prompts import Timing, gaps, timings
from .rows import Measured, Row, Target
from .servers import run_batch
from .setting import Setting

FOLDER = "photos"
MODEL_SECONDS = 0.2
ROUNDS = 5
MOST_MS = Target(2.0)
AGAINST = "a script that sends a prompt when it hears of the end of the one before"


def measure(setting: Setting) -> Measured:
    """Run the same images by the command and by such a script, by turns."""
    server = setting.server("idle")
    images = len(large_images(server.input / FOLDER, setting.of(12, 5)))
    contenders = {
        "command": lambda: _pauses_ms(run_batch(_prompt(server), [server])[:images]),
        "script": lambda: _pauses_ms(_by_script(server, _prompt(server), images)),
    }
    with server:
        rounds = setting.by_turns("idle", contenders, setting.of(ROUNDS, 1))
    what = (
        "idle time of the server between two images of 4000x3000, JPEG in, PNG out,"
        " by `batch-loop run`"
    )
    ours, other = (statistics.median(map(statistics.median, rounds[name])) for name in contenders)
    our_longest, others = (statistics.median(map(max, rounds[name])) for name in contenders)
    return Measured(
        [
            Row(what, "ms", ours, other, AGAINST, MOST_MS),
            Row(f"longest {what}", "ms", our_longest, others, AGAINST),
        ]
    )


def _pauses_ms(timings: list[Timing]) -> list[float]:
    """Without the first pause and the last one: they are of the batch's beginning and end."""
    return [1000 * gap for gap in gaps(timings)[1:-1]]


def _by_script(server: ComfyServer, prompt: Prompt, times: int) -> list[Timing]:
    """One prompt after the other, each sent as soon as ComfyUI says that the last one has ended."""
    prompts: list[str] = []
    with server.client() as client:
        for _ in range(times):
            prompts.append(client.submit(prompt))
            client.wait_for(partial(_is_end, prompts[-1]), what="the end of a prompt")
        client.wait_until_idle()
        return timings(client, prompts)


def _is_end(prompt_id: str, event: Event) -> bool:
    is_end = event.type in {"execution_success", "execution_error"}
    return is_end and event.data["prompt_id"] == prompt_id


def _prompt(server: ComfyServer) -> Prompt:
    """The same workflow with a loop and a folder of results of its own."""
    name = uuid.uuid4().hex
    work = node("BenchSleep", image=graphs.IMAGE, seconds=MODEL_SECONDS)
    graph = graphs.loop(FOLDER, work, {"folder": name, "format": "PNG"}, loop_name=name)
    with server.client() as client:
        return filled_in(client, graph)
