"""What a vendor was told of a product's figures: what is the same again is no news."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from exitpoll_server.store import tables
from exitpoll_server.store.arrivals import insert


@dataclass(frozen=True, kw_only=True)
class Noticed:
    """Alarms by name, and good health as it was last told."""

    stamp: int = 0
    """0: nothing was looked at yet."""
    alarms: frozenset[str] = frozenset()
    good: int | None = None
    seen: int | None = None


def of(connection: Connection, product_id: int) -> Noticed:
    """Return what was told of a product."""
    table = tables.noticed
    row = connection.execute(select(table).where(table.c.product_id == product_id)).one_or_none()
    if row is None:
        return Noticed()
    return Noticed(stamp=row.stamp, alarms=frozenset(row.alarms), good=row.good, seen=row.seen)


def note(connection: Connection, product_id: int, before: Noticed, after: Noticed) -> bool:
    """Note what is told now; False where somebody else was first, and tells it."""
    table = tables.noticed
    connection.execute(
        insert(connection, table).on_conflict_do_nothing(),
        {"product_id": product_id, "stamp": 0, "alarms": []},
    )
    noted = connection.execute(
        update(table)
        .where(table.c.product_id == product_id, table.c.stamp == before.stamp)
        .values(
            stamp=before.stamp + 1,
            alarms=sorted(after.alarms),
            good=after.good,
            seen=after.seen,
        )
    )
    return bool(noted.rowcount)
