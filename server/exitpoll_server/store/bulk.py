"""Many rows as one statement, and many as one answer.

SQLite's driver gives the interpreter away at each statement and at each row that it returns, and
in a busy server waits to have it back. So a group travels in one statement, as so many parameters,
and what it finds comes back as one JSON array. PostgreSQL takes the group as one JSON array too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any

import orjson
from sqlalchemy import Connection

from exitpoll_server.store.sqlite import driver_of

MOST_ROWS = 512
"""Of one statement in SQLite, which takes 32,766 values. Fewer fill up to a power of two with rows
of nulls: so there are few statements, and the driver keeps each of them ready."""


class Bulk:
    """A statement that takes many rows."""

    def __init__(self, sql: str, **columns: str) -> None:
        """Take the statement, and the columns of a row with their types.

        `{rows}` stands in its FROM for a table called `r`. The types are PostgreSQL's; SQLite
        takes values as they are. The first column is never null.
        """
        self._sql = sql
        self._columns = columns
        self._in_sqlite = cache(self._for_sqlite)
        self._in_postgresql = cache(self._for_postgresql)

    def run(
        self, connection: Connection, rows: Sequence[Sequence[object]], **parameters: object
    ) -> None:
        """Run the statement; a row's values stand in the order of the columns."""
        for _ in self._run(connection, rows, parameters):
            pass

    def statement(self, rows: int) -> str:
        """Return the statement as SQLite takes it for so many rows."""
        return self._in_sqlite(rows)[0]

    def _run(
        self,
        connection: Connection,
        rows: Sequence[Sequence[object]],
        parameters: dict[str, object],
    ) -> Iterator[Any]:
        """Run it, in parts where it must be; give the result of each."""
        # Straight to the driver: a statement that never changes needs no compiling.
        if connection.dialect.name == "postgresql":
            values = {"rows": orjson.dumps(rows).decode(), **parameters}
            yield connection.exec_driver_sql(self._in_postgresql(), values)
            return
        driver = driver_of(connection)
        for start in range(0, len(rows), MOST_ROWS):
            some = rows[start : start + MOST_ROWS]
            size = 1 << (len(some) - 1).bit_length()
            nothing = (None,) * (len(self._columns) * (size - len(some)))
            sql, order = self._in_sqlite(size)
            given: list[object] = []
            for name in order:
                if name == "rows":
                    given.extend(chain.from_iterable(some))
                    given.extend(nothing)
                else:
                    given.append(parameters[name])
            yield driver.execute(sql, given)

    def _for_sqlite(self, rows: int) -> tuple[str, Sequence[str]]:
        """Return the statement, and its parameters in their order."""
        names = ", ".join(f"column{n} AS {name}" for n, name in enumerate(self._columns, 1))
        row = f"({', '.join('?' * len(self._columns))})"
        values = f"(VALUES {', '.join([row] * rows)})"
        table = f"(SELECT {names} FROM {values} WHERE column1 IS NOT NULL) AS r"  # noqa: S608 - names of our own columns
        whole = self._sql.format(rows=":rows", selected=self._selected("sqlite"))
        order = re.findall(r":(\w+)", whole)
        return re.sub(r":(\w+)", lambda name: table if name[1] == "rows" else "?", whole), order

    def _for_postgresql(self) -> str:
        columns = enumerate(self._columns.items())
        values = (f"CAST(value ->> {n} AS {kind}) AS {name}" for n, (name, kind) in columns)
        unpacked = "jsonb_array_elements(CAST(:rows AS jsonb)) AS e (value)"
        table = f"(SELECT {', '.join(values)} FROM {unpacked}) AS r"  # noqa: S608 - names of our own columns
        whole = self._sql.format(rows=table, selected=self._selected("postgresql"))
        return re.sub(r":(\w+)", r"%(\1)s", whole)

    def _selected(self, _engine: str) -> str:
        return ""


class BulkQuery(Bulk):
    """A query for what belongs to many rows."""

    def __init__(self, select: Sequence[str], from_: str, **columns: str) -> None:
        """Take what is selected, numbers and texts, then the query from its FROM on, and so on."""
        super().__init__(f"SELECT {{selected}} {from_}", **columns)
        self._values = ", ".join(select)

    def fetch(
        self, connection: Connection, rows: Sequence[Sequence[object]], **parameters: object
    ) -> list[Sequence[Any]]:
        """Return what was selected for each row, in any order."""
        found: list[Sequence[Any]] = []
        for some in self._run(connection, rows, parameters):
            if connection.dialect.name == "sqlite":
                found.extend(orjson.loads(some.fetchone()[0]))
            else:
                found.extend(some.all())
        return found

    def _selected(self, engine: str) -> str:
        together = f"json_group_array(json_array({self._values}))"
        return together if engine == "sqlite" else self._values
