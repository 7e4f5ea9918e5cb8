"""Erasure: everything of an installation goes, and a tombstone keeps late messages out."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, Connection, delete, select

from exitpoll_server.store import tables
from exitpoll_server.store.arrivals import insert


def erase(connection: Connection, product_id: int, installation_uuid: UUID, now: int) -> None:
    """Delete what is known of an installation, rehearsals included. Unknown ids are remembered too.

    The id is the capability: it is random, and nobody but the person's machine has it.
    """
    i = tables.installations
    _delete(connection, (i.c.product_id == product_id) & (i.c.uuid == installation_uuid))
    f = tables.feedback
    connection.execute(
        delete(f).where(f.c.product_id == product_id, f.c.installation_uuid == installation_uuid)
    )
    connection.execute(
        insert(connection, tables.tombstones).on_conflict_do_nothing(),
        {"product_id": product_id, "uuid": installation_uuid, "erased_at": now},
    )


def erase_rehearsals(connection: Connection, product_id: int, installation_uuid: UUID) -> None:
    """Delete what rehearsals left of an installation, without a tombstone: they may use a real id.

    So rehearsals do not pile up, and none of them can silence or erase a person's copy.
    """
    i = tables.installations
    mine = (i.c.product_id == product_id) & (i.c.uuid == installation_uuid)
    _delete(connection, mine & i.c.test)


def _delete(connection: Connection, which: ColumnElement[bool]) -> None:
    i, u = tables.installations, tables.uninstalls
    ids = select(i.c.id).where(which)
    uninstalls = select(u.c.id).where(u.c.installation_id.in_(ids))
    for table in (tables.answers, tables.launches, tables.milestones, tables.history):
        connection.execute(delete(table).where(table.c.installation_id.in_(ids)))
    for table in (tables.receipts, tables.showings):
        connection.execute(delete(table).where(table.c.uninstall_id.in_(uninstalls)))
    for table in (tables.uninstalls, tables.counters):
        connection.execute(delete(table).where(table.c.installation_id.in_(ids)))
    connection.execute(delete(i).where(i.c.id.in_(ids)))
