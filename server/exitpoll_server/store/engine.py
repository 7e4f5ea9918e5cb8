"""Opens the database, on either engine: its transactions, its failures, its migrations."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from exitpoll_server.store import postgresql, sqlite

log = logging.getLogger(__name__)

MIGRATIONS = str(Path(__file__).parent / "migrations")


class _Kind(Protocol):
    """What is particular to an engine; READS, WRITES and ALONE are how a transaction begins."""

    READS: Mapping[str, Any]
    WRITES: Mapping[str, Any]
    ALONE: Mapping[str, Any]

    def create(self, url: URL) -> Engine: ...

    def is_busy(self, error: BaseException) -> bool: ...


_KINDS: Mapping[str, _Kind] = {
    "sqlite": sqlite,
    "postgres": postgresql,
    "postgresql": postgresql,
}
"""By the scheme of the URL; the last two are the same, as people write them."""


class BusyError(Exception):
    """The database is held by others, away, or its disk is full just now; later it will work.

    Nothing was stored; or, where the connection broke during the commit, nobody knows: whatever
    is repeated then must be such that twice is once, as every message is.
    """


class OtherVersionError(Exception):
    """The database was brought to another version while this process had it open."""


class StoreError(Exception):
    """The database cannot be used; says why in one sentence."""


def open_engine(url: str) -> Engine:
    """Return an engine on a database whose tables are those of this version.

    Raises:
        StoreError: it cannot be opened, is no database, or is of a later version.
        BusyError: another process is changing its tables.
    """
    parsed = make_url(url)
    try:
        engine = _KINDS[parsed.drivername].create(parsed)
        event.listen(engine, "begin", _begin)
        try:
            _migrate(engine)
        except BaseException:
            engine.dispose()
            raise
    except OSError as error:
        raise StoreError(_cannot_open(parsed, error.strerror)) from error
    except DBAPIError as error:
        raise StoreError(_cannot_open(parsed, error.orig)) from error
    except postgresql.UnusableError as error:
        raise StoreError(_cannot_open(parsed, error)) from error
    except CommandError as error:
        raise StoreError(
            f"the database {_shown(parsed)} was made by a later version of Exitpoll; "
            "install that one"
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


def _cannot_open(url: URL, reason: object) -> str:
    [first, *_] = str(reason).splitlines()
    return f"the database {_shown(url)} cannot be opened: {first}"


def _shown(url: URL) -> str:
    # Not the options: a password may stand among them too.
    return url.set(query={}).render_as_string(hide_password=True)


@contextmanager
def write_transaction(engine: Engine, *, alone: bool = False) -> Iterator[Connection]:
    """Give a transaction that may write, committed and durable when the block ends.

    `alone`: no other transaction writes meanwhile, in this process or another. On SQLite that is
    always so.

    Raises:
        BusyError: it did not come to that.
    """
    kind = _KINDS[engine.dialect.name]
    with _open(engine, kind.ALONE if alone else kind.WRITES) as connection:
        yield connection


@contextmanager
def read_transaction(engine: Engine) -> Iterator[Connection]:
    """Give a transaction that reads one state of the database, whatever is written meanwhile.

    Raises:
        BusyError: the database is away.
    """
    with _open(engine, _KINDS[engine.dialect.name].READS) as connection:
        yield connection


@contextmanager
def _open(engine: Engine, options: Mapping[str, Any]) -> Iterator[Connection]:
    try:
        with engine.connect() as connection:
            connection.execution_options(**options)
            with connection.begin():
                yield connection
    except PoolTimeoutError as error:
        raise BusyError from error
    except Exception as error:
        # SQLAlchemy's own, or the driver's where a statement went straight to it.
        original = error.orig if isinstance(error, DBAPIError) else error
        if original is not None and _KINDS[engine.dialect.name].is_busy(original):
            [first, *_] = str(original).splitlines() or [""]
            log.warning("the database takes nothing just now: %s", first)
            raise BusyError from error
        raise


def _begin(connection: Connection) -> None:
    begin = connection.get_execution_options().get("exitpoll_begin")
    if begin is not None:
        begin(connection)


def _migrate(engine: Engine) -> None:
    config = _migrations()
    head = _head()
    with read_transaction(engine) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current == head:
        return
    # One transaction for the migration and its record, behind the lock that every writer takes.
    with write_transaction(engine, alone=True) as connection:
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
