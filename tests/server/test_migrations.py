"""Opening the database: the tables of this version, durable, or one sentence why not."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from tests.postgresql import Cluster
from tests.server.conftest import BOTH, NewDatabase
from tests.server.databases import Database, Kind
from tests.server.messages import NOW

from exitpoll_agent.wire import Policy
from exitpoll_server.store import Product, Store, StoreError, engine, tables


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    return tmp_path / "a folder" / "fresh.sqlite3"


def change(file: Path, sql: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(sql)


def sentence_of(file: Path) -> str:
    """Return why a database cannot be opened: one sentence of one line."""
    with pytest.raises(StoreError) as caught:
        Store(f"sqlite:///{file}")
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert str(file) in sentence
    return sentence


def test_migrations_make_the_tables(fresh: Path) -> None:
    """What the migrations make of a fresh file is what tables.py says, to the last index."""
    opened = engine.open_engine(f"sqlite:///{fresh}")
    with opened.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
    opened.dispose()


def test_migrations_make_the_same_file_as_the_tables(fresh: Path, tmp_path: Path) -> None:
    """Keys, constraints and WITHOUT ROWID too, which the comparison does not see."""
    Store(f"sqlite:///{fresh}").close()
    declared = tmp_path / "declared.sqlite3"
    opened = create_engine(f"sqlite:///{declared}")
    tables.metadata.create_all(opened)
    opened.dispose()
    assert schema_of(fresh) == schema_of(declared)


def schema_of(file: Path) -> dict[str, list[str]]:
    """Return each table's and index's parts, without their order and spacing."""
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute(
            "SELECT name, sql FROM sqlite_master "
            "WHERE sql IS NOT NULL AND name <> 'alembic_version'"
        ).fetchall()
    return {name: parts_of(sql) for name, sql in rows}


def parts_of(sql: str) -> list[str]:
    """Split by the commas that stand in no brackets: an added column stands behind the rest."""
    inner, _, options = sql.partition("(")[2].rpartition(")")
    parts = re.split(r",(?![^()]*\))", inner)
    return [*sorted(re.sub(r"\s+", " ", part).strip() for part in parts), options.strip()]


def test_every_connection_is_durable(fresh: Path) -> None:
    """WAL and synchronous=FULL are on, and foreign keys are enforced, on every connection."""
    opened = engine.open_engine(f"sqlite:///{fresh}")
    with opened.connect() as one, opened.connect() as another:
        for connection in (one, another):
            pragmas = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            }
            assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    opened.dispose()


def test_opening_again_changes_nothing(store: Store, product: Product, database: Database) -> None:
    """A database of this version opens as it is, with what is in it."""
    store.close()
    again = Store(database.url)
    assert again.products() == [product]
    again.close()


@pytest.mark.parametrize("kind", BOTH)
def test_a_later_versions_database_is_refused(
    new_database: NewDatabase, tmp_path: Path, kind: Kind
) -> None:
    """A database that a later version made is left alone, and the sentence says what to do."""
    database = new_database(kind, tmp_path)
    database.change("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="later version") as caught:
        Store(database.url)
    assert "\n" not in str(caught.value)
    assert database.look("SELECT version_num FROM alembic_version") == [{"version_num": "9999"}]


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """A file of something else is left alone."""
    file = tmp_path / "letter.txt"
    file.write_text("Dear Sir or Madam, " * 1_000)
    assert "not a database" in sentence_of(file)
    assert file.read_text().startswith("Dear Sir")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """A folder where the file should be is said to be none."""
    assert sentence_of(tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """Where no folder can be made for the file, the sentence says why."""
    (tmp_path / "file").touch()
    assert sentence_of(tmp_path / "file" / "exitpoll.sqlite3")


def test_a_failed_migration_leaves_nothing_behind(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration that ends midway is as if it had not begun; the next opening succeeds."""

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("alembic.ddl.impl.DefaultImpl.create_index", fail)
        with pytest.raises(ZeroDivisionError):
            Store(f"sqlite:///{fresh}")
    assert schema_of(fresh) == {}
    Store(f"sqlite:///{fresh}").close()


def test_products_from_before_keep_their_key_and_their_copies(fresh: Path) -> None:
    """What a product did not say before 0012 holds: its key is heard, and nothing expires."""
    fresh.parent.mkdir()
    opened = create_engine(f"sqlite:///{fresh}")
    config = engine._migrations()  # noqa: SLF001 - as an earlier version would have opened it
    with opened.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0009")
        connection.exec_driver_sql(
            "INSERT INTO products (name, key, created_at, stopped_after_days) "
            "VALUES ('Old', 'kold', 0, 40)"
        )
    opened.dispose()
    store = Store(f"sqlite:///{fresh}")
    old = store.product_by_key("kold")
    assert old is not None
    assert (old.lasting_key, old.policy, old.retention_days) == ("kold", Policy(), None)
    assert [one.is_newest for one in store.keeping.keys(old, NOW)] == [True]
    store.close()


OPEN = """
import sys
from exitpoll_server.store import Store
print("ready", flush=True)
sys.stdin.readline()
Store(sys.argv[1]).close()
"""


@pytest.fixture(params=BOTH)
def untouched(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'untouched.sqlite3'}"
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.url(cluster.create())


def test_processes_opening_a_fresh_database_at_once_all_succeed(untouched: str) -> None:
    """A server and a command started together do not trip over who makes the tables."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, untouched],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    endings = [process.communicate(timeout=30)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], endings
