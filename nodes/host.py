"""The door to ComfyUI: prompts and how they end, folders, and the prompt that is being checked.

Beside this module, only the node files import anything of ComfyUI's.
"""

# Written against what ComfyUI 0.3.52 and all since have.

from __future__ import annotations

import functools
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextvars import ContextVar
from socket import gethostname
from typing import Any

import folder_paths
import psutil
from aiohttp import web
from comfy.cli_args import args as cli_args
from comfy.model_management import throw_exception_if_processing_interrupted
from comfy_execution.utils import get_executing_context
from server import PromptServer

from .io.protected import CUSTOM_NODES
from .loop.errors import OutsidePrompt
from .loop.prompt import Ending, Failure, Outcome, Prompt, client_named
from .names import ENV_PREFIX, NODE_PREFIX, UI_KEY
from .processes import running

SERVER_VARIABLE = ENV_PREFIX + "SERVER"
"""Environment variable with a name for this machine, among those that share a database."""

Middleware = Callable[..., Awaitable[web.StreamResponse]]

Graph = Mapping[str, Mapping[str, Any]]
"""A prompt in API format: node id to `class_type` and `inputs`."""

_submitted_graph: ContextVar[Graph | None] = ContextVar("batch_loop_submitted_graph", default=None)


class ComfyHost:
    """The ComfyUI server that this process is."""

    def install(self) -> None:
        """Have ComfyUI show every submission to `_note_submission`. Call once, at loading."""
        PromptServer.instance.add_on_prompt_handler(self._note_submission)

    def add_middleware(self, middleware: Middleware) -> None:
        """Add an aiohttp middleware, innermost. Only while ComfyUI loads its packs."""
        PromptServer.instance.app.middlewares.append(middleware)

    def folder(self, kind: str) -> str | None:
        """The folder that ComfyUI's `/view` calls `kind`; None if it knows none of that name."""
        found = folder_paths.get_directory_by_type(kind)
        return None if found is None else str(found)

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def current_prompt(self) -> Prompt:
        """The prompt whose node runs in this thread; OutsidePrompt when none does."""
        context = get_executing_context()
        queue = PromptServer.instance.prompt_queue
        with queue.mutex:
            for entry in queue.currently_running.values():
                if context is not None and entry[1] == context.prompt_id:
                    return _prompt(entry)
        message = (
            "Batch Loop's nodes work in prompts that ComfyUI's queue runs, and this one was not "
            f"found there (executing context: {context!r}). Submit the workflow to ComfyUI's "
            "/prompt, as its page does."
        )
        raise OutsidePrompt(message)

    @functools.cached_property
    def server(self) -> str:
        """This process: the machine, the process id, and when the process began.

        An id alone is given out again; in a container it may be the same each time.
        """
        process = psutil.Process()
        return f"{self._machine}/{process.pid}/{process.create_time():.3f}"

    @functools.cached_property
    def _machine(self) -> str:
        """A name that no other machine has that shares the store."""
        given = os.environ.get(SERVER_VARIABLE, "").strip()
        # Machines may have the same name, and containers on two of them the same address.
        return given or f"{gethostname()}-{_network_address()}"

    def is_alive(self, server: str) -> bool | None:
        """Whether another server process still runs; None for one that is on another machine."""
        machine, *process = server.rsplit("/", 2)
        if machine != self._machine or len(process) != 2:  # noqa: PLR2004 - id, and when it began
            return None
        try:
            other = running(int(process[0]))
            return other is not None and f"{other.create_time():.3f}" == process[1]
        except (psutil.Error, ValueError):
            return False

    def raise_if_cancelled(self) -> None:
        """Raise ComfyUI's own exception, if a person has pressed Cancel on the running prompt."""
        throw_exception_if_processing_interrupted()

    def outcome(self, prompt: Prompt) -> Outcome:
        """How `prompt` ended, from the queue's history."""
        queue = PromptServer.instance.prompt_queue
        # The queue moves a prompt from running to history in one step under this lock.
        with queue.mutex:
            if _is_running(queue, prompt):
                return Outcome(Ending.RUNNING)
            entry = queue.history.get(prompt.id)
            if entry is None:
                return Outcome(Ending.STOPPED)
            return _outcome(entry)

    def saved(self, prompt: Prompt) -> tuple[str, ...]:
        """Real paths of the files that a prompt's output nodes said they saved, by the history."""
        queue = PromptServer.instance.prompt_queue
        with queue.mutex:
            outputs = (queue.history.get(prompt.id) or {}).get("outputs") or {}
        return tuple(_saved_files(outputs))

    def has_ended(self, prompt: Prompt) -> bool:
        """Whether a prompt of this server has ended, however it did."""
        queue = PromptServer.instance.prompt_queue
        with queue.mutex:
            return not _is_running(queue, prompt)

    def submitted_graph(self) -> Graph | None:
        """The prompt that the request of this thread has submitted, while it is validated."""
        return _submitted_graph.get()

    def input_folder(self) -> str:
        """ComfyUI's input folder."""
        return str(folder_paths.get_input_directory())

    def output_folder(self) -> str:
        """ComfyUI's output folder."""
        return str(folder_paths.get_output_directory())

    def temp_folder(self) -> str:
        """ComfyUI's temp folder."""
        return str(folder_paths.get_temp_directory())

    def user_folder(self) -> str:
        """ComfyUI's user folder, where packs keep their settings."""
        return str(folder_paths.get_user_directory())

    def program_folders(self) -> dict[str, tuple[str, ...]]:
        """ComfyUI's own folders, which no workflow may change, by what they are called."""
        packs: list[str] = []
        models: list[str] = []
        # Packs add to it, so that it is copied first, and not all in it need be of one form.
        for kind, (folders, *_) in list(folder_paths.folder_names_and_paths.items()):
            # Pictures to train with are no models.
            if kind != "datasets":
                named = packs if kind == CUSTOM_NODES.replace(" ", "_") else models
                named += [folders] if isinstance(folders, str) else map(str, folders)
        # ComfyUI takes models from some folders right in its output folder, too.
        models = [each for each in models if os.path.dirname(each) != self.output_folder()]
        return {
            "user folder": (self.user_folder(),),
            CUSTOM_NODES: tuple(packs),
            "models": (str(folder_paths.models_dir), *models),
            "program files": (os.path.dirname(os.path.realpath(folder_paths.__file__)),),
        }

    def metadata_allowed(self) -> bool:
        """Whether results may hold the workflow: ComfyUI's option --disable-metadata forbids it."""
        return not cli_args.disable_metadata

    def _note_submission(self, submission: dict[str, Any]) -> dict[str, Any]:
        """Remember a submission's graph for validation, and write the time of it down.

        ComfyUI calls this in the request that it then validates the prompt in, so that a context
        variable carries the graph from here to `validate_inputs`, which is not given it.
        """
        graph = submission.get("prompt")
        _submitted_graph.set(graph if isinstance(graph, dict) else None)
        if isinstance(graph, dict) and any(_is_ours(node) for node in graph.values()):
            extra = submission.setdefault("extra_data", {})
            if isinstance(extra, dict):
                extra[UI_KEY] = {"submitted_at": self.now()}
        return submission


