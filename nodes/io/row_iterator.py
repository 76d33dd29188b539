"""Row Iterator: hands out one row of a table in each prompt."""

from __future__ import annotations

from typing import Any

from comfy_api.v0_0_2 import io as comfy_io

from ...core.comfy.schema import RowSocket, built_once, schema, widget
from ...core.common.names import ROW_ITERATOR
from ...core.model.records import Iteration
from ...core.model.settings.row_iterator import ROW_LISTING, ROW_SETTINGS
from ...core.sources.rows import TableRow
from ...core.turn.openers.opener import Opened
from .iterator import HIDDEN, Iterator, loop_output, variants_input


class RowIterator(Iterator):
    """The next row of a table, each time the workflow runs."""

    NAMED = "file"

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=ROW_ITERATOR,
            display_name="Row Iterator",
            description=(
                "Goes through the rows of a table, one per run: a list of prompts, a CSV file, a "
                "spreadsheet, or lines typed here. Connect text, or Row Value for a column, and "
                "Save Image (Batch); choose Run (Instant) and press Run once."
            ),
            search_aliases=[
                "prompts from file",
                "load prompts",
                "text list",
                "csv",
                "spreadsheet",
                "for each row",
                "for each line",
                "wildcard",
            ],
            hidden=HIDDEN,
            enable_expand=True,
            inputs=[
                *(widget(setting, ROW_LISTING) for setting in ROW_SETTINGS.values()),
                variants_input(),
            ],
            outputs=cls.outputs(),
        )

    @classmethod
    async def validate_inputs(cls, file: str | None) -> bool | str:
        return await cls.validated(file)

    @classmethod
    def outputs(cls) -> list[comfy_io.Output]:
        return [
            loop_output(),
            RowSocket.Output("row", display_name="row", tooltip="Connect Row Value's row."),
            comfy_io.String.Output(
                "row_text", display_name="text", tooltip="The first column: of a list, the line."
            ),
            comfy_io.Int.Output(
                "index", display_name="index", tooltip="The row's position in the order, from 0."
            ),
            comfy_io.Int.Output("total", display_name="total", tooltip="How many rows there are."),
            comfy_io.String.Output(
                "status", display_name="status", tooltip="Such as 3 of 7: a red fox"
            ),
        ]

    @classmethod
    def of_item(cls, iteration: Iteration, opened: Opened) -> tuple[Any, ...]:
        assert iteration.item is not None  # noqa: S101 for the type checker: it was opened
        assert isinstance(opened, TableRow)  # noqa: S101 for the type checker: of its table
        return opened, opened.text, iteration.item.index
