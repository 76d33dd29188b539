"""What a ComfyUI server says of prompts: events as they arrive, and how each prompt ended."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import websocket

from .errors import ToolError

CONNECT_SECONDS = 30.0

Status = Literal["success", "error", "interrupted", "deleted"]


class ServerGone(ToolError):
    """Raised when the server has gone away during a request or a wait."""


@dataclass(frozen=True)
class Event:
    """One event: its type, such as `executed`, and its data."""

    type: str
    data: dict[str, Any]


class EventLog:
    """Every event of one websocket, read by a thread of its own."""

    def __init__(self, url: str) -> None:
        self._socket = websocket.create_connection(url, timeout=CONNECT_SECONDS)
        # From now on only the reader waits on it, and it may wait forever.
        self._socket.settimeout(None)
        self._changed = threading.Condition()
        self._events: list[Event] = []
        self._closed = False
        self._reader = threading.Thread(target=self._read, name="events", daemon=True)
        self._reader.start()

    @property
    def count(self) -> int:
        """How many events there were so far."""
        with self._changed:
            return len(self._events)

    def events(self, since: int = 0) -> tuple[Event, ...]:
        """All events so far but for the first `since`, oldest first."""
        with self._changed:
            return tuple(self._events[since:])

    def wait_for(
        self, matches: Callable[[Event], bool], timeout: float, what: str, since: int = 0
    ) -> Event:
        """The first event, past or future, that `matches`; the first `since` events do not count.

        Raises `ToolError`, which says `what` it waited for, after `timeout` seconds, and
        `ServerGone` when the connection closes before the event.
        """
        deadline = time.monotonic() + timeout
        seen = since
        while True:
            with self._changed:
                while len(self._events) <= seen:
                    if self._closed:
                        raise ServerGone(f"the server went away before {what}")
                    if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                        raise ToolError(f"waited {timeout:.0f} s in vain for {what}")
                fresh = self._events[seen:]
            # Without the lock, as `matches` may send a request to the server.
            for event in fresh:
                if matches(event):
                    return event
            seen += len(fresh)

    def close(self) -> None:
        """Close the connection and wait for the reader."""
        # A plain close would not wake the reader, and a closing handshake would race with it.
        # If the server has gone already, there is no `sock` or it raises.
        sock = self._socket.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self._reader.join(CONNECT_SECONDS)
        self._socket.shutdown()  # type: ignore[no-untyped-call]

    def _read(self) -> None:
        try:
            while True:
                message = self._socket.recv()
                if message == "":
                    return
                # Binary messages are previews, which no test needs.
                if isinstance(message, str):
                    content = json.loads(message)
                    event = Event(content["type"], content.get("data") or {})
                    with self._changed:
                        self._events.append(event)
                        self._changed.notify_all()
        except (OSError, websocket.WebSocketException):
            return  # closed by one side or the other
        finally:
            with self._changed:
                self._closed = True
                self._changed.notify_all()


@dataclass(frozen=True)
class Failure:
    """The error that ended a prompt, and the node that raised it."""

    node_id: str
    node_type: str
    message: str


@dataclass(frozen=True)
class RunResult:
    """A prompt that has ended.

    `status` "deleted" means that it was taken off the queue. `outputs` is each node's `ui` result
    by node id, cached ones included; the result of a node made by expansion is also that of the
    node it was made from. `started` are the nodes that the executor started, in order, including
    those that turned out to be blocked.
    """

    prompt_id: str
    status: Status
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    started: tuple[str, ...] = ()
    cached: frozenset[str] = frozenset()
    error: Failure | None = None

    def did_run(self, node_id: str) -> bool:
        """Whether the executor started that node.

        A node behind an `ExecutionBlocker` counts as started, though its function is not called.
        """
        return node_id in self.started

    def was_cached(self, node_id: str) -> bool:
        """Whether that node's outputs came from the cache."""
        return node_id in self.cached


def result_of(
    prompt_id: str, entry: Mapping[str, Any] | None, events: Iterable[Event]
) -> RunResult:
    """The result of a prompt, from its entry in the history and its client's events."""
    if entry is None:
        return RunResult(prompt_id, "deleted")
    own = [event for event in events if event.data.get("prompt_id") == prompt_id]
    executing = [event.data["node"] for event in own if event.type == "executing"]
    messages = dict(entry["status"]["messages"])
    status: Status = "success"
    if entry["status"]["status_str"] != "success":
        status = "interrupted" if "execution_interrupted" in messages else "error"
    return RunResult(
        prompt_id=prompt_id,
        status=status,
        outputs=_outputs(entry),
        started=tuple(node for node in executing if node is not None),
        cached=frozenset(messages.get("execution_cached", {}).get("nodes", ())),
        error=_failure(messages.get("execution_error")),
    )


def _outputs(entry: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The nodes' `ui` results, by their ids and by those of the nodes that show them in a page."""
    outputs = dict(entry["outputs"])
    for node_id, about in entry.get("meta", {}).items():
        if node_id in outputs:
            outputs.setdefault(about["display_node"], outputs[node_id])
    return outputs


def _failure(message: Mapping[str, Any] | None) -> Failure | None:
    if message is None:
        return None
    text = str(message["exception_message"]).strip()
    return Failure(str(message["node_id"]), message["node_type"], text)
