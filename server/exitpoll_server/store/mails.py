"""Mail to the vendor's people: who wants which, and what is to be sent to whom, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias, get_args

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, exists, select, update

from exitpoll_server.store import tables
from exitpoll_server.store.arrivals import insert
from exitpoll_server.store.instants import from_ms

Kind: TypeAlias = Literal["digest", "alarm", "reminder"]
KINDS: tuple[Kind, ...] = get_args(Kind)

MOST_ERROR_CHARS = 200


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail that is to be sent: its text is made when it is."""

    id: int
    email: str
    """Whom it goes to."""
    language: str | None
    """In which they read the console, if they chose one."""
    product_id: int
    kind: Kind
    subject: str
    """Names what it is about: a week; a version in a week."""
    about: Mapping[str, Any]
    created_at: datetime
    attempts: int


def wishes(connection: Connection, account_id: int, product_id: int) -> frozenset[str]:
    """Return which mail of a product somebody wants."""
    table = tables.subscriptions
    mine = (table.c.account_id == account_id) & (table.c.product_id == product_id)
    return frozenset(connection.scalars(select(table.c.kind).where(mine)))


def wish(
    connection: Connection, account_id: int, product_id: int, kinds: Sequence[Kind], now: int
) -> None:
    """Let somebody have these, and no others; who goes on is no newcomer."""
    table = tables.subscriptions
    mine = (table.c.account_id == account_id) & (table.c.product_id == product_id)
    connection.execute(delete(table).where(mine, table.c.kind.not_in(kinds)))
    for kind in kinds:
        connection.execute(
            insert(connection, table).on_conflict_do_nothing(),
            {
                "account_id": account_id,
                "product_id": product_id,
                "kind": kind,
                "created_at": now,
            },
        )


def is_wanted(connection: Connection, product_id: int, kind: Kind) -> bool:
    """Tell whether anybody wants such mail of a product."""
    s = tables.subscriptions
    query = select(s.c.kind).where(s.c.product_id == product_id, s.c.kind == kind, _still_there(s))
    return connection.execute(query.limit(1)).first() is not None


def lacks(connection: Connection, subject: str, since: int) -> bool:
    """Tell whether somebody who wants the digest has none of this subject yet; only reads."""
    return connection.execute(_lacking("digest", subject, since).limit(1)).first() is not None


def queue_digests(connection: Connection, subject: str, since: int, now: int) -> None:
    """Have the digest of a week sent to all who wanted it before `since`."""
    for row in connection.execute(_lacking("digest", subject, since)).all():
        _queue(connection, row.account_id, row.product_id, "digest", (subject, {}), now)


def queue(
    connection: Connection,
    product_id: int,
    kind: Kind,
    subject: str,
    about: Mapping[str, Any],
    now: int,
) -> None:
    """Have a mail sent to all who want such; once, however often it is asked for."""
    s = tables.subscriptions
    query = select(s.c.account_id).where(
        s.c.product_id == product_id, s.c.kind == kind, _still_there(s)
    )
    for account_id in connection.scalars(query).all():
        _queue(connection, account_id, product_id, kind, (subject, about), now)


def _queue(
    connection: Connection,
    account_id: int,
    product_id: int,
    kind: Kind,
    on: tuple[str, Mapping[str, Any]],
    now: int,
) -> None:
    connection.execute(
        insert(connection, tables.mails).on_conflict_do_nothing(),
        {
            "account_id": account_id,
            "product_id": product_id,
            "kind": kind,
            "subject": on[0],
            "about": dict(on[1]),
            "created_at": now,
            "attempts": 0,
            "next_at": now,
        },
    )


def _lacking(kind: Kind, subject: str, since: int) -> Select[Any]:
    s, t = tables.subscriptions, tables.mails
    there = exists().where(
        t.c.account_id == s.c.account_id,
        t.c.product_id == s.c.product_id,
        t.c.kind == s.c.kind,
        t.c.subject == subject,
    )
    return select(s).where(s.c.kind == kind, s.c.created_at < since, ~there, _still_there(s))


def _still_there(of: Any) -> ColumnElement[bool]:  # noqa: ANN401 - subscriptions, or mails
    """Return who may still read of the product: their account is open, and they work on it."""
    a, m = tables.accounts, tables.memberships
    works = exists().where(m.c.account_id == of.c.account_id, m.c.product_id == of.c.product_id)
    is_open = (a.c.id == of.c.account_id) & a.c.closed_at.is_(None)
    return exists().where(is_open, a.c.administrator | works)


# -- sending -------------------------------------------------------------------------------


def is_due(connection: Connection, now: int) -> bool:
    """Tell whether a mail is waiting to be sent."""
    t = tables.mails
    return connection.execute(select(t.c.id).where(t.c.next_at <= now).limit(1)).first() is not None


def due(connection: Connection, now: int, most: int) -> list[Mail]:
    """Return what is waiting to be sent, and drop what its reader may not read any more."""
    t, a = tables.mails, tables.accounts
    gone = update(t).where(t.c.next_at.is_not(None), ~_still_there(t)).values(next_at=None)
    connection.execute(gone)
    rows = connection.execute(
        select(t, a.c.email, a.c.language)
        .join(a, a.c.id == t.c.account_id)
        .where(t.c.next_at <= now)
        .order_by(t.c.next_at, t.c.id)
        .limit(most)
    )
    return [_mail(row) for row in rows]


def claim(connection: Connection, mail: Mail, again_at: int) -> bool:
    """Count an attempt before it is made; False where somebody else makes it."""
    t = tables.mails
    mine = (t.c.id == mail.id) & (t.c.attempts == mail.attempts) & t.c.next_at.is_not(None)
    claimed = connection.execute(
        update(t).where(mine).values(attempts=mail.attempts + 1, next_at=again_at)
    )
    return bool(claimed.rowcount)


def sent(connection: Connection, mail: Mail, now: int) -> None:
    """Note that the mail server took a mail."""
    t = tables.mails
    values = {"next_at": None, "sent_at": now, "error": None}
    connection.execute(update(t).where(t.c.id == mail.id).values(values))


def failed(connection: Connection, mail: Mail, error: str, *, is_last: bool) -> None:
    """Note that an attempt failed; after the last one there is no other."""
    t = tables.mails
    values: dict[str, object] = {"error": error[:MOST_ERROR_CHARS]}
    if is_last:
        values["next_at"] = None
    connection.execute(update(t).where(t.c.id == mail.id).values(values))


def _mail(row: Row[Any]) -> Mail:
    return Mail(
        id=row.id,
        email=row.email,
        language=row.language,
        product_id=row.product_id,
        kind=row.kind,
        subject=row.subject,
        about=row.about,
        created_at=from_ms(row.created_at),
        attempts=row.attempts,
    )
