"""A small synchronous client of a ComfyUI server: prompts, their results, and plain routes."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import requests

from .errors import ToolError
from .results import Event, EventLog, RunResult, ServerGone, result_of

Prompt = Mapping[str, Mapping[str, Any]]
"""A workflow in API format, by node id."""

HTTP_SECONDS = 30.0
RUN_SECONDS = 60.0
POLL_SECONDS = 0.05


class PromptRejected(ToolError):
    """Raised when ComfyUI refuses a prompt before it runs.

    `error` and `node_errors` are as the server sent them; `messages` are the same as sentences,
    one for the prompt and one for each faulty input.
    """

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self.error: dict[str, Any] = dict(answer.get("error") or {})
        self.node_errors: dict[str, Any] = dict(answer.get("node_errors") or {})
        self.messages = [_sentence(self.error)] if self.error else []
        for node_id, at_fault in self.node_errors.items():
            self.messages += [
                f"node {node_id} ({at_fault['class_type']}): {_sentence(error)}"
                for error in at_fault["errors"]
            ]
        super().__init__("ComfyUI refused the prompt: " + "; ".join(self.messages))


class UnexpectedAnswer(ToolError):
    """Raised when a route answers with an HTTP error, which `status` and `body` describe."""

    def __init__(self, method: str, path: str, status: int, body: str) -> None:
        self.status = status
        self.body = body
        super().__init__(f"{method} {path} answered {status}: {body[:500]}")


@dataclass(frozen=True)
class Queue:
    """The ids of the running and of the waiting prompts, in the order they will run in."""

    running: tuple[str, ...]
    pending: tuple[str, ...]


class ComfyClient(AbstractContextManager["ComfyClient"]):
    """One client with its own id and websocket; close it, or use it in a `with` statement.

    `url` has no trailing slash. `events` has everything that the server has sent to this client
    since it was made, broadcasts included.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.client_id = uuid.uuid4().hex
        self.workflow = ""
        """The id of the workflow that prompts are said to be of, unless they say so themselves."""
        self._session = requests.Session()
        # By prompt id: how many events there were before it was submitted.
        self._submitted: dict[str, int] = {}
        self._log = EventLog(f"ws{url.removeprefix('http')}/ws?clientId={self.client_id}")

    @property
    def events(self) -> tuple[Event, ...]:
        """All events so far, oldest first."""
        return self._log.events()

    def submit(
        self,
        prompt: Prompt,
        *,
        extra: Mapping[str, Any] | None = None,
        targets: Sequence[str] | None = None,
        front: bool = False,
        lenient: bool = False,
    ) -> str:
        """Queue a prompt and return its id; raises `PromptRejected` if it is refused.

        `extra` is the prompt's `extra_data` (`{"extra_pnginfo": {"workflow": …}}`). `targets` are
        the only output nodes to run, as when the frontend runs a part of the graph. If only some
        outputs are valid, ComfyUI runs just those; here the prompt is taken off the queue and
        refused, unless `lenient`.
        """
        body: dict[str, Any] = {"prompt": prompt, "client_id": self.client_id}
        said = {"batch_loop": {"workflow": self.workflow}} if self.workflow else {}
        body["extra_data"] = {**said, **(extra or {})}
        if targets is not None:
            body["partial_execution_targets"] = list(targets)
        if front:
            body["front"] = True
        events_before = self._log.count
        try:
            data = self.post_json("/prompt", body)
        except UnexpectedAnswer as error:
            if error.status != requests.codes.bad_request:
                raise
            raise PromptRejected(json.loads(error.body)) from None
        prompt_id: str = data["prompt_id"]
        self._submitted[prompt_id] = events_before
        if data.get("node_errors") and not lenient:
            self.delete(prompt_id)
            raise PromptRejected(data)
        return prompt_id

    def wait(self, prompt_id: str, timeout: float = RUN_SECONDS) -> RunResult:
        """Wait until a prompt of this client has ended and is in the history; returns its result.

        Raises `ToolError` after `timeout` seconds, and `ServerGone` when the server goes away.
        """
        has_started = False

        def has_ended(event: Event) -> bool:
            nonlocal has_started
            if event.data.get("prompt_id") == prompt_id:
                has_started = True
                # The server sends this after it has written the history.
                return event.type == "executing" and event.data["node"] is None
            # A prompt that is taken off the queue ends without an event of its own.
            return event.type == "status" and not has_started and self._is_gone(prompt_id)

        since = self._submitted.get(prompt_id, 0)
        self._log.wait_for(has_ended, timeout, f"the end of prompt {prompt_id}", since)
        return result_of(prompt_id, self.history(prompt_id), self._log.events(since))

    def run(
        self,
        prompt: Prompt,
        *,
        extra: Mapping[str, Any] | None = None,
        targets: Sequence[str] | None = None,
        timeout: float = RUN_SECONDS,
    ) -> RunResult:
        """`submit`, then `wait`."""
        return self.wait(self.submit(prompt, extra=extra, targets=targets), timeout)

    def wait_for(
        self, matches: Callable[[Event], bool], timeout: float = RUN_SECONDS, what: str = "an event"
    ) -> Event:
        """The first event, past or future, that `matches`; waits for it."""
        return self._log.wait_for(matches, timeout, what)

    def wait_until_executing(
        self, prompt_id: str, node_id: str, timeout: float = RUN_SECONDS
    ) -> None:
        """Wait until that node of that prompt has started."""

        def is_it(event: Event) -> bool:
            about = (event.data.get("node"), event.data.get("prompt_id"))
            return event.type == "executing" and about == (node_id, prompt_id)

        since = self._submitted.get(prompt_id, 0)
        self._log.wait_for(is_it, timeout, f"node {node_id} of prompt {prompt_id}", since)

    def interrupt(self, prompt_id: str | None = None) -> None:
        """Cancel the running prompt, or (0.3.75 and later) only that one if it runs."""
        self.post("/interrupt", {"prompt_id": prompt_id} if prompt_id else {})

    def history(self, prompt_id: str) -> dict[str, Any] | None:
        """The prompt's entry in the history; None if it has not ended or was deleted."""
        entry: dict[str, Any] | None = self.get_json(f"/history/{prompt_id}").get(prompt_id)
        return entry

    def queue(self) -> Queue:
        """What runs and what waits now."""
        data = self.get_json("/queue")
        pending = sorted(data["queue_pending"], key=lambda item: float(item[0]))
        return Queue(
            running=tuple(item[1] for item in data["queue_running"]),
            pending=tuple(item[1] for item in pending),
        )

    def wait_until_idle(self, timeout: float = RUN_SECONDS) -> None:
        """Wait until no prompt of any client runs or waits."""

        def is_idle() -> bool:
            queue = self.queue()
            return not queue.running and not queue.pending

        since = self._log.count
        if not is_idle():
            # The server sends this to every client when its queue changes.
            self._log.wait_for(
                lambda event: event.type == "status" and is_idle(), timeout, "an empty queue", since
            )

    def clear_queue(self) -> None:
        """Take every waiting prompt off the queue; the running one continues."""
        self.post("/queue", {"clear": True})

    def end_all(self) -> None:
        """Cancel all prompts of any client, and wait until the queue is empty.

        ComfyUI forgets an interrupt that comes just before a prompt's start, so they are repeated.
        """
        self.clear_queue()
        deadline = time.monotonic() + RUN_SECONDS
        while self.queue().running:
            if time.monotonic() > deadline:
                raise ToolError(f"a prompt goes on {RUN_SECONDS:.0f} s after it was interrupted")
            self.interrupt()
            time.sleep(POLL_SECONDS)

    def delete(self, prompt_id: str) -> None:
        """Take one waiting prompt off the queue."""
        self.post("/queue", {"delete": [prompt_id]})

    def get_json(self, path: str, **params: str) -> Any:
        """GET a route's JSON; raises `UnexpectedAnswer` on an HTTP error."""
        return self._ask("GET", path, params=params).json()

    def post_json(self, path: str, body: object = None) -> Any:
        """POST JSON to a route and return its JSON; raises `UnexpectedAnswer`."""
        return self.post(path, body).json()

    def post(self, path: str, body: object = None) -> requests.Response:
        """POST JSON to a route that may answer without JSON; raises `UnexpectedAnswer`."""
        return self._ask("POST", path, json=body)

    def close(self) -> None:
        """Close the websocket and the connections."""
        self._log.close()
        self._session.close()

    def __exit__(self, *_error: object) -> None:
        """Close."""
        self.close()

    def _is_gone(self, prompt_id: str) -> bool:
        # In this order, as a prompt that ends between the two requests is in the history.
        queue = self.queue()
        if prompt_id in queue.running or prompt_id in queue.pending:
            return False
        return self.history(prompt_id) is None

    def _ask(self, method: str, path: str, **details: Any) -> requests.Response:
        url = f"{self.url}{path}"
        try:
            answer = self._session.request(method, url, timeout=HTTP_SECONDS, **details)
        except requests.ConnectionError as error:
            raise ServerGone(f"the server does not answer: {method} {path}") from error
        if not answer.ok:
            raise UnexpectedAnswer(method, path, answer.status_code, answer.text)
        return answer


def _sentence(error: Mapping[str, Any]) -> str:
    message = str(error.get("message", "")).strip()
    details = str(error.get("details", "")).strip()
    return f"{message}: {details}" if details and details != message else message
