"""The texts that lives have in common, each under a number: versions, systems, reasons."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from exitpoll_server.store import tables
from exitpoll_server.store.arrivals import insert


class Terms:
    """A product's terms, as far as they were asked for; new ones are numbered in memory first."""

    def __init__(self, connection: Connection, product_id: int) -> None:
        table = tables.terms
        known = select(table.c.name, table.c.id).where(table.c.product_id == product_id)
        self._product_id = product_id
        self._numbers: dict[str, int] = {row.name: row.id for row in connection.execute(known)}
        self._next = max(self._numbers.values(), default=0)

    def numbers(self) -> dict[int, str]:
        """Return the terms by number."""
        return {number: name for name, number in self._numbers.items()}

    def number(self, name: str | None) -> int:
        """Return the number of a term, a new one if need be; 0 of none."""
        if not name:
            return 0
        if name not in self._numbers:
            self._numbers[name] = self._next = self._next + 1
        return self._numbers[name]

    def keep(self, connection: Connection, names: Iterable[str | None]) -> None:
        """Give terms numbers for good."""
        new = sorted({name for name in names if name} - self._numbers.keys())
        if not new:
            return
        table = tables.terms
        connection.execute(
            insert(connection, table).on_conflict_do_nothing(),
            [{"product_id": self._product_id, "name": name} for name in new],
        )
        found = select(table.c.name, table.c.id).where(
            table.c.product_id == self._product_id, table.c.name.in_(new)
        )
        self._numbers.update({row.name: row.id for row in connection.execute(found)})
