"""Batch Complete: reports the progress of the batch, and whether it is complete."""

from __future__ import annotations

from comfy_api.v0_0_2 import io as comfy_io

from ...core.comfy import runtime
from ...core.comfy.schema import LoopSocket, built_once, schema
from ...core.common.names import UI_KEY, node_id
from ...core.model.records import Iteration
from ...core.routes.export import progress_as_json
from ...core.turn import status_texts as report


class BatchComplete(comfy_io.ComfyNode):
    """Reports the state of the batch."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=node_id(cls.__name__),
            display_name="Batch Complete",
            description=(
                "Says whether every item of the batch is finished, and how many are done and "
                "failed. Connect complete to End Queue."
            ),
            search_aliases=["batch finished", "progress", "report", "counter", "loop done"],
            is_output_node=True,
            inputs=[LoopSocket.Input("loop", tooltip="Connect Loop End's loop.")],
            outputs=[
                comfy_io.Boolean.Output(
                    "complete",
                    display_name="complete",
                    tooltip="True when no item is left, and none is being processed.",
                ),
                comfy_io.String.Output(
                    "status", display_name="status", tooltip="The batch in one line."
                ),
                comfy_io.Int.Output(
                    "done",
                    display_name="done",
                    tooltip="Items done, including this one, which is done when its run has ended.",
                ),
                comfy_io.Int.Output("failed", display_name="failed", tooltip="Items that failed."),
                comfy_io.Int.Output(
                    "total", display_name="total", tooltip="All items of the batch."
                ),
                comfy_io.String.Output(
                    "report",
                    display_name="report",
                    tooltip="A summary of the batch: what failed, at which node, and why.",
                ),
            ],
        )

    @classmethod
    def execute(cls, loop: Iteration) -> comfy_io.NodeOutput:
        """Read the loop's state; at the end, once every result is on the disk."""
        if loop.tried:
            return _tried(loop)
        snapshot = runtime.registry().finish(loop)
        counts = snapshot.counts
        status = report.progress_in(loop, snapshot)
        return comfy_io.NodeOutput(
            snapshot.complete,
            status,
            counts.succeeded,
            counts.failed,
            counts.total,
            report.report(snapshot),
            ui={
                UI_KEY: [progress_as_json(snapshot, in_part=bool(loop.without), status=status)],
            },
        )


def _tried(loop: Iteration) -> comfy_io.NodeOutput:
    """The outputs for an image that is only tried, which says nothing about a batch."""
    status = report.handed_out(loop)
    return comfy_io.NodeOutput(False, status, 0, 0, loop.counts.total, status)  # noqa: FBT003
