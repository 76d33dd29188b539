"""Entries of the queue of ComfyUI, which are tuples: number, id, graph, extra data and more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from comfy_execution.utils import get_executing_context
from server import PromptServer

from ..common.errors import OutsidePrompt
from ..common.names import UI_KEY
from ..model.prompt import Prompt, Sender, client_named


def current_entry() -> tuple[Any, ...]:
    """The queue's entry of the prompt whose node runs in this thread.

    Raises OutsidePrompt if none does.
    """
    context = get_executing_context()
    queue = PromptServer.instance.prompt_queue
    with queue.mutex:
        for entry in queue.currently_running.values():
            if context is not None and entry[1] == context.prompt_id:
                found: tuple[Any, ...] = entry
                return found
    message = (
        "Batch Loop's nodes work in prompts that ComfyUI's queue runs, and this one was not "
        f"found there (executing context: {context!r}). Submit the workflow to ComfyUI's "
        "/prompt, as its page does."
    )
    raise OutsidePrompt(message)


def is_running(queue: Any, prompt: Prompt) -> bool:
    """Whether the queue is running a prompt; the queue's lock has to be held."""
    return any(
        entry[1] == prompt.id and prompt_of(entry) == prompt
        for entry in queue.currently_running.values()
    )


def prompt_of(entry: tuple[Any, ...]) -> Prompt:
    """The prompt of an entry."""
    extra = entry[3]
    noted = note_of(entry).get("submitted_at")
    # A prompt that was queued without the handler has a time of ComfyUI's, in ms, since 0.3.75;
    # before that it counts as the oldest, which never starts a batch over.
    submitted_at = extra.get("create_time", 0) / 1000 if noted is None else noted
    client = client_named(extra.get("client_id"))
    sender = Sender(note_of(entry).get("sender", Sender.SCRIPT))
    return Prompt(entry[1], submitted_at, client, note_of(entry).get("steady"), sender)


def note_of(entry: tuple[Any, ...]) -> Mapping[str, Any]:
    """What the host has written into the extra data of an entry of the queue."""
    noted = entry[3].get(UI_KEY)
    return noted if isinstance(noted, dict) else {}
