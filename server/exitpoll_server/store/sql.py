"""The named queries of `queries/`: the same text on every engine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from sqlalchemy import Connection, Row, TextClause, bindparam, text


def rows(connection: Connection, *names: str, **parameters: Any) -> Sequence[Row[Any]]:  # noqa: ANN401 - SQL parameters
    """Run a query, put together from files; it gets the parameters that it names."""
    statement, used = _statement(names)
    return connection.execute(statement, {name: parameters[name] for name in used}).all()


@cache
def _statement(names: tuple[str, ...]) -> tuple[TextClause, frozenset[str]]:
    folder = resources.files(__package__) / "queries"
    sql = "".join((folder / f"{name}.sql").read_text("utf-8") for name in names)
    # A comment may name a parameter; the driver must not look for it.
    sql = re.sub("--.*", "", sql)
    used = frozenset(re.findall(r"(?<!:):([a-z_]+)", sql))
    statement = text(sql)
    for name in used & {"ids", "reasons", "versions"}:
        statement = statement.bindparams(bindparam(name, expanding=True))
    return statement, used
