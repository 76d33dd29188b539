"""Running batches without a page, like a script: submit the same prompt until the batch stops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from batch_loop.batch_loop_cli.progress import says_stop as command_says_stop
from batch_loop.tests.support.graphs import COMPLETE, ITERATOR, SAVE, Graph, node
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient, PromptRejected
from batch_loop.tools.results import RunResult

SEVEN = ["img1.png", "img2.png", "img3.png", "img4.png", "img5.png", "img10.png", "img11.png"]
"""Seven names in natural order."""

RECORD = "record"


def recorded(graph: Graph, path: Path, text: list[Any] | str = "") -> Graph:
    """`graph` with a node after its save that appends the source's name to the file `path`."""
    name = text or [ITERATOR, 3]
    return {**graph, RECORD: node("TestRecord", image=[SAVE, 0], text=name, path=str(path))}


def records(path: Path) -> list[str]:
    """The names appended so far."""
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def told(result: RunResult, node_id: str) -> dict[str, Any]:
    """The report of one of the pack's nodes in a prompt; {} if it did not run."""
    entry: dict[str, Any]
    (entry,) = result.outputs.get(node_id, {}).get("batch_loop", [{}])
    return entry


def says_stop(result: RunResult) -> bool:
    """Whether End Queue, or a batch without one, has decided to stop, as the command sees it."""
    return result.status == "success" and command_says_stop(
        [report for output in result.outputs.values() for report in output.get("batch_loop", ())]
    )


def run_until_stop(client: ComfyClient, graph: Graph, most: int = 30) -> list[RunResult]:
    """Submit `graph` repeatedly, even after errors, until it `says_stop`."""
    results: list[RunResult] = []
    while len(results) < most:
        results.append(client.run(graph))
        if says_stop(results[-1]):
            return results
    statuses = [result.status for result in results]
    message = f"{most} prompts, and no stop: {statuses}, last {results[-1]}"
    raise AssertionError(message)


@contextmanager
def busy(client: ComfyClient, scratch: Path) -> Iterator[None]:
    """Until the end, the server runs a job of somebody else, so that other prompts wait."""
    until = scratch / "somebody's job ends"
    job = {
        "image": node("EmptyImage", width=8, height=8, batch_size=1, color=0),
        "wait": node("TestWait", image=["image", 0], until=str(until)),
        "show": node("PreviewImage", images=["wait", 0]),
    }
    client.submit(job)
    wait_for(lambda: client.queue().running, "the job to run")
    try:
        yield
    finally:
        until.touch()


def refusal(client: ComfyClient, graph: Graph) -> str:
    """The error message of a prompt that must be refused or fail."""
    try:
        result = client.run(graph)
    except PromptRejected as refused:
        return str(refused)
    assert result.status == "error"
    assert result.error is not None
    return result.error.message


def written(state: Mapping[str, Any]) -> int:
    """How many images are done for good: their prompts have ended and their results are written."""
    done: int = state["done"] - state["finishing"]
    return done


def loops_of(client: ComfyClient, folder: Path) -> list[dict[str, Any]]:
    """The loops on a folder as the server lists them; other tests may use the same server."""
    loops = client.get_json("/batch_loop/loops")["loops"]
    return [loop for loop in loops if loop["directory"] == str(folder.resolve())]


def loop_state(client: ComfyClient, result: RunResult) -> dict[str, Any]:
    """The state of a prompt's loop, as reported by the pack's route."""
    loop = told(result, ITERATOR) or told(result, COMPLETE)
    state: dict[str, Any] = client.get_json(f"/batch_loop/loops/{loop['loop']}")
    return state
