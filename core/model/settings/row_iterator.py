"""The settings of Row Iterator: each of the node's inputs is declared once, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

from ..policy import ErrorHandling, IterationMode, Policy, WhenComplete
from ..result_names import ResultName
from ..selection import Selection, SortBy
from .declared import (
    ERROR_HANDLING,
    ITERATION_MODE,
    LIMIT,
    LOOP_NAME,
    MAX_ATTEMPTS,
    SKIP_FINISHED,
    START_INDEX,
    WHEN_COMPLETE,
    DeclaredSettings,
)

LONGEST_TEXT = 1_000_000
"""Characters that may be typed into the node: the loop's row in the database keeps them."""


class Header(str, Enum):
    """Whether the first row has the names of the columns; users see the values."""

    AUTO = "auto"
    YES = "first row"
    NO = "none"


class RowOrder(str, Enum):
    """The order of the rows; users see the values."""

    AS_WRITTEN = "as in the table"
    REVERSED = "reversed"
    SHUFFLE = "shuffle"
    """Random, but the same for the same seed and rows."""


@dataclass(frozen=True)
class RowSettings(DeclaredSettings):
    """The settings of a Row Iterator; see `DeclaredSettings`."""

    words: ClassVar[Mapping[str, str]] = {"item": "row", "an_item": "a row", "place": "table"}

    file: str = field(
        default="",
        metadata={
            "tooltip": "A file of rows: .txt (one row a line), .csv, .tsv, .json, .jsonl or .xlsx. "
            "A path inside ComfyUI's input folder, or a full path in an allowed folder. If empty, "
            "the rows are those of text."
        },
    )
    text: str = field(
        default="",
        metadata={
            "tooltip": "Rows typed here, one a line, where file is empty. A table with a header "
            "and JSON are understood, too; a line such as 1 to 10 step 2 stands for a row for "
            "each number.",
            "lines": True,
            "longest": LONGEST_TEXT,
        },
    )
    header: Header = field(
        default=Header.AUTO,
        metadata={"tooltip": "Whether the first row has the names of the columns."},
    )
    order: RowOrder = field(
        default=RowOrder.AS_WRITTEN,
        metadata={"tooltip": "The order of the rows."},
    )
    error_handling: ErrorHandling = field(default=Policy.error_handling, metadata=ERROR_HANDLING)
    delimiter: str = field(
        default="",
        metadata={
            "tooltip": "What separates the columns of a CSV file, such as ; or tab. If empty, it "
            "is found out.",
            "longest": 20,
            "advanced": True,
        },
    )
    encoding: str = field(
        default="",
        metadata={
            "tooltip": "How a text file is encoded, such as utf-8 or cp1252. If empty, it is "
            "found out.",
            "longest": 40,
            "advanced": True,
        },
    )
    sheet: str = field(
        default="",
        metadata={
            "tooltip": "The sheet of an .xlsx file. If empty, the first one with data.",
            "longest": 200,
            "advanced": True,
        },
    )
    iteration_mode: IterationMode = field(default=IterationMode.CONTINUE, metadata=ITERATION_MODE)
    start_index: int = field(default=Selection.start_index, metadata=START_INDEX)
    limit: int = field(default=Selection.limit, metadata=LIMIT)
    max_attempts: int = field(default=Policy.max_attempts, metadata=MAX_ATTEMPTS)
    when_complete: WhenComplete = field(default=Policy.when_complete, metadata=WHEN_COMPLETE)
    loop_name: str = field(default="", metadata=LOOP_NAME)
    skip_finished: bool = field(default=False, metadata=SKIP_FINISHED)
    finished_as: str = field(
        default="",
        metadata={
            "tooltip": "With skip_finished: how results are named in the output folder. The word "
            "stem, in braces, stands for the name of a row. If empty, results are named as by Save "
            "Image (Batch).",
            "advanced": True,
        },
    )

    @property
    def is_typed(self) -> bool:
        """Whether the rows are those of `text`."""
        return not self.file.strip() and bool(self.text.strip())

    @property
    def policy(self) -> Policy:
        """How failures and the end of the batch are handled."""
        return Policy(self.error_handling, self.max_attempts, self.when_complete)

    def selection(self, finished: tuple[ResultName, ...] = ()) -> Selection:
        """The part of the settings that decides on the listing; see `IteratorSettings.selection`.

        How the table is read is in its `options`; of a typed one, its text is, too.
        """
        options = {name: str(getattr(self, name)) for name in ("delimiter", "encoding", "sheet")}
        options["header"] = "" if self.header is Header.AUTO else self.header.value
        options["text"] = self.text if self.is_typed else ""
        return Selection(
            sort_by=SortBy.SHUFFLE if self.order is RowOrder.SHUFFLE else SortBy.NATURAL,
            descending=self.order is RowOrder.REVERSED,
            start_index=self.start_index,
            limit=self.limit,
            finished=finished,
            options=tuple((name, value) for name, value in options.items() if value),
        )


ROW_SETTINGS = RowSettings.declared()
"""All settings by name, in the order of the node's inputs."""

ROW_LISTING = frozenset(
    {
        *("file", "text", "header", "order", "delimiter", "encoding", "sheet"),
        *("start_index", "limit", "loop_name"),
    }
)
"""The settings that decide what a new batch would contain, finished rows included."""

READING = frozenset({"file", "text", "header", "delimiter", "encoding", "sheet"})
"""The settings that decide what is in a table, regardless of order and range."""
