"""A batch that is made larger within its database, where the store would take many minutes."""

from __future__ import annotations

import psycopg
from psycopg import sql

from ..errors import ToolError

_MADE = ("path", "position")
_ROWS = sql.SQL(
    "INSERT INTO batch_loop_items (path, position, {columns}) "
    "SELECT convert_to(lpad(place::text, 8, '0') || '.png', 'UTF8'), place, {columns} "
    "FROM batch_loop_items CROSS JOIN generate_series({first}, {last}) AS place "
    "WHERE position = {first} - 1"
)


def grow(address: str, images: int) -> None:
    """Give the only loop of a database as many images, named like those of `claimants`.

    The rows that are added are like that of its last image, which nobody may have had yet. The
    store would have written the same, a few thousand at a time.
    """
    plain = address.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection, connection.transaction():
        asked = connection.execute("SELECT max(position) + 1, count(*) FROM batch_loop_items")
        found = asked.fetchone()
        if found is None or found[0] != found[1]:
            raise ToolError(f"a database with {found} is not of one loop")
        first = found[0]
        names = connection.execute(
            "SELECT column_name::text FROM information_schema.columns "
            "WHERE table_name = 'batch_loop_items'"
        )
        columns = sql.SQL(", ").join(sql.Identifier(name) for (name,) in names if name not in _MADE)
        connection.execute(_ROWS.format(columns=columns, first=first, last=images - 1))
        added = {"added": images - first}
        connection.execute("UPDATE batch_loop_loops SET pending = pending + %(added)s", added)
    with psycopg.connect(plain, autocommit=True) as connection:
        # What is left to do by then is not what is measured.
        connection.execute("VACUUM (ANALYZE) batch_loop_items")
        connection.execute("CHECKPOINT")
