"""Feedback that a person gives from the product's own menu, while the product is in use."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import Connection, select, update

from exitpoll_server.store import tables


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """One opened page, as far as the page needs to know."""

    uuid: UUID
    product_name: str
    comment: str | None
    """What was written; None where nothing was, yet."""


def begin(
    connection: Connection,
    *,
    product_id: int,
    installation_uuid: UUID | None,
    version: str | None,
    locale: str | None,
    now: int,
) -> UUID:
    """Record that somebody opened the page; return the random id that its address carries.

    Of an installation that was erased the id is not kept: what is written now is new.
    """
    uuid, t = uuid4(), tables.tombstones
    erased = connection.execute(
        select(t.c.uuid).where(t.c.product_id == product_id, t.c.uuid == installation_uuid)
    ).first()
    connection.execute(
        tables.feedback.insert(),
        {
            "product_id": product_id,
            "uuid": uuid,
            "installation_uuid": None if erased else installation_uuid,
            "version": version,
            "locale": locale,
            "shown_at": now,
        },
    )
    return uuid


def find(connection: Connection, uuid: UUID) -> Feedback | None:
    """Return an opened page; None where it was erased."""
    f, p = tables.feedback, tables.products
    row = connection.execute(
        select(f.c.uuid, p.c.name, f.c.comment)
        .join(p, p.c.id == f.c.product_id)
        .where(f.c.uuid == uuid)
    ).one_or_none()
    if row is None:
        return None
    return Feedback(uuid=row.uuid, product_name=row.name, comment=row.comment)


def give(connection: Connection, *, uuid: UUID, comment: str, now: int) -> None:
    """Keep what was written; the first that is written on a page stays."""
    f = tables.feedback
    connection.execute(
        update(f)
        .where(f.c.uuid == uuid, f.c.comment.is_(None))
        .values(comment=comment, received_at=now)
    )
