"""Row Value: gives one column of a row, as the types that inputs of nodes have."""

from __future__ import annotations

from functools import partial

from comfy_api.v0_0_2 import io as comfy_io

from ...core.comfy.schema import RowSocket, built_once, schema
from ...core.common.errors import quoted
from ...core.common.names import node_id
from ...core.graph.links import is_asked_for
from ...core.sources.cell_values import cell_in, outputs_of
from ...core.sources.rows import TableRow


class RowValue(comfy_io.ComfyNode):
    """A column of a row."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=node_id(cls.__name__),
            display_name="Row Value",
            description=(
                "Gives one column of Row Iterator's row: as text, as a number, or as true or false."
            ),
            search_aliases=["column", "csv value", "cell", "spreadsheet value"],
            hidden=[comfy_io.Hidden.unique_id, comfy_io.Hidden.prompt],
            inputs=[
                RowSocket.Input("row", tooltip="Row Iterator's row."),
                comfy_io.String.Input(
                    "column", default="", tooltip="The column's name; the first one if empty."
                ),
                comfy_io.String.Input(
                    "default", default="", tooltip="The value where the row's cell is empty."
                ),
            ],
            outputs=[
                comfy_io.String.Output("text", display_name="text", tooltip="It as text."),
                comfy_io.Int.Output("int", display_name="int", tooltip="It as a whole number."),
                comfy_io.Float.Output("float", display_name="float", tooltip="It as a number."),
                comfy_io.Boolean.Output(
                    "boolean",
                    display_name="boolean",
                    tooltip="It as true (true, yes, on, 1) or false (false, no, off, 0).",
                ),
            ],
        )

    @classmethod
    def execute(cls, row: TableRow, column: str, default: str) -> comfy_io.NodeOutput:
        """Convert the cell to what is asked for; raises InvalidSetting where it is none of that."""
        cell = cell_in(row, column, default)
        graph, own = cls.hidden.prompt or {}, str(cls.hidden.unique_id)
        is_used = partial(is_asked_for, graph, own)
        what = f"Column {quoted(column.strip() or row.columns[0])} of the row {quoted(row.title)}"
        return comfy_io.NodeOutput(*outputs_of(cell, is_used, what, boolean=True))
