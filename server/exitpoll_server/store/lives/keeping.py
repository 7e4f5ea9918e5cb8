"""Keeps lives, forgets those that change, and gives all of a product's as known at an instant."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, repeat
from typing import cast

import psycopg
from sqlalchemy import Connection, Engine, func, select

from exitpoll_server.store import tables
from exitpoll_server.store.arrivals import insert
from exitpoll_server.store.bulk import Bulk
from exitpoll_server.store.engine import BusyError, read_transaction, write_transaction
from exitpoll_server.store.lives import record
from exitpoll_server.store.lives.making import make
from exitpoll_server.store.lives.record import Lives
from exitpoll_server.store.lives.terms import Terms
from exitpoll_server.store.sqlite import driver_of

log = logging.getLogger(__name__)

GROUP = 1_000
"""Lives made in one transaction: some 50 ms, so that messages hardly wait."""

AT_ONCE = 500
"""Lives read at once: what is made of them fits into the processor's cache."""


_FORGET = Bulk("DELETE FROM lives WHERE installation_id IN (SELECT r.id FROM {rows})", id="bigint")


def forget(connection: Connection, installations: Iterable[int]) -> None:
    """Forget the lives of installations that are changed in this transaction."""
    _FORGET.run(connection, [(one,) for one in installations])


def forget_uninstalls(connection: Connection, uninstalls: Iterable[int]) -> None:
    """Forget the lives that ended with these uninstalls.

    Their installations' rows keep whoever makes lives in line: a life made of what was before
    cannot come after.
    """
    i, u = tables.installations, tables.uninstalls
    ids = connection.execute(
        select(i.c.id)
        .join(u, u.c.installation_id == i.c.id)
        .where(u.c.id.in_(list(uninstalls)))
        .order_by(i.c.id)
        .with_for_update(of=i, key_share=True)
    ).scalars()
    forget(connection, ids)


def keep_all(engine: Engine, product_id: int) -> Iterator[None]:
    """Make the lives of a product that are not there, and keep them if anything can be written.

    Gives a word for each, so that somebody may count them.
    """
    try:
        with read_transaction(engine) as connection:
            missing = _missing(connection, product_id, _size(connection, product_id))
            terms = Terms(connection, product_id) if missing else None
        for ids in _groups(missing):
            with write_transaction(engine) as connection:
                _keep(connection, product_id, ids, cast("Terms", terms))
            yield from repeat(None, len(ids))
    except BusyError:
        log.info("lives are not kept: the database takes nothing just now")


def _keep(connection: Connection, product_id: int, ids: Sequence[int], terms: Terms) -> None:
    i = tables.installations
    held = connection.execute(
        select(i.c.id).where(i.c.id.in_(ids)).order_by(i.c.id).with_for_update(key_share=True)
    ).scalars()
    made = make(connection, list(held))
    terms.keep(connection, made.terms())
    names = ("installation_id", "record", "attributes")
    rows = [
        {"product_id": product_id, **dict(zip(names, row, strict=True))} for row in made.rows(terms)
    ]
    if rows:
        connection.execute(insert(connection, tables.lives).on_conflict_do_nothing(), rows)


def read(connection: Connection, product_id: int, as_of: int) -> Lives:
    """Return the lives of a product as known at an instant, rehearsals left out.

    What changed since, and what is not kept, is made anew.
    """
    terms = Terms(connection, product_id)
    parts = [record.part(rows) for rows in _kept(connection, product_id)]
    lives = record.columns(parts, terms.numbers())
    current = lives["latest"] <= as_of
    changed = lives.ids[~current & (lives["heard"] <= as_of)].tolist()
    anew = [*changed, *_missing(connection, product_id, len(lives))]
    if not anew:
        return lives if current.all() else lives.where(current)
    parts.extend(
        record.part(list(make(connection, ids, as_of).rows(terms))) for ids in _groups(sorted(anew))
    )
    every = record.columns(parts, terms.numbers())
    wanted = every["heard"] <= as_of
    wanted[: len(current)] &= current
    return every if wanted.all() else every.where(wanted)


def _kept(connection: Connection, product_id: int) -> Iterator[list[tuple[int, bytes, str | None]]]:
    """Give the rows of what is kept, straight from the driver: they are very many.

    A few at a time: what is made of them is still at hand for the processor, and less is held.
    """
    sql = "SELECT installation_id, record, attributes FROM lives WHERE product_id = "
    if connection.dialect.name == "sqlite":
        rows = driver_of(connection).execute(f"{sql}?", (product_id,))
        while some := rows.fetchmany(AT_ONCE):
            yield some
        return
    driver = cast("psycopg.Connection", connection.connection.driver_connection)
    with driver.cursor(binary=True) as cursor:
        cursor.execute(f"{sql}%s", (product_id,))
        while some := cursor.fetchmany(AT_ONCE):
            yield some


def _size(connection: Connection, product_id: int) -> int:
    lives = tables.lives
    mine = select(func.count()).select_from(lives).where(lives.c.product_id == product_id)
    return connection.execute(mine).scalar_one()


def _missing(connection: Connection, product_id: int, kept: int) -> list[int]:
    """Return the installations without a life, of whom so many have one."""
    i, lives = tables.installations, tables.lives
    mine = (i.c.product_id == product_id) & ~i.c.test
    if connection.execute(select(func.count()).where(mine)).scalar_one() == kept:
        return []
    without = ~select(1).where(lives.c.installation_id == i.c.id).exists()
    return list(connection.execute(select(i.c.id).where(mine, without).order_by(i.c.id)).scalars())


def _groups(ids: Iterable[int]) -> Iterator[list[int]]:
    rest = iter(ids)
    while group := list(islice(rest, GROUP)):
        yield group
