"""Webhooks: who is told what, what is waiting to be told, and what became of it."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, delete, exists, func, select, update

from exitpoll_agent.wire import format_instant
from exitpoll_server.store import audit, tables
from exitpoll_server.store.instants import from_ms

DELIVERIES_ON_A_PAGE = 50

SECRET_BYTES = 32
SECRET_PREFIX = "whsec_"  # noqa: S105 - how every secret begins (Standard Webhooks)

MESSAGE_BYTES = 12
MOST_ERROR_CHARS = 200


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """Where a product's vendor wants to be told of what happens."""

    id: int
    product_id: int
    url: str
    secret: str
    """What its messages are signed with."""
    events: tuple[str, ...]
    enabled: bool
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class News:
    """Something that a webhook is to be told."""

    event: str
    at: datetime
    about: Mapping[str, Any]
    """What its payload says beside `event`, `id` and `at`."""
    installation_uuid: UUID | None = None
    """Whose data the payload holds."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A message to a webhook, and what became of it."""

    id: int
    webhook_id: int
    message: str
    event: str
    payload: Mapping[str, Any]
    created_at: datetime
    attempts: int
    next_at: datetime | None
    """When it is tried again; None when it is over."""
    delivered_at: datetime | None
    status: int | None
    """Of the last answer; None where there was none."""
    error: str | None
    """Why the last attempt failed."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """A delivery whose time has come, with whom it is for."""

    delivery: Delivery
    webhook: Webhook


# -- who is told ---------------------------------------------------------------------------


def everything(connection: Connection, product_id: int | None = None) -> list[Webhook]:
    """Return the webhooks of a product, or of all, the first first."""
    table = tables.webhooks
    query = select(table).order_by(table.c.id)
    if product_id is not None:
        query = query.where(table.c.product_id == product_id)
    return [_webhook(row) for row in connection.execute(query)]


def listening(connection: Connection, product_id: int, event: str) -> list[Webhook]:
    """Return who is told of an event of a product."""
    return [
        one for one in everything(connection, product_id) if one.enabled and event in one.events
    ]


def add(
    connection: Connection, product_id: int, *, url: str, events: Sequence[str], now: int
) -> Webhook:
    """Tell somebody from now on, with a secret of their own."""
    secret = base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    table = tables.webhooks
    number = connection.execute(
        table.insert().returning(table.c.id),
        {
            "product_id": product_id,
            "url": url,
            "secret": SECRET_PREFIX + secret,
            "events": list(events),
            "enabled": True,
            "created_at": now,
            **_heard(connection),
        },
    ).scalar_one()
    audit.note(connection, "webhook.added", product_id, url=url)
    return next(one for one in everything(connection, product_id) if one.id == number)


def switch(connection: Connection, webhook: Webhook, *, enabled: bool) -> None:
    """Tell a webhook from now on, or no more; what happens in between it is not told."""
    table = tables.webhooks
    values: dict[str, object] = {"enabled": enabled, **(_heard(connection) if enabled else {})}
    connection.execute(update(table).where(table.c.id == webhook.id).values(values))
    action = "webhook.enabled" if enabled else "webhook.disabled"
    audit.note(connection, action, webhook.product_id, url=webhook.url)


def remove(connection: Connection, webhook: Webhook) -> None:
    """Delete a webhook and the log of what it was told."""
    d, w = tables.deliveries, tables.webhooks
    connection.execute(delete(d).where(d.c.webhook_id == webhook.id))
    connection.execute(delete(w).where(w.c.id == webhook.id))
    audit.note(connection, "webhook.removed", webhook.product_id, url=webhook.url)


def _heard(connection: Connection) -> dict[str, int]:
    """Return the marks of somebody who wants to hear only of what is still to come."""
    return {
        "uninstalls_to": highest(connection, tables.uninstalls.c.id),
        "answers_to": highest(connection, tables.answers.c.id),
    }


def highest(connection: Connection, column: Any) -> int:  # noqa: ANN401 - a column of numbers
    """Return the highest number given out so far."""
    return int(connection.execute(select(func.coalesce(func.max(column), 0))).scalar_one())


# -- what is to be told --------------------------------------------------------------------


def queue(connection: Connection, webhook: Webhook, news: Sequence[News], now: int) -> None:
    """Have a webhook told, as soon as may be."""
    if not news:
        return
    connection.execute(tables.deliveries.insert(), [_row(webhook, one, now) for one in news])


def _row(webhook: Webhook, news: News, now: int) -> dict[str, object]:
    message = f"msg_{secrets.token_hex(MESSAGE_BYTES)}"
    first = {"event": news.event, "id": message, "at": format_instant(news.at)}
    return {
        "webhook_id": webhook.id,
        "product_id": webhook.product_id,
        "installation_uuid": news.installation_uuid,
        "message": message,
        "event": news.event,
        "payload": {**first, **news.about},
        "created_at": now,
        "attempts": 0,
        "next_at": now,
    }


def is_due(connection: Connection, now: int) -> bool:
    """Tell whether anything is waiting to be told."""
    return connection.execute(_due(now).limit(1)).first() is not None


def due(connection: Connection, now: int, most: int) -> list[Due]:
    """Return what is waiting to be told, the longest waiting first."""
    hooks = {one.id: one for one in everything(connection)}
    rows = connection.execute(_due(now).order_by(tables.deliveries.c.next_at).limit(most))
    return [Due(delivery=_delivery(row), webhook=hooks[row.webhook_id]) for row in rows]


def _due(now: int) -> Select[Any]:
    d, w = tables.deliveries, tables.webhooks
    is_on = exists().where(w.c.id == d.c.webhook_id, w.c.enabled)
    return select(d).where(d.c.next_at <= now, is_on)


def claim(connection: Connection, delivery: Delivery, again_at: int) -> bool:
    """Count an attempt before it is made; False where somebody else makes it.

    Whoever dies in the middle leaves it to be tried again then.
    """
    table = tables.deliveries
    claimed = connection.execute(
        update(table)
        .where(
            table.c.id == delivery.id,
            table.c.attempts == delivery.attempts,
            table.c.next_at.is_not(None),
        )
        .values(attempts=delivery.attempts + 1, next_at=again_at)
    )
    return bool(claimed.rowcount)


def told(connection: Connection, delivery: Delivery, status: int, now: int) -> None:
    """Note that a message arrived."""
    _note(connection, delivery, next_at=None, delivered_at=now, status=status, error=None)


def failed(
    connection: Connection, delivery: Delivery, *, status: int | None, error: str, is_last: bool
) -> None:
    """Note that an attempt failed; after the last one there is no other."""
    over: dict[str, object] = {"next_at": None} if is_last else {}
    _note(connection, delivery, status=status, error=error[:MOST_ERROR_CHARS], **over)


def _note(connection: Connection, delivery: Delivery, **values: object) -> None:
    table = tables.deliveries
    connection.execute(update(table).where(table.c.id == delivery.id).values(**values))


# -- what became of it ---------------------------------------------------------------------


def log(connection: Connection, product_id: int) -> list[Delivery]:
    """Return a page of what webhooks of a product were told, the last first."""
    table = tables.deliveries
    rows = connection.execute(
        select(table)
        .where(table.c.product_id == product_id)
        .order_by(table.c.id.desc())
        .limit(DELIVERIES_ON_A_PAGE)
    )
    return [_delivery(row) for row in rows]


def again(connection: Connection, product_id: int, number: int, now: int) -> bool:
    """Have a message sent anew, under its name; False where there is none of this number."""
    table = tables.deliveries
    found = connection.execute(
        update(table)
        .where(table.c.id == number, table.c.product_id == product_id)
        .values(attempts=0, next_at=now, delivered_at=None)
    )
    return bool(found.rowcount)


def is_older(connection: Connection, before: int) -> bool:
    """Tell whether anything is over that came up before this instant; only reads."""
    table = tables.deliveries
    old = table.c.next_at.is_(None) & (table.c.created_at < before)
    return connection.execute(select(table.c.id).where(old).limit(1)).first() is not None


def forget(connection: Connection, before: int) -> None:
    """Delete what is over, and came up before this instant."""
    table = tables.deliveries
    connection.execute(delete(table).where(table.c.next_at.is_(None), table.c.created_at < before))


def erase(connection: Connection, product_id: int, erased: Sequence[UUID]) -> None:
    """Delete what holds data of these installations, sent or not."""
    table = tables.deliveries
    connection.execute(
        delete(table).where(table.c.product_id == product_id, table.c.installation_uuid.in_(erased))
    )


def lower_marks(connection: Connection) -> None:
    """Have webhooks hear of rows that get the numbers of deleted ones: SQLite gives them anew."""
    w = tables.webhooks
    for name, highest_there in _heard(connection).items():
        connection.execute(update(w).where(w.c[name] > highest_there).values({name: highest_there}))


def _webhook(row: Row[Any]) -> Webhook:
    return Webhook(
        id=row.id,
        product_id=row.product_id,
        url=row.url,
        secret=row.secret,
        events=tuple(row.events),
        enabled=row.enabled,
        created_at=from_ms(row.created_at),
    )


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        webhook_id=row.webhook_id,
        message=row.message,
        event=row.event,
        payload=row.payload,
        created_at=from_ms(row.created_at),
        attempts=row.attempts,
        next_at=None if row.next_at is None else from_ms(row.next_at),
        delivered_at=None if row.delivered_at is None else from_ms(row.delivered_at),
        status=row.status,
        error=row.error,
    )
