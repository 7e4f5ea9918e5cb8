"""Keys: a product may have a new one, and every former one goes on being accepted.

What was bundled with a key speaks with it for good: a key ends only when an owner retires it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, func, or_, select, update

from exitpoll_server.store import products, tables
from exitpoll_server.store.instants import from_day, from_ms, to_ms
from exitpoll_server.store.products import Product

STILL_SPOKEN_DAYS = 28
"""A copy that was heard within so many days would be lost with its key."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key of a product."""

    key: str
    created_at: datetime
    last_heard: date | None
    """The day on which something last came with it, whatever that was."""
    copies: int
    """How many spoke with it last, in the last STILL_SPOKEN_DAYS, and have not left since.

    Whoever lets only the uninstall be told speaks but once, and is not among them.
    """
    retired_at: datetime | None
    """Since when nothing is accepted with it; None while it is."""
    is_newest: bool
    """What kits are made with."""


class NoSuchKeyError(Exception):
    """The product has no such key, or it is the newest, which cannot be retired."""


def find(connection: Connection, key: str) -> tuple[Product, int | None] | None:
    """Return the product that a key speaks for, and the day when it was last heard."""
    if "\0" in key:
        # Whoever sends it has no key of ours, and PostgreSQL takes no such text.
        return None
    k = tables.product_keys
    row = connection.execute(
        select(k.c.product_id, k.c.last_heard_day).where(k.c.key == key, k.c.retired_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    [product] = products.by_id(connection, row.product_id)
    return product, row.last_heard_day


def everything(connection: Connection, product: Product, now: datetime) -> list[Key]:
    """Return a product's keys, the newest first."""
    k = tables.product_keys
    speaking = _speaking(connection, product, now)
    rows = connection.execute(
        select(k).where(k.c.product_id == product.id).order_by(k.c.created_at.desc(), k.c.key)
    )
    found = [
        Key(
            key=row.key,
            created_at=from_ms(row.created_at),
            last_heard=None if row.last_heard_day is None else from_day(row.last_heard_day),
            copies=speaking.get(row.key, 0),
            retired_at=None if row.retired_at is None else from_ms(row.retired_at),
            is_newest=row.key == product.key,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: not one.is_newest)


def _speaking(connection: Connection, product: Product, now: datetime) -> dict[str, int]:
    """Count the copies that speak with each key."""
    i, c, u = tables.installations.c, tables.counters.c, tables.uninstalls.c
    since = to_ms(now - timedelta(days=STILL_SPOKEN_DAYS))
    key = func.coalesce(c.product_key, product.lasting_key)
    rows = connection.execute(
        select(key, func.count(c.installation_id.distinct()))
        .join_from(tables.installations, tables.counters)
        .where(i.product_id == product.id, ~i.test, c.last_received_at >= since)
        # Only of what an agent itself sent is it known how long it was on its way.
        .where(c.clock_offset.is_not(None))
        .where(~select(u.id).where(u.installation_id == i.id, u.withdrawn_at.is_(None)).exists())
        .group_by(key)
    )
    return dict(rows.tuples().all())


def owners(connection: Connection) -> dict[str, int]:
    """Return every key that there ever was, with the number of its product."""
    k = tables.product_keys
    return {row.key: row.product_id for row in connection.execute(select(k.c.key, k.c.product_id))}


def rotate(connection: Connection, product_id: int, now: int) -> Product:
    """Give a product a new key; return it as it is then."""
    products.hold(connection, product_id)
    [before] = products.by_id(connection, product_id)
    key = products.new_key()
    products.keep_key(connection, product_id, key, now)
    p = tables.products
    connection.execute(
        update(p).where(p.c.id == product_id).values(key=key, first_key=before.lasting_key)
    )
    [after] = products.by_id(connection, product_id)
    return after


def retire(connection: Connection, product_id: int, key: str, now: int | None) -> None:
    """Accept nothing with a key from now on; None: accept it again.

    Raises:
        NoSuchKeyError: it is not a former key of the product.
    """
    k, p = tables.product_keys, tables.products
    newest = select(p.c.key).where(p.c.id == product_id).scalar_subquery()
    done = connection.execute(
        update(k)
        .where(k.c.product_id == product_id, k.c.key == key, k.c.key != newest)
        .values(retired_at=now)
    )
    if done.rowcount == 0:
        raise NoSuchKeyError


def heard(connection: Connection, days: Mapping[str, int]) -> None:
    """Note on which days keys were heard, in one order for all writers."""
    k = tables.product_keys
    for key, day in sorted(days.items()):
        connection.execute(
            update(k)
            .where(k.c.key == key, or_(k.c.last_heard_day.is_(None), k.c.last_heard_day < day))
            .values(last_heard_day=day)
        )
