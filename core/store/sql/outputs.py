"""The files that items wrote, in a database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...model.item_life import OPEN
from ...model.items import ItemState
from ...model.loop_key import LoopKey
from ...model.records import Written
from ..schema import statements
from .items import SqlItems
from .reports import SqlReports


class SqlOutputs(SqlReports, SqlItems):
    """See `store.Outputs`."""

    def note_output(
        self, key: LoopKey, target: str, path: str, *, file: str | None = None, kept: bool = False
    ) -> bool:
        shared = self._roots.shared(target)
        values = {
            "path": path,
            "batch": self._known(key).row["batch"],
            "file": None if file is None or file == target else self._roots.shared(file),
            "whole": any(item.path == path for item in self.open_items(key)),
            "kept": kept,
        }
        row = {"loop": key.id, "target": shared, **values}
        this = {"of_loop": key.id, "of_target": shared}
        if kept:
            return self._add_output(row)
        before = self.writer(key, target)
        new = Written(key.id, path, values["batch"], values["whole"], whole=values["whole"])
        if before is not None and before.loop == key.id:
            if before != new or before.whole != new.whole:
                self._database.execute(statements.set_output, {**this, **values})
        else:
            if before is not None:
                self._database.execute(statements.delete_written, {"of_target": shared})
            # Unless another server was quicker.
            if not self._add_output(row):
                return False
        for loop in self._loops.values():
            loop.writers.pop(target, None)
        self._known(key).writers[target] = new
        return True

    def _add_output(self, row: Mapping[str, Any]) -> bool:
        """Add a row of outputs, replacing one of a kept file; False if an image wrote the file."""
        if self._database.execute(self._backend.add_output, row).one_or_none() is not None:
            return True
        given = {"of_loop": row["loop"], "of_target": row["target"], **row}
        return bool(self._database.execute(statements.set_kept_output, given).rowcount)

    def forget_output(self, key: LoopKey, target: str) -> None:
        given = {"of_loop": key.id, "of_target": self._roots.shared(target)}
        self._database.execute(statements.delete_output, given)
        self._known(key).writers.pop(target, None)

    def writer(self, key: LoopKey, target: str) -> Written | None:
        known = self._known(key).writers
        if target in known:
            return known[target]
        row = self._database.execute(
            statements.writer, {"of_target": self._roots.shared(target)}
        ).one_or_none()
        if row is None:
            known[target] = None
            return None
        under_way = row.state is not None and ItemState(row.state) in OPEN
        found = Written(row.loop, row.path, row.batch, under_way, whole=row.whole)
        # What another loop does with a file may change, and this loop would not hear of it.
        if found.loop == key.id:
            known[target] = found
        return found

    def written(self, key: LoopKey, path: str) -> tuple[str, ...]:
        given = {"of_loop": key.id, "of_path": path}
        rows = self._database.execute(statements.written_by_item, given)
        return tuple(sorted(self._file_of(row) for row in rows))

    def results_below(self, key: LoopKey, folder: str) -> set[str]:
        given = {"of_loop": key.id, "of_batch": self._known(key).row["batch"]}
        below = statements.range_below(self._roots.shared(folder))
        found = self._database.execute(statements.results_below, given | below)
        return {self._roots.local(target) for target in found.scalars()}

    def open_outputs(self) -> set[str]:
        return {self._file_of(row) for row in self._database.execute(statements.open_targets)}