def _network_address() -> str:
    """A hardware address of this machine: one that its maker gave, where there is one."""
    addresses = {
        address.address.replace("-", ":").lower()
        for of_one in psutil.net_if_addrs().values()
        for address in of_one
        if address.family == psutil.AF_LINK and address.address.strip("0:-")
    }
    # Those of virtual networks, which come and go, are marked in the first byte.
    return min(addresses, key=lambda each: (int(each[:2], 16) & 2, each), default="")


def _is_running(queue: Any, prompt: Prompt) -> bool:
    """Whether the queue, whose lock is held, runs a prompt now."""
    return any(
        entry[1] == prompt.id and _prompt(entry) == prompt
        for entry in queue.currently_running.values()
    )


def _is_ours(node: object) -> bool:
    return isinstance(node, dict) and str(node.get("class_type", "")).startswith(NODE_PREFIX)


def _prompt(entry: tuple[Any, ...]) -> Prompt:
    """The prompt of an entry of the queue: (number, id, graph, extra data, outputs, ...)."""
    extra = entry[3]
    noted = extra.get(UI_KEY, {}).get("submitted_at")
    # A prompt that was put into the queue past the handler has ComfyUI's own note, in ms, from
    # 0.3.75 on; before that it counts as the oldest, which never starts a batch over.
    submitted_at = extra.get("create_time", 0) / 1000 if noted is None else noted
    return Prompt(entry[1], submitted_at, client_named(extra.get("client_id")))


def _outcome(entry: Mapping[str, Any]) -> Outcome:
    """The outcome in an entry of the history."""
    status = entry.get("status") or {}
    ended_at = None
    # Other messages may follow the one that ended the prompt, never another of these.
    for event, data in status.get("messages", ()):
        if event == "execution_interrupted":
            return Outcome(Ending.STOPPED, ended_at=_time_of(data))
        if event == "execution_error":
            return Outcome(Ending.ERROR, _failure(data), _time_of(data))
        if event == "execution_success":
            ended_at = _time_of(data)
    if status.get("status_str") == "success":
        return Outcome(Ending.SUCCESS, ended_at=ended_at)
    return Outcome(Ending.STOPPED)


def _time_of(message: Mapping[str, Any]) -> float | None:
    """When a message was sent; ComfyUI notes it in milliseconds."""
    noted = message.get("timestamp")
    return noted / 1000 if isinstance(noted, (int, float)) else None


def _failure(data: Mapping[str, Any]) -> Failure:
    message = str(data.get("exception_message") or "").strip()
    return Failure(
        reason=message or str(data.get("exception_type") or "no reason given"),
        node_id=str(data.get("node_id")),
        node_type=str(data.get("node_type")),
    )


def _saved_files(outputs: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Real paths of the files in the `ui` results of a prompt's nodes, as previews name them."""
    for result in outputs.values():
        for files in result.values():
            if not isinstance(files, (list, tuple)):
                continue
            for file in files:
                # By these two keys newer ComfyUI, too, tells a file from other entries.
                if isinstance(file, dict) and {"filename", "type"} <= file.keys():
                    folder = folder_paths.get_directory_by_type(file["type"])
                    if folder is not None:
                        subfolder = str(file.get("subfolder") or "")
                        yield os.path.realpath(
                            os.path.join(folder, subfolder, str(file["filename"]))
                        )
