"""A whole database in one transaction: read, counted, and filled from another one."""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from exitpoll_server.counts import Counts, Window
from exitpoll_server.store import products, reading, tables
from exitpoll_server.store.engine import StoreError
from exitpoll_server.store.products import Product

BATCH = 1_000
"""Rows held in memory at once."""


class Whole:
    """A database as it is in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def sizes(self) -> dict[str, int]:
        """Return how many rows each table has."""
        return {
            table.name: self._connection.execute(
                select(func.count()).select_from(table)
            ).scalar_one()
            for table in tables.metadata.sorted_tables
        }

    def products(self) -> list[Product]:
        """Return all products, by name."""
        return products.everything(self._connection)

    def counts(self, product: Product, window: Window, *, most_lines: int) -> Counts:
        """Count everything that a report with the product's own threshold needs."""
        return reading.counts(
            self._connection,
            product,
            window,
            stopped_after_days=product.stopped_after_days,
            most_lines=most_lines,
        )

    def fill(self, source: Whole) -> None:
        """Take every row of another database as it is.

        Raises:
            StoreError: this engine takes something not that the other one kept.
        """
        for table in tables.metadata.sorted_tables:
            rows = source._connection.execute(select(table), execution_options={"yield_per": BATCH})
            try:
                with rows:
                    for batch in rows.mappings().partitions():
                        self._connection.execute(insert(table), [dict(row) for row in batch])
            except DBAPIError as error:
                raise StoreError(
                    f"the table {table.name} cannot be copied: {error.orig}"
                ) from error
        self._number_on()

    def _number_on(self) -> None:
        """Let new rows be numbered after those that came with a number of their own."""
        if self._connection.dialect.name != "postgresql":
            return  # SQLite numbers after the last row there is.
        for table in tables.metadata.sorted_tables:
            if "id" in table.c:
                self._connection.execute(
                    text(
                        f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), MAX(id)) "  # noqa: S608 - names of ours
                        f"FROM {table.name}"
                    )
                )
