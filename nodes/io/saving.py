"""What Save Image (Batch) and Save Text (Batch) have in common."""

from __future__ import annotations

import os
from typing import Any

from ...core.background.write_behind import can_wait
from ...core.comfy import runtime
from ...core.files.allowed_paths import resolve_target
from ...core.graph.links import is_asked_for
from ...core.graph.savers import rank_of
from ...core.model.records import Iteration
from ...core.routes.export import progress_as_json
from ...core.turn.preview import preview
from ...core.turn.result_files import Run
from ...core.turn.saved_result import Background
from ...core.turn.status_texts import progress_in

_PATH_OUTPUT = 1


class ThisCall:
    """One call of a saver's node, by what ComfyUI says of it."""

    def __init__(self, hidden: Any, node_type: str) -> None:
        """`hidden` are the hidden inputs of the node, which is of the type `node_type`."""
        self._id = str(hidden.unique_id)
        self._graph = hidden.prompt or {}
        self._dynprompt = hidden.dynprompt
        self._type = node_type

    def run(self) -> Run:
        """Which of the prompt's results it saves."""
        # A node created by an expansion, as in a ComfyUI loop, is a copy of one in the graph.
        shown = self._dynprompt.get_display_node_id(self._id)
        return Run(self._id, runtime.host().call(), rank_of(self._graph, str(shown)))

    def background(self, loop: Iteration, folder: str) -> Background | None:
        """Where it may write results while the workflow goes on; None if it has to do it itself."""
        # A node created by an expansion is in no graph that could be examined.
        if loop.item is None or not can_wait(loop) or self._id not in self._graph:
            return None
        if is_asked_for(self._graph, self._id, _PATH_OUTPUT):
            return None
        if runtime.host().lists_assets() and preview(os.path.join(folder, "any"), runtime.host()):
            # ComfyUI lists a result as soon as the node has run, and reads it from the disk.
            return None
        return Background(runtime.write_behind(), loop, loop.item.path, (self._id, self._type))


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


def check_folder(folder: str) -> None:
    """Raise the errors of saving into the folder that can be found before the run."""
    resolve_target(folder, runtime.allowed_folders())
