"""The journal of erasures, whichever engine the database that comes back is of."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError
from tests.server.conftest import BOTH, NewDatabase
from tests.server.databases import Database
from tests.server.messages import NOW, after, arrival, ping

from exitpoll_server.store import BusyError, Product, Store

ANNA, BORIS = UUID(int=0xA), UUID(int=0xB)


def known(database: Database) -> set[UUID]:
    return {UUID(hex=one["uuid"]) for one in database.look("SELECT uuid FROM installations")}


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest, new_database: NewDatabase, tmp_path: Path) -> Database:
    """Return one of its own: what others have open cannot be copied."""
    return new_database(request.param, tmp_path)


@pytest.fixture
def product(database: Database) -> Product:
    """Return a product that Anna and Boris have."""
    with closing(Store(database.url)) as store:
        product = store.create_product(
            name="Sample", stopped_after_days=40, trial_days=None, now=NOW
        )
        store.merge(product, [arrival(ping(installation_id=one)) for one in (ANNA, BORIS)])
    return product


@pytest.fixture
def backup(database: Database, product: Product, tmp_path: Path) -> Database:
    """Return a copy of before any erasure."""
    del product
    folder = tmp_path / "backup"
    folder.mkdir()
    return database.copy(folder)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "erasures"


def test_who_was_erased_does_not_come_back(
    database: Database, backup: Database, product: Product, journal: Path
) -> None:
    """A database from before the erasure carries it out when it is opened, and keeps them out."""
    with closing(Store(database.url, journal)) as store:
        store.erase(product, ANNA, NOW)
    with closing(Store(backup.url, journal)) as store:
        assert store.caught_up == 1
        assert known(backup) == {BORIS}
        store.merge(product, [arrival(ping(seq=2, installation_id=ANNA))])
    assert known(backup) == {BORIS}
    with closing(Store(backup.url, journal)) as store:
        assert store.caught_up == 0


def test_an_erasure_that_was_not_answered_is_carried_out_by_the_next_opening(
    database: Database, product: Product, journal: Path
) -> None:
    """A crash between the journal and the database leaves nobody half erased."""
    with (
        closing(Store(database.url, journal)) as store,
        database.broken("tombstones"),
        pytest.raises(IntegrityError),
    ):
        store.erase(product, ANNA, NOW)
    assert known(database) == {ANNA, BORIS}
    Store(database.url, journal).close()
    assert known(database) == {BORIS}


def test_nothing_is_erased_that_the_journal_does_not_hold(
    database: Database, product: Product, journal: Path
) -> None:
    """Where the journal cannot be written nothing is answered, so that no backup brings it back."""
    with closing(Store(database.url, journal)) as store:
        journal.unlink()
        journal.mkdir()
        with pytest.raises(BusyError):
            store.erase(product, ANNA, NOW)
    assert known(database) == {ANNA, BORIS}


def test_erasures_from_before_the_journal_are_taken_into_it(
    database: Database, backup: Database, product: Product, journal: Path
) -> None:
    """A lost or new journal learns from the database what was erased, with its instant."""
    with closing(Store(database.url, journal)) as store:
        store.erase(product, ANNA, after(hours=1))
    before = journal.read_text().split()
    journal.unlink()
    Store(database.url, journal).close()
    assert journal.read_text().split() == before
    Store(backup.url, journal).close()
    assert known(backup) == {BORIS}


def test_a_product_that_the_backup_does_not_know(
    database: Database, backup: Database, product: Product, journal: Path
) -> None:
    """Erasures of a product younger than the backup are kept for a database that knows it."""
    with closing(Store(database.url, journal)) as store:
        other = store.create_product(name="Other", stopped_after_days=40, trial_days=None, now=NOW)
        store.erase(other, ANNA, NOW)
    with closing(Store(backup.url, journal)) as store:
        assert store.products() == [product]
    assert known(backup) == {ANNA, BORIS}
    assert other.key in journal.read_text()


def test_rehearsals_are_not_in_the_journal(
    database: Database, product: Product, journal: Path
) -> None:
    """The erasure of a rehearsal may name a real copy's id, and must never erase that."""
    with closing(Store(database.url, journal)) as store:
        store.erase_rehearsals(product, ANNA)
    assert journal.read_text().split() == []
