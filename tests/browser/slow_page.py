"""A page on a slow machine, far from its server, so that what a test does not wait for comes late.

With the variable SLOW_PAGE, each tab reaches the server by a detour that delays what they say to
each other, and its scripts take several times as long. What a page shows then comes long before
the server hears of it, and what the server does comes long before the page hears of it: a test
that fails only so acts on the one and expects the other.
"""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import suppress
from functools import cache
from urllib.parse import urlsplit

from playwright.sync_api import Page

from batch_loop.tools.programs import HOST

TIMES_SLOWER = float(os.environ.get("SLOW_PAGE") or 0)
"""How many times as long the page's scripts take; 0 if pages are not to be slow."""

SECONDS = {
    b"POST /api/prompt ": (0.6, 0.1),
    b"GET /ws": (0.1, 0.3),
    b"POST /api/batch_loop/": (0.3, 0.1),
    b"GET /api/batch_loop/": (0.1, 0.3),
    b"POST /api/interrupt": (0.4, 0.1),
    b"POST /api/queue": (0.4, 0.1),
}
"""How late a request and its answer arrive, by the beginning of the request. Others are not late,
so that a page, which consists of hundreds of files, is soon there."""


def slow_url(url: str) -> str:
    """The address of a server by the detour, or as it is given if pages are not to be slow."""
    if not TIMES_SLOWER or url in _detour().urls:
        return url
    return _detour().to(url)


def slow_down(page: Page) -> None:
    """Make a page's scripts slow, if pages are to be."""
    if TIMES_SLOWER > 1:
        session = page.context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": TIMES_SLOWER})


@cache
def _detour() -> _Detour:
    return _Detour()


class _Detour:
    """Passes on what pages and servers say to each other, late."""

    def __init__(self) -> None:
        self.urls: dict[str, str] = {}
        """The servers, by their addresses here."""
        self._loop = asyncio.new_event_loop()
        # Not in the thread of the tests, which wait for the server without looking at the page.
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def to(self, url: str) -> str:
        for here, there in self.urls.items():
            if there == url:
                return here
        port = urlsplit(url).port
        assert port is not None

        async def listen() -> int:
            async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await _Connection(reader, writer).pass_on(port)

            listening = await asyncio.start_server(connected, HOST)
            return int(listening.sockets[0].getsockname()[1])

        own = asyncio.run_coroutine_threadsafe(listen(), self._loop).result()
        here = f"http://{HOST}:{own}"
        self.urls[here] = url
        return here


class _Connection:
    """One connection of a page."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._page = (reader, writer)
        self._seconds = (0.0, 0.0)
        """How late what is said now arrives there, and here."""

    async def pass_on(self, port: int) -> None:
        """Pass on everything to and from a port, until one end closes the connection."""
        reader, writer = self._page
        try:
            with suppress(OSError):
                there, to_there = await asyncio.open_connection(HOST, port)
                await asyncio.gather(
                    self._one_way(reader, to_there, 0), self._one_way(there, writer, 1)
                )
        finally:
            writer.close()

    async def _one_way(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: int
    ) -> None:
        said: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        speaking = asyncio.create_task(self._say(said, writer))
        now = asyncio.get_running_loop().time
        heard = b"-"
        while heard:
            try:
                heard = await reader.read(1 << 16)
            except OSError:
                heard = b""
            if way == 0 and _is_request(heard):
                self._seconds = next(
                    (late for start, late in SECONDS.items() if heard.startswith(start)), (0.0, 0.0)
                )
            said.put_nowait((now() + self._seconds[way], heard))
        await speaking

    @staticmethod
    async def _say(said: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        """Say each part at its time, until there is an empty one, which is the end."""
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            while True:
                due, part = await said.get()
                turn = loop.create_future()
                loop.call_at(due, turn.set_result, None)
                await turn
                if not part:
                    break
                writer.write(part)
                await writer.drain()
        writer.close()


def _is_request(said: bytes) -> bool:
    return said.startswith((b"GET ", b"POST ", b"PUT ", b"DELETE ", b"HEAD ", b"OPTIONS "))
