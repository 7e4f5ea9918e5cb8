"""A database of either engine, as a test sees it: its address, and a way in past the store."""

from __future__ import annotations

import shutil
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.rows import dict_row
from psycopg.sql import SQL
from psycopg.types.string import TextLoader
from tests.postgresql import Cluster

from exitpoll_server.store import tables
from exitpoll_server.store.postgresql import WRITERS_LOCK

Kind: TypeAlias = Literal["sqlite", "postgresql"]

Rows: TypeAlias = list[dict[str, Any]]


class Database(ABC):
    """One database."""

    kind: Kind
    url: str

    @abstractmethod
    def look(self, sql: str, *parameters: object) -> Rows:
        """Query as any other process would: only what is durable is seen. `?` are parameters.

        Values are what SQLite keeps: 0 and 1, ids in hexadecimal digits, JSON as text.
        """

    @abstractmethod
    def change(self, sql: str) -> None:
        """Run a statement that the store would not."""

    @abstractmethod
    def contents(self) -> bytes:
        """Return everything that is kept, as far as a search for words goes."""

    @abstractmethod
    def copy(self, folder: Path) -> Database:
        """Return a copy of it as it is; nobody may have it open. A file's is in the folder."""

    @abstractmethod
    def broken(self, *names: str) -> AbstractContextManager[None]:
        """Let these tables refuse every new row, in a `with` block."""

    @abstractmethod
    def held(self) -> AbstractContextManager[None]:
        """Hold the database, in a `with` block, as somebody else's long transaction does."""


@dataclass(frozen=True)
class Sqlite(Database):
    """A file."""

    file: Path
    kind: Kind = "sqlite"

    @property
    def url(self) -> str:  # type: ignore[override]
        return f"sqlite:///{self.file}"

    def look(self, sql: str, *parameters: object) -> Rows:
        with closing(sqlite3.connect(self.file)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, parameters)]

    def change(self, sql: str) -> None:
        with closing(sqlite3.connect(self.file)) as connection, connection:
            connection.execute(sql)

    def contents(self) -> bytes:
        return b"".join(f.read_bytes() for f in self.file.parent.glob(f"{self.file.name}*"))

    def copy(self, folder: Path) -> Database:
        return Sqlite(Path(shutil.copy(self.file, folder)))

    @contextmanager
    def broken(self, *names: str) -> Iterator[None]:
        for name in names:
            self.change(
                f"CREATE TRIGGER fault_{name} BEFORE INSERT ON {name} "
                "BEGIN SELECT RAISE(ABORT, 'broken'); END"
            )
        try:
            yield
        finally:
            for name in names:
                self.change(f"DROP TRIGGER fault_{name}")

    @contextmanager
    def held(self) -> Iterator[None]:
        with closing(sqlite3.connect(self.file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")


@dataclass(frozen=True)
class Postgresql(Database):
    """A database of the tests' own server."""

    cluster: Cluster
    name: str
    kind: Kind = "postgresql"

    @property
    def url(self) -> str:  # type: ignore[override]
        return self.cluster.url(self.name)

    def look(self, sql: str, *parameters: object) -> Rows:
        cursor = self.cluster.way_in(self.name).cursor(row_factory=dict_row)
        for kind, loader in _AS_SQLITE.items():
            cursor.adapters.register_loader(kind, loader)
        return cursor.execute(sql.replace("?", "%s").encode(), parameters).fetchall()

    def change(self, sql: str) -> None:
        self.cluster.run(SQL(sql), self.name)

    def contents(self) -> bytes:
        names = [table.name for table in tables.metadata.sorted_tables]
        return repr([self.look(f"SELECT * FROM {name}") for name in names]).encode()  # noqa: S608

    def copy(self, folder: Path) -> Database:
        del folder
        return Postgresql(self.cluster, self.cluster.create(self.name))

    @contextmanager
    def broken(self, *names: str) -> Iterator[None]:
        # Of a row that breaks a rule PostgreSQL quotes every value.
        for name in names:
            self.change(f"ALTER TABLE {name} ADD CONSTRAINT fault CHECK (false) NOT VALID")
        try:
            yield
        finally:
            for name in names:
                self.change(f"ALTER TABLE {name} DROP CONSTRAINT fault")

    @contextmanager
    def held(self) -> Iterator[None]:
        with self.cluster.connect(self.name) as other, other.transaction(force_rollback=True):
            other.execute("SELECT pg_advisory_xact_lock(%s)", [WRITERS_LOCK])
            yield

    def empty(self) -> None:
        """Delete every row, and begin numbering anew; faster than TRUNCATE on small tables."""
        names = [table.name for table in reversed(tables.metadata.sorted_tables)]
        numbered = [table.name for table in tables.metadata.sorted_tables if "id" in table.c]
        statements = [f"DELETE FROM {name}" for name in names]  # noqa: S608 - names of ours
        statements += [f"ALTER SEQUENCE {name}_id_seq RESTART" for name in numbered]
        self.change("; ".join(statements))


class _AsNumber(Loader):
    def load(self, data: Buffer) -> int:
        return int(bytes(data) == b"t")


class _AsDigits(Loader):
    def load(self, data: Buffer) -> str:
        return bytes(data).decode().replace("-", "")


_AS_SQLITE: dict[str, type[Loader]] = {"bool": _AsNumber, "uuid": _AsDigits, "json": TextLoader}
