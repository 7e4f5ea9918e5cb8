"""What happened since a webhook was last told: uninstalls and answers, rehearsals left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Connection, Row, Select, exists, select, update

from exitpoll_server.store import exclusions, hooks, tables
from exitpoll_server.store.hooks import News, Webhook
from exitpoll_server.store.instants import from_ms

MOST_AT_ONCE = 200
"""Of one webhook in one transaction, which others wait for."""


@dataclass(frozen=True, kw_only=True)
class Left:
    """Somebody uninstalled: what is known of the copy then, and nothing that consent keeps back."""

    product: str
    installation_uuid: UUID
    uninstall_uuid: UUID
    at: datetime
    """When it was heard of."""
    occurred_at: datetime
    version: str | None
    channel: str | None
    edition: str | None
    source: str | None
    os: str | None
    arch: str | None
    locale: str | None
    customer: str | None
    asked: str
    not_asked: str | None
    launches: int | None


@dataclass(frozen=True, kw_only=True)
class Answered:
    """Somebody who left answered, or added to what they had answered."""

    product: str
    installation_uuid: UUID
    uninstall_uuid: UUID
    at: datetime
    version: str | None
    locale: str | None
    reason: str | None
    comment: str | None
    score: int | None
    follow_up: str | None
    wants_answer: bool


Describe: TypeAlias = Callable[["Left | Answered"], News]


def is_news(connection: Connection) -> bool:
    """Tell whether anything happened that a webhook may want to know; only reads."""
    w = tables.webhooks
    left = hooks.highest(connection, tables.uninstalls.c.id)
    answered = hooks.highest(connection, tables.answers.c.id)
    behind = (w.c.uninstalls_to < left) | (w.c.answers_to < answered)
    return (
        connection.execute(select(w.c.id).where(w.c.enabled, behind).limit(1)).first() is not None
    )


def gather(connection: Connection, describe: Describe, now: int) -> None:
    """Queue what happened for every webhook that wants it, each thing once.

    In a transaction in which nobody else writes: a number that was given out earlier may otherwise
    be committed later, and would be passed over.
    """
    for mark, event, look in (
        ("uninstalls_to", "uninstall", _uninstalls),
        ("answers_to", "response", _answers),
    ):
        table = tables.uninstalls if event == "uninstall" else tables.answers
        highest = hooks.highest(connection, table.c.id)
        for webhook, after in _behind(connection, mark, highest):
            rows: Sequence[Row[Any]] = ()
            if event in webhook.events:
                rows = connection.execute(look(webhook.product_id, after)).all()
            found = [_left(row) if event == "uninstall" else _answered(row) for row in rows]
            hooks.queue(connection, webhook, [describe(one) for one in found], now)
            reached = rows[-1].id if len(rows) == MOST_AT_ONCE else highest
            w = tables.webhooks
            connection.execute(update(w).where(w.c.id == webhook.id).values({mark: reached}))


def _behind(connection: Connection, mark: str, highest: int) -> list[tuple[Webhook, int]]:
    w = tables.webhooks
    rows = connection.execute(select(w.c.id, w.c[mark]).where(w.c.enabled, w.c[mark] < highest))
    marks = {row.id: row[1] for row in rows}
    return [(one, marks[one.id]) for one in hooks.everything(connection) if one.id in marks]


def _uninstalls(product_id: int, after: int) -> Select[Any]:
    u, i, p, r = tables.uninstalls, tables.installations, tables.products, tables.receipts
    imported = exists().where(r.c.uninstall_id == u.c.id, r.c.channel == "import")
    return (
        select(
            u,
            i.c.uuid.label("installation_uuid"),
            p.c.name.label("product"),
        )
        .join(i, i.c.id == u.c.installation_id)
        .join(p, p.c.id == i.c.product_id)
        .where(i.c.product_id == product_id, ~i.c.test, u.c.id > after)
        .where(~imported, ~_is_set_aside(), u.c.withdrawn_at.is_(None))
        .order_by(u.c.id)
        .limit(MOST_AT_ONCE)
    )


def _answers(product_id: int, after: int) -> Select[Any]:
    a, u, i, p = tables.answers, tables.uninstalls, tables.installations, tables.products
    return (
        select(
            a,
            u.c.uuid.label("uninstall_uuid"),
            *(u.c.version, u.c.locale),
            i.c.uuid.label("installation_uuid"),
            p.c.name.label("product"),
        )
        .join(u, u.c.id == a.c.uninstall_id)
        .join(i, i.c.id == a.c.installation_id)
        .join(p, p.c.id == i.c.product_id)
        .where(i.c.product_id == product_id, ~i.c.test, a.c.id > after, a.c.channel != "import")
        .where(~_is_set_aside())
        .order_by(a.c.id)
        .limit(MOST_AT_ONCE)
    )


def _is_set_aside() -> Any:  # noqa: ANN401 - an expression of SQLAlchemy's
    x, i = tables.exclusions, tables.installations
    return exists().where(
        x.c.product_id == i.c.product_id,
        x.c.lifted_at.is_(None),
        exclusions.is_about(),
    )


def _left(row: Row[Any]) -> Left:
    return Left(
        product=row.product,
        installation_uuid=row.installation_uuid,
        uninstall_uuid=row.uuid,
        at=from_ms(row.first_received_at),
        occurred_at=from_ms(row.instant),
        version=row.version,
        channel=row.channel,
        edition=row.edition,
        source=row.source,
        os=row.os,
        arch=row.arch,
        locale=row.locale,
        customer=row.customer,
        asked=row.asked,
        not_asked=row.not_asked,
        launches=row.launches,
    )


def _answered(row: Row[Any]) -> Answered:
    return Answered(
        product=row.product,
        installation_uuid=row.installation_uuid,
        uninstall_uuid=row.uninstall_uuid,
        at=from_ms(row.received_at),
        version=row.version,
        locale=row.locale,
        reason=row.reason,
        comment=row.comment,
        score=row.score,
        follow_up=row.follow_up,
        wants_answer=row.email is not None,
    )
