"""Tokens: with one a program reads a product's figures and rows, and changes nothing."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, delete, select, update

from exitpoll_server.store import audit, tables
from exitpoll_server.store.accounts import digest
from exitpoll_server.store.instants import DAY_MS, from_ms

PREFIX = "ept_"
"""So that a scanner of published code knows one."""

_BYTES = 24


@dataclass(frozen=True, kw_only=True)
class Token:
    """What is known of one; its secret is not."""

    id: int
    name: str
    created_at: datetime
    used_on: date | None
    """The last day on which it was used, UTC."""


def issue(connection: Connection, product_id: int, name: str, now: int) -> str:
    """Return a new token, which is never shown again."""
    secret = PREFIX + secrets.token_urlsafe(_BYTES)
    values = {"product_id": product_id, "name": name, "digest": digest(secret), "created_at": now}
    connection.execute(tables.tokens.insert(), values)
    audit.note(connection, "token.issued", product_id, name=name)
    return secret


def everything(connection: Connection, product_id: int) -> list[Token]:
    """Return a product's tokens, the first first."""
    t = tables.tokens
    rows = connection.execute(select(t).where(t.c.product_id == product_id).order_by(t.c.id))
    return [
        Token(
            id=row.id,
            name=row.name,
            created_at=from_ms(row.created_at),
            used_on=None if row.used_day is None else from_ms(row.used_day * DAY_MS).date(),
        )
        for row in rows
    ]


def product_of(connection: Connection, secret: str) -> int | None:
    """Return the number of the product that a token opens."""
    t = tables.tokens
    query = select(t.c.product_id).where(t.c.digest == digest(secret))
    return connection.execute(query).scalar_one_or_none()


def used(connection: Connection, secret: str, now: int) -> None:
    """Note on which day a token was used; once a day."""
    t, day = tables.tokens, now // DAY_MS
    mine = (t.c.digest == digest(secret)) & t.c.used_day.is_distinct_from(day)
    connection.execute(update(t).where(mine).values(used_day=day))


def revoke(connection: Connection, product_id: int, number: int) -> None:
    """Let a token open nothing any more; clicking twice is clicking once."""
    t = tables.tokens
    mine = (t.c.product_id == product_id) & (t.c.id == number)
    name = connection.execute(select(t.c.name).where(mine)).scalar_one_or_none()
    if name is not None:
        connection.execute(delete(t).where(mine))
        audit.note(connection, "token.revoked", product_id, name=name)
