"""What is kept of one copy: all of it, in a form that the person behind it can read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, Table, func, select

from exitpoll_server.store import tables
from exitpoll_server.store.instants import EPOCH, from_ms

MOST_RECORDS = 400
"""Of one table; for launches more than a year. A page of more is read by nobody."""

INTERNAL = {
    "id": "a row's number, which stands for nothing outside of this database",
    "product_id": "which product: the page is about one",
    "installation_id": "ties a row to its copy: the page is about one",
    "installation_uuid": "the copy's id, which stands above all",
    "installations.uuid": "the same",
    "tombstones.uuid": "the same",
    "exclusions.kind": "says that the mark is about one copy, as its title does",
    "exclusions.from_at": "of marks that go by time, which are about no copy",
    "exclusions.to_at": "the same",
    "exclusions.version": "of marks that go by version, which are about no copy",
    "installations.test": "says whether all else is a rehearsal, which its titles say",
    "counter_id": "ties a row to a counter, which is shown",
    "uninstall_id": "ties a row to an uninstall, below which it is shown",
    "showing_id": "ties an answer to a showing, which is shown beside it",
    "feedback_id": "ties a letter to a page, below which it is shown",
    "letter_id": "ties a reply to a letter, below which it is shown",
    "account_id": "says which of the vendor's people replied",
    "theme_id": "says which of the vendor's themes a reply told of",
}
"""The columns that are not shown, each with why; a name is that of a table's column or of any."""

Value: TypeAlias = "str | bool"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that is kept."""

    name: str
    """The column's."""
    value: Value
    """As a person reads it: an instant as `2026-11-20 12:00:00 UTC`, a day as `2026-11-20`."""


Record: TypeAlias = tuple[Entry, ...]
"""A row, without what is empty in it."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """What a table holds of a copy, or of one of its uninstalls."""

    title: str
    """The table's name."""
    records: tuple[Record, ...]
    is_test: bool
    """Of a rehearsal."""
    more: int = 0
    """How many older records are kept and not named here."""

    @property
    def size(self) -> int:
        """How many records there are."""
        return len(self.records) + self.more


def everything(
    connection: Connection,
    product_id: int,
    installation_uuid: UUID,
    most: int | None = MOST_RECORDS,
) -> tuple[Section, ...]:
    """Return everything that is kept of an installation, its rehearsals last; empty for nothing."""
    i, f, t, x = tables.installations, tables.feedback, tables.tombstones, tables.exclusions
    copies = connection.execute(
        select(i.c.id, i.c.test)
        .where(i.c.product_id == product_id, i.c.uuid == installation_uuid)
        .order_by(i.c.test)
    ).all()
    found = [
        part for one in copies for part in _of_copy(connection, one.id, is_test=one.test, most=most)
    ]
    said = (f.c.product_id == product_id) & (f.c.installation_uuid == installation_uuid)
    gone = (t.c.product_id == product_id) & (t.c.uuid == installation_uuid)
    pages = select(f.c.id).where(said)
    found += [
        _section(connection, f, said, most=most),
        *_letters(connection, "feedback_id", pages, most=most),
        _section(connection, t, gone),
    ]
    mine = (x.c.product_id == product_id) & (x.c.installation_uuid == installation_uuid)
    found.append(_section(connection, x, mine, most=most))
    return tuple(section for section in found if section.records)


def shown(table: Table) -> list[Column[Any]]:
    """Return the columns of a table that a person is shown."""
    return [
        column
        for column in table.columns
        if column.name not in INTERNAL and f"{table.name}.{column.name}" not in INTERNAL
    ]


def _of_copy(
    connection: Connection, number: int, *, is_test: bool, most: int | None
) -> Iterator[Section]:
    i, u, a = tables.installations, tables.uninstalls, tables.answers
    yield _section(connection, i, i.c.id == number, is_test=is_test, most=most)
    for table in (tables.history, tables.counters, tables.launches, tables.milestones):
        yield _section(
            connection, table, table.c.installation_id == number, is_test=is_test, most=most
        )
    for uninstall in connection.scalars(
        select(u.c.id).where(u.c.installation_id == number).order_by(u.c.id)
    ).all():
        yield _section(connection, u, u.c.id == uninstall, is_test=is_test, most=most)
        for table in (tables.receipts, tables.showings, a):
            yield _section(
                connection, table, table.c.uninstall_id == uninstall, is_test=is_test, most=most
            )
    uninstalls = select(u.c.id).where(u.c.installation_id == number)
    yield from _letters(connection, "uninstall_id", uninstalls, is_test=is_test, most=most)
    imported = (a.c.installation_id == number) & a.c.uninstall_id.is_(None)
    yield _section(connection, a, imported, is_test=is_test, most=most)


def _letters(
    connection: Connection,
    column: str,
    written: Select[Any],
    *,
    is_test: bool = False,
    most: int | None,
) -> Iterator[Section]:
    """Give what was done about letters, and what was replied."""
    letters, replies = tables.letters, tables.replies
    theirs = letters.c[column].in_(written)
    yield _section(connection, letters, theirs, is_test=is_test, most=most)
    which = replies.c.letter_id.in_(select(letters.c.id).where(theirs))
    yield _section(connection, replies, which, is_test=is_test, most=most)


def _section(
    connection: Connection,
    table: Table,
    which: ColumnElement[bool],
    *,
    is_test: bool = False,
    most: int | None = MOST_RECORDS,
) -> Section:
    order = [column.desc() for column in table.primary_key]
    columns = [_told(column) for column in shown(table)]
    rows = connection.execute(select(*columns).where(which).order_by(*order).limit(most)).all()
    more = 0
    if len(rows) == most:
        count = select(func.count()).select_from(table).where(which)
        more = connection.execute(count).scalar_one() - len(rows)
    records = tuple(_record(row) for row in rows)
    return Section(title=table.name, records=records, is_test=is_test, more=more)


def _told(column: Column[Any]) -> ColumnElement[Any]:
    if column.name != "version_id":
        return column
    v = tables.versions
    return select(v.c.name).where(v.c.id == column).scalar_subquery().label("version")


def _record(row: Row[Any]) -> Record:
    return tuple(
        Entry(name=name, value=_readable(name, value))
        for name, value in row._mapping.items()  # noqa: SLF001 - how SQLAlchemy's rows give names
        if value is not None
    )


def _readable(name: str, value: Any) -> Value:  # noqa: ANN401 - whatever a column holds
    # A column's last word says what it holds: erased_at, last_launch_day.
    kind = name if name in _KINDS else name.rpartition("_")[2]
    if kind in _KINDS:
        return _KINDS[kind](value)
    return value if isinstance(value, bool) else str(value)


def _instant(milliseconds: int) -> str:
    try:
        return f"{from_ms(milliseconds):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError):
        # A clock may have said anything: it is shown as it was kept.
        return f"{milliseconds} ms"


def _day(days: int) -> str:
    return f"{EPOCH.date() + timedelta(days=days)}"


_KINDS: dict[str, Callable[[Any], Value]] = {
    "at": _instant,
    "put_off_until": _instant,
    "instant": _instant,
    "counted_since": _instant,
    "day": _day,
    "dated": bool,
    "clock_offset": lambda milliseconds: f"{milliseconds / 1000:+g} s",
    "tenure_step": lambda hours: f"{hours} h",
    "reasons": ", ".join,
    "attributes": lambda told: json.dumps(told, ensure_ascii=False, sort_keys=True),
}
"""How values are written that are no texts or numbers to people, by column or its last word."""
