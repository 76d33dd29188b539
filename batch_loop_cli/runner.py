"""Auto Queue without a browser: prompts are sent until End Queue says stop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from .batch import Batch
from .client import Client, Event, Prompt, ServerGone
from .errors import CommandError, Unreachable

AHEAD = 2
"""Prompts that the server has at a time: one runs, one waits, so that it never idles."""
MOST_ERRORS = 3
"""Errors in a row in prompts that handed out no image: something is wrong with the workflow."""
RETURN_SECONDS = 600.0
"""How long a server that went away is waited for."""
PAUSE_SECONDS = 1.0

_ENDS = frozenset({"execution_success", "execution_error", "execution_interrupted"})

Tell = Callable[[str, Batch], object]
"""Told of what happens: `image`, `away`, `back`; and how the batch stands."""


class Runner:
    """Runs a batch on one server.

    `prompt` is sent again and again. `goes_on` says whether the batch is to go on after an error
    that it does not skip by itself.
    """

    def __init__(self, client: Client, prompt: Prompt, tell: Tell) -> None:
        self._client = client
        self._prompt = prompt
        self._tell = tell
        self.batch = Batch()
        self._sent: dict[str, None] = {}
        """The ids of the prompts that have not ended, in the order they were sent."""
        self._stopping = False
        self._errors = 0
        self._has_worked = False

    async def run(self) -> Batch:
        """Send prompts until the batch is over or stopped, and the last of them has ended.

        Raises:
            RefusedByServer: the server does not take the prompt.
            Unreachable: the server does not answer, or does not come back.

        """
        away_since: float | None = None
        while True:
            try:
                async for event in self._client.events():
                    if event.type == "connected":
                        await self._settle_what_was_missed()
                        if away_since is not None:
                            self._tell("back", self.batch)
                        away_since = None
                        self._has_worked = True
                    await self._take(event)
                    await self._fill()
                    if not self._sent:
                        return self.batch
            except (ServerGone, Unreachable) as error:
                now = asyncio.get_running_loop().time()
                if away_since is None:
                    away_since = now
                    if self._has_worked:
                        self._tell("away", self.batch)
                if not self._has_worked or now - away_since > RETURN_SECONDS:
                    raise Unreachable(self._client.url, error) from error
                await asyncio.sleep(PAUSE_SECONDS)

    async def stop(self) -> None:
        """Send no more; what waits is taken off the queue, what runs goes on to its end."""
        self._stopping = True
        waiting = list(self._sent)[1:]
        if waiting:
            with contextlib.suppress(CommandError):
                await self._client.delete(waiting)
                for prompt_id in waiting:
                    self._sent.pop(prompt_id, None)

    async def interrupt(self) -> None:
        """Press Cancel on the image that runs."""
        self._stopping = True
        if self._sent:
            await self._client.interrupt()

    async def _fill(self) -> None:
        while not self._stopping and len(self._sent) < AHEAD:
            self._sent[await self._client.submit(self._prompt)] = None

    async def _take(self, event: Event) -> None:
        data = event.data
        if data.get("prompt_id") not in self._sent:
            return
        if event.type == "executed":
            self._errors = 0
            self._note(data.get("output") or {})
        elif event.type in _ENDS:
            await self._ended(data["prompt_id"], event.type, data)

    def _note(self, output: Mapping[str, Any]) -> None:
        self.batch.note(output)
        if output.get("batch_loop"):
            self._tell("image", self.batch)

    async def _ended(self, prompt_id: str, how: str, data: Mapping[str, Any]) -> None:
        del self._sent[prompt_id]
        if how == "execution_error":
            self._errors += 1
            if not self.batch.skips or self._errors >= MOST_ERRORS:
                self.batch.problem = _problem(data)
        if how == "execution_interrupted":
            self.batch.problem = self.batch.problem or "somebody pressed Cancel"
        if self.batch.is_over or self.batch.problem:
            await self._stop_after_this()

    async def _stop_after_this(self) -> None:
        """What waits would only find the batch complete, or the same error."""
        self._stopping = True
        waiting = list(self._sent)
        if waiting:
            await self._client.delete(waiting)
            still = await self._client.queued()
            self._sent = {prompt_id: None for prompt_id in waiting if prompt_id in still}

    async def _settle_what_was_missed(self) -> None:
        """Bring what is known of the sent prompts up to date, after a time without events."""
        if not self._sent:
            return
        queued = await self._client.queued()
        for prompt_id in [each for each in self._sent if each not in queued]:
            entry = await self._client.history(prompt_id)
            if entry is None:  # the server has forgotten it: that image is handed out again
                del self._sent[prompt_id]
                continue
            for output in entry.get("outputs", {}).values():
                self._note(output)
            for how, data in entry["status"]["messages"]:
                if how in _ENDS:
                    await self._ended(prompt_id, how, data)
                    break
            else:
                del self._sent[prompt_id]


def _problem(data: Mapping[str, Any]) -> str:
    said = str(data.get("exception_message") or data.get("exception_type") or "no reason given")
    first = said.strip().splitlines()[0] if said.strip() else "no reason given"
    return f"{data.get('node_type')} (node {data.get('node_id')}): {first}"
