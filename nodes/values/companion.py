"""What Companion Image and Companion Text have in common."""

from __future__ import annotations

from typing import Any

from comfy_api.v0_0_2 import io as comfy_io
from comfy_execution.graph_utils import ExecutionBlocker

from ...core.comfy import runtime
from ...core.comfy.request_origin import told
from ...core.comfy.schema import LoopSocket, combo
from ...core.comfy.threads import Threads, in_thread
from ...core.common.combo_choice import chosen
from ...core.common.errors import BatchLoopError
from ...core.graph.companions import MISSING_INPUT, PATTERN_INPUT
from ...core.model.selection import Companion, CompanionKind, WhenMissing
from ...core.turn.companion_requests import check_companion


def companion_inputs(default: str, empty: str) -> list[comfy_io.Input]:
    """The loop, the pattern, and what becomes of an image without such a file.

    `empty` says what an empty companion is.
    """
    return [
        LoopSocket.Input(
            "loop", tooltip="Connect the iterator's loop: it knows the name of the source."
        ),
        comfy_io.String.Input(
            PATTERN_INPUT,
            default=default,
            # No braces: ComfyUI's frontend would treat them as placeholders.
            tooltip="How the file is named: as seen from the folder of the image, or as a full "
            "path. The words stem, filename and subfolder, in braces, stand for those of the "
            "image, and an asterisk for any text or extension.",
        ),
        combo(
            MISSING_INPUT,
            WhenMissing,
            WhenMissing.FAIL,
            "When an image has no such file: Fail treats it as an image that cannot be read, Empty "
            f"gives {empty}, and Leave the image out takes it out of the batch.",
        ),
    ]


def companion(kind: CompanionKind, pattern: str, when_missing: str) -> Companion:
    """The companion that a node asks for; raises InvalidSetting."""
    return Companion(pattern.strip(), chosen(WhenMissing, when_missing, MISSING_INPUT), kind)


async def checked(hidden: Any) -> bool | str:
    """What ComfyUI is to say of the node's inputs before anything runs: True, or an error.

    In a thread, as ComfyUI awaits it in its event loop.
    """
    graph = runtime.host().submission().graph
    try:
        await in_thread(
            Threads.CHECKS,
            check_companion,
            graph,
            str(hidden.unique_id),
            runtime.allowed_folders(),
        )
    except BatchLoopError as error:
        return told(error)
    return True


def no_image_left(outputs: int) -> comfy_io.NodeOutput:
    """What such a node returns where its loop has no image left: what follows is blocked."""
    return comfy_io.NodeOutput(*[ExecutionBlocker(None)] * outputs)
