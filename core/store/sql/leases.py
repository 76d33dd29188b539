"""The leases of server processes, in a database."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from ..schema import statements
from ..schema.tables import leases
from .backend import Backend
from .session import SqlSession

_REMEMBERED_SECONDS = 30 * 86_400.0
"""How long the lease of a server that has died, and holds no item, is remembered."""


def renew(connection: Connection, backend: Backend, server: str, seconds: float) -> None:
    """Renew a lease, in a connection's transaction."""
    until = backend.now + seconds
    renewed = connection.execute(
        statements.set_lease.values(until=until), {"of_server": server}
    ).rowcount
    if not renewed:
        forgotten = backend.now - _REMEMBERED_SECONDS
        connection.execute(statements.forget_leases.where(leases.c.until < forgotten))
        connection.execute(statements.add_lease.values(server=server, until=until))


class SqlLeases(SqlSession):
    """See `core.store.interface.Leases`."""

    def renew(self, server: str, seconds: float) -> None:
        renew(self._database, self._backend, server, seconds)

    def leases(self) -> Mapping[str, float]:
        return {row.server: row.until for row in self._database.execute(select(leases))}

    def release(self, server: str) -> None:
        self._database.execute(statements.delete_lease, {"of_server": server})
