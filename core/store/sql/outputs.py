"""The files that items wrote, in a database; and items together with their files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Row

from ...common.natural_order import in_natural_order
from ...common.sight import Sight, Sights
from ...model.item_life import OPEN
from ...model.items import ItemState
from ...model.loop_key import LoopKey, entry_of
from ...model.records import ReportedItem, Written
from ..schema import output_statements, statements
from ..schema.rows import file_of, reported
from .items import SqlItems
from .session import SqlSession


class SqlReports(SqlSession):
    """See `core.store.interface.Reports`."""

    def page(self, key: LoopKey, start: int, most: int, *, failed: bool) -> list[ReportedItem]:
        statement = statements.failed_page_rows if failed else statements.page_rows
        given = {"of_listing": self._listing(key), "of_start": start, "of_most": most}
        found = self._database.execute(statement, given).all()
        written = self._outputs_of(key, [row.path for row in found])
        return reported(found, written, self._ahead, self._roots)

    def outputs(self, key: LoopKey, path: str) -> tuple[str, ...]:
        return in_natural_order(map(self._file_of, self._outputs_of(key, [path])))

    def _outputs_of(self, key: LoopKey, paths: list[str]) -> Iterable[Row[Any]]:
        if not paths:
            return ()
        batch = self._known(key).row["batch"]
        given = {"of_loop": key.id, "of_batch": batch, "of_paths": paths}
        return self._database.execute(output_statements.outputs_of_items, given)

    def _file_of(self, row: Any) -> str:
        return file_of(row, self._roots)


class SqlOutputs(SqlReports, SqlItems):
    """See `core.store.interface.Outputs`."""

    def note_output(  # noqa: PLR0913 - see `store.Outputs`
        self,
        key: LoopKey,
        target: str,
        path: str,
        *,
        file: str | None = None,
        kept: bool = False,
        sights: Sights | None = None,
        in_order: bool = False,
    ) -> bool:
        shared = self._roots.shared(target)
        if kept or not in_order:
            self._alone(key)
        values = {
            "path": path,
            "batch": self._known(key).row["batch"],
            "file": None if file is None or file == target else self._roots.shared(file),
            "whole": any(item.path == path for item in self.at_hand(key)),
            "kept": kept,
        }
        if sights is not None:
            values["sights"] = sights
        row = {"loop": key.id, "target": shared, "sights": (), **values}
        return self._add_output(row) if kept else self._note_written(key, target, row, values)

    def _note_written(
        self, key: LoopKey, target: str, row: Mapping[str, Any], values: Mapping[str, Any]
    ) -> bool:
        """See `note_output`; `values` are the columns of its `row` that change if it is there."""
        before = self.writer(key, target)
        if before is not None:
            self._alone(key)
        whole = row["whole"]
        new = Written(key.id, row["path"], row["batch"], whole, whole=whole, sights=row["sights"])
        if before is not None and before.loop == key.id:
            if "sights" not in values:
                new = replace(new, sights=before.sights)
            if (before, before.whole, before.sights) != (new, new.whole, new.sights):
                this = {"of_loop": key.id, "of_target": row["target"]}
                self._database.execute(output_statements.set_output, {**this, **values})
        else:
            if before is not None:
                of_target = {"of_target": row["target"]}
                self._database.execute(output_statements.delete_written, of_target)
            if not self._add_output(row):
                # Another server was quicker: see whose it is.
                self._alone(key)
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
        return bool(self._database.execute(output_statements.set_kept_output, given).rowcount)

    def note_sights(self, key: LoopKey, looks: Mapping[str, tuple[Sights, Sight]]) -> None:
        # Always in the same order, or two servers might wait for each other.
        given = [
            {
                "of_loop": key.id,
                "of_target": self._roots.shared(target),
                "of_sights": before,
                "sights": (sight,),
            }
            for target, (before, sight) in sorted(looks.items())
        ]
        self._database.execute(output_statements.set_sights, given)
        for target in looks:
            self._known(key).writers.pop(target, None)

    def note_replaced(self, key: LoopKey, target: str) -> None:
        self._alone(key)
        given = {"of_loop": key.id, "of_target": self._roots.shared(target)}
        self._database.execute(output_statements.set_replaced, given)
        self._known(key).writers.pop(target, None)

    def note_done_anew(self, key: LoopKey, path: str, targets: Collection[str]) -> None:
        self._alone(key)
        kept = {self._roots.shared(target) for target in targets}
        for row in list(self._outputs_of(key, [path])):
            if row.target in kept:
                continue
            given = {"of_loop": key.id, "of_target": row.target}
            of_kept = output_statements.delete_output
            self._database.execute(of_kept if row.kept else output_statements.set_replaced, given)
            self._known(key).writers.pop(self._roots.local(row.target), None)

    def forget_output(self, key: LoopKey, target: str) -> None:
        self._alone(key)
        given = {"of_loop": key.id, "of_target": self._roots.shared(target)}
        self._database.execute(output_statements.delete_output, given)
        self._known(key).writers.pop(target, None)

    def writer(self, key: LoopKey, target: str) -> Written | None:
        known = self._known(key).writers
        if target in known:
            return known[target]
        row = self._database.execute(
            output_statements.writer, {"of_target": self._roots.shared(target)}
        ).one_or_none()
        if row is None:
            known[target] = None
            return None
        under_way = row.state is not None and ItemState(row.state) in OPEN
        found = Written(
            row.loop, row.path, row.batch, under_way, whole=row.whole, sights=row.sights
        )
        # Not if it is of another loop, whose changes would go unnoticed here.
        if found.loop == key.id:
            known[target] = found
        return found

    def written(self, key: LoopKey, path: str) -> tuple[str, ...]:
        given = {"of_loop": key.id, "of_path": path}
        rows = self._database.execute(output_statements.written_by_item, given)
        return in_natural_order(map(self._file_of, rows))

    def results_below(self, key: LoopKey, folder: str) -> Mapping[str, str]:
        given = output_statements.results_of(key, self._roots.shared(folder))
        found = self._database.execute(output_statements.results_below, given)
        return {self._roots.local(target): entry_of(path, source) for target, path, source in found}

    def has_written(self, key: LoopKey) -> bool:
        found = self._database.execute(output_statements.any_written, {"of_loop": key.id})
        return found.one_or_none() is not None

    def open_outputs(self) -> set[str]:
        return {
            self._file_of(row) for row in self._database.execute(output_statements.open_targets)
        }
