"""Counts how often a client waits for a server, whatever it asks."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack, suppress
from types import TracebackType

from ..programs import HOST

_AT_ONCE = 1 << 20


class RoundTrips:
    """A port before the one of a server of this machine.

    A round trip is counted when a client speaks for the first time after the server has.
    """

    def __init__(self, port: int) -> None:
        self.count = 0
        self._to = port
        self._open = ExitStack()
        self._listening = self._open.enter_context(socket.create_server((HOST, 0)))
        self.port: int = self._listening.getsockname()[1]

    def __enter__(self) -> RoundTrips:  # noqa: PYI034 - typing.Self came with 3.11
        """Begin to carry what clients and the server say."""
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """End all connections."""
        self._open.close()

    def _accept(self) -> None:
        with suppress(OSError):  # it is over
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection((HOST, self._to))
                for each in (client, server):
                    self._open.enter_context(each)
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                has_answered = threading.Event()
                has_answered.set()
                for carry in (self._ask, self._answer):
                    given = (client, server, has_answered)
                    threading.Thread(target=carry, args=given, daemon=True).start()

    def _ask(
        self, client: socket.socket, server: socket.socket, has_answered: threading.Event
    ) -> None:
        with suppress(OSError):
            while said := client.recv(_AT_ONCE):
                if has_answered.is_set():
                    has_answered.clear()
                    self.count += 1
                server.sendall(said)
            server.shutdown(socket.SHUT_WR)

    @staticmethod
    def _answer(
        client: socket.socket, server: socket.socket, has_answered: threading.Event
    ) -> None:
        with suppress(OSError):
            while said := server.recv(_AT_ONCE):
                has_answered.set()
                client.sendall(said)
            client.shutdown(socket.SHUT_WR)
