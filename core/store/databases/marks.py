"""Marks of transactions, by which a database says later whether it has kept one.

PostgreSQL knows transactions by numbers, too, but gives those out again that were lost when it was
killed: a lost change would count as kept because another has its number now.
"""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Executable,
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

WHO = "SELECT pg_backend_pid(), date_part('epoch', transaction_timestamp())"
"""What tells the transaction that runs from all others that run."""


class Mark(NamedTuple):
    """What tells a transaction from all others, also from those after a crash."""

    token: str
    who: Any
    """The driver's cursor that has the answer to `WHO`, or no answer where none came."""


class Marks:
    """The marks of one process: one row, which holds that of the last transaction it has kept.

    It has one transaction at a time, and settles one that had no answer before the next.
    """

    def __init__(self, now: ColumnElement[float]) -> None:
        """`now` is the time by the database's clock."""
        self._now = now
        self._owner = secrets.token_hex(16)
        added = insert(marks).values(at=now)
        self._add = added.on_conflict_do_update(
            index_elements=[marks.c.owner],
            set_={"token": added.excluded.token, "at": added.excluded.at},
        )

    def new(self, who: Any) -> tuple[Mark, Executable, dict[str, str]]:
        """A mark for the transaction that runs, and the statement that adds it, its last one."""
        mark = Mark(secrets.token_hex(16), who)
        return mark, self._add, {"owner": self._owner, "token": mark.token}

    @staticmethod
    def goes_on(connection: Connection, mark: Mark) -> bool:
        """Whether the transaction still runs: the database has yet to notice that it was cut off.

        To be asked before `has`, which tells for good once it has ended.
        """
        if mark.who.pgresult is None:  # without that answer, it was never told to commit
            return False
        mark.who.scroll(0, mode="absolute")
        backend, began = mark.who.fetchone()
        given = {"of_backend": backend, "of_began": began}
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
    func.date_part("epoch", _activity.c.xact_start) == bindparam("of_began", type_=Double),
)
