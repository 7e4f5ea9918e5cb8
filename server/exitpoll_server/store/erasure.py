"""Erasure: everything of an installation goes, and a tombstone keeps late messages out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Engine, Select, Table, delete, func, select

from exitpoll_agent.wire import format_instant, parse_instant
from exitpoll_server.store import exclusions, hooks, keys, letters, products, tables
from exitpoll_server.store.arrivals import insert
from exitpoll_server.store.engine import read_transaction, write_transaction
from exitpoll_server.store.instants import from_ms, to_ms
from exitpoll_server.store.journal import Erased, Journal

GROUP = 500
"""So many erasures are caught up with at once: each engine takes as many parameters."""


DIGEST_CHARS = 16
"""Enough to know an id again that somebody names, and too little to be one."""


@dataclass(frozen=True)
class Gone:
    """A line of the log of erasures."""

    at: datetime
    digest: str


def digest(installation_uuid: UUID) -> str:
    """Return what stands for an id where the id itself is not said."""
    return hashlib.sha256(str(installation_uuid).encode()).hexdigest()[:DIGEST_CHARS]


def log(connection: Connection, product_id: int, before: datetime | None, most: int) -> list[Gone]:
    """Return the last erasures of a product before an instant, the last first."""
    t = tables.tombstones
    query = select(t.c.erased_at, t.c.uuid).where(t.c.product_id == product_id)
    if before is not None:
        query = query.where(t.c.erased_at < to_ms(before))
    rows = connection.execute(query.order_by(t.c.erased_at.desc(), t.c.uuid).limit(most))
    return [Gone(from_ms(row.erased_at), digest(row.uuid)) for row in rows]


def erase(connection: Connection, product_id: int, erased: Mapping[UUID, int]) -> None:
    """Delete what is known of installations, rehearsals included, erased at the given instants.

    Unknown ids are remembered too. The id is the capability: it is random, and nobody but the
    person's machine has it.
    """
    i = tables.installations
    theirs = (i.c.product_id == product_id) & i.c.uuid.in_(erased)
    forget(connection, tables.erased, product_id, theirs)
    _delete_pages(connection, product_id, erased)
    exclusions.forget(connection, product_id, erased)
    connection.execute(
        insert(connection, tables.tombstones).on_conflict_do_nothing(),
        [{"product_id": product_id, "uuid": one, "erased_at": at} for one, at in erased.items()],
    )


def forget(
    connection: Connection, counted: Table, product_id: int, which: ColumnElement[bool]
) -> None:
    """Delete what is known of installations, and add them to a count of those that went."""
    _count(connection, counted, product_id, which)
    i = tables.installations
    _delete_pages(
        connection, product_id, connection.scalars(select(i.c.uuid).where(which, ~i.c.test))
    )
    _delete(connection, which)


def _delete_pages(connection: Connection, product_id: int, uuids: Iterable[UUID]) -> None:
    """Delete what copies said while they were in use, and what programs were told of them."""
    f, whose = tables.feedback, list(uuids)
    mine = (f.c.product_id == product_id) & f.c.installation_uuid.in_(whose)
    letters.forget(connection, "feedback_id", select(f.c.id).where(mine))
    connection.execute(delete(f).where(mine))
    hooks.erase(connection, product_id, whose)


def erase_rehearsals(connection: Connection, product_id: int, installation_uuid: UUID) -> None:
    """Delete what rehearsals left of an installation, without a tombstone: they may use a real id.

    So rehearsals do not pile up, and none of them can silence or erase a person's copy.
    """
    i = tables.installations
    mine = (i.c.product_id == product_id) & (i.c.uuid == installation_uuid)
    _delete(connection, mine & i.c.test)


def catch_up(engine: Engine, journal: Journal) -> int:
    """Have the database and the journal know the same erasures; return how many the former lacked.

    A database lacks what was erased after the backup that it comes from, a journal what was
    erased before there was one.
    """
    with read_transaction(engine) as connection:
        ids = keys.owners(connection)
        names = {one.id: one.lasting_key for one in products.everything(connection)}
        known = _tombstones(connection)
    # Whichever of its keys names a product; of those that are not known here nothing can be done.
    noted = {
        (ids[one.product_key], one.installation_id): one
        for one in journal.read()
        if one.product_key in ids
    }
    lacking = [(name, one) for name, one in noted.items() if name not in known]
    for start in range(0, len(lacking), GROUP):
        with write_transaction(engine, alone=True) as connection:
            for product_id, group in _by_product(lacking[start : start + GROUP]).items():
                erase(connection, product_id, group)
    journal.append(
        Erased(names[product_id], uuid, format_instant(from_ms(at)))
        for (product_id, uuid), at in known.items()
        if (product_id, uuid) not in noted
    )
    return len(lacking)


Name: TypeAlias = tuple[int, str]
"""A product's number in this database, and an installation's id."""


def _tombstones(connection: Connection) -> dict[Name, int]:
    t = tables.tombstones.c
    rows = connection.execute(select(t.product_id, t.uuid, t.erased_at).order_by(t.erased_at))
    return {(product_id, str(uuid)): at for product_id, uuid, at in rows}


def _by_product(erased: Iterable[tuple[Name, Erased]]) -> dict[int, dict[UUID, int]]:
    found: dict[int, dict[UUID, int]] = {}
    for (product_id, uuid), one in erased:
        found.setdefault(product_id, {})[UUID(uuid)] = to_ms(parse_instant(one.at))
    return found


def _count(
    connection: Connection, table: Table, product_id: int, which: ColumnElement[bool]
) -> None:
    """Add installations that are about to go to an anonymous count of those that went."""
    i, u, a = tables.installations, tables.uninstalls, tables.answers
    mine = select(i.c.id).where(which, ~i.c.test)
    standing = u.c.installation_id.in_(mine) & u.c.withdrawn_at.is_(None)
    left = select(u.c.installation_id).where(standing)
    # An imported answer names no uninstall; one to what was withdrawn is none to what stands.
    to_it = a.c.uninstall_id.in_(select(u.c.id).where(standing)) | a.c.uninstall_id.is_(None)
    answered = select(a.c.installation_id).where(a.c.installation_id.in_(left), to_it)
    counts = {
        "installations": _size(connection, mine),
        "uninstalls": _size(connection, left.distinct()),
        "answered": _size(connection, answered.distinct()),
    }
    if not counts["installations"]:
        return
    new = insert(connection, table)
    connection.execute(
        new.on_conflict_do_update(
            index_elements=["product_id"],
            set_={name: table.c[name] + new.excluded[name] for name in counts},
        ),
        {"product_id": product_id, **counts},
    )


def _size(connection: Connection, rows: Select[Any]) -> int:
    return connection.execute(select(func.count()).select_from(rows.subquery())).scalar_one()


def _delete(connection: Connection, which: ColumnElement[bool]) -> None:
    i, u = tables.installations, tables.uninstalls
    ids = select(i.c.id).where(which)
    uninstalls = select(u.c.id).where(u.c.installation_id.in_(ids))
    letters.forget(connection, "uninstall_id", uninstalls)
    for table in (
        tables.answers,
        tables.launches,
        tables.milestones,
        tables.history,
        tables.lives,
    ):
        connection.execute(delete(table).where(table.c.installation_id.in_(ids)))
    for table in (tables.receipts, tables.showings):
        connection.execute(delete(table).where(table.c.uninstall_id.in_(uninstalls)))
    for table in (tables.uninstalls, tables.counters):
        connection.execute(delete(table).where(table.c.installation_id.in_(ids)))
    connection.execute(delete(i).where(i.c.id.in_(ids)))
    hooks.lower_marks(connection)
