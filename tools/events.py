"""The events that a ComfyUI server sends to one client, in the order they arrive."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import websocket

from .errors import ToolError

CONNECT_SECONDS = 30.0


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
    def events(self) -> tuple[Event, ...]:
        """All events so far, oldest first."""
        with self._changed:
            return tuple(self._events)

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
                    self._append(json.loads(message))
        except (OSError, websocket.WebSocketException):
            return  # closed by one side or the other
        finally:
            with self._changed:
                self._closed = True
                self._changed.notify_all()

    def _append(self, message: dict[str, Any]) -> None:
        with self._changed:
            self._events.append(Event(message["type"], message.get("data") or {}))
            self._changed.notify_all()
