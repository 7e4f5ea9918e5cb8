"""SQLite: a file, its folder, its durability, and how its transactions begin."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event

BUSY_TIMEOUT_SECONDS = 20
"""How long a writer waits for another process's transaction; imports commit in small groups."""

POLL_SECONDS = 0.0005
"""How soon a process sees that it is its turn: a group's transaction takes some milliseconds."""

CACHE_KIB = 16 * 1024
"""What a connection may keep of the file in memory; SQLite's own 2 MB hold no index of ids."""

CHECKPOINT_PAGES = 8_000
"""After how many pages (32 MB) the journal goes into the file. Ids are random, so a group touches
pages all over it: the longer one waits, the more often a page is written once for many groups."""

STATEMENTS_KEPT = 256
"""Ready to be run again: a bulk statement is one for each size of its group."""


def _begin_reading(connection: Connection) -> None:
    driver_of(connection).execute("BEGIN")


def _begin_writing(connection: Connection) -> None:
    """Wait for one's turn to write: SQLite's own waiting sleeps ever longer, and loses its turn."""
    driver = driver_of(connection)
    driver.execute("PRAGMA busy_timeout=0")
    try:
        # One that reads first and writes later fails where another process wrote between.
        _run_in_turn(driver, "BEGIN IMMEDIATE")
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_SECONDS * 1000}")


def _run_in_turn(driver: sqlite3.Connection, statement: str) -> None:
    """Run a statement as soon as nobody else holds what it needs."""
    give_up = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            driver.execute(statement)
        except sqlite3.OperationalError as error:
            if not str(error).startswith(_HELD) or time.monotonic() > give_up:
                raise
            time.sleep(POLL_SECONDS)
        else:
            return


READS: Mapping[str, Any] = {"exitpoll_begin": _begin_reading}
WRITES: Mapping[str, Any] = {"exitpoll_begin": _begin_writing}
ALONE: Mapping[str, Any] = WRITES

_HELD = "database is locked"

_PASSES = (
    _HELD,
    "database table is locked",
    "database schema is locked",
    "database or disk is full",
    "disk I/O error",
    "attempt to write a readonly database",
    "unable to open database file",
    "locking protocol",
)
"""How the failures begin that are no fault of the statement; Python 3.10 gives no codes."""


def create(url: URL) -> Engine:
    """Return an engine on a file, connected, in a folder that need not exist.

    Raises:
        OSError: the folder cannot be made.
        DBAPIError: the file cannot be opened.
    """
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    # A fault goes to the log with its statement; what the statement held is somebody's.
    driver = {"timeout": BUSY_TIMEOUT_SECONDS, "cached_statements": STATEMENTS_KEPT}
    engine = create_engine(url, connect_args=driver, hide_parameters=True)
    event.listen(engine, "connect", _set_up)
    # Now, while whoever starts the server is told; from here on it is a failure that passes.
    engine.connect().close()
    return engine


def driver_of(connection: Connection) -> sqlite3.Connection:
    """Return the driver's own connection, for what is run too often for anything between."""
    return cast("sqlite3.Connection", connection.connection.driver_connection)


def is_busy(error: BaseException) -> bool:
    """Tell whether the same will work later: locks, and a disk that takes nothing just now."""
    return isinstance(error, sqlite3.Error) and str(error).startswith(_PASSES)


def _set_up(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own idea of transactions begins them too late; READS and WRITES say how.
    connection.isolation_level = None
    # The file's first: SQLite does not wait for others who do the same at this moment.
    _run_in_turn(connection, "PRAGMA journal_mode=WAL")
    cursor = connection.cursor()
    # FULL: a commit survives the loss of power, not only of the process.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    cursor.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
    cursor.close()
