"""A client of one ComfyUI server: prompts, events, and the pack's routes."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, WSMsgType

from .api_format import Prompt
from .errors import CommandError, RefusedByServer, SettingsRefused, Unreachable
from .refusals import refusal

LOOPS = "/batch_loop/loops"

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 120.0
"""A server that loads a model may take long to answer."""
HEARTBEAT_SECONDS = 30.0
QUIET_SECONDS = 0.25
PAUSE_SECONDS = 1.0
"""Between two tries to reach a server that is away."""
BAD_REQUEST = 400
"""The lowest HTTP status of an error."""

Loop = Mapping[str, Any]
"""A batch as the pack's routes describe it, see `docs/routes.md`."""

_IDS_A_REQUEST = 100
"""How many loops are asked for at once: the length of an address is limited."""
_CLOSING = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR})


class ServerGone(Exception):
    """Raised when the connection for events ends."""


@dataclass(frozen=True)
class Event:
    """One message of ComfyUI's websocket."""

    type: str
    data: Mapping[str, Any]


class Client:
    """A client with its own id, under which ComfyUI sends it the events of its prompts.

    Use it in an `async with` statement. `url` has no trailing slash.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.client_id = uuid.uuid4().hex
        timeout = ClientTimeout(total=ANSWER_SECONDS, sock_connect=CONNECT_SECONDS)
        self._session = ClientSession(timeout=timeout)

    async def __aenter__(self) -> Client:  # noqa: PYI034 - typing.Self came with 3.11
        """Return the client itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close its connections."""
        await self._session.close()

    async def submit(
        self,
        prompt: Prompt,
        workflow: Mapping[str, Any] | None = None,
        named: Mapping[str, str] | None = None,
    ) -> str:
        """Queue a prompt, and return its id.

        `workflow`, as the page saves it, goes into the files that ComfyUI's nodes save; `named` has
        its id and its name.

        Raises:
            SettingsRefused: an iterator refuses its settings.
            NoDatabase: it refuses any settings, as it cannot reach its database.
            RefusedByServer, Unreachable: as the names say.

        """
        extra: dict[str, Any] = {"batch_loop": {"sender": "command", **(named or {})}}
        if workflow is not None:
            extra["extra_pnginfo"] = {"workflow": workflow}
        body = {"prompt": prompt, "client_id": self.client_id, "extra_data": extra}
        try:
            answer = await self._post("/prompt", body)
            if answer.get("node_errors"):
                # ComfyUI would run some outputs without the others: nobody asked for that.
                await self._take_back(answer["prompt_id"])
                raise refusal("/prompt", BAD_REQUEST, answer)
        except SettingsRefused:
            # Without its database, an iterator refuses any settings.
            await self.check_database()
            raise
        prompt_id: str = answer["prompt_id"]
        return prompt_id

    async def check_database(self) -> None:
        """Raise NoDatabase if the server cannot reach its database."""
        await self._get(f"{LOOPS}?loop=none")

    async def delete(self, prompt_ids: list[str]) -> None:
        """Take waiting prompts off the queue."""
        await self._post("/queue", {"delete": prompt_ids})

    async def interrupt(self, prompt_id: str) -> None:
        """Press Cancel on a running prompt; older servers end whichever is running."""
        await self._post("/interrupt", {"prompt_id": prompt_id})

    async def queued(self) -> set[str]:
        """Return the ids of the prompts that run or wait, whoever sent them."""
        return await self._in_queue("queue_running", "queue_pending")

    async def under_way(self) -> set[str]:
        """Return the ids of the prompts that run, whoever sent them."""
        return await self._in_queue("queue_running")

    async def history(self, prompt_id: str) -> dict[str, Any] | None:
        """Return a prompt's entry in the history; None if it has not ended, or was deleted."""
        entry: dict[str, Any] | None = (await self._get(f"/history/{prompt_id}")).get(prompt_id)
        return entry

    async def node_types(self) -> Mapping[str, Mapping[str, Any]]:
        """Return ComfyUI's description of each node type."""
        types: Mapping[str, Mapping[str, Any]] = await self._get("/object_info")
        return types

    async def loops(self) -> list[Loop]:
        """Return every batch that the server knows, the one that ran last first."""
        loops: list[Loop] = (await self._get(LOOPS))["loops"]
        return loops

    async def loops_in_full(self) -> list[Loop]:
        """Return the same with all of their fields, which takes longer."""
        ids = [loop["id"] for loop in await self.loops()]
        found: dict[str, Loop] = {}
        for start in range(0, len(ids), _IDS_A_REQUEST):
            asked = urlencode([("loop", each) for each in ids[start : start + _IDS_A_REQUEST]])
            found |= {loop["id"]: loop for loop in (await self._get(f"{LOOPS}?{asked}"))["loops"]}
        return [found[each] for each in ids if each in found]  # others were forgotten meanwhile

    async def loop(self, loop_id: str) -> Loop:
        """Return the current state of one batch."""
        loop: Loop = await self._get(f"{LOOPS}/{loop_id}")
        return loop

    async def change_loop(self, action: str, loop_id: str) -> Loop:
        """Change a batch, by `reset` or `retry`, and return its new state."""
        loop: Loop = await self._post(f"{LOOPS}/{action}", {"loop": loop_id})
        return loop

    async def report(self, loop_id: str, kind: str) -> bytes:
        """Return a report with every item of a batch, of the kind `json` or `csv`."""
        body: bytes = await self._ask("GET", f"{LOOPS}/{loop_id}/report.{kind}", raw=True)
        return body

    async def database_id(self) -> str:
        """Return the id of the database that the server keeps its batches in."""
        return str((await self._get("/batch_loop/store"))["id"])

    async def loop_id_of(self, route: str, settings: Mapping[str, Any]) -> str:
        """Return the id of the batch that an iterator with these inputs works on.

        `route` is that of its type.
        """
        return str((await self._post(route, settings))["loop"])

    async def events(self) -> AsyncGenerator[Event, None]:
        """Yield the server's events from now on; raises ServerGone when the connection ends.

        The first event, of the type `connected`, comes once the server sends events here. One of
        the type `quiet` comes whenever there was none for QUIET_SECONDS.
        """
        address = f"{self.url}/ws?clientId={self.client_id}"
        try:
            async with self._session.ws_connect(
                address, heartbeat=HEARTBEAT_SECONDS, max_msg_size=0
            ) as socket:
                yield Event("connected", {})
                while True:
                    try:
                        message = await socket.receive(QUIET_SECONDS)
                    except asyncio.TimeoutError:
                        yield Event("quiet", {})
                        continue
                    if message.type in _CLOSING:
                        break
                    yield _event(message.type, message.data)
        except (ClientError, asyncio.TimeoutError) as error:
            raise ServerGone(str(error)) from error
        raise ServerGone("it has closed the connection")

    async def _in_queue(self, *parts: str) -> set[str]:
        queue = await self._get("/queue")
        return {entry[1] for part in parts for entry in queue[part]}

    async def _take_back(self, prompt_id: str) -> None:
        """Cancel a prompt, which may already be running, and return once it has ended.

        ComfyUI forgets an interrupt that comes between its taking a prompt off the queue and the
        prompt's start, so one may not be enough.
        """
        await self.delete([prompt_id])
        while prompt_id in await self.queued():
            await self.interrupt(prompt_id)
            await asyncio.sleep(QUIET_SECONDS)

    async def _get(self, path: str) -> Any:
        body = await self._ask("GET", path)
        if body is None:
            raise RefusedByServer(
                f"{self.url} is not ComfyUI: its response to {path} is not JSON.", 200
            )
        return body

    async def _post(self, path: str, body: object) -> Any:
        return await self._ask("POST", path, body)

    async def _ask(self, method: str, path: str, body: object = None, *, raw: bool = False) -> Any:
        """Return the body of a response as JSON, or as bytes; None if it is not JSON.

        Raises:
            SettingsRefused, NoDatabase, RefusedByServer: the response is an error.
            Unreachable: there is none.

        """
        try:
            async with self._session.request(method, f"{self.url}{path}", json=body) as response:
                data = await response.read()
                if response.status >= BAD_REQUEST:
                    raise await _error_of(method, path, response)
                if raw:
                    return data
                return await response.json(content_type=None) if _is_json(response, data) else None
        except (ClientError, asyncio.TimeoutError, OSError) as error:
            raise Unreachable(self.url, _in_words(error)) from error


async def _error_of(method: str, path: str, response: ClientResponse) -> CommandError:
    if _is_json(response, await response.read()):
        body = await response.json(content_type=None)
        if isinstance(body, dict):
            for_now = "Retry-After" in response.headers
            return refusal(path, response.status, body, for_now=for_now)
    text = (await response.text(errors="replace"))[:200]
    return RefusedByServer(f"{method} {path}: {text}", response.status)


def _event(kind: WSMsgType, data: Any) -> Event:
    # Previews come as binary messages.
    said: dict[str, Any] = json.loads(data) if kind is WSMsgType.TEXT else {"type": "preview"}
    return Event(said["type"], said.get("data") or {})


def _in_words(error: Exception) -> str:
    """Return why a server does not answer, without the library's additions."""
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or str(error) or type(error).__name__


def _is_json(response: ClientResponse, body: bytes) -> bool:
    return response.content_type == "application/json" and bool(body)
