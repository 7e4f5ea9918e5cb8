"""What the vendor has left out of every report: marked, never deleted, and put back at any time.

The one kind so far is `quarantine`: installations first heard of within a time. The mark is read by
`queries/departed.sql`, and by `happened`, so that webhooks are not told of it either.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, false, func, select, update

from exitpoll_server.store import tables
from exitpoll_server.store.instants import from_ms, to_ms

QUARANTINE = "quarantine"


@dataclass(frozen=True, kw_only=True)
class Exclusion:
    """One mark, and how many installations it is about today, rehearsals not counted."""

    id: int
    product: str
    start: datetime
    end: datetime
    """The first instant that is not in it any more."""
    created_at: datetime
    note: str | None
    lifted_at: datetime | None
    """Since when it leaves nothing out any more; None while it does."""
    installations: int


def add(
    connection: Connection,
    *,
    product_id: int,
    start: datetime,
    end: datetime,
    note: str | None,
    now: datetime,
) -> Exclusion:
    """Leave out the installations first heard of from start on and before end."""
    x = tables.exclusions
    row = {"product_id": product_id, "kind": QUARANTINE, "note": note}
    times = {"from_at": to_ms(start), "to_at": to_ms(end), "created_at": to_ms(now)}
    number = connection.execute(x.insert().returning(x.c.id), {**row, **times}).scalar_one()
    return next(one for one in everything(connection) if one.id == number)


def lift(connection: Connection, number: int, now: datetime) -> Exclusion | None:
    """Put back what a mark leaves out; return it, or None where none that stands has the number."""
    x = tables.exclusions
    done = connection.execute(
        update(x).where(x.c.id == number, x.c.lifted_at.is_(None)).values(lifted_at=to_ms(now))
    )
    if done.rowcount == 0:
        return None
    return next(one for one in everything(connection) if one.id == number)


def everything(connection: Connection) -> list[Exclusion]:
    """Return all marks, the lifted ones too, the first first."""
    x, p, i = tables.exclusions.c, tables.products.c, tables.installations.c
    about = (
        select(func.count())
        .select_from(tables.installations)
        .where(i.product_id == x.product_id, i.test == false())
        .where(i.first_received_at >= x.from_at, i.first_received_at < x.to_at)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(tables.exclusions, p.name.label("product"), about.label("installations"))
        .join_from(tables.exclusions, tables.products, p.id == x.product_id)
        .order_by(x.id)
    )
    return [
        Exclusion(
            id=row.id,
            product=row.product,
            start=from_ms(row.from_at),
            end=from_ms(row.to_at),
            created_at=from_ms(row.created_at),
            note=row.note,
            lifted_at=None if row.lifted_at is None else from_ms(row.lifted_at),
            installations=row.installations,
        )
        for row in rows
    ]
