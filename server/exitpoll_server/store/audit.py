"""Who changed what: noted in the transaction of the change, and never altered.

Who is at work is said once, with `acting`, and not by every call: nobody is at the command line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from exitpoll_server import clock
from exitpoll_server.store import tables
from exitpoll_server.store.instants import from_ms, to_ms

CHANGES_ON_A_PAGE = 50

_at_work: ContextVar[int | None] = ContextVar("at_work", default=None)


@dataclass(frozen=True)
class Change:
    """What somebody did."""

    id: int
    at: datetime
    account: str | None
    """The name of who did it; None: the command line, or the server itself."""
    action: str
    """As `product.created`: what it was done to, and what was done."""
    about: Mapping[str, str]


@contextmanager
def acting(account_id: int) -> Iterator[None]:
    """Note what is changed within as done by this account."""
    token = _at_work.set(account_id)
    try:
        yield
    finally:
        _at_work.reset(token)


def is_somebody_at_work() -> bool:
    """Tell whether an account does what is done."""
    return _at_work.get() is not None


def note(
    connection: Connection,
    action: str,
    product_id: int | None,
    **about: str,
) -> None:
    """Note a change of a product, or, where it is None, of the server."""
    connection.execute(
        tables.audit.insert(),
        {
            "at": to_ms(clock.now()),
            "account_id": _at_work.get(),
            "product_id": product_id,
            "action": action,
            "about": about,
        },
    )


def changes(connection: Connection, product_id: int | None, before: int | None) -> list[Change]:
    """Return a page of changes, the last first; `before` is the last of the page before."""
    table, who = tables.audit, tables.accounts
    query = (
        select(table, who.c.name)
        .outerjoin(who, who.c.id == table.c.account_id)
        .where(table.c.product_id == product_id)
        .order_by(table.c.id.desc())
        .limit(CHANGES_ON_A_PAGE)
    )
    if before is not None:
        query = query.where(table.c.id < before)
    return [
        Change(id=row.id, at=from_ms(row.at), account=row.name, action=row.action, about=row.about)
        for row in connection.execute(query)
    ]
