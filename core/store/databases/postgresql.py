"""The store in PostgreSQL, which several servers share over the network."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    Engine,
    NullPool,
    create_engine,
    event,
)

from ...common.variables import DATABASE_VARIABLE, cannot_use
from ...model.shared_roots import Roots
from ..interface import Store
from ..refusing import RefusingStore
from ..sql.sql_store import SqlStore
from .address import DRIVER, Address, Malformed, address_of
from .postgresql_backend import PostgresqlBackend

_CONSEQUENCE = "no batch goes on"
_EXAMPLE = f"{DRIVER}://name:password@machine/database"

_CONNECT_SECONDS = 5
_OPTIONS = {
    # A server that stalls in the middle of a transaction must not block all others forever.
    "idle_in_transaction_session_timeout": "300s",
    # A server whose machine is gone is noticed sooner.
    "tcp_keepalives_idle": "10s",
    "tcp_keepalives_interval": "5s",
    "tcp_keepalives_count": "3",
}
_SILENCE_MS = 15_000
"""How long to wait for a database that stops answering in the middle of a transaction."""


def open_postgresql(address: str, roots: Roots, now: Callable[[], float] = time.time) -> Store:
    """The store at the address of a database, which need not be reachable yet.

    `now` is this machine's clock. Nothing is raised, as ComfyUI has to start in any case: the first
    use reports what is wrong. Batches are not kept in memory instead, as each server would then
    process all images.
    """
    try:
        known = address_of(address)
        engines = [_engine(known), _engine(known, poolclass=NullPool)]
    except Malformed as error:
        return RefusingStore(
            cannot_use(DATABASE_VARIABLE, str(error), f"Write it like {_EXAMPLE}", _CONSEQUENCE)
        )
    except ImportError:
        return RefusingStore(
            cannot_use(
                DATABASE_VARIABLE,
                "the package psycopg is missing",
                'Install it (pip install "psycopg[binary]") into the Python of ComfyUI',
                _CONSEQUENCE,
            )
        )
    return SqlStore(engines[0], engines[1], PostgresqlBackend(known, now), roots)


def _engine(address: Address, **options: object) -> Engine:
    """An engine whose URL lacks the address, as the URL may appear in logs."""
    # Only now, as the driver may be missing.
    from .together import ConnectionTogether  # noqa: PLC0415

    engine = create_engine(
        f"{DRIVER}://",
        hide_parameters=True,
        # Whatever the database's default is: who waits for a lock has to see what it waited for.
        isolation_level="READ COMMITTED",
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "application_name": "batch-loop",
            # Whatever the database's encoding is: with SQL_ASCII the driver returns text as bytes.
            "client_encoding": "utf8",
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": _SILENCE_MS,
            "options": " ".join(f"-c {name}={value}" for name, value in _OPTIONS.items()),
        },
        **options,
    )

    @event.listens_for(engine, "do_connect")
    def _connect(
        _dialect: object, _record: object, _arguments: object, named: dict[str, Any]
    ) -> ConnectionTogether:
        return ConnectionTogether.connect(**{**address.arguments, **named, "autocommit": True})

    return engine
