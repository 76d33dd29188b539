"""Marks of transactions, by which a database says later whether it has kept one.

PostgreSQL knows transactions by numbers, too, but gives those out again that were lost when it was
killed: a lost change would count as kept because another has its number now.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    String,
    bindparam,
    column,
    delete,
    func,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import insert

from ..schema.tables import marks

_REMEMBERED_SECONDS = 30 * 86_400.0
"""How long the last mark of a process is remembered, which may ask for it after each commit."""


class Mark(NamedTuple):
    """What tells a transaction from all others, also from those after a crash."""

    token: str
    backend: int
    """The database's process that runs it."""
    began: datetime
    """When the transaction began there."""


class Marks:
    """The marks of one process: one row, which holds that of the last transaction it has kept.

    It has one transaction at a time, and settles one that had no answer before the next.
    """

    def __init__(self, now: ColumnElement[float]) -> None:
        """`now` is the time by the database's clock."""
        self._now = now
        self._owner = secrets.token_hex(16)
        token = bindparam("of_token", type_=String)
        # Nothing for a transaction that has written nothing.
        wrote = func.txid_current_if_assigned().is_not(None)
        added = insert(marks).from_select(
            ["owner", "token", "at"],
            select(bindparam("of_owner", type_=String), token, now).where(wrote),
        )
        self._add = added.on_conflict_do_update(
            index_elements=[marks.c.owner],
            set_={"token": added.excluded.token, "at": added.excluded.at},
        ).returning(
            func.pg_backend_pid().label("backend"),
            func.transaction_timestamp(type_=DateTime(timezone=True)).label("began"),
        )

    def add(self, connection: Connection) -> Mark | None:
        """Mark the transaction that runs, if it has written anything: its last statement."""
        token = secrets.token_hex(16)
        given = {"of_owner": self._owner, "of_token": token}
        row = connection.execute(self._add, given).one_or_none()
        return None if row is None else Mark(token, row.backend, row.began)

    @staticmethod
    def goes_on(connection: Connection, mark: Mark) -> bool:
        """Whether the transaction still runs: the database has yet to notice that it was cut off.

        To be asked before `has`, which tells for good once it has ended.
        """
        given = {"of_backend": mark.backend, "of_began": mark.began}
        return connection.execute(_RUNNING, given).one_or_none() is not None

    def has(self, connection: Connection, mark: Mark) -> bool:
        """Whether a transaction that has ended was kept."""
        found = connection.execute(_TOKEN, {"of_owner": self._owner}).scalar_one_or_none()
        return bool(found == mark.token)

    def forget_old(self, connection: Connection) -> None:
        """Delete the marks of processes that have not been at work for long."""
        connection.execute(delete(marks).where(marks.c.at < self._now - _REMEMBERED_SECONDS))


_TOKEN = select(marks.c.token).where(marks.c.owner == bindparam("of_owner"))
_activity = table("pg_stat_activity", column("pid"), column("xact_start"))
_RUNNING = select(_activity.c.pid).where(
    _activity.c.pid == bindparam("of_backend"),
    _activity.c.xact_start == bindparam("of_began", type_=DateTime(timezone=True)),
)
