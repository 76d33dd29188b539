"""What Save Image (Batch), Save Text (Batch) and Save Video (Batch) have in common."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any

from comfy_api.v0_0_2 import io as comfy_io
from comfy_execution.graph_utils import ExecutionBlocker

from ...core.background.write_behind import can_wait
from ...core.comfy import runtime
from ...core.comfy.request_origin import told
from ...core.comfy.schema import LoopSocket, combo
from ...core.comfy.threads import Threads, in_thread
from ...core.common.combo_choice import chosen
from ...core.common.errors import BatchLoopError, ClaimLost
from ...core.files.allowed_paths import AllowedFolders, resolve_target
from ...core.graph.links import is_asked_for
from ...core.graph.savers import rank_of
from ...core.model.background_writes import Turn
from ...core.model.if_exists import IfExists
from ...core.model.records import Iteration
from ...core.model.result_names import ResultName
from ...core.routes.export import progress_as_json
from ...core.turn.preview import preview
from ...core.turn.result_files import ResultFiles, Run
from ...core.turn.saved_result import Background
from ...core.turn.status_texts import progress_in

_log = logging.getLogger(__name__)

_PATH_OUTPUT = 1

HIDDEN = [comfy_io.Hidden.unique_id, comfy_io.Hidden.prompt, comfy_io.Hidden.dynprompt]
"""What a saver is told by ComfyUI."""

HIDDEN_WITH_WORKFLOW = [*HIDDEN, comfy_io.Hidden.extra_pnginfo]
"""The same of a saver that embeds the workflow, see `workflow_of`."""


def loop_input() -> comfy_io.Input:
    """The socket that says which item a result is of."""
    return LoopSocket.Input(
        "loop", tooltip="Connect the iterator's loop: it knows the name of the source."
    )


def name_inputs(folder_tooltip: str) -> list[comfy_io.Input]:
    """The settings for the folder of results, and for what their names have beside the source's."""
    return [
        comfy_io.String.Input("folder", default="batch_loop", tooltip=folder_tooltip),
        comfy_io.String.Input("prefix", default="", tooltip="Added before the source's name."),
        comfy_io.String.Input("suffix", default="", tooltip="Added after the source's name."),
    ]


def if_exists_input(numbered: str) -> comfy_io.Input:
    """The setting for what becomes of a file that exists; `numbered` is how a new one is named."""
    return combo(
        "if_exists",
        IfExists,
        IfExists.OVERWRITE_OWN,
        "What to do if the file exists already. Overwrite own replaces it if it is an earlier "
        f"result of the same source, else numbers the new file ({numbered}); overwrite replaces "
        "whatever is there; skip keeps it; rename always numbers the new file.",
    )


def keep_subfolders_input(tooltip: str) -> comfy_io.Input:
    """The setting for subfolders like those of the sources."""
    return comfy_io.Boolean.Input("keep_subfolders", default=True, tooltip=tooltip)


class ThisCall:
    """One call of a saver's node, by what ComfyUI says of it."""

    def __init__(self, hidden: Any, node_type: str) -> None:
        """`hidden` are the hidden inputs of the node, which is of the type `node_type`."""
        self._id = str(hidden.unique_id)
        self._graph = hidden.prompt or {}
        self._type = node_type
        # A node created by an expansion, as in a ComfyUI loop, is a copy of one in the graph.
        shown = hidden.dynprompt.get_display_node_id(self._id)
        self._hands_on = is_asked_for(self._graph, str(shown), _PATH_OUTPUT)
        self.run = Run(
            self._id,
            runtime.host().call(),
            rank_of(self._graph, str(shown)),
            hands_on=self._hands_on,
        )
        """Which of the prompt's results it saves."""

    def files(
        self,
        loop: Iteration,
        name: ResultName,
        settings: Mapping[str, Any],
        allowed: AllowedFolders,
        *,
        behind: bool = True,
    ) -> ResultFiles:
        """The files that the results of the loop's image go to.

        `behind` is whether they may be written while the workflow goes on.
        """
        return ResultFiles(
            loop,
            name,
            chosen(IfExists, settings["if_exists"], "if_exists"),
            allowed=allowed,
            claims=runtime.registry(),
            behind=self._background(loop, name.folder) if behind else None,
            run=self.run,
            numbering=runtime.numbering(),
        )

    def _background(self, loop: Iteration, folder: str) -> Background | None:
        """Where it may write results while the workflow goes on; None if it has to do it itself."""
        # A node created by an expansion is in no graph that could be examined.
        if loop.item is None or not can_wait(loop) or self._id not in self._graph:
            return None
        if self._hands_on:
            return None
        if runtime.host().lists_assets() and preview(os.path.join(folder, "any"), runtime.host()):
            # ComfyUI lists a result as soon as the node has run, and reads it from the disk.
            return None
        return Background(runtime.write_behind(), loop, loop.item.path, (self._id, self._type))


def wait_for_earlier(loop: Iteration, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Wait until the results of earlier images are written, see `finish_earlier`."""
    turn, spare = turn_of(loop), runtime.spare_time()
    spare.begins(turn)
    spare.goes_on(turn, waited=runtime.registry().finish_earlier(loop, meanwhile))


def turn_of(loop: Iteration) -> Turn:
    """The turn of an iteration with an image."""
    assert loop.item is not None  # noqa: S101 for the type checker: the savers have looked
    return Turn.of(loop.key, loop.prompt, loop.item)


def end(loop: Iteration) -> list[dict[str, Any]] | None:
    """End the iteration, and report on its loops; None if that is left to a Loop End."""
    ended = runtime.registry().end_with_saver(loop)
    if ended is None:
        return None
    in_part = bool(loop.without)
    return [
        progress_as_json(loop_now, in_part=in_part, status=progress_in(loop, loop_now))
        for loop_now in ended
    ]


def claim_lost(claim: ClaimLost) -> comfy_io.NodeOutput:
    """What a saver returns once another server works on its image: nothing is wrong with it."""
    _log.warning("Batch Loop: %s", claim)
    return nothing_saved()


def nothing_saved() -> comfy_io.NodeOutput:
    """What a saver returns for no image, as where its loop has none left: what follows is blocked.

    What it is given need not come from the image, as with one text for all: so it runs even then.
    """
    return comfy_io.NodeOutput(*[ExecutionBlocker(None)] * 2)


def workflow_of(hidden: Any) -> dict[str, object]:
    """What ComfyUI embeds: the prompt in API format, and what the page sent with it."""
    metadata = {} if hidden.prompt is None else {"prompt": hidden.prompt}
    return {**metadata, **(hidden.extra_pnginfo or {})}


async def validated(
    hidden: Any, folder: str | None, check: Callable[[Mapping[str, Any]], object] | None = None
) -> bool | str:
    """What `validate_inputs` of a saver returns: whether it may write, before anything runs.

    `folder` is None if another node decides it, or if it is not used. `check` is given the node's
    inputs, and raises what is wrong with them. The folder is looked at in a thread, as ComfyUI
    awaits this in its event loop.
    """
    try:
        if check is not None:
            node = runtime.host().submission().graph.get(str(hidden.unique_id), {})
            check(node.get("inputs", {}))
        if folder is not None:
            await in_thread(Threads.CHECKS, _check_folder, folder)
    except BatchLoopError as error:
        return told(error)
    return True


def _check_folder(folder: str) -> None:
    """Raise the errors of saving into the folder that can be found before the run."""
    resolve_target(folder, runtime.allowed_folders())
