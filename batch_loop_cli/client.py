"""A client of one ComfyUI server: prompts, events, and the pack's routes."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, WSMsgType

from .errors import RefusedByServer, SettingsRefused, Unreachable
from .refusals import refusal

Prompt = Mapping[str, Mapping[str, Any]]
"""A workflow in API format, by node id."""

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 120.0
"""A server that loads a model may take long to answer."""
HEARTBEAT_SECONDS = 30.0
QUIET_SECONDS = 0.25
BAD_REQUEST = 400
"""From this status on, by HTTP, an answer is an error."""

_CLOSING = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR})


class ServerGone(Exception):
    """Raised when the connection for events ends."""


@dataclass(frozen=True)
class Event:
    """One message of ComfyUI's websocket."""

    type: str
    data: Mapping[str, Any]


class Client:
    """A client with an id of its own, under which ComfyUI tells it of its prompts.

    Use it in an `async with` statement. `url` has no slash at its end.
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

    async def submit(self, prompt: Prompt, workflow: Mapping[str, Any] | None = None) -> str:
        """Queue a prompt, and return its id.

        `workflow`, as the page saves it, goes into the files that ComfyUI's nodes save.

        Raises:
            SettingsRefused: Directory Iterator does not take its settings.
            NoDatabase: it cannot tell, without its database.
            RefusedByServer, Unreachable: as the name says.

        """
        body: dict[str, Any] = {"prompt": prompt, "client_id": self.client_id}
        if workflow is not None:
            body["extra_data"] = {"extra_pnginfo": {"workflow": workflow}}
        try:
            answer = await self.post("/prompt", body)
            if answer.get("node_errors"):
                # Some outputs could run without the others: that is not what was asked for.
                await self._take_back(answer["prompt_id"])
                raise refusal("/prompt", BAD_REQUEST, answer)
        except SettingsRefused:
            # Without its database, Directory Iterator refuses whatever it is given.
            await self.check_database()
            raise
        prompt_id: str = answer["prompt_id"]
        return prompt_id

    async def check_database(self) -> None:
        """Raise NoDatabase if the server cannot reach its database."""
        await self.get("/batch_loop/loops?loop=none")

    async def delete(self, prompt_ids: list[str]) -> None:
        """Take waiting prompts off the queue."""
        await self.post("/queue", {"delete": prompt_ids})

    async def interrupt(self, prompt_id: str | None = None) -> None:
        """Press Cancel: the running prompt ends; on newer servers only if it has that id."""
        await self.post("/interrupt", {} if prompt_id is None else {"prompt_id": prompt_id})

    async def queued(self) -> set[str]:
        """The ids of the prompts that run or wait, whoever sent them."""
        queue = await self.get("/queue")
        return {entry[1] for part in ("queue_running", "queue_pending") for entry in queue[part]}

    async def history(self, prompt_id: str) -> dict[str, Any] | None:
        """The history's entry of a prompt; None for one that has not ended, or was deleted."""
        entry: dict[str, Any] | None = (await self.get(f"/history/{prompt_id}")).get(prompt_id)
        return entry

    async def get(self, path: str) -> Any:
        """What a route answers, in JSON; as `post`, and RefusedByServer for another answer."""
        said = await self._ask("GET", path, None)
        if said is None:
            raise RefusedByServer(f"{self.url} is no ComfyUI: {path} is not answered in JSON.", 200)
        return said

    async def get_text(self, path: str) -> str:
        """What a route answers, as text; as `post`."""
        said: str = await self._ask("GET", path, None, as_text=True)
        return said

    async def post(self, path: str, body: object) -> Any:
        """What a route answers to a body, in JSON; None where it answers nothing.

        Raises:
            SettingsRefused, NoDatabase, RefusedByServer: it answers that it does not.
            Unreachable: it does not answer.

        """
        return await self._ask("POST", path, body)

    async def events(self) -> AsyncGenerator[Event, None]:
        """The events of the server from now on; ServerGone at the end of the connection.

        The first is of the type `connected`, as soon as the server sends events here. One of the
        type `quiet` comes whenever none has come for QUIET_SECONDS.
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

    async def _take_back(self, prompt_id: str) -> None:
        """Have a prompt come to nothing, though it may have begun."""
        await self.delete([prompt_id])
        running = (await self.get("/queue"))["queue_running"]
        if any(entry[1] == prompt_id for entry in running):
            await self.interrupt(prompt_id)

    async def _ask(self, method: str, path: str, body: object, *, as_text: bool = False) -> Any:
        try:
            async with self._session.request(method, f"{self.url}{path}", json=body) as answer:
                text = await answer.text()
                said = await answer.json(content_type=None) if _is_json(answer) and text else None
                if answer.status >= BAD_REQUEST:
                    if isinstance(said, dict):
                        for_now = "Retry-After" in answer.headers
                        raise refusal(path, answer.status, said, for_now=for_now)
                    raise RefusedByServer(f"{method} {path}: {text[:200]}", answer.status)
                return text if as_text else said
        except (ClientError, asyncio.TimeoutError, OSError) as error:
            raise Unreachable(self.url, _in_words(error)) from error


def _event(kind: WSMsgType, data: Any) -> Event:
    # Previews come as binary messages.
    said: dict[str, Any] = json.loads(data) if kind is WSMsgType.TEXT else {"type": "preview"}
    return Event(said["type"], said.get("data") or {})


def _in_words(error: Exception) -> str:
    """Why a server does not answer; of a connection without what the library says around it."""
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or str(error) or type(error).__name__


def _is_json(answer: ClientResponse) -> bool:
    return answer.content_type == "application/json"
