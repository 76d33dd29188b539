"""A client of one ComfyUI server: prompts, events, and the pack's routes."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, WSMsgType

from .errors import RefusedByServer, Unreachable

Prompt = Mapping[str, Mapping[str, Any]]
"""A workflow in API format, by node id."""

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 120.0
"""A server that loads a model may take long to answer."""
HEARTBEAT_SECONDS = 30.0


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

    async def submit(self, prompt: Prompt) -> str:
        """Queue a prompt, and return its id; RefusedByServer, Unreachable."""
        body = {"prompt": prompt, "client_id": self.client_id}
        answer = await self.post("/prompt", body)
        if answer.get("node_errors"):
            # Some outputs could run without the others: that is not what was asked for.
            await self.delete([answer["prompt_id"]])
            raise RefusedByServer(_refusal(answer), 400)
        prompt_id: str = answer["prompt_id"]
        return prompt_id

    async def delete(self, prompt_ids: list[str]) -> None:
        """Take waiting prompts off the queue."""
        await self.post("/queue", {"delete": prompt_ids})

    async def interrupt(self) -> None:
        """Press Cancel: the running prompt ends."""
        await self.post("/interrupt", {})

    async def queued(self) -> set[str]:
        """The ids of the prompts that run or wait, whoever sent them."""
        queue = await self.get("/queue")
        return {entry[1] for part in ("queue_running", "queue_pending") for entry in queue[part]}

    async def history(self, prompt_id: str) -> dict[str, Any] | None:
        """The history's entry of a prompt; None for one that has not ended, or was deleted."""
        entry: dict[str, Any] | None = (await self.get(f"/history/{prompt_id}")).get(prompt_id)
        return entry

    async def get(self, path: str) -> Any:
        """What a route answers, in JSON; RefusedByServer, Unreachable."""
        return await self._ask("GET", path, None)

    async def post(self, path: str, body: object) -> Any:
        """What a route answers to a body, in JSON; None where it answers nothing."""
        return await self._ask("POST", path, body)

    async def events(self) -> AsyncIterator[Event]:
        """The events of the server from now on; ServerGone at the end of the connection.

        The first is of the type `connected`, as soon as the server sends events here.
        """
        address = f"{self.url}/ws?clientId={self.client_id}"
        try:
            async with self._session.ws_connect(
                address, heartbeat=HEARTBEAT_SECONDS, max_msg_size=0
            ) as socket:
                yield Event("connected", {})
                async for message in socket:
                    # Previews come as binary messages.
                    if message.type is WSMsgType.TEXT:
                        said = message.json()
                        yield Event(said["type"], said.get("data") or {})
        except (ClientError, asyncio.TimeoutError) as error:
            raise ServerGone(str(error)) from error
        raise ServerGone("it has closed the connection")

    async def _ask(self, method: str, path: str, body: object) -> Any:
        try:
            async with self._session.request(method, f"{self.url}{path}", json=body) as answer:
                text = await answer.text()
                said = await answer.json(content_type=None) if _is_json(answer) and text else None
                if answer.status >= 400:  # noqa: PLR2004 - by HTTP, an error
                    reason = _refusal(said) if said else f"{method} {path}: {text[:200]}"
                    raise RefusedByServer(reason, answer.status)
                return said
        except (ClientError, asyncio.TimeoutError, OSError) as error:
            raise Unreachable(self.url, error or type(error).__name__) from error


def _is_json(answer: ClientResponse) -> bool:
    return answer.content_type == "application/json"


def _refusal(answer: Mapping[str, Any]) -> str:
    """What a refusal says, in one line: of ComfyUI's checks the first of each node."""
    node_errors = answer.get("node_errors") or {}
    lines = [
        f"node {node_id} ({at_fault['class_type']}): {_sentence(error)}"
        for node_id, at_fault in node_errors.items()
        for error in at_fault["errors"][:1]
    ]
    error = answer.get("error")
    if not lines and isinstance(error, dict):
        lines = [_sentence(error)]
    return "; ".join(lines) or str(error)


def _sentence(error: Mapping[str, Any]) -> str:
    parts = (str(error.get("message") or ""), str(error.get("details") or ""))
    return ": ".join(part for part in parts if part)
