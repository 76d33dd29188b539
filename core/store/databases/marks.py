"""Marks of transactions, by which a database says later whether it has kept one.

PostgreSQL knows transactions by numbers, too, but gives those out again that were lost when it was
killed: a lost change would count as kept because another has its number now.
"""

from __future__ import annotations

import secrets

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Executable,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import insert

from ..schema.tables import marks

_REMEMBERED_SECONDS = 30 * 86_400.0
"""How long the last mark of a process is remembered, which may ask for it after each commit."""


class Mark:
    """What tells a transaction from all others, also from those after a crash."""

    def __init__(self) -> None:
        self.token = secrets.token_hex(16)
        """Kept with the transaction's changes."""
        self.lock = secrets.randbits(64) - 2**63
        """Key of an advisory lock that the transaction holds as long as it runs."""


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
        self._add_early = self._add.returning(_SEEN_EARLY)
        this = (marks.c.owner == self._owner, marks.c.token == bindparam("of_token"))
        self._lock = select(marks.c.at).where(*this).with_for_update()

    def adding(self, mark: Mark, *, is_seen_early: bool) -> tuple[Executable, dict[str, str]]:
        """The last statement of a transaction, which adds its mark, with what it is given.

        With `is_seen_early`, others see what the transaction has changed before that is on the
        disk; the commit does not wait for it, either.
        """
        added = self._add_early if is_seen_early else self._add
        return added, {"owner": self._owner, "token": mark.token}

    def waiting_for(self, mark: Mark) -> tuple[Executable, dict[str, str]]:
        """A statement to follow a transaction, with what it is given: both are on the disk then.

        It finds the mark if the transaction was kept. A lock of a row is written to the disk, and
        waits there for all that was committed before.
        """
        return self._lock, {"of_token": mark.token}

    @staticmethod
    def goes_on(connection: Connection, mark: Mark) -> bool:
        """Whether the transaction still runs: the database has yet to notice that it was cut off.

        To be asked before `has`, which tells for good once it has ended. A transaction that is told
        to commit has its lock by then, and loses it only when others see what it has changed.
        """
        return not connection.execute(_TRY, {"of_key": mark.lock}).scalar_one()

    def has(self, connection: Connection, mark: Mark) -> bool:
        """Whether a transaction that has ended was kept; it is on the disk once this one is."""
        return connection.execute(*self.waiting_for(mark)).one_or_none() is not None

    def forget_old(self, connection: Connection) -> None:
        """Delete the marks of processes that have not been at work for long."""
        connection.execute(delete(marks).where(marks.c.at < self._now - _REMEMBERED_SECONDS))


# For this transaction alone.
_SEEN_EARLY = func.set_config(
    literal_column("'synchronous_commit'"), literal_column("'off'"), true()
)
_KEY = bindparam("of_key", type_=BigInteger)
_LOCKED = func.pg_advisory_xact_lock(_KEY)
LOCK = select(_LOCKED)
"""Waits for an advisory lock, and holds it until the transaction ends."""
_LOCKED_TOGETHER = func.pg_advisory_xact_lock_shared(_KEY)
SHARED_LOCK = select(_LOCKED_TOGETHER)
"""The same for a lock that all those hold together who ask for it so."""
_LOCKED_MARK = func.pg_advisory_xact_lock(bindparam("of_mark", type_=BigInteger))
MARK_AND_LOCK = select(_LOCKED_MARK, _LOCKED)
MARK_AND_SHARED_LOCK = select(_LOCKED_MARK, _LOCKED_TOGETHER)
"""The same with a mark's lock before it."""
_TRY = select(func.pg_try_advisory_xact_lock(_KEY))
