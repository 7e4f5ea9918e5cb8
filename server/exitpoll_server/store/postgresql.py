"""PostgreSQL: its connections, its durability, how transactions begin, and which failures pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext

LOCK_TIMEOUT_SECONDS = 20
"""How long a statement waits for another transaction; as long as SQLite's writers wait."""
STATEMENT_TIMEOUT_SECONDS = 600
"""Longer than any report; what runs longer has been forgotten by whoever asked for it."""

CONNECTION = {
    "application_name": "exitpoll",
    "client_encoding": "utf8",
    "connect_timeout": "10",
    # A host that has gone without a word is noticed after half a minute, not after a quarter hour.
    "tcp_user_timeout": "30000",
}
"""What libpq is told where the URL does not say otherwise."""

WRITERS_LOCK = 0x65786974706F6C6C
"""`exitpoll` as a number: the advisory lock that writers share, and that ALONE takes whole."""


def _begin_writing(connection: Connection) -> None:
    # Writers of one installation are kept in line by its row: see docs/adr/0011. The server's own
    # setting may trade the last commits for speed; what we answered is not ours to lose.
    connection.exec_driver_sql(
        f"SET LOCAL synchronous_commit = on; SELECT pg_advisory_xact_lock_shared({WRITERS_LOCK})"
    )


def _begin_alone(connection: Connection) -> None:
    # Migrations and copies take as long as they take.
    connection.exec_driver_sql(
        "SET LOCAL synchronous_commit = on; SET LOCAL statement_timeout = 0; "
        f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})"
    )


# One state of the database, whatever is committed meanwhile.
READS: Mapping[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_BETWEEN = {"isolation_level": "READ COMMITTED"}
WRITES: Mapping[str, Any] = {**_BETWEEN, "exitpoll_begin": _begin_writing}
ALONE: Mapping[str, Any] = {**_BETWEEN, "exitpoll_begin": _begin_alone}

_PASSES = (
    "08",  # the connection broke
    "25006",  # read-only: another host has taken over
    "25P03",  # ended for having been idle
    "40",  # serialization failure, deadlock
    "53",  # out of connections, memory, disk
    "55P03",  # waited for a lock for too long
    "57",  # cancelled, shutting down, starting up
)
"""How the codes (SQLSTATE) of failures begin that are no fault of the statement."""


class UnusableError(Exception):
    """The database is one that nothing can be kept in; says why."""


def create(url: URL) -> Engine:
    """Return an engine, connected, that connects anew after a restart of PostgreSQL.

    Raises:
        DBAPIError: PostgreSQL cannot be reached, or refuses us.
        UnusableError: it is no database for us.
    """
    engine = create_engine(
        url.set(drivername="postgresql+psycopg", query={**CONNECTION, **url.query}),
        hide_parameters=True,
        pool_pre_ping=True,
        pool_timeout=LOCK_TIMEOUT_SECONDS,
    )
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "handle_error", _leave_out_values)
    # Now, while whoever starts the server is told; from here on an absence is one that passes.
    engine.connect().close()
    return engine


def is_busy(error: BaseException) -> bool:
    """Tell whether the same will work later: locks, deadlocks, restarts, lost connections."""
    if not isinstance(error, psycopg.Error):
        return False
    state = error.sqlstate
    # Without a code the failure is not the server's: it was not reached, or has gone.
    return (
        isinstance(error, psycopg.OperationalError)
        if state is None
        else (state.startswith(_PASSES))
    )


def _set_up(connection: psycopg.Connection, _record: object) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        connection.close()
        raise UnusableError(f"its encoding is {encoding}; create it with ENCODING 'UTF8'")
    connection.autocommit = True
    connection.execute(
        f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'; "
        f"SET statement_timeout = '{STATEMENT_TIMEOUT_SECONDS}s'"
    )
    connection.autocommit = False


def _leave_out_values(context: ExceptionContext) -> None:
    """Cut a failure down to its first sentence: the details quote the row, and so somebody."""
    error = context.original_exception
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        error.args = (error.diag.message_primary,)
        if context.sqlalchemy_exception is not None:
            context.sqlalchemy_exception.args = error.args
