"""Batch Loop: run a workflow over a folder of images, one prompt per image."""

from __future__ import annotations

from comfy_api.v0_0_2 import ComfyExtension
from comfy_api.v0_0_2 import io as comfy_io
from server import PromptServer

from .core import routes
from .core.comfy import runtime
from .core.comfy.model_files import files_of
from .core.comfy.request_origin import notes_where_from
from .core.comfy.schema import HAS_AUDIO, HAS_VIDEO
from .core.comfy.templates import leaves_out_templates
from .core.comfy.view_waits import waits_for_writes
from .core.films.encoders import codecs_at_hand
from .nodes.io.after_learning import AfterLearning
from .nodes.io.audio_iterator import AudioIterator
from .nodes.io.directory_iterator import DirectoryIterator
from .nodes.io.frame_iterator import FrameIterator
from .nodes.io.row_iterator import RowIterator
from .nodes.io.save_image import SaveImage
from .nodes.io.save_text import SaveText
from .nodes.io.save_video import SaveVideo
from .nodes.io.video_iterator import VideoIterator
from .nodes.loop.assemble_video import AssembleVideo
from .nodes.loop.batch_complete import BatchComplete
from .nodes.loop.contact_sheet import ContactSheet
from .nodes.loop.end_queue import EndQueue
from .nodes.loop.gather import Gather
from .nodes.loop.loop_end import EndIteration, LoopEnd
from .nodes.loop.loop_start import LoopStart, WholeList
from .nodes.values.companion_image import CompanionImage
from .nodes.values.companion_text import CompanionText
from .nodes.values.row_value import RowValue
from .nodes.values.variant_value import VariantValue
from .nodes.values.variants import Variants

WEB_DIRECTORY = "./web"

__all__ = ["WEB_DIRECTORY", "BatchLoopExtension", "comfy_entrypoint"]

NODES: list[type[comfy_io.ComfyNode]] = [
    DirectoryIterator,
    LoopStart,
    LoopEnd,
    BatchComplete,
    EndQueue,
    SaveImage,
    SaveText,
    RowIterator,
    RowValue,
    FrameIterator,
    Variants,
    VariantValue,
    CompanionImage,
    CompanionText,
    VideoIterator,
    AudioIterator,
    SaveVideo,
    ContactSheet,
    AssembleVideo,
]

NEEDS = {
    VideoIterator: HAS_VIDEO,
    AudioIterator: HAS_AUDIO,
    SaveVideo: HAS_VIDEO,
    AssembleVideo: bool(codecs_at_hand()),
}
"""Whether this ComfyUI has what a node needs: a type of values, a codec; else it is not offered."""

INTERNAL: list[type[comfy_io.ComfyNode]] = [
    AfterLearning,
    EndIteration,
    Gather,
    WholeList,
]
"""Nodes that only other nodes make."""


class BatchLoopExtension(ComfyExtension):
    """What ComfyUI is given of the pack."""

    async def get_node_list(self) -> list[type[comfy_io.ComfyNode]]:
        """The node classes."""
        return [*(node for node in NODES if NEEDS.get(node, True)), *INTERNAL]


async def comfy_entrypoint() -> BatchLoopExtension:
    """ComfyUI's way in: connects the pack to the server, and hands over the nodes."""
    # Tools that only list a pack's nodes load it without a server.
    if getattr(PromptServer, "instance", None) is not None:
        runtime.host().install()
        runtime.start()
        runtime.host().add_middleware(notes_where_from)
        runtime.host().add_middleware(waits_for_writes(runtime.write_behind(), runtime.host()))
        runtime.host().add_middleware(leaves_out_templates(runtime.host()))
        routes.add_routes(
            PromptServer.instance.routes,
            runtime.registry(),
            runtime.allowed_folders,
            runtime.budget(),
            runtime.rows(),
            runtime.frames_ahead().count,
            files_of,
            runtime.host(),
        )
    return BatchLoopExtension()
