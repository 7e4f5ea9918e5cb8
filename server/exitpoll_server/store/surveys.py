"""Showings of the survey, what was opened, and the uninstall behind a survey's token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, select, update

from exitpoll_agent.wire import Answers
from exitpoll_server.store import tables
from exitpoll_server.store.answers import add_answers
from exitpoll_server.store.arrivals import insert


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The person behind an uninstall, as far as the survey needs to know."""

    uninstall_id: int
    """The store's own number, never shown outside a signed token."""
    uuid: UUID
    product_name: str
    locale: str | None
    reason: str | None
    """What was answered last, if anything."""
    comment: str | None


def uninstall_number(
    connection: Connection, product_id: int, installation_uuid: UUID, *, test: bool
) -> int | None:
    """Return the store's number of an installation's latest uninstall that stands."""
    u, i = tables.uninstalls, tables.installations
    return connection.scalars(
        select(u.c.id)
        .join(i, i.c.id == u.c.installation_id)
        .where(i.c.product_id == product_id, i.c.uuid == installation_uuid, i.c.test == test)
        .order_by(u.c.withdrawn_at.is_not(None), u.c.id.desc())
    ).first()


def withdrawn_uninstalls(connection: Connection, product_id: int, installation_uuid: UUID) -> int:
    """Return how many uninstalls of an installation were withdrawn."""
    u, i = tables.uninstalls, tables.installations
    rows = connection.execute(
        select(u.c.id)
        .join(i, i.c.id == u.c.installation_id)
        .where(i.c.product_id == product_id, i.c.uuid == installation_uuid)
        .where(u.c.withdrawn_at.is_not(None))
    )
    return len(rows.all())


def asked(connection: Connection, uninstall_id: int) -> Asked | None:
    """Return what the survey needs to know; None where the uninstall was erased."""
    u, i, p = tables.uninstalls, tables.installations, tables.products
    row = connection.execute(
        select(u.c.id, u.c.uuid, u.c.locale, p.c.name)
        .join(i, i.c.id == u.c.installation_id)
        .join(p, p.c.id == i.c.product_id)
        .where(u.c.id == uninstall_id)
    ).one_or_none()
    if row is None:
        return None
    return Asked(
        uninstall_id=row.id,
        uuid=row.uuid,
        product_name=row.name,
        locale=row.locale,
        reason=_last(connection, uninstall_id, "reason"),
        comment=_last(connection, uninstall_id, "comment"),
    )


def _last(connection: Connection, uninstall_id: int, name: str) -> str | None:
    table = tables.answers
    return connection.scalars(
        select(table.c[name])
        .where(table.c.uninstall_id == uninstall_id, table.c[name].is_not(None))
        .order_by(table.c.received_at.desc(), table.c.id.desc())
    ).first()


def show(  # noqa: PLR0913 - the columns of one row
    connection: Connection,
    *,
    uninstall_id: int,
    survey: str,
    survey_version: int,
    locale: str | None,
    reasons: Sequence[str],
    now: int,
) -> int:
    """Record that a survey was rendered with its reasons in this order; return the showing.

    Rendering it again is the same showing: the order is the person's.
    """
    table = tables.showings
    key = {"uninstall_id": uninstall_id, "survey": survey, "survey_version": survey_version}
    connection.execute(
        insert(connection, table).on_conflict_do_nothing(index_elements=list(key)),
        {**key, "locale": locale, "reasons": list(reasons), "shown_at": now},
    )
    return int(connection.execute(select(table.c.id).filter_by(**key)).scalar_one())


def opened(connection: Connection, showing_id: int, now: int) -> None:
    """Record that the page itself said that it is open; the first time counts."""
    table = tables.showings
    connection.execute(
        update(table)
        .where(table.c.id == showing_id, table.c.opened_at.is_(None))
        .values(opened_at=now)
    )


def answer(
    connection: Connection, *, uninstall_id: int, showing_id: int, answers: Answers, now: int
) -> None:
    """Append what was answered on the page; who answers has opened it."""
    opened(connection, showing_id, now)
    u, i = tables.uninstalls, tables.installations
    # Its row keeps all who write of an installation in line: the same answer twice is one.
    installation_id = connection.execute(
        select(i.c.id)
        .join(u, u.c.installation_id == i.c.id)
        .where(u.c.id == uninstall_id)
        .with_for_update(of=i)
    ).scalar_one()
    add_answers(
        connection,
        installation_id=installation_id,
        uninstall_id=uninstall_id,
        channel="page",
        received_at=now,
        answers=answers,
        showing_id=showing_id,
    )
