"""Writes simulated rows into an empty database in bulk, past the merge.

The store makes the tables; what is written while its keys and triggers are off is sound, since the
simulator's rows are those of the merge.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from tests.bench import assumptions as a
from tests.bench import rows
from tests.bench.columns import Columns, Numbers, Tables, listed
from tests.bench.departures import SURVEY
from tests.bench.simulator import CHUNK, simulate

from exitpoll_server.questions import NPS
from exitpoll_server.store import Product, Store

NAME = "Simulated"

SQLITE_CACHE_KIB = 1_000_000
"""While it is written: the indexes of random ids are read and changed all over."""

_LAUNCHES = {
    "installation_id": "i8", "day": "i4", "counter_id": "i8", "version_id": "i8",
    "launches": "i4", "dated": "i2", "first_received_at": "i8",
}  # fmt: skip
"""The types of the launches' columns in PostgreSQL."""


def installations_of(launches: int) -> int:
    """Return how many installs to simulate for so many launches, about."""
    return max(1, round(launches / a.LAUNCHES_AN_INSTALLATION / a.HEARD_OF))


def create_product(store: Store) -> Product:
    """Create the product whose number the simulated rows have, with what it asks."""
    product = store.create_product(
        name=NAME, stopped_after_days=40, trial_days=a.TRIAL_DAYS, now=a.CREATED_AT
    )
    if product.id != rows.PRODUCT:
        raise RuntimeError("the simulator fills an empty database only")
    store.change_survey(product, SURVEY, a.CREATED_AT)
    store.change_survey(product, NPS, a.CREATED_AT)
    return product


def simulated(seed: int, installations: int, chunk: int = CHUNK) -> Iterator[Tables]:
    """Give the rows of everything, part by part; the versions last."""
    numbers = Numbers()
    for lives in simulate(seed, installations, chunk):
        yield rows.tables(lives, numbers)
    yield {"versions": rows.versions(numbers)}


def fill_sqlite(file: Path, parts: Iterator[Tables]) -> None:
    """Fill a database that the store made."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        # Nothing else has it, and where it fails it is made anew.
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(f"PRAGMA cache_size=-{SQLITE_CACHE_KIB}")
        for tables in parts:
            connection.execute("BEGIN")
            for name, columns in tables.items():
                marks = ", ".join("?" * len(columns))
                connection.executemany(
                    f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608
                    zip(*map(listed, columns.values()), strict=True),
                )
            connection.execute("COMMIT")
        connection.execute("VACUUM")
        connection.execute("PRAGMA journal_mode=WAL")


def fill_postgresql(url: str, parts: Iterator[Tables]) -> None:
    """Fill a database that the store made, as a superuser."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '1GB'")
        # One index made at the end costs less than one kept up to date.
        connection.execute("ALTER TABLE launches DROP CONSTRAINT pk_launches")
        for tables in parts:
            for name, columns in tables.items():
                _copy(connection, name, columns)
        connection.execute(
            "ALTER TABLE launches ADD CONSTRAINT pk_launches "
            "PRIMARY KEY (installation_id, day, counter_id, version_id)"
        )
        for name in ("installations", "counters", "versions", "uninstalls", "showings"):
            connection.execute(
                sql.SQL("SELECT setval({}, (SELECT MAX(id) FROM {}))").format(
                    sql.Literal(f"{name}_id_seq"), sql.Identifier(name)
                )
            )
        connection.execute("VACUUM (ANALYZE)")


def _copy(connection: psycopg.Connection, name: str, columns: Columns) -> None:
    binary = name == "launches"
    statement = sql.SQL("COPY {} ({}) FROM STDIN {}").format(
        sql.Identifier(name),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL("(FORMAT binary)" if binary else ""),
    )
    with connection.cursor().copy(statement) as copy:
        if binary:
            copy.write(_binary(columns, _LAUNCHES))
            return
        for row in zip(*map(listed, columns.values()), strict=True):
            copy.write_row(row)


def _binary(columns: Columns, types: Mapping[str, str]) -> bytes:
    """Return rows without nulls as PostgreSQL's COPY takes them in its binary format."""
    fields = [("columns", ">i2")]
    for name, kind in types.items():
        fields += [(f"{name} bytes", ">i4"), (name, f">{kind}")]
    packed: NDArray[np.void] = np.empty(len(columns["day"]), np.dtype(fields))
    packed["columns"] = len(types)
    for name, kind in types.items():
        packed[f"{name} bytes"] = int(kind[1:])
        packed[name] = columns[name]
    header = b"PGCOPY\n\xff\r\n\0" + bytes(8)
    return header + packed.tobytes() + b"\xff\xff"
