"""A backup comes back, and nobody who was erased comes back with it."""

from __future__ import annotations

import shlex
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from tests.server.conftest import NewDatabase
from tests.server.databases import Database
from tests.server.messages import NOW, arrival, ping
from tests.server.program import erasure, needs_root, on_a_small_disk, post, run, serving

from exitpoll_agent import wire
from exitpoll_server import config
from exitpoll_server import store as stores
from exitpoll_server.store import Product, Store, StoreError

ANNA, BORIS, CLARA = (UUID(int=n) for n in (0xA, 0xB, 0xC))


def url_of(file: Path) -> str:
    return f"sqlite:///{file}"


def journal_of(database: Path) -> Path:
    return config.load({"EXITPOLL_DATABASE_URL": url_of(database)}).journal


def opened(database: Path) -> Store:
    return Store(url_of(database), journal_of(database))


def known(file: Path) -> set[UUID]:
    """Return the installations in a database file."""
    with closing(sqlite3.connect(file)) as database:
        return {UUID(hex=u) for (u,) in database.execute("SELECT uuid FROM installations")}


def arrive(store: Store, product: Product, *installations: UUID) -> None:
    store.merge(product, [arrival(ping(installation_id=one)) for one in installations])


@pytest.fixture
def database(new_database: NewDatabase, tmp_path: Path) -> Database:
    """Return a file: PostgreSQL has programs of its own for this."""
    return new_database("sqlite", tmp_path)


@pytest.fixture
def backup(store: Store, product: Product, live: Path, tmp_path: Path) -> Path:
    """Return a backup that knows Anna and Boris; the server knows nobody else yet."""
    arrive(store, product, ANNA, BORIS)
    store.close()
    stores.backup(url_of(live), tmp_path / "backup", overwrite=False)
    return tmp_path / "backup"


# -- erasures --------------------------------------------------------------------------------


def by_command(backup: Path, database: Path) -> None:
    said = run(database, "restore", str(backup))
    assert said.returncode == 0, said.stderr
    assert "and now again: 1" in said.stderr


def by_copying_the_file(backup: Path, database: Path) -> None:
    for name in (database.name, f"{database.name}-wal", f"{database.name}-shm"):
        database.with_name(name).unlink(missing_ok=True)
    shutil.copy(backup, database)


@pytest.mark.parametrize("put_back", [by_command, by_copying_the_file])
def test_who_was_erased_does_not_come_back(
    backup: Path, live: Path, product: Product, put_back: Callable[[Path, Path], None]
) -> None:
    """After an older backup is put back the installation is gone, and a late ping stays out."""
    with serving(live) as url:
        assert post(url, product.key, wire.ERASURES_PATH, erasure(ANNA)) == 200
    put_back(backup, live)
    with serving(live) as url:
        assert known(live) == {BORIS}
        late = ping(seq=2, installation_id=ANNA)
        assert post(url, product.key, wire.PINGS_PATH, late) == 200
        assert post(url, product.key, wire.PINGS_PATH, ping(installation_id=CLARA)) == 200
    assert known(live) == {BORIS, CLARA}


def test_a_journal_cut_by_a_crash(backup: Path, live: Path, product: Product) -> None:
    """Wherever its last line is cut, the others hold, and so does the one written after it."""
    store = opened(live)
    store.erase(product, BORIS, NOW)
    whole = journal_of(live).read_bytes()
    store.erase(product, ANNA, NOW)
    store.close()
    longer = journal_of(live).read_bytes()
    for length in range(len(whole), len(longer) - 1):
        journal_of(live).write_bytes(longer[:length])
        by_copying_the_file(backup, live)
        store = opened(live)
        assert known(live) == {ANNA}, longer[:length]
        store.erase(product, ANNA, NOW)
        store.close()
        by_copying_the_file(backup, live)
        opened(live).close()
        assert known(live) == set(), longer[:length]


def test_the_journal_is_its_owners(live: Path) -> None:
    """The ids in it are nobody else's business."""
    opened(live).close()
    assert journal_of(live).stat().st_mode & 0o777 == 0o600


def test_a_journal_that_cannot_be_written_is_said_at_the_start(live: Path) -> None:
    """Not by the first person's erasure."""
    journal_of(live).mkdir()
    said = run(live, "serve", "--port", "0")
    assert said.returncode == 2
    assert said.stderr.startswith(f"exitpoll: the journal of erasures {journal_of(live)}")
    assert said.stderr.count("\n") == 1


# -- restoring -------------------------------------------------------------------------------


def test_the_replaced_database_is_kept(backup: Path, live: Path, product: Product) -> None:
    """What came since the backup is gone from the database, and in the file set aside."""
    store = opened(live)
    arrive(store, product, CLARA)
    store.close()
    aside = stores.restore(url_of(live), backup, NOW)
    assert known(live) == known(backup) == {ANNA, BORIS}
    assert aside == live.with_name(f"{live.name}.replaced-20261120T120000.000000Z")
    assert known(aside) == {ANNA, BORIS, CLARA}
    assert aside.stat().st_mode & 0o777 == 0o600
    names = {live.name, backup.name, aside.name, journal_of(live).name}
    assert {file.name for file in live.parent.iterdir()} == names


