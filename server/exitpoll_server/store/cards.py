"""The card of an installation: its life, on one page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select

from exitpoll_server.store import tables
from exitpoll_server.store.instants import DAY_MS, from_ms


@dataclass(frozen=True, kw_only=True)
class Card:
    """The life of an installation, without anything that names who it is."""

    installed_at: datetime | None
    heard_at: datetime
    os: str | None
    edition: str | None
    locale: str | None
    weeks: tuple[tuple[date, int], ...]
    """The Monday of each of the last weeks of its life, and its launches, the first first."""
    versions: tuple[tuple[str, date], ...]
    """Each version that was used, and on which day first."""
    milestones: tuple[tuple[str, date], ...]
    uninstalled_at: tuple[datetime, ...]
    others: int
    """Other installations of the same customer."""
    others_left: int
    """How many of them were uninstalled."""


WEEKS = 26
"""Half a year is a picture; more is a comb."""
_DAYS_A_WEEK = 7


def card(connection: Connection, product_id: int, installation_uuid: UUID) -> Card | None:
    """Return what is known of an installation; None where nothing is, or it was erased."""
    i, d, v, m, u = (
        tables.installations,
        tables.launches,
        tables.versions,
        tables.milestones,
        tables.uninstalls,
    )
    copy = connection.execute(
        select(i).where(
            i.c.product_id == product_id, i.c.uuid == installation_uuid, i.c.test.is_(False)
        )
    ).one_or_none()
    if copy is None:
        return None
    days = connection.execute(
        select(d.c.day, func.sum(d.c.launches).label("launches"))
        .where(d.c.installation_id == copy.id, d.c.dated == 1)
        .group_by(d.c.day)
    ).all()
    versions = connection.execute(
        select(v.c.name, func.min(d.c.day).label("day"))
        .join(v, v.c.id == d.c.version_id)
        .where(d.c.installation_id == copy.id, d.c.dated == 1)
        .group_by(v.c.name)
        .order_by(func.min(d.c.day))
    ).all()
    reached = connection.execute(
        select(m.c.name, m.c.day).where(m.c.installation_id == copy.id).order_by(m.c.day)
    ).all()
    left = connection.scalars(
        select(u.c.instant)
        .where(u.c.installation_id == copy.id, u.c.withdrawn_at.is_(None))
        .order_by(u.c.instant)
    ).all()
    others, others_left = _others(connection, copy)
    return Card(
        installed_at=None if copy.installed_instant is None else from_ms(copy.installed_instant),
        heard_at=from_ms(copy.first_received_at),
        os=copy.os,
        edition=copy.edition,
        locale=copy.locale,
        weeks=_weeks({row.day: row.launches for row in days}),
        versions=tuple((row.name, _date(row.day)) for row in versions),
        milestones=tuple((row.name, _date(row.day)) for row in reached),
        uninstalled_at=tuple(from_ms(instant) for instant in left),
        others=others,
        others_left=others_left,
    )


def _weeks(launches: Mapping[int, int]) -> tuple[tuple[date, int], ...]:
    if not launches:
        return ()
    weeks: dict[int, int] = defaultdict(int)
    for day, n in launches.items():
        weeks[_monday(day)] += n
    last = max(weeks)
    first = max(min(weeks), last - (WEEKS - 1) * _DAYS_A_WEEK)
    return tuple((_date(day), weeks[day]) for day in range(first, last + 1, _DAYS_A_WEEK))


def _monday(day: int) -> int:
    # 1970-01-01 was a Thursday.
    return day - (day + 3) % _DAYS_A_WEEK


def _date(day: int) -> date:
    return from_ms(day * DAY_MS).date()


def _others(connection: Connection, copy: Row[Any]) -> tuple[int, int]:
    if copy.customer is None:
        return 0, 0
    i, u = tables.installations, tables.uninstalls
    theirs = (
        select(i.c.id)
        .where(i.c.product_id == copy.product_id, i.c.customer == copy.customer)
        .where(i.c.test.is_(False), i.c.id != copy.id)
    )
    left = (
        select(u.c.installation_id)
        .where(u.c.installation_id.in_(theirs), u.c.withdrawn_at.is_(None))
        .distinct()
    )
    sizes = [
        connection.execute(select(func.count()).select_from(rows.subquery())).scalar_one()
        for rows in (theirs, left)
    ]
    return sizes[0], sizes[1]
