"""Copies of an SQLite database that are whole, and the way back from one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic.script import ScriptDirectory
from sqlalchemy.engine import URL, make_url

from exitpoll_server.store.engine import MIGRATIONS, StoreError
from exitpoll_server.store.files import FOR_THE_OWNER, sync_folder

IN_USE_SECONDS = 2
"""How long a restore waits for others to let go: a command is soon done, a server stays."""


def backup(url: str, target: Path, *, overwrite: bool) -> None:
    """Copy the database into a file of its own, whatever is written meanwhile.

    The copy is one state: everything that was durable when this began is in it. It is made in a
    folder beside the target and moved there when it is whole.

    Raises:
        StoreError: no copy was made, and why; nothing is left of it.
    """
    live = _file_of(url, f"pg_dump --format=custom --file={target}")
    if _is_same(live, target):
        raise StoreError(f"{target} is the database itself; name another file")
    if target.exists() and not overwrite:
        raise StoreError(f"{target} exists; name another file, or say --overwrite")
    with _said_as("no backup was made"), _folder_beside(target) as folder:
        copy = folder / "copy"
        _copy(live, copy)
        _put(copy, target)


def restore(url: str, source: Path, now: datetime) -> Path | None:
    """Put a backup in the place of the database; return where that is kept, if there was one.

    Raises:
        StoreError: the database is as it was, and why.
    """
    live = _file_of(url, f"pg_restore --clean --if-exists {source}")
    if _is_same(live, source):
        raise StoreError(f"{source} is the database itself; name a backup")
    with _said_as(f"{source} was not restored"):
        live.parent.mkdir(parents=True, exist_ok=True)
        with _folder_beside(live) as folder:
            copy = folder / "copy"
            _copy(source, copy)
            _check_is_ours(copy)
            if not live.exists():
                # Left by a database that was deleted, they would be read into this one.
                for left in _journals(live):
                    left.unlink(missing_ok=True)
                _put(copy, live)
                return None
            aside = live.with_name(f"{live.name}.replaced-{now:%Y%m%dT%H%M%S.%fZ}")
            _replace(live, copy, aside, folder)
    return aside


def _file_of(url: str, instead: str) -> Path:
    """Return the file of an SQLite database; another engine has a program of its own for it."""
    parts = make_url(url)
    if parts.get_backend_name() == "sqlite" and parts.database:
        return Path(parts.database)
    # Without the driver, which only SQLAlchemy knows, and without the password.
    plain = URL.create(
        parts.get_backend_name(),
        username=parts.username,
        host=parts.host,
        port=parts.port,
        database=parts.database,
    )
    option = "--dbname=" + plain.render_as_string()
    raise StoreError(f"PostgreSQL has its own program for this: {instead} {option}")


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


@contextmanager
def _said_as(failure: str) -> Iterator[None]:
    """Turn what SQLite and the system say into one sentence."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{failure}: {error.strerror} ({error.filename})") from error
    except sqlite3.Error as error:
        raise StoreError(f"{failure}: {error}") from error


@contextmanager
def _folder_beside(file: Path) -> Iterator[Path]:
    """Give a folder on the file's own disk for what is not whole yet; it goes with all in it."""
    prefix = f".{file.name}."
    with TemporaryDirectory(dir=file.parent, prefix=prefix, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _copy(source: Path, target: Path) -> None:
    """Copy one state of a database, and check that it can be read."""
    with closing(_open(source)) as original, closing(sqlite3.connect(target)) as copy:
        target.chmod(FOR_THE_OWNER)
        # In one step. In several, each write of others would have it begin anew.
        original.backup(copy)
        # One file, without a journal beside it that somebody might forget to take along.
        copy.execute("PRAGMA journal_mode=DELETE")
        found = copy.execute("PRAGMA quick_check").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(f"{source} is damaged: {found}")


def _open(file: Path) -> sqlite3.Connection:
    """Open a file that is there; SQLite by itself would make one."""
    if not file.is_file():
        raise StoreError(f"there is no database {file}")
    return sqlite3.connect(file, timeout=IN_USE_SECONDS, isolation_level=None)


def _check_is_ours(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        try:
            (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except (sqlite3.OperationalError, TypeError):
            raise sqlite3.DatabaseError("it is no database of Exitpoll") from None
    if revision not in {script.revision for script in ScriptDirectory(MIGRATIONS).walk_revisions()}:
        raise sqlite3.DatabaseError("a later version of Exitpoll made it; install that one")


def _put(copy: Path, target: Path) -> None:
    """Move a whole copy to its place, durably."""
    copy.replace(target)
    sync_folder(target.parent)


def _replace(live: Path, copy: Path, aside: Path, folder: Path) -> None:
    """Keep the database aside and write the copy over it, in one transaction under its lock."""
    try:
        with closing(_open(live)) as connection:
            _take_for_ourselves(connection, live)
            _keep(connection, folder / "replaced", aside)
            _write_over(connection, copy, aside)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        # Damaged, which may be why it is replaced.
        _move(live, aside)
        _put(copy, live)


def _keep(connection: sqlite3.Connection, unfinished: Path, aside: Path) -> None:
    with closing(sqlite3.connect(unfinished)) as kept:
        unfinished.chmod(FOR_THE_OWNER)
        connection.backup(kept)
    _put(unfinished, aside)


def _write_over(connection: sqlite3.Connection, copy: Path, aside: Path) -> None:
    try:
        with closing(_open(copy)) as whole:
            whole.backup(connection)
    except sqlite3.Error:
        aside.unlink()
        raise


def _take_for_ourselves(connection: sqlite3.Connection, live: Path) -> None:
    """Lock the database until the connection is closed; others must have let go of it."""
    try:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        raise StoreError(f"a server or another program uses {live}; stop it first") from None


def _move(live: Path, aside: Path) -> None:
    """Keep a database that SQLite cannot read as it is, with its journal."""
    live.replace(aside)
    for journal, kept in zip(_journals(live), _journals(aside), strict=True):
        with suppress(FileNotFoundError):
            journal.replace(kept)


def _journals(file: Path) -> tuple[Path, ...]:
    """Return what SQLite has beside a database while it is written."""
    return tuple(file.with_name(file.name + end) for end in ("-wal", "-shm", "-journal"))
