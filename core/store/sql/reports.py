"""Items of a listing, each with the files that it wrote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from ...model.loop_key import LoopKey
from ...model.records import ReportedItem
from ..schema import statements
from ..schema.rows import item_of
from .session import SqlSession


class SqlReports(SqlSession):
    """See `store.Reports`."""

    def report(self, key: LoopKey) -> list[ReportedItem]:
        own = {"of_listing": self._listing(key)}
        in_batch = {"of_loop": key.id, "of_batch": self._known(key).row["batch"]}
        written = self._database.execute(statements.output_rows, in_batch)
        return self._reported(self._database.execute(statements.listed_rows, own), written)

    def page(self, key: LoopKey, start: int, most: int, *, failed: bool) -> list[ReportedItem]:
        statement = statements.failed_page_rows if failed else statements.page_rows
        given = {"of_listing": self._listing(key), "of_start": start, "of_most": most}
        found = self._database.execute(statement, given).all()
        return self._reported(found, self._outputs_of(key, [row.path for row in found]))

    def outputs(self, key: LoopKey, path: str) -> tuple[str, ...]:
        return tuple(sorted(map(self._file_of, self._outputs_of(key, [path]))))

    def _outputs_of(self, key: LoopKey, paths: list[str]) -> Iterable[Row[Any]]:
        if not paths:
            return ()
        batch = self._known(key).row["batch"]
        given = {"of_loop": key.id, "of_batch": batch, "of_paths": paths}
        return self._database.execute(statements.outputs_of_items, given)

    def _reported(
        self, found: Iterable[Row[Any]], written: Iterable[Row[Any]]
    ) -> list[ReportedItem]:
        """Rows of items as items, each with the files that rows of outputs name for it."""
        files: defaultdict[str, list[str]] = defaultdict(list)
        for row in written:
            files[row.path].append(self._file_of(row))
        return [(item_of(row, self._ahead), tuple(sorted(files[row.path]))) for row in found]

    def _file_of(self, row: Any) -> str:
        """The file in a row of outputs."""
        file: str = row.target if row.file is None else row.file
        return self._roots.local(file)
