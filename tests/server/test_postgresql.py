"""PostgreSQL: what is promised of its transactions, and what is said where it cannot be used."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from psycopg.sql import SQL
from tests.postgresql import GUARDED, Cluster
from tests.server.databases import Postgresql
from tests.server.messages import NOW

from exitpoll_server.store import BusyError, Store, StoreError, engine

PASSWORD = "correct-horse"


@pytest.fixture
def empty(cluster: Cluster, template: str) -> Postgresql:
    return Postgresql(cluster, cluster.create(template))


@pytest.fixture
def opened(empty: Postgresql) -> Iterator[Store]:
    store = Store(empty.url)
    yield store
    store.close()


def sentence_of(url: str) -> str:
    """Return why a database cannot be opened: one sentence of one line, without the password."""
    with pytest.raises(StoreError) as caught:
        Store(url)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert PASSWORD not in sentence
    return sentence


def test_what_is_written_is_durable_whatever_the_server_says(empty: Postgresql) -> None:
    """A commit waits for the disk, also where the database is set to answer before."""
    empty.change(f"ALTER DATABASE {empty.name} SET synchronous_commit = off")
    made = engine.open_engine(empty.url)
    for alone in (False, True):
        with engine.write_transaction(made, alone=alone) as connection:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    made.dispose()


def test_a_reader_sees_one_state(empty: Postgresql) -> None:
    """Whatever is committed meanwhile, a report adds up; and a reader cannot write."""
    made = engine.open_engine(empty.url)
    count = "SELECT COUNT(*) FROM secrets"
    with engine.read_transaction(made) as reader:
        assert reader.exec_driver_sql(count).scalar() == 0
        with engine.write_transaction(made) as writer:
            writer.exec_driver_sql("INSERT INTO secrets VALUES ('a', 'b')")
        assert reader.exec_driver_sql(count).scalar() == 0
        assert reader.exec_driver_sql("SHOW transaction_read_only").scalar() == "on"
    with engine.read_transaction(made) as reader:
        assert reader.exec_driver_sql(count).scalar() == 1
    made.dispose()


def test_while_it_is_away_nothing_is_stored_and_afterwards_all_is_well(
    cluster: Cluster, opened: Store
) -> None:
    """A stopped PostgreSQL is busy; a restarted one is found again without anybody's help."""
    opened.products()
    cluster.stop()
    try:
        with pytest.raises(BusyError):
            opened.products()
        with pytest.raises(BusyError):
            opened.secret("a")
    finally:
        cluster.start()
    assert opened.secret("a") == opened.secret("a")
    cluster.stop()
    cluster.start()
    opened.create_product(name="Sample", stopped_after_days=40, trial_days=None, now=NOW)


def test_connections_that_break_in_the_middle_are_busy(empty: Postgresql) -> None:
    """Whoever is thrown out in a transaction is told to come again, not that we failed."""
    made = engine.open_engine(empty.url)
    with pytest.raises(BusyError), engine.write_transaction(made) as connection:
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
    made.dispose()


def test_too_many_connections_are_busy(empty: Postgresql) -> None:
    """Where PostgreSQL takes no more connections, the same will work later."""
    empty.change("CREATE ROLE narrow LOGIN CONNECTION LIMIT 1")
    empty.change("GRANT pg_read_all_data TO narrow")
    try:
        narrow = Store(empty.cluster.url(empty.name, "narrow"))
        with engine.read_transaction(narrow._engine), pytest.raises(BusyError):  # noqa: SLF001
            narrow.products()
        narrow.close()
    finally:
        empty.change("DROP OWNED BY narrow")
        empty.change("DROP ROLE narrow")


def test_nobody_is_there() -> None:
    """Where nothing listens, the sentence says so, and where that is."""
    said = sentence_of(f"postgresql://me:{PASSWORD}@127.0.0.1:1/exitpoll")
    assert "postgresql://me:***@127.0.0.1:1/exitpoll" in said
    assert "refused" in said


def test_a_database_that_is_not_there(cluster: Cluster) -> None:
    """The sentence names it."""
    assert 'database "nowhere" does not exist' in sentence_of(cluster.url("nowhere"))


def test_a_wrong_password(cluster: Cluster) -> None:
    """The sentence says whose it is, and shows none."""
    cluster.run(SQL("CREATE DATABASE guarded"))
    cluster.run(SQL("CREATE ROLE me LOGIN PASSWORD 'another'"))
    url = cluster.url(GUARDED, f"me:{PASSWORD}")
    assert 'password authentication failed for user "me"' in sentence_of(url)


def test_an_option_that_is_none(empty: Postgresql) -> None:
    """What is misspelt behind the question mark is named, and no password beside it."""
    said = sentence_of(f"{empty.url}?sslmdoe=require&password={PASSWORD}")
    assert "sslmdoe" in said


def test_a_user_who_may_not_make_tables(cluster: Cluster) -> None:
    """Without the right to it, the sentence says which is missing."""
    cluster.run(SQL("CREATE ROLE visitor LOGIN"))
    url = cluster.url(cluster.create(), "visitor")
    assert "permission denied for schema public" in sentence_of(url)


def test_an_encoding_that_not_everybody_can_write_in(cluster: Cluster) -> None:
    """A database that cannot keep every language is refused before anything is lost."""
    name = cluster.create("template0", ENCODING="LATIN1")
    assert "its encoding is LATIN1" in sentence_of(cluster.url(name))
