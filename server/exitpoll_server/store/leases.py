"""Leases: of all servers on a database, one does a job, until it ends or is gone.

A lease is taken, and held on to, by one compare-and-set. When its holder dies it runs out. The time
is the database's own where that is a server: the clocks of those who share it may differ.
"""

from __future__ import annotations

import time

from sqlalchemy import Connection, delete, func, select, update

from exitpoll_server.store import tables
from exitpoll_server.store.arrivals import insert


def take(connection: Connection, name: str, holder: str, seconds: float) -> bool:
    """Take a lease that nobody else holds, or hold on to one's own; tell whether it is one's."""
    table, now = tables.leases, _now(connection)
    connection.execute(
        insert(connection, table).on_conflict_do_nothing(index_elements=["name"]),
        {"name": name, "holder": holder, "until": 0},
    )
    free = (table.c.holder == holder) | (table.c.until <= now)
    taken = connection.execute(
        update(table)
        .where(table.c.name == name, free)
        .values(holder=holder, until=now + round(seconds * 1000))
    )
    return bool(taken.rowcount)


def is_others(connection: Connection, name: str, holder: str) -> bool:
    """Tell whether somebody else holds a lease just now; only reads."""
    table = tables.leases
    row = connection.execute(select(table).where(table.c.name == name)).one_or_none()
    return row is not None and row.holder != holder and row.until > _now(connection)


def give_back(connection: Connection, holder: str) -> None:
    """Let others have whatever this one holds, at once."""
    connection.execute(delete(tables.leases).where(tables.leases.c.holder == holder))


def _now(connection: Connection) -> int:
    if connection.dialect.name == "postgresql":
        now = select(func.extract("epoch", func.clock_timestamp()))
        return int(float(connection.execute(now).scalar_one()) * 1000)
    # A file is one machine's.
    return int(time.time() * 1000)
