"""Milestones and attributes: what the vendor says that they mean, and which really arrive.

None is refused: a name that nobody declared is counted like any other, and listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sqlalchemy import Connection, delete, select, text

from exitpoll_server.store import sql, tables
from exitpoll_server.store.arrivals import insert

What: TypeAlias = Literal["milestone", "attribute"]

MOST_NAMES = 100
"""Of a kind, those of most copies: the key is public, and anybody may send made-up ones."""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What a vendor says of a name."""

    kind: What
    name: str
    meaning: str
    """One sentence."""
    is_personal: bool
    """Whether its value may tell of a person."""


@dataclass(frozen=True, kw_only=True)
class Arriving:
    """A name that messages brought."""

    kind: What
    name: str
    installations: int
    """How many ever said it, rehearsals not counted."""
    first_version: str | None
    """Which the first one had then; None where nobody knows."""


def everything(connection: Connection, product_id: int) -> list[Declared]:
    """Return what is declared, milestones first, by name."""
    table = tables.declared
    rows = connection.execute(select(table).where(table.c.product_id == product_id)).all()
    found = [
        Declared(kind=row.kind, name=row.name, meaning=row.meaning, is_personal=row.is_personal)
        for row in rows
    ]
    return sorted(found, key=lambda one: (one.kind != "milestone", one.name))


def declare(connection: Connection, product_id: int, one: Declared) -> None:
    """Say what a name means, or say it anew."""
    new = insert(connection, tables.declared)
    said = {"meaning": new.excluded.meaning, "is_personal": new.excluded.is_personal}
    connection.execute(
        new.on_conflict_do_update(index_elements=["product_id", "kind", "name"], set_=said),
        {"product_id": product_id, **vars(one)},
    )


def take_back(connection: Connection, product_id: int, kind: What, name: str) -> None:
    """Say nothing of a name any more."""
    table = tables.declared
    mine = (table.c.product_id == product_id) & (table.c.kind == kind) & (table.c.name == name)
    connection.execute(delete(table).where(mine))


def arriving(connection: Connection, product_id: int) -> list[Arriving]:
    """Return which names really arrive, of each kind those of most copies first."""
    return [*_milestones(connection, product_id), *_attributes(connection, product_id)]


def _milestones(connection: Connection, product_id: int) -> Iterator[Arriving]:
    for row in sql.rows(connection, "milestones", product=product_id, most=MOST_NAMES):
        yield Arriving(
            kind="milestone",
            name=row.name,
            installations=row.installations,
            first_version=row.first_version,
        )


_KEYS = {
    "sqlite": "json_each(CASE WHEN json_type(h.attributes) = 'object' THEN h.attributes "
    "ELSE '{}' END) a",
    "postgresql": "json_object_keys(CASE WHEN json_typeof(h.attributes) = 'object' "
    "THEN h.attributes ELSE CAST('{}' AS json) END) AS a(key)",
}
"""How each engine gives the names in an object; a database may hold what is none."""


def _attributes(connection: Connection, product_id: int) -> Iterator[Arriving]:
    keys = _KEYS[connection.dialect.name]
    rows = connection.execute(
        text(
            f"""
            SELECT f.name, f.installations, h.version AS first_version
            FROM (SELECT a.key AS name, COUNT(DISTINCT h.installation_id) AS installations,
                         MIN(h.id) AS first
                  FROM installations i
                  JOIN history h ON h.installation_id = i.id AND h.attributes IS NOT NULL
                  CROSS JOIN {keys}
                  WHERE i.product_id = :product AND NOT i.test
                  GROUP BY a.key) f
            JOIN history h ON h.id = f.first
            ORDER BY f.installations DESC, f.name
            LIMIT :most
            """  # noqa: S608 - one of two texts of ours
        ),
        {"product": product_id, "most": MOST_NAMES},
    )
    for row in rows:
        yield Arriving(
            kind="attribute",
            name=row.name,
            installations=row.installations,
            first_version=row.first_version,
        )
