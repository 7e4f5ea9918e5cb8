"""Opens the database: the engine, its durability, its transactions, its migrations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from filelock import FileLock
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

MIGRATIONS = str(Path(__file__).parent / "migrations")

BUSY_TIMEOUT_SECONDS = 20
"""How long a writer waits for another process's transaction; imports commit in small groups."""


class BusyError(Exception):
    """Another process holds the database; nothing was stored, and later it will work."""


class OtherVersionError(Exception):
    """The database was brought to another version while this process had it open."""


class StoreError(Exception):
    """The database cannot be used; says why in one sentence."""


def open_engine(url: str) -> Engine:
    """Return an engine on a database whose tables are those of this version.

    Raises:
        StoreError: it cannot be opened, is no database, or is of a later version.
    """
    # A fault goes to the log with its statement; what the statement held is somebody's.
    engine = create_engine(
        url, connect_args={"timeout": BUSY_TIMEOUT_SECONDS}, hide_parameters=True
    )
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    try:
        file = make_url(url).database
        if file:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        _migrate(engine)
    except OSError as error:
        raise StoreError(f"the database {url} cannot be opened: {error.strerror}") from error
    except DBAPIError as error:
        raise StoreError(f"the database {url} cannot be opened: {error.orig}") from error
    except CommandError as error:
        raise StoreError(
            f"the database {url} was made by a later version of Exitpoll; install that one"
        ) from error
    return engine


def check(engine: Engine) -> None:
    """Write something that changes nothing, which only a usable database of this version takes.

    Raises:
        OtherVersionError: its tables are those of another version.
        BusyError: another process holds it.
    """
    as_it_is = "UPDATE alembic_version SET version_num = version_num WHERE version_num = :head"
    with write_transaction(engine) as connection:
        if connection.execute(text(as_it_is), {"head": _head()}).rowcount != 1:
            raise OtherVersionError


@contextmanager
def write_transaction(engine: Engine) -> Iterator[Connection]:
    """Give a transaction that may write, committed and durable when the block ends."""
    with _turn(engine), _open(engine, writes=True) as connection:
        yield connection


def _turn(engine: Engine) -> AbstractContextManager[object]:
    """Wait for one's turn to write: SQLite's own waiting sleeps ever longer, and loses its turn."""
    file = engine.url.database
    if engine.dialect.name != "sqlite" or not file:
        return nullcontext()
    return FileLock(f"{file}-lock", BUSY_TIMEOUT_SECONDS, poll_interval=0.0005)


@contextmanager
def read_transaction(engine: Engine) -> Iterator[Connection]:
    """Give a transaction that reads one state of the database, whatever is written meanwhile."""
    with _open(engine, writes=False) as connection:
        yield connection


@contextmanager
def _open(engine: Engine, *, writes: bool) -> Iterator[Connection]:
    try:
        with engine.connect() as connection:
            connection.execution_options(exitpoll_writes=writes)
            with connection.begin():
                yield connection
    except OperationalError as error:
        if "database is locked" in str(error.orig):
            raise BusyError from error
        raise


def _set_up_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - DBAPI's own type
    # The driver's own idea of transactions begins them too late; see _begin_sqlite.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # FULL: a commit survives the loss of power, not only of the process.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails where another process wrote between.
    writes = connection.get_execution_options().get("exitpoll_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(engine: Engine) -> None:
    config = _migrations()
    head = _head()
    with read_transaction(engine) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current == head:
        return
    # One transaction for the migration and its record, behind the lock that every writer takes.
    with write_transaction(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _migrations() -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", MIGRATIONS)
    config.set_main_option("path_separator", "os")
    return config


@cache
def _head() -> str | None:
    """Return the version of the tables that this program knows."""
    return ScriptDirectory.from_config(_migrations()).get_current_head()
