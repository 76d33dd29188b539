"""The interface to ComfyUI: prompts and their outcomes, folders, and the submission being checked.

Apart from this folder, only the node files import anything from ComfyUI.
"""

# Uses only what ComfyUI has had since 0.3.52.

from __future__ import annotations

import asyncio
import copy
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import execution
import folder_paths
import nodes
from aiohttp import web
from comfy.cli_args import args as cli_args
from comfy.model_management import throw_exception_if_processing_interrupted
from comfy.utils import ProgressBar
from comfy_execution.utils import get_executing_context
from server import PromptServer

from ..common.names import NODE_PREFIX, UI_KEY
from ..common.processes import is_at_work, this_process
from ..files.protected import CUSTOM_NODES
from ..graph.links import Graph
from ..graph.required_nodes import Fault, Submission, Unrun, faults, unrun
from ..model.loop_key import title_named, workflow_named
from ..model.prompt import Ending, Outcome, Prompt, Saved, Sender
from .history import saved_in
from .outcomes import outcome_of
from .queue_entries import current_entry, is_running, note_of, prompt_of
from .request_origin import is_from_here

_PROGRAM_FOLDER = os.path.dirname(os.path.realpath(folder_paths.__file__))

Middleware = Callable[..., Awaitable[web.StreamResponse]]

_log = logging.getLogger(__name__)

_submission: ContextVar[Submission] = ContextVar("batch_loop_submission")


class ComfyHost:
    """The ComfyUI server of this process."""

    def install(self) -> None:
        """Have ComfyUI pass every submission to `_note_submission`. Call once, on loading."""
        PromptServer.instance.add_on_prompt_handler(self._note_submission)

    def add_middleware(self, middleware: Middleware) -> None:
        """Add an innermost aiohttp middleware; only while ComfyUI loads its packs."""
        PromptServer.instance.app.middlewares.append(middleware)

    def when_started(self, begin: Callable[[], object]) -> None:
        """Have `begin` called when the server begins to answer; only while packs are loaded."""

        async def started(_app: web.Application) -> None:
            begin()

        PromptServer.instance.app.on_startup.append(started)

    def folder(self, kind: str) -> str | None:
        """The folder that ComfyUI's `/view` calls `kind`; None if there is none."""
        found = folder_paths.get_directory_by_type(kind)
        return None if found is None else str(found)

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def steady(self) -> float:
        """Seconds on a monotonic clock."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Sleep."""
        threading.Event().wait(seconds)

    def current_prompt(self) -> Prompt:
        """The prompt whose node runs in this thread; raises OutsidePrompt if none does."""
        return prompt_of(current_entry())

    def current_submission(self) -> Submission:
        """The submission of that prompt; raises OutsidePrompt."""
        entry = current_entry()
        # A prompt that was queued without the handler has no note: it asks for all outputs.
        noted = note_of(entry)
        named = noted.get("workflow", ""), noted.get("title", "")
        return Submission(entry[2], noted.get("targets"), *named)

    def is_asked_from_here(self) -> bool:
        """Whether that prompt was sent from this machine; raises OutsidePrompt."""
        return note_of(current_entry()).get("here") is True

    def unrun(self, submission: Submission, node_id: str) -> Unrun:
        """The output nodes that the node feeds but that do not run in that prompt.

        `submission` is that of the prompt.
        """
        return unrun(submission, node_id, current_entry()[4], _is_output)

    def faults(self, graph: Graph, outputs: Collection[str]) -> tuple[Fault, ...]:
        """The errors that ComfyUI's validation finds in output nodes and the nodes that feed them.

        ComfyUI does not keep those that it found at the submission, so its validation is run again.
        () if it finds none this time, or fails.
        """
        try:
            # It needs another event loop than the one that runs nodes, and changes the graph.
            validation = execution.validate_prompt("", copy.deepcopy(dict(graph)), list(outputs))
            with ThreadPoolExecutor(max_workers=1) as thread:
                answer = thread.submit(asyncio.run, validation).result()
            return faults(graph, answer[3])
        except Exception as error:  # noqa: BLE001 - what it raises or returns is up to ComfyUI
            _log.warning("Batch Loop: ComfyUI could not be asked what is wrong: %r", error)
            return ()

    def call(self) -> int:
        """The number of this thread's call of its node, from 0: one call per list element.

        The numbers are those of the elements, even if some are blocked.
        """
        context = get_executing_context()
        return 0 if context is None else context.list_index or 0

    @property
    def server(self) -> str:
        """The unique name of this process."""
        return this_process().name

    def is_alive(self, server: str, *, is_here: bool) -> bool | None:
        """Whether another server process still runs; None if that cannot be told from here.

        With `is_here` it is known to run on this machine, if it runs at all.
        """
        return is_at_work(server, is_here=is_here)

    def raise_if_cancelled(self) -> None:
        """Raise ComfyUI's own exception, if a person has pressed Cancel on this thread's prompt.

        Does nothing if no prompt runs in this thread, as asking would clear ComfyUI's flag.
        """
        if get_executing_context() is not None:
            throw_exception_if_processing_interrupted()

    def progress(self) -> Callable[[int, int], object]:
        """A bar on the running node, to be told how many of how many steps are done."""
        bar = ProgressBar(1)
        told: Callable[[int, int], object] = bar.update_absolute
        return told

    def outcome(self, prompt: Prompt) -> Outcome:
        """How `prompt` ended, from the queue's history."""
        queue = PromptServer.instance.prompt_queue
        # The queue moves a prompt from running to history in one step under this lock.
        with queue.mutex:
            if is_running(queue, prompt):
                return Outcome(Ending.RUNNING)
            entry = queue.history.get(prompt.id)
            if entry is None:
                return Outcome(Ending.STOPPED)
            return outcome_of(entry)

    def saved(self, prompt: Prompt) -> tuple[Saved, ...]:
        """The files that a prompt's output nodes saved, from the history."""
        queue = PromptServer.instance.prompt_queue
        with queue.mutex:
            entry = queue.history.get(prompt.id) or {}
        return tuple(saved_in(entry))

    def has_ended(self, prompt: Prompt) -> bool:
        """Whether a prompt of this server has ended, in whatever way."""
        queue = PromptServer.instance.prompt_queue
        with queue.mutex:
            return not is_running(queue, prompt)

    def submission(self) -> Submission:
        """The submission that the current request is validating; empty if there is none."""
        return _submission.get(Submission({}))

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
        """ComfyUI's own folders, which no workflow may change, by name."""
        packs: list[str] = []
        models: list[str] = []
        # Packs may be adding to it meanwhile, in different forms.
        for kind, (folders, *_) in list(folder_paths.folder_names_and_paths.items()):
            # Images for training are not models.
            if kind != "datasets":
                named = packs if kind == CUSTOM_NODES.replace(" ", "_") else models
                named += [folders] if isinstance(folders, str) else map(str, folders)
        # ComfyUI also loads models from some folders directly in its output folder.
        output = self.output_folder()
        models = [each for each in models if os.path.dirname(each) != output]
        return {
            "user folder": (self.user_folder(),),
            CUSTOM_NODES: tuple(packs),
            "models": (str(folder_paths.models_dir), *models),
            "program files": (_PROGRAM_FOLDER,),
        }

    def metadata_allowed(self) -> bool:
        """Whether results may contain the workflow: ComfyUI's --disable-metadata forbids it."""
        return not cli_args.disable_metadata

    def lists_assets(self) -> bool:
        """Whether ComfyUI keeps a list of results, which newer versions have as an option."""
        return bool(getattr(cli_args, "enable_assets", False))

    def has_native_loops(self) -> bool:
        """Whether ComfyUI has loops of its own, Start Loop and End Loop, as from 0.36 on.

        Other packs may have different nodes of these names.
        """
        return _boundary("StartLoop") == "start" and _boundary("EndLoop") == "end"

    def _note_submission(self, submission: dict[str, Any]) -> dict[str, Any]:
        """Remember a submission for validation, and record its time and what it asks for.

        ComfyUI calls this in the same request in which it then validates the prompt, so a context
        variable can carry the graph from here to `validate_inputs`, which does not receive it.
        """
        graph = submission.get("prompt")
        if not isinstance(graph, dict):
            _submission.set(Submission({}))
            return submission
        targets = _targets(graph, submission.get("partial_execution_targets"))
        workflow, title = _workflow(submission.get("extra_data"))
        _submission.set(Submission(graph, targets, workflow, title))
        if any(_is_ours(node) for node in graph.values()):
            extra = submission.setdefault("extra_data", {})
            if isinstance(extra, dict):
                times = {"submitted_at": self.now(), "steady": self.steady()}
                named = {"workflow": workflow, "title": title, "sender": _sender(extra).value}
                extra[UI_KEY] = {**times, **named, "targets": targets, "here": is_from_here()}
        return submission


