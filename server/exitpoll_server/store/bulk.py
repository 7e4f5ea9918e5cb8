"""Many rows as one parameter of one statement.

A driver that is given a row at a time gives the interpreter away at each of them, and in a busy
server waits to have it back. So a group's rows travel as one JSON array, and the database unpacks
them: both engines can, each in its own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
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

    def run(
        self, connection: Connection, rows: Iterable[Sequence[object]], **parameters: object
    ) -> CursorResult[Any]:
        """Run the statement; a row's values stand in the order of the columns."""
        # Straight to the driver: a statement that never changes needs no compiling.
        values = {"rows": orjson.dumps(rows).decode(), **parameters}
        return connection.exec_driver_sql(self.statement(connection.dialect.name), values)

    def statement(self, engine: str) -> str:
        """Return the statement in the words of an engine and its driver."""
        return _statement(self._sql, engine, tuple(self._columns.items()))


@cache
def _statement(sql: str, engine: str, columns: tuple[tuple[str, str], ...]) -> str:
    whole = sql.format(rows=_ROWS[engine](columns))
    return re.sub(r":(\w+)", r"%(\1)s", whole) if engine == "postgresql" else whole


def _in_sqlite(columns: Sequence[tuple[str, str]]) -> str:
    values = (f"json_extract(value, '$[{n}]') AS {name}" for n, (name, _) in enumerate(columns))
    return f"(SELECT {', '.join(values)} FROM json_each(:rows)) AS r"  # noqa: S608 - names of our own columns


def _in_postgresql(columns: Sequence[tuple[str, str]]) -> str:
    values = (f"CAST(value ->> {n} AS {kind}) AS {name}" for n, (name, kind) in enumerate(columns))
    unpacked = "json_array_elements(CAST(:rows AS json)) AS e (value)"
    return f"(SELECT {', '.join(values)} FROM {unpacked}) AS r"  # noqa: S608 - names of our own columns


_ROWS = {"sqlite": _in_sqlite, "postgresql": _in_postgresql}
