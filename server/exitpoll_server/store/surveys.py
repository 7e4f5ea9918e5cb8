"""What is asked: its versions, each showing, and the uninstall behind a survey's token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select, update

from exitpoll_server.questions import FIRST, KINDS, Kind, Survey, from_json, to_json
from exitpoll_server.store import lives, products, tables
from exitpoll_server.store.answers import add_answers
from exitpoll_server.store.arrivals import insert
from exitpoll_server.store.instants import DAY_MS, from_ms
from exitpoll_server.store.products import Product


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a person answered on a page, in one go."""

    reason: str | None = None
    score: int | None = None
    follow_up: str | None = None
    comment: str | None = None
    email: str | None = None
    """Only with consent to be written to."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The person behind an uninstall, as far as the survey needs to know."""

    uninstall_id: int
    """The store's own number, never shown outside a signed token."""
    uuid: UUID
    product: Product
    installation_id: UUID
    is_test: bool
    locale: str | None
    said: Said
    """Of each field what was answered last, by whichever way."""
    is_only_updating: bool
    """They said that this was no leaving."""
    survey_version: int | None
    """The version that they were shown; None where none was, yet."""


@dataclass(frozen=True, kw_only=True)
class Showing:
    """A survey as one person was shown it."""

    id: int
    held_out: bool
    """They see no offer, so that those who do can be compared with them."""
    offer: str | None
    """The reason whose offer they saw, if they saw one."""


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


UPDATING_MS = DAY_MS
"""How long after "I am only updating" a reloaded link still means the same uninstall."""


def withdrawn_uninstalls(
    connection: Connection, product_id: int, installation_uuid: UUID, now: int
) -> int:
    """Return how many uninstalls of an installation were withdrawn, and are over."""
    u, i = tables.uninstalls, tables.installations
    rows = connection.execute(
        select(u.c.id)
        .join(i, i.c.id == u.c.installation_id)
        .where(i.c.product_id == product_id, i.c.uuid == installation_uuid)
        .where(u.c.withdrawn_at.is_not(None))
        .where(func.coalesce(u.c.only_updating_at, 0) < now - UPDATING_MS)
    )
    return len(rows.all())


def asked(connection: Connection, uninstall_id: int, survey: Kind) -> Asked | None:
    """Return what the survey needs to know; None where the uninstall was erased."""
    u, i, w = tables.uninstalls, tables.installations, tables.showings
    row = connection.execute(
        select(
            *(u.c.id, u.c.uuid, u.c.locale, u.c.only_updating_at),
            *(i.c.product_id, i.c.uuid.label("installation_uuid"), i.c.test),
        )
        .join(i, i.c.id == u.c.installation_id)
        .where(u.c.id == uninstall_id)
    ).one_or_none()
    if row is None:
        return None
    shown = connection.scalars(
        select(w.c.survey_version)
        .where(w.c.uninstall_id == uninstall_id, w.c.survey == survey)
        .order_by(w.c.id)
    ).first()
    [product] = products.by_id(connection, row.product_id)
    return Asked(
        uninstall_id=row.id,
        uuid=row.uuid,
        product=product,
        installation_id=row.installation_uuid,
        is_test=row.test,
        locale=row.locale,
        said=Said(**{name: _last(connection, uninstall_id, name) for name in _SAID}),
        is_only_updating=row.only_updating_at is not None,
        survey_version=shown,
    )


_SAID = tuple(field.name for field in fields(Said))


def _last(connection: Connection, uninstall_id: int, name: str) -> Any:  # noqa: ANN401 - a text or a number
    table = tables.answers
    return connection.scalars(
        select(table.c[name])
        .where(table.c.uninstall_id == uninstall_id, table.c[name].is_not(None))
        .order_by(table.c.received_at.desc(), table.c.id.desc())
    ).first()


def show(  # noqa: PLR0913 - the columns of one row
    connection: Connection,
    *,
    asked: Asked,
    survey: Survey,
    locale: str,
    reasons: Sequence[str],
    held_out: bool,
    now: int,
) -> Showing:
    """Record that a survey was rendered with its reasons in this order.

    Rendering it again is the same showing: order and chance are the person's.
    """
    keep(connection, asked.product.id, survey, now)
    table = tables.showings
    key = {
        "uninstall_id": asked.uninstall_id,
        "survey": survey.kind,
        "survey_version": survey.version,
    }
    first = {"locale": locale, "reasons": list(reasons), "shown_at": now, "held_out": held_out}
    connection.execute(
        insert(connection, table).on_conflict_do_nothing(index_elements=list(key)), {**key, **first}
    )
    row = connection.execute(
        select(table.c.id, table.c.held_out, table.c.offer).filter_by(**key)
    ).one()
    return Showing(id=row.id, held_out=bool(row.held_out), offer=row.offer)


