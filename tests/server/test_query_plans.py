"""The store's queries grow with the data, not with its square."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path

import pytest

from exitpoll_server.store import changes, merge, versions
from exitpoll_server.store.bulk import Bulk
from exitpoll_server.store.lives import keeping

QUERIES = resources.files("exitpoll_server.store") / "queries"
NAMES = sorted(
    file.name.removesuffix(".sql") for file in QUERIES.iterdir() if file.name != "kept.sql"
)


def plan_of(database: Path, name: str) -> tuple[str, list[str]]:
    """Return a query, and how SQLite goes about it."""
    sql = (QUERIES / f"{name}.sql").read_text("utf-8")
    if " kept " in sql:
        sql = (QUERIES / "kept.sql").read_text("utf-8") + sql
    sql = (
        re.sub("--.*", "", sql)
        .replace(":ids", "(1, 2)")
        .replace(":reasons", "('a', 'b')")
        .replace(":versions", "(1)")
    )
    parameters = dict.fromkeys(re.findall(r":([a-z_]+)", sql), 1)
    with closing(sqlite3.connect(database)) as opened:
        return sql, [row[3] for row in opened.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_joined_without_an_index(migrated: Path, name: str) -> None:
    """SQLite scans no table once for each row of another."""
    _, plan = plan_of(migrated, name)
    assert not [step for step in plan if re.search(r"SCAN \S+ LEFT-JOIN", step)]


@pytest.mark.parametrize("name", NAMES)
def test_what_belongs_to_some_installations_is_found_by_index(migrated: Path, name: str) -> None:
    """A query about some installations goes through no table as a whole."""
    sql, plan = plan_of(migrated, name)
    if "(1, 2)" in sql:
        # Not a table's, but the query's own.
        own = "|".join(re.findall(r"(\w+) AS \(", sql)) or "-"
        scans = [step for step in plan if step.startswith("SCAN")]
        assert [step for step in scans if not re.match(rf"SCAN ({own}|s|d|b|c|\()", step)] == []


MERGING = {
    f"{module.__name__}.{name}": bulk
    for module in (merge, changes, versions, keeping)
    for name, bulk in vars(module).items()
    if isinstance(bulk, Bulk) and name != "_HOLD"  # PostgreSQL's alone
}


@pytest.mark.parametrize("name", sorted(MERGING))
def test_a_group_is_merged_row_by_row(migrated: Path, name: str) -> None:
    """SQLite goes through the group's rows once, and finds by index what belongs to each."""
    sql = MERGING[name].statement(rows=4)
    with closing(sqlite3.connect(migrated)) as database:
        nothing = (None,) * sql.count("?")
        plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {sql}", nothing)]
    scans = [step for step in plan if step.startswith("SCAN")]
    # SQLite's versions have several words for the rows that are given, and none for a table's.
    assert [step for step in scans if not re.match(r"SCAN (4[ -]|\(subquery|r$)", step)] == []
    assert len(scans) == len(set(scans))
