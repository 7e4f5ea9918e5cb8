"""How a vendor answers: what replies begin with, and on which days somebody writes them."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, delete, select

from exitpoll_server import calendars
from exitpoll_server.calendars import Calendar
from exitpoll_server.store import audit, tables
from exitpoll_server.store.arrivals import insert


def prepared(connection: Connection, product_id: int) -> dict[str, str]:
    """Return what replies begin with, by reason; the empty one is for all others."""
    table = tables.prepared
    rows = connection.execute(select(table).where(table.c.product_id == product_id))
    return {row.reason: row.text for row in rows}


def prepare(connection: Connection, product_id: int, reason: str, text: str) -> None:
    """Begin replies to a reason with a text from now on; an empty one is none."""
    table = tables.prepared
    mine = (table.c.product_id == product_id) & (table.c.reason == reason)
    connection.execute(delete(table).where(mine))
    if text:
        values = {"product_id": product_id, "reason": reason, "text": text}
        connection.execute(table.insert(), values)
    audit.note(connection, "reply.prepared", product_id, reason=reason)


def calendar(connection: Connection, product_id: int) -> Calendar:
    """Return on which days somebody answers."""
    table = tables.calendars
    row = connection.execute(select(table).where(table.c.product_id == product_id)).one_or_none()
    if row is None:
        return calendars.DEFAULT
    return Calendar(
        zone=row.zone,
        weekdays=frozenset(row.weekdays),
        holidays=frozenset(date.fromisoformat(day) for day in row.holidays),
    )


def set_calendar(connection: Connection, product_id: int, new: Calendar) -> None:
    """Answer on other days from now on."""
    table = tables.calendars
    values = {
        "zone": new.zone,
        "weekdays": sorted(new.weekdays),
        "holidays": sorted(day.isoformat() for day in new.holidays),
    }
    connection.execute(
        insert(connection, table).on_conflict_do_update(index_elements=["product_id"], set_=values),
        {"product_id": product_id, **values},
    )
    audit.note(connection, "calendar.changed", product_id, zone=new.zone)
