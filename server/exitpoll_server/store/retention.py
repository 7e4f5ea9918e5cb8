"""Retention: a copy that gave no sign of life for long is let go, with all that is kept of it.

It goes as by an erasure, but without a tombstone: nobody asked for it, and what comes later is a
new copy. How many went is counted, so that what was counted adds up.
"""

from __future__ import annotations

from sqlalchemy import Column, ColumnElement, Connection, delete, exists, func, or_, select

from exitpoll_server.store import erasure, exclusions, letters, tables

GROUP = 500
"""So many are let go in one transaction, during which nobody else writes."""


def forget_some(connection: Connection, product_id: int, before: int) -> int:
    """Let go of the first that gave no sign of life since an instant; return how many they are.

    Pages that were opened without any copy's name count as one each.
    """
    i = tables.installations
    expired = connection.execute(
        select(i.c.id, i.c.uuid)
        .where(i.c.product_id == product_id, i.c.first_received_at < before, ~_spoke(before))
        .order_by(i.c.id)
        .limit(GROUP)
    ).all()
    if expired:
        went = i.c.id.in_([row.id for row in expired])
        erasure.forget(connection, tables.expired, product_id, went)
        uuids = {row.uuid for row in expired}
        # A rehearsal of the same id may live on.
        known = select(i.c.uuid).where(i.c.product_id == product_id, i.c.uuid.in_(uuids))
        exclusions.forget(connection, product_id, uuids - set(connection.scalars(known)))
    return len(expired) + _forget_pages(connection, product_id, before)


def _spoke(before: int) -> ColumnElement[bool]:
    """Tell of whom something came since an instant: a message, a page that was opened, an answer.

    Every launch was told by a message, which came after it.
    """
    i, u, f = tables.installations.c, tables.uninstalls.c, tables.feedback
    own = (
        (tables.counters.c.installation_id, tables.counters.c.last_received_at),
        (tables.history.c.installation_id, tables.history.c.received_at),
        (u.installation_id, u.first_received_at),
        (tables.answers.c.installation_id, tables.answers.c.received_at),
    )
    of_uninstalls: tuple[tuple[Column[int], Column[int]], ...] = (
        (tables.receipts.c.uninstall_id, tables.receipts.c.first_received_at),
        (tables.showings.c.uninstall_id, tables.showings.c.shown_at),
        (tables.showings.c.uninstall_id, tables.showings.c.opened_at),
    )
    same_copy = (f.c.product_id == i.product_id) & (f.c.installation_uuid == i.uuid)
    return or_(
        *(exists().where(owner == i.id, at >= before) for owner, at in own),
        *(
            exists().where(u.installation_id == i.id, owner == u.id, at >= before)
            for owner, at in of_uninstalls
        ),
        exists().where(same_copy, _said_since(before)),
    )


def _said_since(before: int) -> ColumnElement[bool]:
    f = tables.feedback.c
    # Of what never was: a comparison with nothing is neither true nor false.
    times = (f.shown_at, f.opened_at, f.received_at)
    return or_(*(func.coalesce(at, 0) >= before for at in times))


def _forget_pages(connection: Connection, product_id: int, before: int) -> int:
    """Delete what was said while the product is in use, by copies of which nothing else is known.

    Those of copies that are known go with them.
    """
    i, f = tables.installations.c, tables.feedback.c
    known = exists().where(i.product_id == f.product_id, i.uuid == f.installation_uuid)
    old = connection.scalars(
        select(f.id)
        .where(f.product_id == product_id, f.shown_at < before, ~_said_since(before), ~known)
        .limit(GROUP)
    ).all()
    letters.forget(connection, "feedback_id", old)
    connection.execute(delete(tables.feedback).where(f.id.in_(old)))
    return len(old)
