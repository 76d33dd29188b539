"""Auto Queue without a browser: prompts are sent to a server until the batch is complete."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .client import PAUSE_SECONDS, QUIET_SECONDS, Client, Event, ServerGone
from .errors import CommandError, DatabaseAway, RefusedByServer, Unreachable, naming
from .progress import Progress, Report, on_error_in, reports_in, says_stop, stops_the_run
from .workflow import Prompts

AHEAD = 2
"""Prompts that the server has at a time: one runs, one waits, so that it never idles."""
MOST_ERRORS = 3
"""Errors, or losses of prompts, in a row without an item handed out, after which to give up."""
SERVER_ERROR = 500
"""The lowest HTTP status that says that the server, or a proxy before it, fails."""
RETURN_SECONDS = 600.0
"""How long to wait for a server that went away, unless `--wait` says otherwise."""
CATCH_UP_SECONDS = 5.0
"""How often to ask a server about the sent prompts: no event reports a deleted one."""

_ENDS = frozenset({"execution_success", "execution_error", "execution_interrupted"})

Tell = Callable[[str], object]
"""Called with each thing that happens on a server: `item`, `waits`, `away`, `back`."""


class AutoQueue:
    """Runs a batch on one server, possibly beside others that share it.

    It sends `prompts` one after the other until the batch ends according to `progress`, which all
    servers share.
    """

    def __init__(
        self,
        client: Client,
        prompts: Prompts,
        progress: Progress,
        tell: Tell,
        *,
        return_seconds: float,
    ) -> None:
        self._client = client
        self._prompts = prompts
        self._progress = progress
        self._tell = tell
        self._return_seconds = return_seconds
        self._sent: dict[str, None] = {}
        """The ids of the prompts that have not ended, in the order they were sent."""
        self._has_taken_back = False
        """Whether the waiting ones were taken off the queue, so that all of these are running."""
        self._reports: defaultdict[str, list[Report]] = defaultdict(list)
        """The reports of the nodes, by prompt: what follows depends on how the prompt ends."""
        self._next: dict[str, str] = {}
        """What is next for each loop of the workflow, as its server last said."""
        self._errors = 0
        self._looks_at = 0.0
        self._catches_up_at = 0.0
        self._away_since: float | None = None
        self._fails_since: float | None = None
        """Since when every look at the connected server has failed."""
        self.has_worked = False
        """Whether the server has ever sent events."""

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do here while others work on the last items."""
        return self._waits and not self._sent

    @property
    def _waits(self) -> bool:
        """Whether other servers work on the last items, and no loop has anything left here."""
        return "wait" in self._next.values() and "go" not in self._next.values()

    async def run(self) -> None:
        """Send prompts until the batch ends, and the last of them has ended.

        A server that is away when the batch ends is not waited for. After an exception no prompt
        of the command waits in the server's queue.

        Raises:
            SettingsRefused, NoDatabase, RefusedByServer: the server does not take the prompt.
            Unreachable, DatabaseAway: the server, or its database, does not come back.

        """
        try:
            while not await self._run_until_away():
                pass
        except BaseException:
            with contextlib.suppress(CommandError):
                await self._client.delete(list(self._sent))
            raise

    async def interrupt(self) -> None:
        """Press Cancel on the item that runs here: never on a prompt of somebody else."""
        with contextlib.suppress(CommandError):
            for prompt_id in self._sent.keys() & await self._client.under_way():
                await self._client.interrupt(prompt_id)

    async def _run_until_away(self) -> bool:
        """Send prompts until the batch ends; False if the server went away before that."""
        try:
            with naming(self._client.url):
                await self._follow()
        except (ServerGone, Unreachable, DatabaseAway) as error:
            if not self._progress.ends:
                self._note_absence(error)
                await asyncio.sleep(PAUSE_SECONDS)
            return self._progress.ends
        return True

    def _note_absence(self, error: Exception) -> None:
        """Note since when the server, or its database, has been away; CommandError if too long."""
        now = asyncio.get_running_loop().time()
        self._fails_since = None
        if self._away_since is None:
            self._away_since = now
            if self.has_worked:
                self._tell("away")
        if not self.has_worked or now - self._away_since > self._return_seconds:
            if isinstance(error, CommandError):
                raise error
            raise Unreachable(self._client.url, error) from error

    async def _follow(self) -> None:
        """Follow the server's events until the batch has ended; raises ServerGone, Unreachable."""
        async with contextlib.aclosing(self._client.events()) as events:
            async for event in events:
                if event.type == "connected":
                    await self._catch_up()
                    if self._away_since is not None and self.has_worked:
                        self._tell("back")
                    self._away_since = None
                    self.has_worked = True
                self._take(event)
                if asyncio.get_running_loop().time() >= self._catches_up_at:
                    await self._catch_up()
                await self._act()
                if self._progress.ends and not self._sent:
                    return

    async def _act(self) -> None:
        """Send prompts, take them back, or ask whether there is again something to do."""
        if self.is_idle and not self._progress.ends:
            await self._look()
        if self._waits or self._progress.ends:
            await self._take_back()
        else:
            await self._fill()

    async def _fill(self) -> None:
        while not self._progress.ends and len(self._sent) < AHEAD:
            self._sent[await self._client.submit(*self._prompts.next())] = None
            self._has_taken_back = False

    async def _take_back(self) -> None:
        """Take waiting prompts off the queue: they would find no work, or meet the same error."""
        if self._sent and not self._has_taken_back:
            await self._client.delete(list(self._sent))
            self._has_taken_back = True
            await self._catch_up()

    async def _look(self) -> None:
        """Ask for the state of the batches that other servers are working on."""
        now = asyncio.get_running_loop().time()
        if now < self._looks_at:
            return
        self._looks_at = now + QUIET_SECONDS
        for loop_id in [each for each, following in self._next.items() if following == "wait"]:
            with self._asked_again():
                loop = await self._client.loop(loop_id)
                # An item that failed on another server can be taken again: this one may succeed.
                is_back = loop["next"] == "stop" and not loop["complete"]
                self._next[loop_id] = "go" if is_back else loop["next"]
        if {"go", "wait"}.isdisjoint(self._next.values()):
            self._progress.is_over = True

    def _take(self, event: Event) -> None:
        prompt_id = event.data.get("prompt_id")
        if prompt_id not in self._sent:
            return
        if event.type == "executed":
            self._note(prompt_id, event.data.get("output") or {})
        elif event.type in _ENDS:
            self._end(prompt_id, event.type, event.data)

    def _note(self, prompt_id: str, output: Mapping[str, Any]) -> None:
        self._errors = 0
        for report in reports_in(output):
            self._progress.note(report)
            self._reports[prompt_id].append(report)
            said = on_error_in(self._reports[prompt_id])
            self._progress.on_error = said or self._progress.on_error
            self._tell("item")
            # Without an item, there is nothing for a saver to report on.
            if report["kind"] == "progress" or report.get("filename") == "":
                waited = self._waits
                self._next[report["loop"]] = report["next"]
                if self._waits and not waited:
                    self._tell("waits")

    def _end(self, prompt_id: str, how: str, data: Mapping[str, Any]) -> None:
        del self._sent[prompt_id]
        reports = self._reports.pop(prompt_id, [])
        progress = self._progress
        if how == "execution_success":
            progress.is_over = progress.is_over or says_stop(reports)
            progress.is_told_to_stop = progress.is_told_to_stop or stops_the_run(reports)
        elif how == "execution_interrupted":
            progress.problem = progress.problem or "somebody pressed Cancel"
        else:
            self._errors += 1
            on_error = on_error_in(reports) or progress.on_error
            if "go" not in on_error or self._errors >= MOST_ERRORS:
                progress.problem = progress.problem or _problem(data)

    async def _catch_up(self) -> None:
        """Find out what has become of the sent prompts, as events may have been missed."""
        self._catches_up_at = asyncio.get_running_loop().time() + CATCH_UP_SECONDS
        if self._sent:
            with self._asked_again():
                await self._find_ended()

    async def _find_ended(self) -> None:
        """Note the end of each sent prompt that is no longer in the queue."""
        queued = await self._client.queued()
        lost = []
        for prompt_id in [each for each in self._sent if each not in queued]:
            entry = await self._client.history(prompt_id)
            if entry is None:  # deleted, or forgotten: its item is handed out again
                del self._sent[prompt_id]
                lost.append(prompt_id)
                continue
            for output in entry.get("outputs", {}).values():
                self._note(prompt_id, output)
            for how, data in entry["status"]["messages"]:
                if how in _ENDS:
                    self._end(prompt_id, how, data)
                    break
            else:
                del self._sent[prompt_id]
        if lost and not self._has_taken_back:
            self._note_loss()

    def _note_loss(self) -> None:
        """Note that prompts are gone without a trace: others take their place, but not forever."""
        self._errors += 1
        if self._errors >= MOST_ERRORS:
            lost = f"{self._client.url} loses the prompts that it is sent"
            self._progress.problem = self._progress.problem or lost

    @contextlib.contextmanager
    def _asked_again(self) -> Iterator[None]:
        """Do without the answer to a question asked now and then if the server fails to answer it.

        If it goes on to fail for as long as a server may be away, the error is raised.
        """
        try:
            yield
        except RefusedByServer as error:
            now = asyncio.get_running_loop().time()
            self._fails_since = now if self._fails_since is None else self._fails_since
            if error.status < SERVER_ERROR or now - self._fails_since > self._return_seconds:
                raise
        else:
            self._fails_since = None


def _problem(data: Mapping[str, Any]) -> str:
    said = str(data.get("exception_message") or data.get("exception_type") or "").strip()
    reason = said.splitlines()[0] if said else "no reason given"
    return f"{data.get('node_type')} (node {data.get('node_id')}): {reason}"
