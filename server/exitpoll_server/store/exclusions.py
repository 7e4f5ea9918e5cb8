"""What the vendor has left out of every report: marked, never deleted, and put back at any time.

Three kinds: installations first heard of within a time (`quarantine`), one installation, and those
whose version, the last that is known, is this one. The marks are read by `queries/kept.sql` and
`queries/exclusions.sql`, and by `happened`, so that webhooks are not told of them either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, delete, false, func, or_, select, update

from exitpoll_server.store import tables
from exitpoll_server.store.instants import from_ms, to_ms

Kind: TypeAlias = Literal["quarantine", "installation", "version"]


@dataclass(frozen=True, kw_only=True)
class Excluded:
    """Whom a mark is about: those of one of these."""

    start: datetime | None = None
    """First heard of from here on …"""
    end: datetime | None = None
    """… and before this instant, which is not in it any more."""
    installation_id: UUID | None = None
    version: str | None = None

    @property
    def kind(self) -> Kind:
        """What it goes by."""
        if self.installation_id is not None:
            return "installation"
        return "quarantine" if self.version is None else "version"


@dataclass(frozen=True, kw_only=True)
class Exclusion(Excluded):
    """One mark, and how many installations it is about today, rehearsals not counted."""

    id: int
    product: str
    created_at: datetime
    note: str | None
    lifted_at: datetime | None
    """Since when it leaves nothing out any more; None while it does."""
    installations: int


def is_about() -> ColumnElement[bool]:
    """Tell, in a query of both, whether a mark is about an installation."""
    x, i = tables.exclusions.c, tables.installations.c
    return or_(
        (i.first_received_at >= x.from_at) & (i.first_received_at < x.to_at),
        i.uuid == x.installation_uuid,
        i.version == x.version,
    )


def add(
    connection: Connection, *, product_id: int, which: Excluded, note: str | None, now: datetime
) -> Exclusion:
    """Leave out whom it is about, from now on, of whatever time."""
    x = tables.exclusions
    number = connection.execute(
        x.insert().returning(x.c.id),
        {
            "product_id": product_id,
            "kind": which.kind,
            "note": note,
            # From 0 until 0 nobody was ever heard of.
            "from_at": 0 if which.start is None else to_ms(which.start),
            "to_at": 0 if which.end is None else to_ms(which.end),
            "installation_uuid": which.installation_id,
            "version": which.version,
            "created_at": to_ms(now),
        },
    ).scalar_one()
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


def forget(connection: Connection, product_id: int, erased: Iterable[UUID]) -> None:
    """Delete the marks of copies of which nothing is to be kept."""
    x = tables.exclusions
    mine = (x.c.product_id == product_id) & x.c.installation_uuid.in_(list(erased))
    connection.execute(delete(x).where(mine))


def everything(connection: Connection) -> list[Exclusion]:
    """Return all marks, the lifted ones too, the first first."""
    x, p, i = tables.exclusions.c, tables.products.c, tables.installations.c
    about = (
        select(func.count())
        .select_from(tables.installations)
        .where(i.product_id == x.product_id, i.test == false())
        .where(is_about())
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
            start=from_ms(row.from_at) if row.kind == "quarantine" else None,
            end=from_ms(row.to_at) if row.kind == "quarantine" else None,
            installation_id=row.installation_uuid,
            version=row.version,
            created_at=from_ms(row.created_at),
            note=row.note,
            lifted_at=None if row.lifted_at is None else from_ms(row.lifted_at),
            installations=row.installations,
        )
        for row in rows
    ]
