"""Erasure: everything of an installation goes, and a tombstone keeps late messages out."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, delete, select

from exitpoll_server.store import tables
from exitpoll_server.store.arrivals import insert


def erase(connection: Connection, product_id: int, installation_uuid: UUID, now: int) -> None:
    """Delete what is known of an installation, rehearsals included. Unknown ids are remembered too.

    The id is the capability: it is random, and nobody but the person's machine has it.
    """
    i, u = tables.installations, tables.uninstalls
    ids = select(i.c.id).where(i.c.product_id == product_id, i.c.uuid == installation_uuid)
    uninstalls = select(u.c.id).where(u.c.installation_id.in_(ids))
    for table in (tables.answers, tables.launches, tables.milestones, tables.history):
        connection.execute(delete(table).where(table.c.installation_id.in_(ids)))
    for table in (tables.receipts, tables.showings):
        connection.execute(delete(table).where(table.c.uninstall_id.in_(uninstalls)))
    for table in (tables.uninstalls, tables.counters):
        connection.execute(delete(table).where(table.c.installation_id.in_(ids)))
    connection.execute(delete(i).where(i.c.id.in_(ids)))
    connection.execute(
        insert(connection, tables.tombstones).on_conflict_do_nothing(),
        {"product_id": product_id, "uuid": installation_uuid, "erased_at": now},
    )
