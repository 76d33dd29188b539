"""Carried values: stored in the database or beside it, and remembered by the process.

A value that no file can hold lasts as long as the process that carried it over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ...common.errors import UnwritableImage
from ...model.records import Carried
from ..schema import carried_value
from .backend import CarriedValues

_log = logging.getLogger(__name__)


class Carrying:
    """The carried values of all loops, each under the name in its loop's row."""

    def __init__(self, kept: CarriedValues) -> None:
        self._kept = kept
        # By loop id. The name shows whether another server has replaced the value since.
        self._remembered: dict[str, tuple[str, Carried]] = {}
        self._before: dict[str, tuple[str, Carried]] | None = None

    def write(self, connection: Connection, loop_id: str, name: str, value: Any) -> str | None:
        """Store a value under a new name; returns what is lost when the process ends, if anything.

        A file under the old name stays until the transaction is committed.
        """
        lost = None
        try:
            data = carried_value.encode(value)
            self._kept.write(connection, name, data)
        except carried_value.CannotKeep as error:
            lost = f"a value of type {error}, which no file can hold"
        except UnwritableImage as error:
            # The image is done nevertheless.
            _log.warning("Batch Loop cannot keep what Loop End carries over: %s", error)
            lost = "a value whose file could not be written"
        self._remember(loop_id, name, Carried(value))
        return lost

    def read(
        self, connection: Callable[[], Connection], loop_id: str, name: str, lost: str | None
    ) -> Carried:
        """The value of that name; `lost` is what `write` returned.

        The connection is asked for only if the process does not remember the value.
        """
        known, value = self._remembered.get(loop_id, ("", Carried()))
        if known != name:
            value = self._read(connection(), name) if lost is None else Carried(lost=lost)
            self._remember(loop_id, name, value)
        return value

    def _read(self, connection: Connection, name: str) -> Carried:
        try:
            return Carried(carried_value.decode(self._kept.read(connection, name)))
        except DBAPIError:
            raise
        except Exception as error:  # noqa: BLE001 whatever is wrong with the file
            _log.warning("Batch Loop cannot read the carried value %s: %s", name, error)
            return Carried(lost=f"the file {name}, which cannot be read")

    def forget(self, connection: Connection, loop_id: str, name: str) -> None:
        """Forget the value of that name."""
        self._kept.forget(connection, name)
        if self._remembered.get(loop_id, ("",))[0] == name:
            del self._change()[loop_id]

    def ended(self, *, kept: bool) -> None:
        """End a transaction; unless it was committed, undo what it has changed here."""
        self._kept.ended(kept=kept)
        if not kept and self._before is not None:
            self._remembered = self._before
        self._before = None

    def _remember(self, loop_id: str, name: str, value: Carried) -> None:
        self._change()[loop_id] = name, value

    def _change(self) -> dict[str, tuple[str, Carried]]:
        """What is remembered, to be changed; a copy is made first, to undo the change."""
        if self._before is None:
            self._before = self._remembered.copy()
        return self._remembered
