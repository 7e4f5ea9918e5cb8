"""The versions of a product that rows of launches name: each has a number, and they are bounded."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, and_, exists, func, or_, select

from exitpoll_server.store import tables
from exitpoll_server.store.arrivals import insert
from exitpoll_server.store.bulk import BulkQuery

MAX_VERSIONS = 10_000
"""A build a day for 27 years. The key is public: one message could bring 400 made-up names."""

OTHER = "(other)"
"""What a version beyond those is called: its launches are kept, and only its name is lost."""


def ids(
    connection: Connection, product_id: int, names: Iterable[str], received_at: int
) -> dict[str, int]:
    """Return the number of each version, new ones included, and of `OTHER` for what is too many.

    Of two versions that are `OTHER` on one day of one counter the larger count stays.
    """
    wanted = set(names)
    known = _known(connection, product_id, wanted)
    new = wanted - known.keys()
    if not new:
        return known
    # One writer at a time adds versions, so that two of them do not add too many.
    p = tables.products
    lock = select(p.c.id).where(p.c.id == product_id).with_for_update(key_share=True)
    connection.execute(lock)
    room = max(0, MAX_VERSIONS - _count(connection, product_id))
    taken = sorted(new)[:room]
    _add(connection, product_id, [*taken, OTHER] if len(taken) < len(new) else taken, received_at)
    found = {**known, **_known(connection, product_id, {*new, OTHER})}
    return {name: found.get(name) or found[OTHER] for name in wanted}


_FIND = BulkQuery(
    ["v.name", "v.id"],
    "FROM {rows} LEFT JOIN versions v ON v.product_id = :product_id AND v.name = r.name",
    name="text",
)


def _known(connection: Connection, product_id: int, names: Iterable[str]) -> dict[str, int]:
    found = _FIND.fetch(connection, [(name,) for name in names], product_id=product_id)
    return {name: number for name, number in found if name is not None}


def _add(connection: Connection, product_id: int, names: Iterable[str], received_at: int) -> None:
    connection.execute(
        insert(connection, tables.versions).on_conflict_do_nothing(
            index_elements=["product_id", "name"]
        ),
        [
            {"product_id": product_id, "name": name, "first_received_at": received_at}
            for name in names
        ],
    )


def _count(connection: Connection, product_id: int) -> int:
    """Count a product's versions, without those that came in a time under quarantine."""
    v, x = tables.versions.c, tables.exclusions.c
    set_aside = exists().where(
        x.product_id == product_id,
        x.lifted_at.is_(None),
        and_(v.first_received_at >= x.from_at, v.first_received_at < x.to_at),
    )
    return connection.execute(
        select(func.count())
        .select_from(tables.versions)
        .where(v.product_id == product_id, or_(v.first_received_at.is_(None), ~set_aside))
    ).scalar_one()
