"""`exitpoll backup`: whole and complete while the server writes, or none at all."""

from __future__ import annotations

import itertools
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from tests.server.conftest import NewDatabase
from tests.server.databases import Database
from tests.server.messages import arrival, ping, row
from tests.server.program import PATIENCE_SECONDS, needs_root, on_a_small_disk, post, run, serving

from exitpoll_agent import wire
from exitpoll_server import store as stores
from exitpoll_server.store import Product, Store, StoreError

BACKUPS = 5
WRITERS = 3


@pytest.fixture
def database(new_database: NewDatabase, tmp_path: Path) -> Database:
    """Return a file: PostgreSQL has programs of its own for this."""
    return new_database("sqlite", tmp_path)


def stored(file: Path) -> set[int]:
    """Return the numbers of the installations in a database that is sound."""
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return {UUID(hex=u).int for (u,) in database.execute("SELECT uuid FROM installations")}


def url_of(file: Path) -> str:
    return f"sqlite:///{file}"


@contextmanager
def writing(url: str, key: str) -> Iterator[list[int]]:
    """Send pings of ever new installations; give the growing list of those answered with 200."""
    answered: list[int] = []
    numbers, over = itertools.count(1), threading.Event()

    def write() -> None:
        while not over.is_set():
            number = next(numbers)
            message = ping(installation_id=UUID(int=number), days=(row("2026-11-20"),))
            if post(url, key, wire.PINGS_PATH, message) == 200:
                answered.append(number)

    threads = [threading.Thread(target=write) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        yield answered
    finally:
        over.set()
        for thread in threads:
            thread.join()


def wait_for(answered: list[int], most: int) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while len(answered) < most:
        assert time.monotonic() < end, f"only {len(answered)} of {most} were answered"
        time.sleep(0.01)


def test_a_backup_beside_a_writing_server_is_whole(
    store: Store, product: Product, live: Path, tmp_path: Path
) -> None:
    """Each opens, is sound, and holds everything that was answered with 200 before it began."""
    store.close()
    with serving(live) as url, writing(url, product.key) as answered:
        for number in range(BACKUPS):
            wait_for(answered, 30 * (number + 1))
            before = set(answered)
            copy = tmp_path / f"backup-{number}"
            assert run(live, "backup", str(copy)).returncode == 0
            assert before <= stored(copy)
            Store(url_of(copy)).close()
        assert len(answered) > len(before)


def test_a_backup_is_one_file_for_its_owner(store: Store, live: Path, tmp_path: Path) -> None:
    """No journal stands beside it that could be forgotten, and nobody else may read it."""
    del store
    folder = tmp_path / "backups"
    folder.mkdir()
    stores.backup(url_of(live), folder / "copy", overwrite=False)
    assert [file.name for file in folder.iterdir()] == ["copy"]
    assert (folder / "copy").stat().st_mode & 0o777 == 0o600
    stored(folder / "copy")
    assert [file.name for file in folder.iterdir()] == ["copy"]


def test_a_backup_does_not_upgrade_the_database(tmp_path: Path) -> None:
    """Whoever backs up with the new version, before the upgrade, changes nothing."""
    old, copy = tmp_path / "old", tmp_path / "copy"
    with closing(sqlite3.connect(old)) as database:
        database.execute("CREATE TABLE t (c)")
    before = old.read_bytes()
    assert run(old, "backup", str(copy)).returncode == 0
    assert old.read_bytes() == before


def test_nothing_is_overwritten_unless_told(
    store: Store, product: Product, live: Path, tmp_path: Path
) -> None:
    """A file that is there stays, and the sentence names the option that replaces it."""
    file = tmp_path / "copy"
    file.write_text("mine")
    with pytest.raises(StoreError, match="--overwrite"):
        stores.backup(url_of(live), file, overwrite=False)
    assert file.read_text() == "mine"
    store.merge(product, [arrival(ping())])
    stores.backup(url_of(live), file, overwrite=True)
    assert len(stored(file)) == 1


def test_the_database_is_no_backup_of_itself(store: Store, live: Path) -> None:
    """Neither by its name nor by a link to it, whatever the options."""
    del store
    link = live.with_name("link")
    link.symlink_to(live)
    for name in (live, link):
        with pytest.raises(StoreError, match="is the database itself"):
            stores.backup(url_of(live), name, overwrite=True)


def test_where_there_is_no_database(tmp_path: Path) -> None:
    """A mistyped setting is said; no empty database is made, and none backed up."""
    said = run(tmp_path / "nowhere", "backup", str(tmp_path / "copy"))
    assert (said.returncode, said.stderr) == (
        2,
        f"exitpoll: there is no database {tmp_path}/nowhere\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_database_is_not_backed_up(tmp_path: Path) -> None:
    """A damaged database gives one sentence, and no file that could be taken for a backup."""
    (tmp_path / "letter").write_text("Dear Sir or Madam, " * 1_000)
    with pytest.raises(StoreError, match="no backup was made: file is not a database"):
        stores.backup(url_of(tmp_path / "letter"), tmp_path / "copy", overwrite=False)
    assert [file.name for file in tmp_path.iterdir()] == ["letter"]


def test_a_damaged_database_gives_no_backup(
    store: Store, product: Product, live: Path, tmp_path: Path
) -> None:
    """A copy is read before it is called a backup."""
    store.merge(product, [arrival(ping(installation_id=UUID(int=n))) for n in range(1, 300)])
    store.close()
    with closing(sqlite3.connect(live)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'counters'"
        ).fetchone()
    with live.open("r+b") as file:
        file.seek(4096 * (page - 1))
        file.write(b"\xff" * 4096)
    with pytest.raises(StoreError, match="no backup was made"):
        stores.backup(url_of(live), tmp_path / "copy", overwrite=False)
    assert not (tmp_path / "copy").exists()


def test_a_folder_that_is_not_there(store: Store, live: Path, tmp_path: Path) -> None:
    """One sentence, which names what is missing."""
    del store
    with pytest.raises(StoreError, match=r"no backup was made: No such file.*nowhere"):
        stores.backup(url_of(live), tmp_path / "nowhere" / "copy", overwrite=False)


@needs_root
def test_on_a_full_disk_nothing_is_left(
    store: Store, product: Product, live: Path, tmp_path: Path
) -> None:
    """On a real full disk one sentence says so, and no part of a copy stays behind."""
    store.merge(product, [arrival(ping(installation_id=UUID(int=n))) for n in range(1, 500)])
    disk = tmp_path / "disk"
    disk.mkdir()
    said = on_a_small_disk(disk, live, "backup", str(disk / "copy"))
    assert said.stderr == "exitpoll: no backup was made: database or disk is full\n"
    assert (said.returncode, said.stdout) == (2, "left: \n")