def offered(connection: Connection, showing_id: int, reason: str, now: int) -> None:
    """Record that the offer to a reason was seen; the first time counts."""
    table = tables.showings
    connection.execute(
        update(table)
        .where(table.c.id == showing_id, table.c.offered_at.is_(None))
        .values(offer=reason, offered_at=now)
    )


def offer_taken(connection: Connection, showing_id: int, now: int) -> None:
    """Record that an offer's link was followed; the first time counts."""
    table = tables.showings
    connection.execute(
        update(table)
        .where(table.c.id == showing_id, table.c.offer_taken_at.is_(None))
        .values(offer_taken_at=now)
    )


def only_updating(connection: Connection, uninstall_id: int, now: int) -> None:
    """Withdraw an uninstall, since the person says that it was none; no message undoes that."""
    lives.forget_uninstalls(connection, [uninstall_id])
    u = tables.uninstalls
    connection.execute(
        update(u)
        .where(u.c.id == uninstall_id)
        .values(
            only_updating_at=func.coalesce(u.c.only_updating_at, now),
            withdrawn_at=func.coalesce(u.c.withdrawn_at, now),
        )
    )


def opened(connection: Connection, showing_id: int, now: int) -> None:
    """Record that the page itself said that it is open; the first time counts."""
    table = tables.showings
    uninstall = select(table.c.uninstall_id).where(table.c.id == showing_id)
    lives.forget_uninstalls(connection, connection.execute(uninstall).scalars())
    connection.execute(
        update(table)
        .where(table.c.id == showing_id, table.c.opened_at.is_(None))
        .values(opened_at=now)
    )


def answer(
    connection: Connection, *, uninstall_id: int, showing_id: int, said: Said, now: int
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
        answers=asdict(said),
        showing_id=showing_id,
    )


# -- what is asked -------------------------------------------------------------------------


def current(connection: Connection, product_id: int, kind: Kind) -> Survey:
    """Return what a product asks now: the vendor's last version, or the ready-made set."""
    versions = _versions(connection, product_id, kind)
    return versions[-1] if versions else FIRST[kind]


def of_version(connection: Connection, product_id: int, kind: Kind, version: int) -> Survey:
    """Return what a product asked by a version; what it asks now, where nobody knows."""
    versions = _versions(connection, product_id, kind)
    known = next((one for one in versions if one.version == version), None)
    return known or (versions[-1] if versions else FIRST[kind])


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A version of a survey that was asked, or is."""

    survey: Survey
    kept_at: datetime
    """When it was first shown, or saved."""


def everything(connection: Connection, product_id: int) -> list[Kept]:
    """Return every version of every survey of a product, the oldest of each kind first."""
    table = tables.surveys
    rows = connection.execute(
        select(table.c.definition, table.c.version, table.c.created_at)
        .where(table.c.product_id == product_id)
        .order_by(table.c.version)
    )
    kept = [
        Kept(survey=from_json(row.definition, row.version), kept_at=from_ms(row.created_at))
        for row in rows
    ]
    return sorted(kept, key=lambda one: KINDS.index(one.survey.kind))


def keep(connection: Connection, product_id: int, survey: Survey, now: int) -> None:
    """Make sure that a version is kept as it is shown: a ready-made set may change with us."""
    connection.execute(
        insert(connection, tables.surveys).on_conflict_do_nothing(),
        {
            "product_id": product_id,
            "kind": survey.kind,
            "version": survey.version,
            "definition": to_json(survey),
            "created_at": now,
        },
    )


def change(connection: Connection, product_id: int, survey: Survey, now: int) -> Survey:
    """Ask something else from now on; return it with its version: a new one, if it is news."""
    # One writer at a time: two vendors at once would both make the same version.
    products.hold(connection, product_id)
    before = current(connection, product_id, survey.kind)
    if to_json(before) == to_json(survey):
        return before
    keep(connection, product_id, before, now)
    after = replace(survey, version=before.version + 1)
    keep(connection, product_id, after, now)
    return after


def _versions(connection: Connection, product_id: int, kind: Kind) -> list[Survey]:
    table = tables.surveys
    rows = connection.execute(
        select(table.c.definition, table.c.version)
        .where(table.c.product_id == product_id, table.c.kind == kind)
        .order_by(table.c.version)
    )
    return [from_json(row.definition, row.version) for row in rows]
