"""What people say of a product while it is in use: a row a page that was opened."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from uuid import UUID, uuid4

from sqlalchemy import Connection, select, update

from exitpoll_server.questions import Kind, Survey
from exitpoll_server.store import happened, products, surveys, tables
from exitpoll_server.store.instants import DAY_MS
from exitpoll_server.store.products import Product
from exitpoll_server.store.surveys import Said

SAME_PAGE_MS = DAY_MS
"""How long the same copy's link leads to the page that it led to before."""


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """One opened page, as far as the page needs to know."""

    uuid: UUID
    product: Product
    locale: str | None
    survey: Kind
    survey_version: int
    """The version that it was opened with, and goes on with."""
    said: Said


def begin(  # noqa: PLR0913 - the columns of one row
    connection: Connection,
    *,
    product_id: int,
    survey: Survey,
    installation_uuid: UUID | None,
    version: str | None,
    locale: str | None,
    now: int,
) -> UUID:
    """Record that somebody opened a page; return the random id that its address carries.

    A copy that had a page of this kind within a day gets that page again, so that nobody is asked
    twice. Of an installation that was erased the id is not kept: what is written now is new.
    """
    if installation_uuid is not None:
        if _is_erased(connection, product_id, installation_uuid):
            installation_uuid = None
        elif known := _same(connection, product_id, survey.kind, installation_uuid, now):
            return known
    surveys.keep(connection, product_id, survey, now)
    uuid = uuid4()
    connection.execute(
        tables.feedback.insert(),
        {
            "product_id": product_id,
            "uuid": uuid,
            "installation_uuid": installation_uuid,
            "version": version,
            "locale": locale,
            "shown_at": now,
            "survey": survey.kind,
            "survey_version": survey.version,
            "reasons": [reason.id for reason in survey.in_order_for(uuid)] or None,
        },
    )
    return uuid


def _is_erased(connection: Connection, product_id: int, installation_uuid: UUID) -> bool:
    t = tables.tombstones
    mine = (t.c.product_id == product_id) & (t.c.uuid == installation_uuid)
    return connection.execute(select(t.c.uuid).where(mine)).first() is not None


def _same(
    connection: Connection, product_id: int, kind: Kind, installation_uuid: UUID, now: int
) -> UUID | None:
    f = tables.feedback
    last = connection.execute(
        select(f.c.uuid, f.c.shown_at, f.c.received_at)
        .where(f.c.product_id == product_id, f.c.installation_uuid == installation_uuid)
        .where(f.c.survey == kind)
        .order_by(f.c.id.desc())
        .limit(1)
    ).one_or_none()
    if last is None or last.shown_at <= now - SAME_PAGE_MS:
        return None
    # Who opens the box again after writing has something else to say; nobody else was asked twice.
    is_over = kind == "feedback" and last.received_at is not None
    return None if is_over else last.uuid


def find(connection: Connection, uuid: UUID) -> Feedback | None:
    """Return an opened page; None where it was erased."""
    f = tables.feedback
    row = connection.execute(select(f).where(f.c.uuid == uuid)).one_or_none()
    if row is None:
        return None
    [product] = products.by_id(connection, row.product_id)
    return Feedback(
        uuid=row.uuid,
        product=product,
        locale=row.locale,
        survey=row.survey,
        survey_version=row.survey_version,
        said=Said(**{field.name: getattr(row, field.name) for field in fields(Said)}),
    )


def opened(connection: Connection, uuid: UUID, now: int) -> None:
    """Record that the page itself said that it is open; the first time counts."""
    f = tables.feedback
    connection.execute(
        update(f).where(f.c.uuid == uuid, f.c.opened_at.is_(None)).values(opened_at=now)
    )


def give(connection: Connection, *, uuid: UUID, said: Said, now: int) -> None:
    """Keep what was answered on a page, each field once; who answers has opened it."""
    f = tables.feedback
    # Held: of two who send the same at once, one has something new to say.
    row = connection.execute(select(f).where(f.c.uuid == uuid).with_for_update()).one_or_none()
    if row is None:
        return
    given = {name: value for name, value in asdict(said).items() if value is not None}
    new = {name: value for name, value in given.items() if getattr(row, name) is None}
    if not new:
        return
    times = {"opened_at": now, "received_at": now}
    once = {name: value for name, value in times.items() if getattr(row, name) is None}
    connection.execute(update(f).where(f.c.id == row.id).values(**once, **new))
    happened.said_in_use(connection, row.id, new.keys(), now)
