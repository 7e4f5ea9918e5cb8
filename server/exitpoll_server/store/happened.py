"""What webhooks are told of what happens, in the words of the wire: uninstalls and answers.

Of those who left it is found afterwards, by row number: a message waits for nobody. What is said on
a page while in use is told in the transaction that keeps it: a page is one row, written more than
once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, exists, or_, select, update

from exitpoll_agent.wire import format_instant
from exitpoll_server.store import exclusions, hooks, tables
from exitpoll_server.store.hooks import News, Webhook
from exitpoll_server.store.instants import from_ms

MOST_AT_ONCE = 200
"""Of one webhook in one transaction, which others wait for."""

_LEFT = (
    *("version", "channel", "edition", "source", "os", "arch", "locale", "customer"),
    *("asked", "not_asked", "launches"),
)
"""What is passed on of an uninstall as it is kept; nothing that consent keeps back is."""

_SAID = ("reason", "comment", "score", "follow_up")
"""The same of an answer. Never the address: that somebody waits for an answer is told."""


def is_news(connection: Connection) -> bool:
    """Tell whether anything happened that a webhook may want to know; only reads."""
    w = tables.webhooks
    left = hooks.highest(connection, tables.uninstalls.c.id)
    answered = hooks.highest(connection, tables.answers.c.id)
    behind = (w.c.uninstalls_to < left) | (w.c.answers_to < answered)
    return (
        connection.execute(select(w.c.id).where(w.c.enabled, behind).limit(1)).first() is not None
    )


def gather(connection: Connection, now: int) -> None:
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
            hooks.queue(connection, webhook, found, now)
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


def _left(row: Row[Any]) -> News:
    return News(
        event="uninstall",
        at=from_ms(row.first_received_at),
        about={
            "product": row.product,
            "installation_id": str(row.installation_uuid),
            "uninstall_id": str(row.uuid),
            "occurred_at": format_instant(from_ms(row.instant)),
            **{name: getattr(row, name) for name in _LEFT},
        },
        installation_uuid=row.installation_uuid,
    )


def _answered(row: Row[Any]) -> News:
    return News(
        event="response",
        at=from_ms(row.received_at),
        about={
            "product": row.product,
            "survey": "exit",
            "installation_id": str(row.installation_uuid),
            "uninstall_id": str(row.uninstall_uuid),
            "page_id": None,
            "version": row.version,
            "locale": row.locale,
            **{name: getattr(row, name) for name in _SAID},
            "wants_answer": row.email is not None,
        },
        installation_uuid=row.installation_uuid,
    )


# -- on a page while in use ----------------------------------------------------------------


def said_in_use(connection: Connection, page: int, new: Collection[str], now: int) -> None:
    """Queue what was just said on a page, the columns `new` of it, for whom it may concern."""
    f, p = tables.feedback, tables.products
    row = connection.execute(
        select(f, p.c.name.label("product"))
        .join(p, p.c.id == f.c.product_id)
        .where(f.c.id == page, ~_is_page_set_aside())
    ).one_or_none()
    if row is None:
        return
    whose = row.installation_uuid
    news = News(
        event="response",
        at=from_ms(now),
        about={
            "product": row.product,
            "survey": row.survey,
            "installation_id": None if whose is None else str(whose),
            "uninstall_id": None,
            "page_id": str(row.uuid),
            "version": row.version,
            "locale": row.locale,
            **{name: getattr(row, name) if name in new else None for name in _SAID},
            "wants_answer": "email" in new,
        },
        installation_uuid=whose,
    )
    for webhook in hooks.listening(connection, row.product_id, "response"):
        hooks.queue(connection, webhook, [news], now)


def _is_page_set_aside() -> Any:  # noqa: ANN401 - an expression of SQLAlchemy's
    """Tell whether the vendor left out the copy whose page it is; of no known copy, the page."""
    x, i, f = tables.exclusions, tables.installations, tables.feedback
    copy = (i.c.product_id == f.c.product_id) & (i.c.uuid == f.c.installation_uuid) & ~i.c.test
    of_page = or_(
        (f.c.shown_at >= x.c.from_at) & (f.c.shown_at < x.c.to_at),
        f.c.installation_uuid == x.c.installation_uuid,
        f.c.version == x.c.version,
    )
    return exists().where(
        x.c.product_id == f.c.product_id,
        x.c.lifted_at.is_(None),
        exists().where(copy, exclusions.is_about()) | (of_page & ~exists().where(copy)),
    )