def _targets(graph: Graph, asked: Any) -> list[str] | None:
    """The nodes of a graph whose outputs a submission asks for; None for all."""
    if asked is None:
        return None
    try:
        return [node_id for node_id in graph if node_id in asked]
    except TypeError:  # not a list: ComfyUI's own validation refuses it
        return None


def _workflow(extra: Any) -> tuple[str, str]:
    """The id and the name of a submission's workflow, from its extra data; empty if not there.

    Whoever sends no workflow may send these two in `extra_data.batch_loop`.
    """
    extra = extra if isinstance(extra, dict) else {}
    said = extra.get(UI_KEY)
    said = said if isinstance(said, dict) else {}
    picture = extra.get("extra_pnginfo")
    sent = picture.get("workflow") if isinstance(picture, dict) else None
    own = sent.get("id") if isinstance(sent, dict) else None
    title = title_named(said.get("title"))
    return workflow_named(said.get("workflow")) or workflow_named(own), title


def _sender(extra: Mapping[str, Any]) -> Sender:
    """What sends this extra data: the command says so, and a page has a workflow with it."""
    said = extra.get(UI_KEY)
    if isinstance(said, dict) and said.get("sender") == Sender.COMMAND.value:
        return Sender.COMMAND
    return Sender.PAGE if "extra_pnginfo" in extra else Sender.SCRIPT


def _is_output(class_type: str) -> bool:
    """Whether nodes of a type are output nodes, as ComfyUI determines it."""
    return getattr(nodes.NODE_CLASS_MAPPINGS.get(class_type), "OUTPUT_NODE", False) is True


def _boundary(class_type: str) -> object:
    """The role of a node type in ComfyUI's own loops: "start", "end" or None."""
    schema = getattr(nodes.NODE_CLASS_MAPPINGS.get(class_type), "GET_SCHEMA", None)
    return getattr(schema(), "loop_boundary", None) if schema else None


def _is_ours(node: object) -> bool:
    return isinstance(node, dict) and str(node.get("class_type", "")).startswith(NODE_PREFIX)
