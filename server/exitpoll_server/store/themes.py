"""Themes as the vendor keeps them: named, merged, decided on. Comments are never changed by it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, select, update

from exitpoll_server.counts.themes import Decision, KeptTheme, ThemeWords
from exitpoll_server.store import products, tables
from exitpoll_server.store.instants import from_ms, to_ms


class NoThemeError(Exception):
    """No theme of this product has the number."""


class MergeError(Exception):
    """One theme gathers for the other already."""


def keep(
    connection: Connection, product_id: int, *, name: str, words: Sequence[ThemeWords]
) -> KeptTheme:
    """Keep a theme: from now on it gathers what has these words."""
    table = tables.themes
    listed = [{"language": one.language, "stems": list(one.stems)} for one in words]
    number = connection.execute(
        table.insert().returning(table.c.id),
        {"product_id": product_id, "name": name, "words": listed},
    ).scalar_one()
    return find(connection, product_id, number)


def name(connection: Connection, product_id: int, number: int, name: str) -> KeptTheme:
    """Give a theme another name.

    Raises:
        NoThemeError: there is none.
    """
    return _change(connection, product_id, number, name=name)


def decide(
    connection: Connection,
    product_id: int,
    number: int,
    *,
    decision: Decision | None,
    note: str | None,
    now: datetime,
) -> KeptTheme:
    """Note what becomes of a wish, in place of what was noted before; None takes it back.

    Raises:
        NoThemeError: there is none.
    """
    decided_at = None if decision is None else to_ms(now)
    return _change(
        connection, product_id, number, decision=decision, note=note, decided_at=decided_at
    )


def merge(connection: Connection, product_id: int, number: int, into: int) -> KeptTheme:
    """Let a theme's words gather for another one; return that one.

    Raises:
        NoThemeError: there is none of one of the numbers.
        MergeError: they are one already, the other way round or this way.
    """
    # One writer at a time: two at once could merge each into the other.
    products.hold(connection, product_id)
    target = _root(connection, product_id, into)
    if number in (target.id, into) or find(connection, product_id, number).merged_into == target.id:
        raise MergeError
    _change(connection, product_id, number, merged_into=target.id)
    return target


def release(connection: Connection, product_id: int, number: int) -> KeptTheme:
    """Take back the merge of a theme; one that was not merged is deleted.

    What was merged into the latter stands by itself again. Returns the theme as it was.

    Raises:
        NoThemeError: there is none.
    """
    products.hold(connection, product_id)
    was, table = find(connection, product_id, number), tables.themes
    if was.merged_into is not None:
        _change(connection, product_id, number, merged_into=None)
        return was
    connection.execute(update(table).where(table.c.merged_into == number).values(merged_into=None))
    connection.execute(delete(table).where(table.c.id == number))
    return was


def everything(connection: Connection, product_id: int) -> list[KeptTheme]:
    """Return all themes of a product, the first first."""
    table = tables.themes
    rows = connection.execute(
        select(table).where(table.c.product_id == product_id).order_by(table.c.id)
    )
    return [_theme(row) for row in rows.mappings()]


def find(connection: Connection, product_id: int, number: int) -> KeptTheme:
    """Return the theme of a number.

    Raises:
        NoThemeError: there is none.
    """
    table = tables.themes
    row = connection.execute(
        select(table).where(table.c.product_id == product_id, table.c.id == number)
    )
    found = row.mappings().one_or_none()
    if found is None:
        raise NoThemeError(number)
    return _theme(found)


def _root(connection: Connection, product_id: int, number: int) -> KeptTheme:
    theme = find(connection, product_id, number)
    while theme.merged_into is not None:
        theme = find(connection, product_id, theme.merged_into)
    return theme


def _change(
    connection: Connection, product_id: int, number: int, **values: str | int | None
) -> KeptTheme:
    table = tables.themes
    connection.execute(
        update(table).where(table.c.product_id == product_id, table.c.id == number).values(**values)
    )
    return find(connection, product_id, number)


def _theme(row: RowMapping) -> KeptTheme:
    return KeptTheme(
        id=row["id"],
        name=row["name"],
        words=tuple(
            ThemeWords(language=one["language"], stems=tuple(one["stems"])) for one in row["words"]
        ),
        decision=row["decision"],
        decided_at=None if row["decided_at"] is None else from_ms(row["decided_at"]),
        note=row["note"],
        merged_into=row["merged_into"],
    )
