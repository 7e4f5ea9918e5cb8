"""Every earlier version's database, with rows in every table, is brought up to date.

The next migration is covered by itself: revisions and tables are found, not listed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory
from sqlalchemy import CHAR, JSON, Column, Engine, MetaData, Table, create_engine, select
from tests.postgresql import Cluster
from tests.server.conftest import BOTH
from tests.server.databases import Kind

from exitpoll_server import report as reports
from exitpoll_server.clock import now
from exitpoll_server.counts import Window
from exitpoll_server.store import Store, engine

ROWS = 3

GIVEN_UP = {("installations", "last_received_at"), ("installations", "clock_offset")}
"""Columns that a later version dropped, since nothing read them."""

CONFIG = AlembicConfig()
CONFIG.set_main_option("script_location", str(Path(engine.__file__).parent / "migrations"))
CONFIG.set_main_option("path_separator", "os")
SCRIPTS = ScriptDirectory.from_config(CONFIG)
REVISIONS = sorted(script.revision for script in SCRIPTS.walk_revisions())


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a database without tables."""
    kind: Kind = request.param
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'earlier.sqlite3'}"
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.url(cluster.create())


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_was_kept_is_there_after_the_upgrade(url: str, revision: str) -> None:
    """Of every table that there was every row and value is there, and a report can be made."""
    opened = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    before = made(opened, revision)
    assert before
    store = Store(url)
    assert {name: rows(opened, name, list(them[0])) for name, them in before.items()} == before
    products = store.products()
    assert len(products) == ROWS
    for product in products:
        window = Window(as_of=now(), start=None, end=None)
        counts = store.counts(product, window, stopped_after_days=40, most_lines=10)
        assert reports.make(counts).product == product.name
    store.close()
    opened.dispose()


def made(opened: Engine, revision: str) -> dict[str, list[dict[str, Any]]]:
    """Make the tables of a revision, and rows in each; return them by table."""
    with opened.begin() as connection:
        CONFIG.attributes["connection"] = connection
        command.upgrade(CONFIG, revision)
        metadata = MetaData()
        metadata.reflect(connection)
        # Lives are made of the others, and made anew where they are not there.
        others = {"alembic_version", "lives", "terms"}
        named = [table for table in metadata.sorted_tables if table.name not in others]
        for table in named:
            for n in range(1, ROWS + 1):
                connection.execute(table.insert(), {c.name: value(c, n) for c in table.columns})
    return {table.name: rows(opened, table.name, kept(table)) for table in named}


def kept(table: Table) -> list[str]:
    return [name for name in table.columns.keys() if (table.name, name) not in GIVEN_UP]  # noqa: SIM118 - no dict


def value(column: Column[Any], n: int) -> object:
    """Return something that fits a column: the nth row belongs to the nth of every other table."""
    if column.name == "definition":
        return {"kind": "exit", "question": f"Why {n}?"}
    if isinstance(column.type, JSON):
        return [f"{column.name} {n}"]
    if isinstance(column.type, CHAR):
        return UUID(int=n).hex
    makers: dict[type, object] = {
        int: n,
        str: f"{column.name} {n}",
        bool: False,
        bytes: f"{column.name} {n}".encode(),
        UUID: UUID(int=n),
    }
    return makers[column.type.python_type]


def rows(opened: Engine, name: str, columns: list[str]) -> list[dict[str, Any]]:
    table = Table(name, MetaData(), autoload_with=opened)
    with opened.connect() as connection:
        found = connection.execute(select(*(table.c[column] for column in columns)))
        return sorted((dict(row) for row in found.mappings()), key=repr)
