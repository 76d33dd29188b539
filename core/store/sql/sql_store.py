"""The store in a database, SQLite or PostgreSQL: its contents outlive the process."""

from __future__ import annotations

from sqlalchemy import Engine

from ...model.shared_roots import NO_ROOTS, Roots
from ..schema import statements
from .backend import Backend
from .connections import Connections
from .leases import SqlLeases
from .loops import SqlListings
from .outputs import SqlOutputs
from .outside import SqlOutside


class SqlStore(SqlListings, SqlOutputs, SqlLeases):
    """A store in a database.

    `engine` and `outside_engine` are two engines on the same database, which this store alone uses.
    """

    forgets = ""

    def __init__(
        self, engine: Engine, outside_engine: Engine, backend: Backend, roots: Roots = NO_ROOTS
    ) -> None:
        super().__init__(Connections(engine, outside_engine, backend), roots)
        self.outside = SqlOutside(self._connections, roots)

    @property
    def is_of_one_machine(self) -> bool:
        return self._backend.is_of_one_machine

    def id(self) -> str:
        found: str = self._database.execute(statements.store_id).scalar_one()
        return found

    def close(self) -> None:
        self._connections.close()