def test_a_restored_database_is_served(backup: Path, live: Path, product: Product) -> None:
    """Twice restored, it takes messages as if nothing had happened."""
    for _ in range(2):
        by = run(live, "restore", str(backup))
        assert by.returncode == 0, by.stderr
        with serving(live) as url:
            assert post(url, product.key, wire.PINGS_PATH, ping(installation_id=CLARA)) == 200
        assert known(live) == {ANNA, BORIS, CLARA}
        for aside in live.parent.glob("*.replaced-*"):
            aside.unlink()


def test_a_new_machine_has_no_database_yet(backup: Path, tmp_path: Path) -> None:
    """Nothing is set aside where nothing was."""
    there = tmp_path / "a new" / "machine"
    assert stores.restore(url_of(there), backup, NOW) is None
    assert known(there) == {ANNA, BORIS}


def test_what_a_deleted_database_left_is_not_read_into_the_backup(
    backup: Path, live: Path, product: Product
) -> None:
    """A journal whose database was deleted, as it lay there after a crash, changes nothing."""
    store = opened(live)
    arrive(store, product, CLARA)
    journal = live.with_name(f"{live.name}-wal")
    left = journal.read_bytes()
    store.close()
    live.unlink()
    journal.write_bytes(left)
    assert stores.restore(url_of(live), backup, NOW) is None
    opened(live).close()
    assert known(live) == {ANNA, BORIS}


def test_a_server_that_runs_keeps_its_database(backup: Path, live: Path, product: Product) -> None:
    """A restore under a running server is refused, and the server goes on."""
    with serving(live) as url:
        assert post(url, product.key, wire.PINGS_PATH, ping(installation_id=CLARA)) == 200
        said = run(live, "restore", str(backup))
        assert said.returncode == 2
        assert said.stderr == (
            f"exitpoll: a server or another program uses {live}; stop it first\n"
        )
        assert post(url, product.key, wire.PINGS_PATH, ping(seq=2, installation_id=CLARA)) == 200
    assert known(live) == {ANNA, BORIS, CLARA}
    assert not list(live.parent.glob("*.replaced-*"))


def test_a_damaged_database_is_replaced_too(backup: Path, live: Path) -> None:
    """That may be why a backup is restored; what is left of it is kept as it is."""
    live.write_bytes(b"no database at all " * 1_000)
    aside = stores.restore(url_of(live), backup, NOW)
    assert known(live) == {ANNA, BORIS}
    assert aside is not None
    assert aside.read_bytes().startswith(b"no database")


@needs_root
def test_a_disk_too_full_to_restore_leaves_all_as_it_was(backup: Path, tmp_path: Path) -> None:
    """The database that is there stays in place, and no half of anything beside it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    small = disk / "small.sqlite3"
    there = shlex.quote(str(small))
    said = on_a_small_disk(disk, small, "restore", str(backup), first=f"echo mine > {there}")
    assert said.stderr == (f"exitpoll: {backup} was not restored: database or disk is full\n")
    assert (said.returncode, said.stdout) == (2, "left: small.sqlite3\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "no database of Exitpoll"), (b"Dear Sir or Madam, " * 1_000, "not a database")],
)
def test_what_is_no_backup_is_not_restored(
    backup: Path, live: Path, tmp_path: Path, content: bytes, said: str
) -> None:
    """The database stays as it is."""
    del backup
    (tmp_path / "letter").write_bytes(content)
    with pytest.raises(StoreError, match=said):
        stores.restore(url_of(live), tmp_path / "letter", NOW)
    assert known(live) == {ANNA, BORIS}


def test_a_backup_of_a_later_version_is_not_restored(backup: Path, live: Path) -> None:
    """It could not be opened; what is there stays, and the sentence says what to do."""
    with closing(sqlite3.connect(backup)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="later version of Exitpoll made it; install that one"):
        stores.restore(url_of(live), backup, NOW)
    assert known(live) == {ANNA, BORIS}


def test_a_cut_backup_is_not_restored(backup: Path, live: Path) -> None:
    """A copy that was broken off on its way here is noticed before anything is replaced."""
    backup.write_bytes(backup.read_bytes()[:-40_000])
    with pytest.raises(StoreError, match="was not restored"):
        stores.restore(url_of(live), backup, NOW)
    assert known(live) == {ANNA, BORIS}


def test_the_database_is_no_backup_of_itself(backup: Path, live: Path) -> None:
    """A mistyped name is said."""
    del backup
    with pytest.raises(StoreError, match="is the database itself"):
        stores.restore(url_of(live), live, NOW)


def test_postgresql_has_its_own_programs() -> None:
    """The sentence holds the command, without the password."""
    url = "postgresql+psycopg://anna:secret@db.example.com:5433/exitpoll"
    plain = "--dbname=postgresql://anna@db.example.com:5433/exitpoll$"
    with pytest.raises(StoreError, match=f"pg_dump --format=custom --file=x {plain}"):
        stores.backup(url, Path("x"), overwrite=False)
    with pytest.raises(StoreError, match=f"pg_restore --clean --if-exists x {plain}"):
        stores.restore(url, Path("x"), NOW)
