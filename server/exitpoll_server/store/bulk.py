"""Many rows as one parameter of one statement, and many as one answer.

SQLite's driver gives the interpreter away at each row that it takes or returns, and in a busy
server waits to have it back. So a group travels as one JSON array, and what it finds as another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, CursorResult


class Bulk:
    """A statement that takes many rows."""

    def __init__(self, sql: str, **columns: str) -> None:
        """Take the statement, and the columns of a row with their types.

        `{rows}` stands in its FROM for a table called `r`. The types are PostgreSQL's; SQLite
        takes values as they are.
        """
        self._sql = sql
        self._columns = columns
        self._statements: dict[str, str] = {}

    def run(
        self, connection: Connection, rows: Iterable[Sequence[object]], **parameters: object
    ) -> CursorResult[Any]:
        """Run the statement; a row's values stand in the order of the columns."""
        # Straight to the driver: a statement that never changes needs no compiling.
        values = {"rows": orjson.dumps(rows).decode(), **parameters}
        return connection.exec_driver_sql(self.statement(connection.dialect.name), values)

    def statement(self, engine: str) -> str:
        """Return the statement in the words of an engine and its driver, written once for each."""
        known = self._statements.get(engine)
        if known is None:
            known = self._statements[engine] = self._written(engine)
        return known

    def _written(self, engine: str) -> str:
        rows = _ROWS[engine](list(self._columns.items()))
        whole = self._sql.format(rows=rows, selected=self._selected(engine))
        return re.sub(r":(\w+)", r"%(\1)s", whole) if engine == "postgresql" else whole

    def _selected(self, _engine: str) -> str:
        return ""


class BulkQuery(Bulk):
    """A query for what belongs to many rows."""

    def __init__(self, select: Sequence[str], from_: str, **columns: str) -> None:
        """Take what is selected, numbers and texts, then the query from its FROM on, and so on."""
        super().__init__(f"SELECT {{selected}} {from_}", **columns)
        self._values = ", ".join(select)

    def fetch(
        self, connection: Connection, rows: Iterable[Sequence[object]], **parameters: object
    ) -> Sequence[Sequence[Any]]:
        """Return what was selected for each row, in any order."""
        found = self.run(connection, rows, **parameters)
        if connection.dialect.name == "sqlite":
            together: Sequence[Sequence[Any]] = orjson.loads(found.scalar_one())
            return together
        return found.all()

    def _selected(self, engine: str) -> str:
        together = f"json_group_array(json_array({self._values}))"
        return together if engine == "sqlite" else self._values


def _in_sqlite(columns: Sequence[tuple[str, str]]) -> str:
    values = (f"json_extract(value, '$[{n}]') AS {name}" for n, (name, _) in enumerate(columns))
    return f"(SELECT {', '.join(values)} FROM json_each(:rows)) AS r"  # noqa: S608 - names of our own columns


def _in_postgresql(columns: Sequence[tuple[str, str]]) -> str:
    values = (f"CAST(value ->> {n} AS {kind}) AS {name}" for n, (name, kind) in enumerate(columns))
    unpacked = "json_array_elements(CAST(:rows AS json)) AS e (value)"
    return f"(SELECT {', '.join(values)} FROM {unpacked}) AS r"  # noqa: S608 - names of our own columns


_ROWS = {"sqlite": _in_sqlite, "postgresql": _in_postgresql}
